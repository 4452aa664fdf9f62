"""The state of an agreement: what follows from the statements so far and the time.

Frozen values; times are milliseconds since 1970, UTC, by the register's clock. Nothing here is
stored: whoever has the register's entries makes it again. Proven by tests/brake/machine. Not
covered: how it changes (transitions.py), and what it allows a party (permission.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeVar

from tachograph.brake.agreed.terms import Terms
from tachograph.brake.said.statement import Statement

Value = TypeVar("Value")
Pairs = tuple[tuple[str, Value], ...]
"""A small mapping that can be hashed, by key in order."""


class Phase(StrEnum):
    """Where the pause stands; `State.name` adds questions and cases to it."""

    NORMAL = "NORMAL"
    """No pause."""
    TRIGGER_PENDING = "TRIGGER_PENDING"
    """One will begin when the timer runs out."""
    PAUSED = "PAUSED"
    """No training."""
    LIFT_REVIEW = "LIFT_REVIEW"
    """No training; the evidence is in, votes are cast."""
    RESUME_STAGED = "RESUME_STAGED"
    """Training up to a share of capacity, step by step."""


PAUSING = frozenset({Phase.PAUSED, Phase.LIFT_REVIEW, Phase.RESUME_STAGED})
"""Phases in which a breach can be alleged and meters must be heard."""


@dataclass(frozen=True)
class Question:
    """A clarification, and what may come of it."""

    number: int
    """From 0."""
    asker: str
    """The party that asked."""
    about: str
    """The party that must answer."""
    stage: Literal["clarify", "answered", "challenge"]
    """Asked; answered, and the asker may insist; inspected."""
    began: int
    """When the stage began."""
    due: int
    """When the stage ends by itself."""
    access: bool = False
    """Whether the inspectors were let in."""
    blocks: frozenset[str] = frozenset()
    """Parties that would stop the inspection."""
    reports: Pairs[tuple[str, str]] = ()
    """Verifier to finding and its evidence."""


@dataclass(frozen=True)
class Case:
    """A matter before the panel."""

    number: int
    """From 0."""
    about: str
    """The party that may be at fault."""
    ground: Literal["challenge", "verifiers", "heartbeat"]
    """An inspection, an allegation of verifiers, the silence of a meter."""
    detail: str
    """The finding, the evidence, the meter."""
    due: int
    """When it ends without a decision."""
    rulings: Pairs[str] = ()
    """Panelist to ruling."""

    @property
    def presumed(self) -> bool:
        """Whether the party is suspended where the panel says nothing.

        Not so where the inspectors were let in and owe their report: their silence is no fault of
        the party, and it is no acquittal either.
        """
        return self.ground != "challenge" or self.detail in ("violation", "denied")


@dataclass(frozen=True)
class Call:
    """What one speaker asks for and others must join."""

    topic: str
    """What, in a form that is the same for all who join."""
    by: str
    """Name of the speaker."""
    posted: int
    """When."""


@dataclass(frozen=True)
class Trigger:
    """What will begin a pause, or began it."""

    number: int
    """From 0."""
    ground: Literal["parties", "verifiers"]
    """Who called it."""
    effect: int
    """When the pause begins."""
    vetoes: frozenset[str] = frozenset()
    """Parties that would cancel it."""
    withdrawals: frozenset[str] = frozenset()
    """Verifiers that took their verdict back."""


@dataclass(frozen=True)
class Filing:
    """One verifier's newest word on the conditions of a lift."""

    by: str
    """Name of the verifier."""
    evidence: str
    """Root over what was looked at."""
    gathered: int
    """When the oldest of it was gathered."""
    clean: bool
    """Whether every condition passed; a condition that was not assessed has not."""


@dataclass(frozen=True)
class Lift:
    """A review that may end a pause."""

    number: int
    """From 0."""
    evidence: str
    """The root that every vote must name."""
    gathered: int
    """When the oldest of it was gathered."""
    opened: int
    """When the review began."""
    objections_end: int
    """Until then the panel may object, and nothing is lifted."""
    due: int
    """When it fails: T_lift is over, or the evidence is stale."""
    votes: Pairs[str] = ()
    """Party or verifier to the root that it voted on."""
    objections: frozenset[str] = frozenset()
    """Panelists who object."""


@dataclass(frozen=True)
class Certificate:
    """What lifted a pause. Kept, so that anybody can check it against the register."""

    lift: int
    """Number of the lift."""
    evidence: str
    """The root that it rests on."""
    gathered: int
    """When the oldest of it was gathered."""
    issued: int
    """When the lift came about."""
    parties: tuple[str, ...]
    """Who voted for it."""
    verifiers: tuple[str, ...]
    """Who supported it."""
    counted: tuple[str, ...]
    """The parties that counted."""


@dataclass(frozen=True)
class Ramp:
    """A step of the resumption."""

    stage: int
    """Index into the agreement's ramp."""
    began: int
    """When the step began."""
    due: int
    """When it ends: one up where the window was clean, else back to the pause."""


