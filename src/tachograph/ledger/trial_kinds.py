"""Kinds of entries about trials: what was checked, timed, kept and dropped, and what broke.

`kinds.py` names them in its union. Proven by tests/ledger/test_ledger_kinds.py. Not covered:
scores (score_kinds.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class ClockTested:
    """The clock timed the seed against itself, to learn how still the machine is."""

    run: str
    """Id of the run."""
    pairs: int
    """Pairs timed."""
    ratio: float
    """Measured time ratio of identical code; ideally 1."""
    low: float
    """Lower end of the interval around the ratio."""
    high: float
    """Upper end of the interval around the ratio."""
    spread: float
    """Spread of the log ratios of single pairs."""
    witness: Literal["wall", "cpu"]
    """The time that verdicts go by."""
    contention: float | None
    """Share of wall time in which the machine worked for others, 0 to 1."""
    nonce: str = ""
    """Names its draws, with their index from 0; empty: they cannot be derived again."""
    draws: int = 0
    """Fresh inputs drawn under the nonce."""
    handover_seconds: float | None = None
    """CPU time of a call that only hands over inputs and a result; absent: not measured."""


@dataclass(frozen=True)
class BoxFailed:
    """A box broke. This says nothing about the candidate."""

    run: str
    """Id of the run."""
    candidate: str
    """Id of the candidate that was to run."""
    stage: Literal["check", "clock", "confirm", "propose"]
    """What the box was for."""
    reason: str
    """What broke."""


@dataclass(frozen=True)
class TrialChecked:
    """A candidate's outputs were compared with the task's check."""

    run: str
    """Id of the run."""
    candidate: str
    """Id of the candidate."""
    passed: bool
    """Whether every draw passed."""
    reason: str
    """Why it was refused, as one word; empty where it passed."""
    detail: str
    """Why it was refused, in full; untrusted text."""
    draws: int
    """Fresh inputs tried."""
    wall_seconds: float | None
    """Median wall time of one call; None where none finished."""
    cpu_seconds: float | None
    """Median CPU time of one call; None where none finished."""
    setup_seconds: float | None
    """Time to load the candidate; None where it never loaded."""
    nonce: str = ""
    """Names the draw, with its index; empty: it cannot be derived again."""
    index: int = 0
    """Of the draw under the nonce; above 0 where it was one of a race."""
    inputs_sha256: str = ""
    """Over the inputs' encoded bytes."""


@dataclass(frozen=True)
class TrialTimed:
    """A candidate was timed against another, in pairs."""

    run: str
    """Id of the run."""
    candidate: str
    """Id of the candidate."""
    against: str
    """Id of the candidate it was paired with."""
    stage: Literal["screen", "confirm", "standing"]
    """A first look, the clean second run, or the measurement against the seed."""
    verdict: Literal["faster", "slower", "same", "not-resolved"]
    """What the interval allows to say."""
    ratio: float
    """Time of `against` divided by time of the candidate: above 1 is faster."""
    low: float
    """Lower end of the interval around the ratio."""
    high: float
    """Upper end of the interval around the ratio."""
    pairs: int
    """Pairs timed."""
    cpu_ratio: float | None
    """The same ratio by CPU time."""
    contention: float | None
    """Share of wall time in which the machine worked for others, 0 to 1."""
    wall_seconds: float
    """Median wall time of one call of the candidate."""
    flags: list[str]
    """What a reader must know before trusting the ratio."""
    nonce: str = ""
    """Names its draws, with their index from 0; empty: they cannot be derived again."""
    draws: int = 0
    """Fresh inputs drawn under the nonce; both sides passed the check on all of them."""
    inputs_sha256: str = ""
    """Over the SHA-256 digests of their encoded bytes, in order."""
    margin: float | None = None
    """What the whole interval of a faster one lies above; absent in earlier versions."""


@dataclass(frozen=True)
class CandidateKept:
    """A candidate entered the archive as a possible parent."""

    run: str
    """Id of the run."""
    candidate: str
    """Id of the candidate."""
    ratio: float | None
    """Time of the seed divided by time of the candidate; None: the task is not timed."""
    low: float | None
    """Lower end of the interval around the ratio."""
    high: float | None
    """Upper end of the interval around the ratio."""
    cpu_seconds: float | None = None
    """CPU time of calls in boxes, and wall time of loading, since the verdict before it in this
    sitting; None: not told."""


@dataclass(frozen=True)
class CandidateDropped:
    """A candidate was tried and not kept."""

    run: str
    """Id of the run."""
    candidate: str
    """Id of the candidate."""
    reason: str
    """Why."""
    cpu_seconds: float | None = None
    """CPU time of calls in boxes, and wall time of loading, since the verdict before it in this
    sitting; None: not told."""


TrialBody = ClockTested | BoxFailed | TrialChecked | TrialTimed | CandidateKept | CandidateDropped
"""All of the above."""
