"""Kinds of entries about the course of a run: turns, candidates, findings, how it ended.

`kinds.py` names them in its union. Proven by tests/ledger/test_ledger_kinds.py. Not covered:
how a run is judged (trial_kinds.py, score_kinds.py), what a model costs (model_kinds.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from tachograph.ledger.digest import Digest


@dataclass(frozen=True)
class RunOpened:
    """A run began on a task."""

    run: str
    """Id of the run."""
    task: str
    """Name of the task."""
    task_digest: str
    """Hash over the task's folder: goal, files, check, limits."""
    seed_candidate: str
    """Id of the candidate that is the task as given."""
    goal: str
    """The goal in prose, as the proposers read it."""
    budget: dict[str, Any]
    """Limits of the run by name: trials, seconds, tokens, money."""
    random_seed: int
    """Seeds every random choice of the run except the secret inputs."""
    box: dict[str, Any]
    """Level and limits of the boxes, as probed."""
    clock: dict[str, Any]
    """Parameters of the clock."""
    proposers: list[str]
    """Names of the proposers, in order."""
    team: dict[str, Any] = field(default_factory=dict)
    """How they work together: seats, policy, directions, goal; empty: one seat, best first."""
    secret_sha256: str = ""
    """Commitment to the secret that seeds all inputs; empty: nobody can derive them again."""
    work: Literal["training", "inference"] = "training"
    """What its trials do, as the task says: the brake tells the two apart."""


@dataclass(frozen=True)
class RunResumed:
    """A run went on after it had stopped without closing."""

    run: str
    """Id of the run."""
    team: dict[str, Any] = field(default_factory=dict)
    """The team from now on; empty: as it was."""


@dataclass(frozen=True)
class RunClosed:
    """A run ended."""

    run: str
    """Id of the run."""
    reason: str
    """What ended it: a budget, the goal, a person, the brake."""
    best: str | None
    """Id of the best candidate; None where nothing beat the seed."""
    cpu_seconds: float | None = None
    """CPU time of this sitting: the loop, its boxes and agents, as the kernel counts; None: not
    told. Side by side with other runs of one process it is shared among them."""


@dataclass(frozen=True)
class TurnBegun:
    """The loop gave a seat to a proposer. After a crash the same turn may be given again."""

    run: str
    """Id of the run."""
    turn: int
    """Number of the turn in the run, from 1."""
    seat: int
    """Which of the run's seats, from 1; 0: the judge's own."""
    proposer: str
    """Name of the proposer."""
    parent: str
    """Id of the candidate that it is to build on."""
    direction: str
    """A starting direction, given by a person or drawn; may be empty."""
    seen: int
    """Number of the last entry that the choice of proposer and parent rests on, and the brief."""


@dataclass(frozen=True)
class TurnEnded:
    """A turn came to its end; stands beside the CandidateProposed that it ended with."""

    run: str
    """Id of the run."""
    turn: int
    """Number of the turn."""
    outcome: Literal["proposed", "duplicate", "nothing", "malformed", "failed", "over-budget"]
    """A new candidate, one that was there already, nothing more to try from this parent, an answer
    that makes no candidate, a proposer that broke or hung, a budget that would have been passed."""
    candidate: str | None
    """Id of the candidate; None where there is none."""
    detail: str
    """Why, where there is more to say; untrusted text."""
    seconds: float
    """What the proposer took; its waiting for the judge is not counted."""


@dataclass(frozen=True)
class CandidateProposed:
    """A proposer made a candidate."""

    run: str
    """Id of the run."""
    candidate: str
    """Id of the candidate: the hash of its content."""
    parents: list[str]
    """Ids of the candidates it was made from."""
    proposer: str
    """Name of the proposer."""
    label: str
    """What was changed, in a few words."""
    note: str
    """What the proposer says about it; untrusted text."""
    files: dict[str, Digest]
    """Editable files: path to the object that holds the content."""
    turn: int | None = None
    """Turn of the run in which it was made; None: by hand."""


@dataclass(frozen=True)
class FindingShared:
    """A short note for every proposer of the run; the entry's parents are the trials behind it."""

    run: str
    """Id of the run."""
    candidate: str
    """Id of the candidate it speaks of."""
    text: str
    """The note; untrusted text."""


@dataclass(frozen=True)
class SecretRevealed:
    """A run is over for good: from now on everybody can derive the inputs of its trials."""

    run: str
    """Id of the run."""
    secret: str
    """In hex; its SHA-256 is what the run committed to when it was opened."""


RunBody = (
    RunOpened
    | RunResumed
    | RunClosed
    | TurnBegun
    | TurnEnded
    | CandidateProposed
    | FindingShared
    | SecretRevealed
)
"""All of the above."""
