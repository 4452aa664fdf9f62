"""Clocks and counters that tests turn by hand, a meter in them, and what it must have said."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from pathlib import Path

import pytest

from tachograph.brake.meter import Meter, Metered, Reading
from tachograph.brake.meter.delivery import ToLedger
from tachograph.brake.meter.journal import Journal
from tachograph.brake.meter.meter import Clock
from tachograph.brake.said.records import Heartbeat, WindowReported
from tachograph.brake.said.statement import Statement, encode_statement, open_envelope
from tachograph.brake.times import seconds_of
from tachograph.errors import StoreError
from tachograph.ledger import Ledger
from tachograph.ledger.kinds import StatementPosted
from tachograph.merkle.note import VerifierKey

NAME = "hall-meter"


class World:
    """A machine of four cores, a ledger, and a meter that may be started again and again."""

    cores = 4

    def __init__(self, folder: Path) -> None:
        self.home = folder / "meter"
        self.ledger = Ledger.open(folder / "ledger", create=True)
        self.wall = 1_800_000_000.0
        self.steady = 50.0
        self.cpu = 1000.0
        self.fails = False
        self.journals: list[Journal] = []

    def read(self) -> Reading:
        """As Instruments."""
        return Reading(cpu_seconds=self.cpu)

    def pass_by(self, seconds: float, cpu: float = 0.0) -> None:
        """Time goes on, and something works."""
        self.wall += seconds
        self.steady += seconds
        self.cpu += cpu

    def hand_over(self, journal: Journal) -> int:
        """As Delivery, with a way that may be cut."""
        if self.fails:
            raise StoreError("the way is cut")
        return ToLedger(self.ledger).hand_over(journal)

    def meter(self, **more: float) -> Meter:
        """A new process of the meter, started."""
        clock = Clock(lambda: self.wall, lambda: self.steady)
        metered = Metered("hall", interval_seconds=10, window_seconds=60, **more)
        self.journals.append(Journal.open(self.home, NAME))
        meter = Meter(metered, self.journals[-1], self, self, ledger=self.ledger, clock=clock)
        meter.start()
        return meter

    def close(self) -> None:
        """Let go of all files."""
        for journal in self.journals:
            journal.close()
        self.ledger.close()

    def statements(self) -> list[Statement]:
        """Handed over, in the ledger's order; each is checked against the meter's key."""
        with Ledger.open(self.home) as home:
            return statements(self.ledger, home.verifier)


def statements(ledger: Ledger, key: VerifierKey) -> list[Statement]:
    """Those in a ledger. Raises ProofError where one is not by this key."""
    return [open_envelope(entry.body.envelope, key)
            for entry in ledger.entries(kinds=[StatementPosted])
            if isinstance(entry.body, StatementPosted)]  # fmt: skip


def beats(found: list[Statement]) -> list[Heartbeat]:
    """Among these statements."""
    return [each.said for each in found if isinstance(each.said, Heartbeat)]


def windows(found: list[Statement]) -> list[WindowReported]:
    """Among these statements."""
    return [each.said for each in found if isinstance(each.said, WindowReported)]


def check_gapless(found: list[Statement]) -> None:
    """Numbers, beats, windows and their times follow each other; beats know what was before."""
    assert [statement.number for statement in found] == list(range(len(found)))
    assert [beat.beat for beat in beats(found)] == list(range(len(beats(found))))
    assert [window.window for window in windows(found)] == list(range(len(windows(found))))
    for before, after in pairwise(windows(found)):
        end = seconds_of(before.began) + before.seconds
        assert seconds_of(after.began) == pytest.approx(end, abs=1e-3)
    for one, next_one in pairwise(found):
        if isinstance(next_one.said, Heartbeat):
            assert next_one.said.previous == hashlib.sha256(encode_statement(one)).hexdigest()
    for window in windows(found):
        whole = len(window.devices) * window.seconds
        assert sum(window.device_seconds.values()) == pytest.approx(whole, rel=1e-6)
