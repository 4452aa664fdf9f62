"""The desk of one turn: what a proposer may do, done on the run's behalf.

Proven by tests/loop/test_desk.py.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, Protocol

from tachograph.errors import UsageError
from tachograph.ledger.kinds import (
    Body,
    CommandEnded,
    FindingShared,
    ModelAnswered,
    ModelFailed,
    TurnBegun,
)
from tachograph.loop.budget import Spending
from tachograph.loop.propose.protocol import Attempt, Brief, Proposal
from tachograph.loop.run import Draft, Run
from tachograph.task import Candidate

FINDING_CHARACTERS = 600
"""A finding is cut to this length when it is shared."""


class Office(Protocol):
    """What a desk needs of the loop."""

    run: Run
    spending: Spending
    stopping: threading.Event

    def brief(self, parent: str, turn: int) -> Brief:
        """All that may be known at this moment."""
        ...

    def execute(self, files: Mapping[str, str], entry: str) -> Any:
        """As Desk.execute."""
        ...

    def trial(self, proposal: Proposal, parent: str, turn: int | None, proposer: str) -> Attempt:
        """As Desk.trial, for this turn; None: for none."""
        ...


class TurnDesk:
    """The desk of one turn. Its TurnBegun is recorded before anything that happens at it."""

    def __init__(self, office: Office, begun: TurnBegun) -> None:
        self.office = office
        self.begun = begun

    @property
    def run(self) -> str:
        """Id of the run."""
        return self.begun.run

    @property
    def turn(self) -> int:
        """Number of the turn."""
        return self.begun.turn

    @property
    def stopping(self) -> threading.Event:
        """Set when the run is ending."""
        return self.office.stopping

    def now(self) -> Brief:
        """The turn's brief, with what has happened since."""
        brief = self.office.brief(self.begun.parent, self.turn)
        return replace(brief, direction=self.begun.direction)

    def left(self) -> Mapping[str, float | None]:
        """What is left of each budget."""
        return self.office.spending.left()

    def candidate(self, candidate: str) -> Candidate:
        """The files of a candidate of this run. Raises NotFoundError."""
        return self.office.run.candidate(candidate)

    def execute(self, files: Mapping[str, str], entry: str) -> Any:
        """Run a program on the public example input. Raises ExecuteError."""
        return self.office.execute(files, entry)

    def trial(self, proposal: Proposal) -> Attempt:
        """Have it judged, or hear its standing verdict. Raises RefusedError."""
        self.begin()
        return self.office.trial(proposal, self.begun.parent, self.turn, self.begun.proposer)

    def share(self, text: str, candidate: str) -> None:
        """Put a finding on the board. Raises UsageError for an unknown trial."""
        run = self.office.run
        if candidate not in run.archive.records:
            raise UsageError(f"no trial {candidate}", hint="a finding rests on a trial of its run")
        self.begin()
        body = FindingShared(run.id, candidate, text[:FINDING_CHARACTERS])
        run.append([(self.begun.proposer, run.seqs_of([candidate]), body)])

    def reserve(self, tokens: int, money_usd: float | None) -> AbstractContextManager[None]:
        """Hold an upper bound of a call's cost. Raises RefusedError."""
        return self.office.spending.reserve(tokens, money_usd)

    def answers(self) -> Sequence[ModelAnswered]:
        """Answers recorded in this turn so far."""
        turn = self.office.run.archive.turns.get(self.turn)
        return tuple(turn.answers) if turn else ()

    def put(self, data: bytes) -> str:
        """Keep large content; its SHA-256 in hex."""
        return self.office.run.ledger.put(data)

    def fetch(self, digest: str) -> bytes:
        """Content that was put."""
        return self.office.run.ledger.fetch(digest)

    def record(self, *bodies: Body) -> None:
        """Append entries that rest on this turn, under the proposer's name."""
        self.begin()
        turn = self.office.run.archive.turns[self.turn]
        drafts: list[Draft] = [(self.begun.proposer, (turn.seq,), body) for body in bodies]
        self.office.run.append(drafts)
        for body in bodies:
            if isinstance(body, ModelAnswered | ModelFailed | CommandEnded):
                self.office.spending.spend(body.counted_tokens, body.counted_usd or 0.0)

    def begin(self) -> None:
        """Record that the turn has begun, unless that has been done; durable when it returns."""
        run = self.office.run
        if self.turn not in run.archive.turns:
            run.append([self.draft_of_beginning()])

    def draft_of_beginning(self) -> Draft:
        """The entry that says so; it rests on the parent's proposal."""
        return self.begun.proposer, self.office.run.seqs_of([self.begun.parent]), self.begun
