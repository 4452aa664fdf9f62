"""What speakers say about the agreement itself: questions, triggers, lifts, cases, exits, keys.

Frozen dataclasses with ground fields; `statement.py` puts them into the one union of what can be
said, `transitions.py` says what each does. Numbers of questions, triggers, lifts, cases and
adjustments are those that the state gives them, from 0. Evidence is named by its SHA-256. A later
version may only add a field whose default says what its absence means. Proven by
tests/brake/test_brake_statement.py. Not covered: whether any of it is true.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tachograph.ledger.kinds import Digest

Outcome = Literal["pass", "fail", "not-assessed"]
"""Of a check. What was not assessed has not passed."""

# Questions


@dataclass(frozen=True)
class ClarificationAsked:
    """A party asked another what something in the record means."""

    about: str
    """The party that is asked."""
    evidence: Digest
    """What gives rise to the question."""
    question: str
    """In prose; untrusted text."""
    urgent: bool = False
    """Whether the fast track's time is set for the answer."""


@dataclass(frozen=True)
class ClarificationAnswered:
    """The party that was asked answered."""

    question: int
    """Number of the question."""
    answer: str
    """In prose; untrusted text."""
    evidence: str = ""
    """Digest of what goes with it; empty: nothing."""


@dataclass(frozen=True)
class ClarificationClosed:
    """Who asked is content."""

    question: int
    """Number of the question."""


@dataclass(frozen=True)
class ChallengeRaised:
    """Who asked insists, after an answer: an inspection."""

    question: int
    """Number of the question."""


@dataclass(frozen=True)
class ChallengeBlocked:
    """A party votes to stop an inspection, while its red light can still be shown."""

    question: int
    """Number of the question."""


@dataclass(frozen=True)
class AccessGranted:
    """The party in question let the inspectors in."""

    question: int
    """Number of the question."""


@dataclass(frozen=True)
class InspectionReported:
    """A verifier says what the inspection found."""

    question: int
    """Number of the question."""
    finding: Literal["clean", "violation", "denied", "not-assessed"]
    """What was found; denied: not let in, or not far enough."""
    evidence: Digest
    """The report."""


# Triggers


@dataclass(frozen=True)
class TriggerCalled:
    """A party calls for a pause, or a verifier says that a metric has passed its threshold."""

    metric: str
    """Which; verifiers count together where metric and evidence are the same."""
    evidence: Digest
    """What shows it."""


@dataclass(frozen=True)
class TriggerVetoed:
    """A party votes to cancel a trigger before it takes effect."""

    trigger: int
    """Number of the trigger."""


@dataclass(frozen=True)
class TriggerWithdrawn:
    """A verifier takes its verdict back, before the trigger takes effect."""

    trigger: int
    """Number of the trigger."""
    reason: str
    """Why; untrusted text."""


# Lifts


@dataclass(frozen=True)
class EvidenceFiled:
    """A verifier says how the checks came out on evidence of a certain age."""

    evidence: Digest
    """Root over everything that was looked at."""
    gathered: str
    """When the oldest of it was gathered: RFC 3339, UTC, microseconds."""
    outcomes: dict[str, str]
    """Check to pass, fail or not-assessed."""


@dataclass(frozen=True)
class LiftVoted:
    """A party votes for a lift, or a verifier supports it, on this evidence and no other."""

    lift: int
    """Number of the lift."""
    evidence: Digest
    """The root that the vote rests on."""


@dataclass(frozen=True)
class LiftObjected:
    """A panelist objects to a lift."""

    lift: int
    """Number of the lift."""
    reason: str
    """Why; untrusted text."""


@dataclass(frozen=True)
class RenewalVoted:
    """A party votes to renew a pause before it ends by itself."""

    trigger: int
    """Number of the newest trigger, also where a pause came back after a lift."""


# Cases


@dataclass(frozen=True)
class BreachAlleged:
    """A verifier says that a party breaks the pause."""

    about: str
    """The party."""
    evidence: Digest
    """What shows it; verifiers count together where party and evidence are the same."""


@dataclass(frozen=True)
class EquivocationShown:
    """Somebody shows two statements of one speaker that contradict each other by their form."""

    first: str
    """A signed envelope."""
    second: str
    """Another."""


@dataclass(frozen=True)
class PanelDecided:
    """A panelist decides a case."""

    case: int
    """Number of the case."""
    ruling: Literal["upheld", "dismissed"]
    """Whether the party is at fault."""


@dataclass(frozen=True)
class ReinstatementVoted:
    """A panelist votes to give a suspended party, or a struck speaker, its voice back."""

    about: str
    """Name of the speaker."""


# Oneself, keys, terms


@dataclass(frozen=True)
class HoldDeclared:
    """A party stops training of its own accord."""

    reason: str
    """Why; untrusted text."""


@dataclass(frozen=True)
class HoldEnded:
    """A party ends its own hold; the agreement binds as before."""

    reason: str
    """Why; untrusted text."""


@dataclass(frozen=True)
class ExitNoticed:
    """A party will leave; it is bound until its notice has run out."""

    reason: str
    """Why; untrusted text."""


@dataclass(frozen=True)
class KeyRevoked:
    """A speaker's key is no good from here on: its owner says so, or the panel votes so."""

    of: str
    """Whose."""
    replacement: str = ""
    """Its new verifier key, which only the panel can give; empty: none yet."""


@dataclass(frozen=True)
class AdjustmentProposed:
    """A party proposes other numbers, and votes for them."""

    changes: dict[str, str]
    """Key to value, as `timers.clarify` to `5d`."""


@dataclass(frozen=True)
class AdjustmentVoted:
    """A party votes for an adjustment."""

    adjustment: int
    """Number of the adjustment."""


Governance = (
    ClarificationAsked | ClarificationAnswered | ClarificationClosed | ChallengeRaised
    | ChallengeBlocked | AccessGranted | InspectionReported | TriggerCalled | TriggerVetoed
    | TriggerWithdrawn | EvidenceFiled | LiftVoted | LiftObjected | RenewalVoted | BreachAlleged
    | EquivocationShown | PanelDecided | ReinstatementVoted | HoldDeclared | HoldEnded
    | ExitNoticed | KeyRevoked | AdjustmentProposed | AdjustmentVoted
)  # fmt: skip
"""All of the above."""