@dataclass(frozen=True)
class Adjustment:
    """Other numbers, proposed or adopted."""

    number: int
    """From 0."""
    by: str
    """The party that proposed it."""
    changes: Pairs[str]
    """Key to value."""
    votes: frozenset[str]
    """Parties in favour."""
    due: int
    """When the vote lapses, or, once adopted, when the numbers may come into force."""
    adopted: bool = False
    """Whether enough voted for it."""
    ripe: bool = False
    """Whether it is due, and waits only for running rounds to end."""


@dataclass(frozen=True)
class Counts:
    """How many of each there have been: the next one's number."""

    questions: int = 0
    triggers: int = 0
    lifts: int = 0
    cases: int = 0
    adjustments: int = 0


@dataclass(frozen=True)
class State:
    """All of it. Made by `begin`, changed by `step` and `tick`."""

    agreement: str
    """Id of the agreement."""
    terms: Terms
    """As adjusted so far."""
    time: int
    """Of the newest event."""
    phase: Phase = Phase.NORMAL
    """Where the pause stands."""
    since: int = 0
    """When the phase began."""
    paused: int = 0
    """When the pause began, for its shortest duration."""
    sunset: int = 0
    """When the pause ends by itself; 0: never."""
    trigger: Trigger | None = None
    """Pending, or what began the pause."""
    lift: Lift | None = None
    """In a review."""
    ramp: Ramp | None = None
    """In a resumption; kept while a trigger is pending in it."""
    certificate: Certificate | None = None
    """What lifted the last pause."""
    questions: tuple[Question, ...] = ()
    """Open ones."""
    cases: tuple[Case, ...] = ()
    """Open ones."""
    calls: tuple[Call, ...] = ()
    """Those that wait for others to join."""
    filings: tuple[Filing, ...] = ()
    """One a verifier, fresh ones."""
    adjustments: tuple[Adjustment, ...] = ()
    """Proposed and adopted ones."""
    suspended: frozenset[str] = frozenset()
    """Parties that lost their voice, and may not train."""
    struck: frozenset[str] = frozenset()
    """Speakers who contradicted themselves: what they say has no weight."""
    exiting: Pairs[int] = ()
    """Party to when its notice runs out."""
    departed: frozenset[str] = frozenset()
    """Parties that are no longer bound."""
    holding: frozenset[str] = frozenset()
    """Parties that hold of their own accord."""
    keys: Pairs[str] = ()
    """Speaker to its new key; empty: revoked."""
    last: Pairs[Statement] = ()
    """Every speaker's newest statement."""
    asked: tuple[tuple[str, str, int], ...] = ()
    """Party, what it asked for, and when: for the quotas."""
    heard: Pairs[int] = ()
    """Meter to when it was last heard."""
    counts: Counts = Counts()
    """Numbers given so far."""

    @property
    def name(self) -> str:
        """The state's name, as the protocol's diagram has it."""
        if self.breached and self.phase in PAUSING:
            return "BREACH_REVIEW"
        if self.phase != Phase.NORMAL:
            return str(self.phase)
        if self.challenged:
            return "CHALLENGE"
        return "CLARIFY" if self.questions else "NORMAL"

    @property
    def breached(self) -> bool:
        """Whether a breach of the pause is before the panel."""
        return any(case.ground != "challenge" for case in self.cases)

    @property
    def challenged(self) -> bool:
        """Whether an inspection runs, or its outcome is before the panel."""
        return any(q.stage == "challenge" for q in self.questions) or any(
            case.ground == "challenge" for case in self.cases
        )

    @property
    def quiet(self) -> bool:
        """Whether no round runs: then, and only then, adjustments come into force."""
        return self.phase == Phase.NORMAL and not self.questions and not self.cases


@dataclass(frozen=True)
class Refusal:
    """Why a statement had no effect."""

    rule: str
    """Which rule, as one word."""
    missing: str
    """What was missing for it to have one."""

    def __str__(self) -> str:
        """Both."""
        return f"{self.rule}: {self.missing}"


def begin(terms: Terms, agreement: str = "", time: int = 0) -> State:
    """The state before any statement."""
    return State(agreement, terms, time, since=time)


def moved(state: State, **fields: object) -> State:
    """The state with other fields, as `dataclasses.replace` makes it, in a fifth of the time."""
    fresh = object.__new__(State)
    fresh.__dict__.update(state.__dict__)
    fresh.__dict__.update(fields)
    return fresh


def value(pairs: Pairs[Value], key: str) -> Value | None:
    """What the key is mapped to, if anything."""
    return next((found for name, found in pairs if name == key), None)


def with_value(pairs: Pairs[Value], key: str, new: Value) -> Pairs[Value]:
    """The mapping with a key set."""
    for place, (name, _) in enumerate(pairs):
        if name == key:
            return (*pairs[:place], (key, new), *pairs[place + 1 :])
    return tuple(sorted([*pairs, (key, new)], key=lambda pair: pair[0]))


def without(pairs: Pairs[Value], key: str) -> Pairs[Value]:
    """The mapping without a key."""
    return tuple(pair for pair in pairs if pair[0] != key)
