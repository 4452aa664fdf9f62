"""The register's door: which posted statements are taken in, and in what order.

A statement is recorded where it parses, names this agreement, is signed by one of its speakers and
is that speaker's next. The same one posted again is answered with the entry that has it, so posting
can be repeated after any accident. A different one of a number that is taken is an equivocation:
the first such is recorded, because together with the other it convicts its speaker. What it answers
is on the disk. A clock that has gone back stops the register until it has caught up. Proven by
tests/brake/test_intake.py. Not covered: whether the speaker may say it, which every reader of the
register derives for itself.
"""

from __future__ import annotations

import threading
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tachograph.brake.agreed.document import Document
from tachograph.brake.register import Register
from tachograph.brake.said.statement import Statement, peek
from tachograph.brake.wire.pace import Pace
from tachograph.errors import EvidenceError, FormatError, ProofError, StoreError
from tachograph.ledger import Entry, Ledger
from tachograph.ledger.disk import locked
from tachograph.ledger.kinds import StatementPosted

KEY_BURST, KEY_AN_HOUR = 600, 3600.0
"""New statements of one speaker: at once, and an hour in the long run. A meter whose windows take a
minute says 120 an hour, and has ten days' backlog taken in within four hours."""

LOCK = "intake"
"""File in the register's folder that whoever takes a statement in holds."""


class GapError(EvidenceError):
    """A statement came before the one that its speaker numbered just before it."""

    kind = "gap"

    def __init__(self, statement: Statement, expected: int) -> None:
        """`expected`: the speaker's next number."""
        super().__init__(
            f"{statement.by} said number {statement.number}, the register waits for {expected}",
            hint=f"post statement {expected} of {statement.by} first",
        )
        self.expected = expected


@dataclass(frozen=True)
class Receipt:
    """What became of a posted statement; the register has it on the disk."""

    index: int
    """Number of its entry in the register."""
    time: str
    """Time of that entry."""
    result: Literal["recorded", "known", "equivocation"]
    """known: it was there before; equivocation: it contradicts another of the same number."""


class Intake:
    """Takes statements into a register. Threads may share it, and processes have one each."""

    def __init__(
        self, ledger: Ledger, home: Path, document: Document, pace: Pace | None = None
    ) -> None:
        """`pace`: how often one speaker may say something new; None: as often as it likes."""
        self._pace = pace
        self._ledger = ledger
        self._home = home
        self._agreement = document.id
        # Whose key is good changes with what is said: the fold knows.
        self._register = Register(document.terms, document.id)
        self._lock = threading.Lock()
        self._read = 0
        self._time = ""
        # Of each speaker, the entries of its statements by number: eight bytes a statement.
        self._places = {name: array("Q") for name in document.terms.keys}
        self._equivocated: dict[tuple[str, int], int] = {}

    def accept(self, envelope: str) -> Receipt:
        """Take a statement in; durable when this returns.

        Raises FormatError, ProofError and GapError where it is refused; TooOftenError, ClockError
        and StoreError where the register does not take it now.
        """
        try:
            with self._lock, locked(self._home / LOCK):
                self._catch_up()
                return self._place(self._opened(envelope), envelope)
        except OSError as error:
            raise StoreError(
                f"{self._home} cannot be used: {error.strerror}", hint="see that it can be written"
            ) from error

    def _opened(self, envelope: str) -> Statement:
        statement, refusal = self._register.read(envelope)
        if statement is None:
            raise FormatError(f"no statement: {refusal}", hint="have the speaker sign it again")
        if statement.agreement != self._agreement:
            raise ProofError("a statement under another agreement", hint="post it to its register")
        if refusal is not None:
            raise ProofError(f"not the speaker's word: {refusal}", hint="see tacho brake show")
        return statement

    def _place(self, statement: Statement, envelope: str) -> Receipt:
        places = self._places[statement.by]
        if statement.number > len(places):
            raise GapError(statement, len(places))
        taken = (statement.by, statement.number)
        known = [] if statement.number == len(places) else [places[statement.number]]
        if taken in self._equivocated:
            known.append(self._equivocated[taken])
        for index in known:
            entry = self._ledger.get(index)
            if _statement(entry) == statement:
                return Receipt(index, entry.time, "known")
        if len(known) == 2:
            raise ProofError(
                f"{statement.by} has said number {statement.number} in two ways already",
                hint="the register has both, and they convict the speaker",
            )
        if self._pace is not None and not known:
            # Only what is signed counts: nobody uses up another's. What convicts is never put off.
            self._pace.take(statement.by)
        draft = ("register", (), StatementPosted(envelope))
        (entry,) = self._ledger.append([draft], not_before=self._time)
        return Receipt(entry.seq, entry.time, "equivocation" if known else "recorded")

    def _catch_up(self) -> None:
        """Read what was recorded since, by whatever process."""
        for entry in self._ledger.entries(kinds=[StatementPosted], start=self._read):
            self._read = entry.seq + 1
            self._time = max(self._time, entry.time)
            assert isinstance(entry.body, StatementPosted)
            try:
                statement = self._opened(entry.body.envelope)
            except EvidenceError:
                continue  # written past this door; no reader takes it for the speaker's word
            finally:
                self._register.take(entry)
            places = self._places[statement.by]
            if statement.number == len(places):
                places.append(entry.seq)
            elif statement.number < len(places):
                self._equivocated.setdefault((statement.by, statement.number), entry.seq)


def _statement(entry: Entry) -> Statement:
    assert isinstance(entry.body, StatementPosted)
    return peek(entry.body.envelope)
