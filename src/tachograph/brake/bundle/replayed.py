"""The register, run again: every statement with its verdict, and the state at any moment.

The production machine judges keys as they were: a statement that the register took in before its
key was revoked stands, one that came after does not, whatever time it says itself. One pass gives
both what a check asks of statements (`Posted`) and what it asks of the agreement (`Replayed.at`).
Proven by tests/brake/test_checks_of_record.py and the red team's rows 30 to 34 and 37. Not covered:
whether the register is the only one (V3).
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from tachograph.brake.agreed.document import Document
from tachograph.brake.bundle.log_copy import LogCopy
from tachograph.brake.bundle.posted import Posted, misplaced
from tachograph.brake.machine import State, begin, tick
from tachograph.brake.register import Register, Taken
from tachograph.brake.said.statement import read_envelope
from tachograph.errors import EvidenceError
from tachograph.ledger.kinds import StatementPosted
from tachograph.merkle.note import parse_verifier_key

NOBODYS = ("envelope", "signature", "agreement", "speaker")
"""Rules whose breach is not the named speaker's: anybody could have made that up."""


@dataclass(frozen=True)
class Replayed:
    """What a register's statements did."""

    first: State
    """Before any statement."""
    posted: tuple[Posted, ...]
    """Every statement, in order."""
    idle: int
    """How many of them had no effect."""
    times: tuple[int, ...]
    """Milliseconds since 1970, after each statement, rising."""
    states: tuple[State, ...]
    """The state after each."""

    def at(self, time: int) -> State:
        """The state at a time: after all that was posted until then, and its timers."""
        place = bisect_right(self.times, time)
        return tick(self.states[place - 1] if place else self.first, time)


def replay(document: Document, log: LogCopy | None) -> Replayed:
    """Run the machine over a register; over none, where there is no log."""
    register = Register(document.terms, document.id)
    posted, times, states, idle = [], [], [], 0
    for entry in log.of_kind("StatementPosted") if log is not None else ():
        assert log is not None and isinstance(entry.body, StatementPosted)
        taken = register.take_envelope(entry.seq, entry.time, entry.body.envelope)
        posted.append(_posted(document, log.where(entry.seq), entry.body.envelope, taken))
        idle += taken.refusal is not None
        times.append(register.state.time)
        states.append(register.state)
    first = begin(document.terms, document.id)
    return Replayed(first, tuple(posted), idle, tuple(times), tuple(states))


def _posted(document: Document, where: str, envelope: str, taken: Taken) -> Posted:
    statement, refusal = taken.statement, taken.refusal
    rule = refusal.rule if refusal is not None else ""
    authentic = statement is not None and rule not in NOBODYS
    fault = ""
    if refusal is not None and rule in (*NOBODYS, "key", "role"):
        fault = refusal.missing
    elif statement is not None:
        fault = misplaced(document.terms, statement)
    if rule == "key":
        authentic = _signed(document, envelope)
    return Posted(taken.index, taken.time, where, envelope, statement, fault, authentic)


def _signed(document: Document, envelope: str) -> bool:
    """Whether the key that the agreement gives the speaker, revoked since, signed it."""
    try:
        sealed = read_envelope(envelope)
        key = document.terms.keys.get(sealed.statement.by)
        if key is None:
            return False
        sealed.check(parse_verifier_key(key))
    except EvidenceError:
        return False
    return True
