"""What can be recorded: one frozen dataclass per kind, in one closed union.

A kind is named by what happened, in the past tense, and its fields hold ground types only. To add a
kind, write its dataclass and name it in `Body`; the brake's stand in brake_kinds.py, the gauges' in
gauge_kinds.py. A kind's shape never changes afterwards, but that a field may come to it whose
default says what its absence means; any other shape is a new kind. So old entries stay readable for
ever. Large content lies in the object store; a field of type `Digest` names it. Proven by
tests/ledger/test_ledger_kinds.py. Not covered: what entries mean together, which is for whoever
reads them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from tachograph.ledger.brake_kinds import AgreementAdopted as AgreementAdopted
from tachograph.ledger.brake_kinds import BrakeBody
from tachograph.ledger.brake_kinds import Digest as Digest
from tachograph.ledger.brake_kinds import HeadPublished as HeadPublished
from tachograph.ledger.brake_kinds import RedactionChosen as RedactionChosen
from tachograph.ledger.brake_kinds import RegisterContradicted as RegisterContradicted
from tachograph.ledger.brake_kinds import RegisterHeard as RegisterHeard
from tachograph.ledger.brake_kinds import RegisterSeen as RegisterSeen
from tachograph.ledger.brake_kinds import StatementCopied as StatementCopied
from tachograph.ledger.brake_kinds import StatementPosted as StatementPosted
from tachograph.ledger.brake_kinds import WorkHeld as WorkHeld
from tachograph.ledger.brake_kinds import WorkRefused as WorkRefused
from tachograph.ledger.brake_kinds import WorkReleased as WorkReleased
from tachograph.ledger.gauge_kinds import DataRecorded as DataRecorded
from tachograph.ledger.gauge_kinds import ReadingTaken as ReadingTaken


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
class ModelAnswered:
    """A model answered a call; recorded before anything is done with the answer."""

    run: str
    """Id of the run."""
    turn: int
    """Number of the turn that asked."""
    call: int
    """Number of the call in the turn, from 1."""
    model: str
    """Name of the model, as it was asked for."""
    request: Digest
    """The object that holds the request."""
    answer: Digest
    """The object that holds the answer."""
    input_tokens: int | None
    """Tokens read, by the provider's count; None: it did not say."""
    output_tokens: int | None
    """Tokens written, by the provider's count; None: it did not say."""
    cost_usd: float | None
    """What it cost; None: not known."""
    cost_source: Literal["provider", "prices", "unknown"]
    """Who says so: the provider, or a table of prices."""
    seconds: float
    """From the call to its answer."""
    counted_tokens: int
    """What the budget counts: the provider's figures, and the bound held for one it did not say."""
    counted_usd: float | None
    """The same in money; None: the price is not known."""


@dataclass(frozen=True)
class ModelFailed:
    """A call of a model came to nothing."""

    run: str
    """Id of the run."""
    turn: int
    """Number of the turn that asked."""
    call: int
    """Number of the call in the turn, from 1."""
    model: str
    """Name of the model, as it was asked for."""
    request: Digest
    """The object that holds the request."""
    reason: str
    """Why, as one word: rate-limit, server, unreachable, cut, timeout, too-large, unreadable,
    rejected or broken."""
    detail: str
    """Why, in full; untrusted text."""
    seconds: float
    """From the call to its failure."""
    counted_tokens: int
    """What the budget counts: 0 where no provider charges, the bound held where it may have."""
    counted_usd: float | None
    """The same in money; None: the price is not known."""


@dataclass(frozen=True)
class CommandBegun:
    """A coding agent was started in a turn. After a crash it is started again, from the parent."""

    run: str
    """Id of the run."""
    turn: int
    """Number of the turn."""
    command: str
    """Program and arguments as they were called, as a shell would read them."""
    version: str
    """What it says of its version; untrusted text, empty where it says nothing."""
    opened: list[str]
    """What its box lets in besides the workspace, by name: network, variables, files."""
    level: str
    """Level of its box."""
    held_usd: float | None
    """Upper bound on what it may spend, as it was told; None: it was told none."""


@dataclass(frozen=True)
class CommandEnded:
    """A coding agent ended, or was ended."""

    run: str
    """Id of the run."""
    turn: int
    """Number of the turn."""
    reason: Literal["exited", "time-limit", "box-limit", "stopped"]
    """By itself, by the time of its turn, by another limit of its box, or with the run."""
    status: int
    """Its exit code; a negative one is the signal that ended it."""
    detail: str
    """Which limit, where it was one; untrusted text."""
    transcript: Digest
    """The object that holds what it printed."""
    cut: bool
    """Whether it printed more than is kept."""
    input_tokens: int | None
    """Tokens read, as it says; None: it did not say."""
    output_tokens: int | None
    """Tokens written, as it says; None: it did not say."""
    cost_usd: float | None
    """What it cost, as it says; None: it did not say."""
    counted_tokens: int
    """What the budget counts: what it said."""
    counted_usd: float | None
    """What the budget counts: what it said, or the bound held where it did not; None: neither."""
    wall_seconds: float
    """From its start to its end."""
    cpu_seconds: float
    """What it used itself, its own children included."""


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


@dataclass(frozen=True)
class SecretRevealed:
    """A run is over for good: from now on everybody can derive the inputs of its trials."""

    run: str
    """Id of the run."""
    secret: str
    """In hex; its SHA-256 is what the run committed to when it was opened."""


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
class HeadSigned:
    """The ledger's key signed the root over all entries up to a size."""

    size: int
    """Number of entries under the root."""
    root: str
    """The root in hex."""
    note: str
    """The checkpoint as a C2SP signed note."""


Body = (
    RunOpened
    | RunResumed
    | RunClosed
    | ClockTested
    | TurnBegun
    | TurnEnded
    | ModelAnswered
    | ModelFailed
    | CommandBegun
    | CommandEnded
    | CandidateProposed
    | BoxFailed
    | TrialChecked
    | TrialTimed
    | ScorerTested
    | CandidateScored
    | TrialScored
    | QueriesRefused
    | HoldoutOpened
    | CandidateKept
    | CandidateDropped
    | SecretRevealed
    | FindingShared
    | DataRecorded
    | ReadingTaken
    | HeadSigned
    | BrakeBody
)
"""Every kind there is."""

KINDS: dict[str, type[Body]] = {kind.__name__: kind for kind in get_args(Body)}
"""Kinds by name."""
