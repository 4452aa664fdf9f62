"""Kinds of entries about scored trials: scores, comparisons, queries and the sealed hold-out.

`kinds.py` names them in its union. Proven by tests/ledger/test_ledger_kinds.py. Not covered:
what is kept, as of any trial (trial_kinds.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class ScorerTested:
    """The seed of a scored task was scored, to learn how much its scores vary from draw to draw."""

    run: str
    """Id of the run."""
    direction: Literal["higher", "lower"]
    """Which scores are better."""
    draws: int
    """Draws that a candidate is scored on at each look."""
    margin: float
    """What an improvement must exceed, in units of the score."""
    precision: float
    """What is told of a score is rounded to multiples of this, in units of the score."""
    query_budget: int
    """Answers that may be scored in the run, the sealed hold-out not counted."""
    human: float | None
    """Score that people have reached, as the task says; None where it says none."""


@dataclass(frozen=True)
class CandidateScored:
    """A candidate's outputs were scored, each on its own draw and from its own box.

    `floors` and `ceilings` belong to the same draws, and are empty where the task knows none.
    """

    run: str
    """Id of the run."""
    candidate: str
    """Id of the candidate."""
    split: Literal["visible", "fresh", "sealed"]
    """What the draws were made of: what proposers are told of, what confirms, the hold-out."""
    draws: list[str]
    """Names of the draws, in order; the same name is the same draw."""
    scores: list[float]
    """One for each draw."""
    floors: list[float]
    """What no better method reaches; for example a weak supervisor alone."""
    ceilings: list[float]
    """What the best known means reach; for example training on true labels."""
    wall_seconds: float
    """Median wall time of one call."""


@dataclass(frozen=True)
class TrialScored:
    """A candidate's scores were compared with those of another on the same draws, in pairs."""

    run: str
    """Id of the run."""
    candidate: str
    """Id of the candidate."""
    against: str
    """Id of the candidate it was compared with."""
    stage: Literal["screen", "confirm"]
    """A first look on the visible split, or the confirmation on fresh draws."""
    verdict: Literal["better", "worse", "same", "not-resolved"]
    """What the interval allows to say."""
    gain: float
    """Mean improvement of the score, in the task's direction: above 0 is better."""
    low: float
    """Lower end of the interval around the gain."""
    high: float
    """Upper end of the interval around the gain."""
    draws: int
    """Pairs compared."""
    told: float
    """Mean score of the candidate, rounded as proposers are told it."""
    precision: float
    """What it was rounded to."""


@dataclass(frozen=True)
class QueriesRefused:
    """A trial was not begun, because its queries of the scorer would have passed the budget."""

    run: str
    """Id of the run."""
    candidate: str
    """Id of the candidate."""
    asked: int
    """Queries that a whole trial may take."""
    spent: int
    """Queries of the run so far."""
    query_budget: int
    """Queries that the run may make."""


@dataclass(frozen=True)
class HoldoutOpened:
    """The sealed hold-out was opened, once, for the best and the seed; the run is over.

    Scores stand in the two CandidateScored entries beside it, in the same append.
    """

    run: str
    """Id of the run."""
    candidate: str
    """Id of the best."""
    against: str
    """Id of the seed."""
    verdict: Literal["better", "worse", "same", "not-resolved", "failed"]
    """What the hold-out says of the best against the seed; failed: no score came of it."""
    gain: float | None
    """Mean improvement on the hold-out; None where it failed."""
    low: float | None
    """Lower end of the interval around the gain."""
    high: float | None
    """Upper end of the interval around the gain."""
    draws: int
    """Pairs compared."""
    detail: str
    """Why it failed; empty where it did not. Untrusted text."""
    precision: float
    """What may be told of its figures is rounded to this."""
    opened_before: int
    """Hold-outs of the same task that this ledger's earlier runs have opened."""


ScoreBody = ScorerTested | CandidateScored | TrialScored | QueriesRefused | HoldoutOpened
"""All of the above."""
