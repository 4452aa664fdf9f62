"""Proposers make candidates: one call, one proposal, from a brief that says all it may know.

A proposer holds no state of its own that a resume would lose: what was tried is in the brief.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

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
    """kept, faster-unconfirmed, same, slower, not-resolved, wrong, failed or box-failed."""
    ratio: float | None
    """Speed against its parent (1.2: a fifth faster); None where it was not timed."""


@dataclass(frozen=True)
class Brief:
    """All that a proposer may know. It never holds a withheld input or an expected output."""

    task: Task
    parent: Candidate
    history: Sequence[Attempt]
    tried: frozenset[str]
    """Ids of every candidate ever tried in this run: proposing one of them again is refused."""
    rng: random.Random
    execute: Callable[[Mapping[str, str], str], Any]
    """`execute(files, entry)` runs `entry` ("module:function") of these files in a box, on a public
    example input, and returns its output. Raises ExecuteError when it fails. Costs budget."""


class ExecuteError(Exception):
    """What was to be executed failed; the text says how."""


@dataclass(frozen=True)
class Proposal:
    """A candidate and what the proposer calls it."""

    candidate: Candidate
    label: str
    note: str
    """One sentence for people."""


class Proposer(Protocol):
    """Whoever makes candidates."""

    name: str

    def propose(self, brief: Brief) -> Proposal | None:
        """The next candidate from `brief.parent`, or None when there is nothing more to try."""
        ...
