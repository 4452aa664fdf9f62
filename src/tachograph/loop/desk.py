"""The desk of one turn: what a proposer may do, done on the run's behalf.

Proven by tests/loop/test_desk.py.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
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
from tachograph.loop.board import FINDING_CHARACTERS
from tachograph.loop.budget import Spending
from tachograph.loop.bystanders import Bystander, Bystanders
from tachograph.loop.propose.protocol import Attempt, Brief, Proposal, Proposer, RefusedError
from tachograph.loop.run import Draft, Run
from tachograph.task import Candidate

SPENT = (ModelAnswered, ModelFailed, CommandEnded)
"""Entries that say what was spent."""


@dataclass(eq=False)
class Given:
    """A turn that a seat has."""

    begun: TurnBegun
    proposer: Proposer
    brief: Brief
    seat: int
    began: float = field(default_factory=time.monotonic)
    """By time.monotonic."""
    waited_seconds: float = 0.0
    """For the judge, until `waiting_since` or now."""
    waiting_since: float | None = None
    over: bool = False
    """Ended, given up, or the run has closed: nothing more is taken from its proposer."""

    @property
    def seconds(self) -> float:
        """What the proposer has taken; its waiting for the judge is not counted."""
        now = time.monotonic()
        waiting = now - self.waiting_since if self.waiting_since else 0.0
        return now - self.began - self.waited_seconds - waiting


class Behind(Protocol):
    """What stands behind a desk."""

    run: Run
    spending: Spending
    stopping: threading.Event
    bystanders: Bystanders

    def brief(self, given: Given) -> Brief:
        """All that may be known at this moment."""
        ...

    def execute(self, given: Given, files: Mapping[str, str], entry: str) -> Any:
        """As Desk.execute."""
        ...

    def trial(self, given: Given, proposal: Proposal) -> Attempt:
        """As Desk.trial."""
        ...


class TurnDesk:
    """The desk of one turn. Its TurnBegun is recorded before anything that happens at it."""

    def __init__(self, office: Behind, given: Given) -> None:
        self.office = office
        self.given = given
        self.begun = given.begun

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
        return self.office.brief(self.given)

    def left(self) -> Mapping[str, float | None]:
        """What is left of each budget."""
        return self.office.spending.left()

    def candidate(self, candidate: str) -> Candidate:
        """The files of a candidate of this run. Raises NotFoundError."""
        return self.office.run.candidate(candidate)

    @property
    def over(self) -> bool:
        """Nothing more is taken from this turn."""
        return self.given.over

    def beside(self, one: Bystander) -> AbstractContextManager[None]:
        """It works beside the clock until the block ends."""
        return self.office.bystanders.beside(one)

    def execute(self, files: Mapping[str, str], entry: str) -> Any:
        """Run a program on the public example input. Raises ExecuteError."""
        self.check()
        return self.office.execute(self.given, files, entry)

    def trial(self, proposal: Proposal) -> Attempt:
        """Have it judged, or hear its standing verdict. Raises RefusedError."""
        self.begin()
        return self.office.trial(self.given, proposal)

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
        self.check()
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
        """Append entries that rest on this turn, under the proposer's name.

        After the turn is over only what was spent is taken. Raises RefusedError for anything else.
        """
        begun = self.turn in self.office.run.archive.turns
        if not (begun and all(isinstance(body, SPENT) for body in bodies)):
            self.begin()
        turn = self.office.run.archive.turns[self.turn]
        drafts: list[Draft] = [(self.begun.proposer, (turn.seq,), body) for body in bodies]
        self.office.run.append(drafts)
        for body in bodies:
            if isinstance(body, SPENT):
                self.office.spending.spend(body.counted_tokens, body.counted_usd or 0.0)

    def begin(self) -> None:
        """Record that the turn has begun, unless that has been done; durable when it returns.

        Raises RefusedError where the turn is over.
        """
        self.check()
        run = self.office.run
        if self.turn not in run.archive.turns:
            run.append([self.draft_of_beginning()])

    def check(self) -> None:
        """The turn is not over, so that a proposer that was given up can do nothing more.

        Raises RefusedError.
        """
        if self.given.over:
            raise RefusedError("the turn is over")

    def draft_of_beginning(self) -> Draft:
        """The entry that says so; it rests on the parent's proposal."""
        return self.begun.proposer, self.office.run.seqs_of([self.begun.parent]), self.begun
