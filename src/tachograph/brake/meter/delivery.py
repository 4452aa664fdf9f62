"""Handing the meter's statements over: to a ledger that lies here, or to a register's door.

What could not be handed over waits in the journal, in order, and is tried again; what was handed
over twice is known and taken once. Proven by tests/brake/meter/test_meter.py and
test_meter_delivery.py. Not covered: posting itself, which is in wire/post.py.
"""

from __future__ import annotations

from typing import Protocol

from tachograph.brake.meter.journal import Journal
from tachograph.brake.said.statement import peek
from tachograph.brake.wire.post import post_statement
from tachograph.errors import DamagedError, EvidenceError
from tachograph.ledger import Ledger
from tachograph.ledger.kinds import StatementPosted


class Delivery(Protocol):
    """Where statements go."""

    def hand_over(self, journal: Journal) -> int:
        """All that is not there yet, in order; how many went. Raises WorldError, EvidenceError."""
        ...


class ToLedger:
    """Into a ledger on this machine, which the loop and others write to as well."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.next_seq = 0
        self.there = 0
        """The meter's statements that it holds."""

    def hand_over(self, journal: Journal) -> int:
        """See Delivery. Raises DamagedError where the ledger knows more than the journal."""
        self.look(journal.name)
        if self.there > journal.said:
            raise DamagedError(
                f"the ledger has {self.there} statements of {journal.name}, its journal"
                f" {journal.said}: the journal was put back",
                hint="let the journal's newest copy take its place, or name another meter",
            )
        waiting = journal.envelopes[self.there :]
        if waiting:
            self.ledger.append([("meter", (), StatementPosted(each)) for each in waiting])
            self.there += len(waiting)
        return len(waiting)

    def look(self, name: str) -> None:
        """Count what it holds already."""
        for entry in self.ledger.entries(kinds=[StatementPosted], start=self.next_seq):
            self.next_seq = entry.seq + 1
            assert isinstance(entry.body, StatementPosted)
            try:
                statement = peek(entry.body.envelope)
            except EvidenceError:
                continue  # others' business
            if statement.by == name:
                self.there = max(self.there, statement.number + 1)


class ToRegister:
    """To a register over HTTP."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.there = 0
        """Handed over by this process; what the register had before, it knows."""

    def hand_over(self, journal: Journal) -> int:
        """See Delivery."""
        waiting = journal.envelopes[self.there :]
        for envelope in waiting:
            post_statement(self.url, envelope, tries=1)
            self.there += 1
        return len(waiting)
