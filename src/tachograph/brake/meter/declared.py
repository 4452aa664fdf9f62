"""What a ledger says that its runs have used.

Each verdict tells the CPU time of calls in boxes since the one before, with the wall time of their
loading; each run that closes tells what its whole sitting took, loop and agents with it, as the
kernel counts. A sitting that was killed closes nothing: then verdicts and agents are all that is
told, and what the loop itself took is missing. Proven by
tests/brake/meter/test_meter_compare.py. Not covered: whether any of it is true; that is what a
meter is for.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

from tachograph.brake.agreed.document import parse_document
from tachograph.errors import EvidenceError, NotFoundError
from tachograph.ledger import Entry, Ledger
from tachograph.ledger.kinds import (
    AgreementAdopted,
    CandidateDropped,
    CandidateKept,
    CommandEnded,
    RegisterHeard,
    RunClosed,
    RunOpened,
    RunResumed,
)
from tachograph.merkle.checkpoint import parse_checkpoint
from tachograph.merkle.note import parse_note


@dataclass
class Sitting:
    """From where a run began or went on to where it closed, or was killed."""

    began: str
    """Time of its first entry."""
    parts: float = 0.0
    """CPU seconds in boxes and of agents, as verdicts and agents' ends tell."""
    whole: float | None = None
    """CPU seconds of all of it, told when it closed; None: it was killed, or nobody measures."""
    ended: str = ""
    """Time of its last entry."""

    @property
    def cpu_seconds(self) -> float:
        """All that was told."""
        return self.parts if self.whole is None else self.whole


@dataclass
class Compute:
    """What one run has used, by its entries."""

    run: str
    work: str = "training"
    """What its trials do."""
    sittings: list[Sitting] = field(default_factory=list)
    trials: dict[str, float] = field(default_factory=dict)
    """CPU seconds in boxes by candidate."""
    untold: int = 0
    """Verdicts that tell no figure; entries of older versions."""

    @property
    def cpu_seconds(self) -> float:
        """All sittings together."""
        return sum(sitting.cpu_seconds for sitting in self.sittings)

    @property
    def killed(self) -> int:
        """Sittings of which only parts are told."""
        return sum(sitting.whole is None for sitting in self.sittings)

    def add(self, entry: Entry) -> None:
        """Take in one of the run's entries."""
        body = entry.body
        if isinstance(body, RunOpened):
            self.work = body.work
        if isinstance(body, RunOpened | RunResumed) or not self.sittings:
            self.sittings.append(Sitting(entry.time))
        sitting = self.sittings[-1]
        sitting.ended = entry.time
        if isinstance(body, CandidateKept | CandidateDropped):
            if body.cpu_seconds is None:
                self.untold += 1
            else:
                sitting.parts += body.cpu_seconds
                before = self.trials.get(body.candidate, 0.0)
                self.trials[body.candidate] = before + body.cpu_seconds
        elif isinstance(body, CommandEnded):
            sitting.parts += body.cpu_seconds
        elif isinstance(body, RunClosed):
            sitting.whole = body.cpu_seconds


KINDS = (RunOpened, RunResumed, RunClosed, CandidateKept, CandidateDropped, CommandEnded)
"""Kinds that tell something."""


class Declared:
    """What a ledger's runs have used, kept up with as the ledger grows."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.runs: dict[str, Compute] = {}
        """By id, in the order in which they began."""
        self.agreement = ""
        """Id of the agreement adopted last; empty: none."""
        self.register_root = ""
        """Root of the register's head that was heard last, hex; empty: none was."""
        self.next_seq = 0

    def hear(self) -> None:
        """Take in what was recorded since. Raises DamagedError, StoreError."""
        wanted = (*KINDS, AgreementAdopted, RegisterHeard)
        for entry in self.ledger.entries(kinds=wanted, start=self.next_seq):
            self.next_seq = entry.seq + 1
            body = entry.body
            if isinstance(body, AgreementAdopted):
                text = self.ledger.fetch(body.agreement).decode()
                self.agreement = parse_document(text).id
            elif isinstance(body, RegisterHeard):
                with suppress(EvidenceError):  # a beacon is not worth a meter that stops
                    self.register_root = parse_checkpoint(parse_note(body.note).text).root.hex()
            elif isinstance(body, KINDS):
                self.runs.setdefault(body.run, Compute(body.run)).add(entry)
        self.next_seq = max(self.next_seq, self.ledger.size - 1)


def compute_of(ledger: Ledger, run: str) -> Compute:
    """What this run has used. Raises NotFoundError, DamagedError."""
    found = computes(ledger).get(run)
    if found is None:
        raise NotFoundError(f"no run '{run}'", hint="tacho runs")
    return found


def computes(ledger: Ledger) -> dict[str, Compute]:
    """Of all runs, by id, in one reading of the ledger."""
    declared = Declared(ledger)
    declared.hear()
    return declared.runs
