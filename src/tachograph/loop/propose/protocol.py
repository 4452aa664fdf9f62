"""Proposers make candidates. A brief says all that one may know, a desk all that it may do.

    class Mine:
        name = "mine"
        thinks_here = True

        def propose(self, brief: Brief, desk: Desk) -> Proposal | None:
            return Proposal(Candidate(...), "what I changed", "why it should help")

A proposer holds no state of its own that a resume would lose: what was tried is in the brief.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from tachograph.ledger.kinds import Body, ModelAnswered
from tachograph.loop.bystanders import Bystander
from tachograph.task.candidate import Candidate
from tachograph.task.task import Task


@dataclass(frozen=True)
class Attempt:
    """One earlier candidate of this run and what became of it."""

    candidate: str
    parents: tuple[str, ...]
    proposer: str
    label: str
    """The proposer's own short name for the change, for example `numba/forward`."""
    verdict: str
    """kept, faster-unconfirmed, same, slower, not-resolved, unpromising, too-costly, wrong, failed,
    refused, revoked or box-failed; of a scored task also better-unconfirmed, worse, no-queries."""
    ratio: float | None
    """Speed against the best of its time (1.2: a fifth faster); None where it was not timed."""
    detail: str = ""
    """Why it was refused, where it was; untrusted text."""
    score: float | None = None
    """Of a scored task: its visible score, rounded so that no label can be read from it."""


@dataclass(frozen=True)
class Finding:
    """A note from the board."""

    text: str
    """Bounded and untrusted: only ever shown as a quotation."""
    candidate: str
    """The trial that it speaks of."""
    verdict: str
    """Of that trial, looked up by us and not claimed by the writer."""
    proposer: str
    """Who wrote it."""


@dataclass(frozen=True)
class Brief:
    """All that a proposer may know. It never holds a withheld input or an expected output."""

    task: Task
    parent: Candidate
    history: Sequence[Attempt]
    """Finished trials, in the order in which they ended."""
    tried: frozenset[str]
    """Ids of every candidate of this run so far: proposing one of them again gains nothing."""
    rng: random.Random
    turn: int = 0
    """Number of the turn in the run, from 1; 0: not a turn of the loop, but by hand."""
    direction: str = ""
    """A starting direction, given by a person or drawn; may be empty."""
    findings: Sequence[Finding] = ()
    """The board: what proposers of the run found, good and bad. A prompt shows it as
    `board.quoted` does, and in no other form."""
    repeated: Sequence[Attempt] = ()
    """What this proposer made although it had been tried; those verdicts stand."""


class ExecuteError(Exception):
    """What was to be executed failed; the text says how."""


class RefusedError(Exception):
    """The desk refuses: a budget would be passed, or the run is ending. The text says which.

    A proposer may catch it to hand in what it has; left alone, it ends the turn as `over-budget`.
    """


class HeldBackError(RefusedError):
    """The desk refuses because the brake holds. The turn stays open, and is given again."""


class MalformedError(Exception):
    """What came back makes no candidate, and was not to be mended; ends the turn as `malformed`."""


@dataclass(frozen=True)
class Proposal:
    """A candidate and what the proposer calls it."""

    candidate: Candidate
    label: str
    note: str
    """One sentence for people."""


class Desk(Protocol):
    """All that a proposer may do in its turn. Every method may be called from its own threads."""

    @property
    def run(self) -> str:
        """Id of the run."""
        ...

    @property
    def turn(self) -> int:
        """Number of the turn."""
        ...

    @property
    def stopping(self) -> threading.Event:
        """Set when the run is ending: return soon, with a proposal or without."""
        ...

    def now(self) -> Brief:
        """The brief as it stands at this moment: what was tried and found since the turn began."""
        ...

    def left(self) -> Mapping[str, float | None]:
        """What is left of each budget, by its name; None: unbounded."""
        ...

    def candidate(self, candidate: str) -> Candidate:
        """The files of a candidate of this run. Raises NotFoundError."""
        ...

    @property
    def over(self) -> bool:
        """Whether the turn was given up or the run has closed: nothing more is taken from it."""
        ...

    def beside(self, one: Bystander) -> AbstractContextManager[None]:
        """While the block lasts, `one` works beside the clock, and may be made to stand still."""
        ...

    def execute(self, files: Mapping[str, str], entry: str) -> Any:
        """Run `entry` ("module:function") of these files in a box, on a public example input.

        Returns its output. Raises ExecuteError when it fails. Costs CPU budget.
        """
        ...

    def trial(self, proposal: Proposal) -> Attempt:
        """Have a candidate judged; waits for its verdict.

        One that was tried before has its standing verdict told and costs nothing. Raises
        RefusedError where a budget is spent or the run is ending.
        """
        ...

    def share(self, text: str, candidate: str) -> None:
        """Put a finding on the board. `candidate`: the trial that supports it.

        Raises UsageError where this run has no such trial.
        """
        ...

    def begin(self) -> None:
        """Have it in the ledger that this turn has begun. Call it before anything is asked that
        costs: what comes of it after a crash then has a turn to belong to."""
        ...

    def reserve(self, tokens: int, money_usd: float | None) -> AbstractContextManager[None]:
        """Hold an upper bound of what a call of a model may cost, before it is made.

            with desk.reserve(tokens, money_usd):
                answer = call(...)
                desk.record(ModelAnswered(...))

        What is recorded inside is what was spent; leaving lets go of the rest. `money_usd` None:
        not known, which a money budget does not allow. Raises RefusedError.
        """
        ...

    def answers(self) -> Sequence[ModelAnswered]:
        """Answers that were recorded in this turn, in order: from before a crash, too."""
        ...

    def put(self, data: bytes) -> str:
        """Keep large content beside the ledger; its SHA-256 in hex."""
        ...

    def fetch(self, digest: str) -> bytes:
        """Content that was put. Raises NotFoundError, DamagedError."""
        ...

    def record(self, *bodies: Body) -> None:
        """Append entries under the proposer's name; durable when it returns."""
        ...


@runtime_checkable
class Opening(Protocol):
    """A proposer whose work runs in a box that lets in more than a candidate's does."""

    def opens(self) -> Sequence[str]:
        """What, by name and never by value: shown when a run begins."""
        ...


class Proposer(Protocol):
    """Whoever makes candidates."""

    @property
    def name(self) -> str:
        """`recipes`, `model:openai/gpt-5.6`, `agent:...`, `command:claude`; recorded as actor."""
        ...

    @property
    def thinks_here(self) -> bool:
        """Whether its work is this process's own CPU.

        It then gets its turns between trials, on the loop's thread, never beside a race. Others
        think in threads of their own, also while a race is on, and mostly wait for somebody else.
        """
        ...

    def propose(self, brief: Brief, desk: Desk) -> Proposal | None:
        """The next candidate from `brief.parent`, or None when there is nothing more to try there.

        May raise RefusedError and MalformedError; whatever else it raises ends the turn as
        `failed` and nothing more.
        """
        ...


@dataclass(frozen=True)
class Forecast:
    """What a turn of a proposer usually takes."""

    turn_tokens: int
    turn_usd: float | None
    """None: the price is not known."""
    assumes: str
    """What the figures rest on, in words."""


@runtime_checkable
class Forecasting(Protocol):
    """A proposer that can say beforehand what it may cost."""

    def forecast(self, task: Task) -> Forecast:
        """Of one usual turn on this task."""
        ...
