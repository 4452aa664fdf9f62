"""The archive: everything ever tried in a run, read from the ledger's entries and nothing else.

It is a fold over entries, so that a resumed run, a report and a plot see the same history. A trial
is finished when its candidate was kept or dropped; what was proposed and not finished is tried
again after a crash. Proven by tests/loop/test_archive.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tachograph.ledger import Entry
from tachograph.ledger.kinds import (
    BoxFailed,
    CandidateDropped,
    CandidateKept,
    CandidateProposed,
    CandidateScored,
    ClockTested,
    CommandBegun,
    CommandEnded,
    FindingShared,
    HoldoutOpened,
    ModelAnswered,
    ModelFailed,
    RunClosed,
    RunOpened,
    RunResumed,
    ScorerTested,
    SecretRevealed,
    TrialChecked,
    TrialScored,
    TrialTimed,
    TurnBegun,
    TurnEnded,
    WorkRefused,
)
from tachograph.loop.propose.protocol import Attempt

SEED_LABEL = "seed"

Happened = (
    TrialChecked | TrialTimed | CandidateScored | TrialScored | BoxFailed | CandidateKept
    | CandidateDropped
)  # fmt: skip
"""What happens to one candidate after it was proposed."""


@dataclass
class Record:
    """One candidate and what became of it."""

    proposed: CandidateProposed
    seq: int
    """Of its CandidateProposed entry."""
    proposed_at: str = ""
    """Time of that entry."""
    checked: TrialChecked | None = None
    timed: list[TrialTimed] = field(default_factory=list)
    scored: list[CandidateScored] = field(default_factory=list)
    compared: list[TrialScored] = field(default_factory=list)
    box_failures: list[BoxFailed] = field(default_factory=list)
    kept: CandidateKept | None = None
    dropped: CandidateDropped | None = None
    finished_at: str = ""
    """Time of the entry that finished the trial."""
    attempt: Attempt | None = None
    """What proposers are told of it, once it is finished."""

    @property
    def id(self) -> str:
        """The candidate's id."""
        return self.proposed.candidate

    @property
    def verdict(self) -> str:
        """kept, or why it was dropped; `unfinished` while neither."""
        if self.kept:
            return "kept"
        return self.dropped.reason if self.dropped else "unfinished"

    @property
    def screen(self) -> TrialTimed | None:
        """The latest race against the best of its time."""
        return next((t for t in reversed(self.timed) if t.stage != "standing"), None)

    def against(self, seed: str) -> TrialTimed | None:
        """The latest race with the seed that was no screen, as the one that it was kept by."""
        races = (t for t in reversed(self.timed) if t.against == seed and t.stage != "screen")
        return next(races, None)

    def marks(self, split: str) -> CandidateScored | None:
        """Its latest scores on that split."""
        return next((s for s in reversed(self.scored) if s.split == split), None)

    @property
    def confirmed(self) -> CandidateScored | None:
        """Its scores on the fresh draws that it was kept or dropped by, not those of later ones, on
        which others were compared with it.
        """
        return next((s for s in self.scored if s.split == "fresh"), None)

    @property
    def look(self) -> TrialScored | None:
        """The latest comparison on the visible split."""
        return next((t for t in reversed(self.compared) if t.stage == "screen"), None)

    @property
    def merit(self) -> float | None:
        """How it did against the best of its time, the more the better: a ratio or a gain."""
        if self.screen:
            return self.screen.ratio
        return self.look.gain if self.look else None

    def finish(self, time: str) -> None:
        """It was kept or dropped, at that time."""
        self.finished_at = time
        self.attempt = Attempt(
            candidate=self.id, parents=tuple(self.proposed.parents),
            proposer=self.proposed.proposer, label=self.proposed.label, verdict=self.verdict,
            ratio=self.screen.ratio if self.screen else None,
            detail=self.checked.detail if self.checked else "",
            score=self.look.told if self.look else None,
        )  # fmt: skip


@dataclass
class Turn:
    """One turn of a proposer, and what it cost."""

    begun: TurnBegun
    seq: int
    """Of its first TurnBegun entry."""
    ended: TurnEnded | None = None
    answers: list[ModelAnswered] = field(default_factory=list)
    failures: list[ModelFailed] = field(default_factory=list)
    commands: list[tuple[CommandBegun, CommandEnded | None]] = field(default_factory=list)
    """Coding agents that were run in it; None: one that was killed with us."""
    candidates: list[str] = field(default_factory=list)
    """Ids of what was proposed in it, in order."""

    @property
    def paid(self) -> list[ModelAnswered | ModelFailed | CommandEnded]:
        """What the budget counts, each with its tokens and money."""
        ended = [end for _, end in self.commands if end]
        return [*self.answers, *self.failures, *ended]


class Archive:
    """The state of one run after some prefix of the ledger."""

    def __init__(self) -> None:
        self.opened: RunOpened | None = None
        self.team: dict[str, Any] = {}
        """As it is now: what the run was opened with, or what its last resume says."""
        self.closed: RunClosed | None = None
        self.revealed: SecretRevealed | None = None
        self.clock: ClockTested | None = None
        self.scorer: ScorerTested | None = None
        self.holdout: HoldoutOpened | None = None
        """What the sealed hold-out said; None while it is sealed, which is for ever if timed."""
        self.queries = 0
        """Answers that the scorer has looked at, those of the hold-out not counted."""
        self.looks_won = 0
        """Each is followed by a confirmation, however that ends, on fresh draws of its own."""
        self.wall_seconds = 0.0
        """Between this run's entries, the pauses before it was resumed not counted."""
        self.last = ""
        """Time of the latest entry of this run."""
        self.records: dict[str, Record] = {}
        """By candidate id, in the order of proposal."""
        self.open: dict[str, Record] = {}
        """Proposed, and neither kept nor dropped yet, in the order of proposal."""
        self.finished: dict[str, Record] = {}
        """Those with a verdict, in the order of the first one."""
        self.standing: dict[str, Record] = {}
        """Those kept and not revoked, in the order of keeping."""
        self.turns: dict[int, Turn] = {}
        """By number, in the order in which they began."""
        self.exhausted: set[tuple[str, str]] = set()
        """Proposer and parent where the proposer said that there is nothing more to try."""
        self.barren: dict[str, int] = {}
        """Proposer to its turns since the last that brought something new, in this sitting."""
        self.last_barren: dict[str, str] = {}
        """Proposer to why the last such turn brought nothing."""
        self.attempts: dict[str, Attempt] = {}
        """What proposers are told of each finished trial, in the order of the first verdicts."""
        self.repeats: dict[str, list[str]] = {}
        """Proposer to the candidates that it made although they were there already, in the order in
        which it did.
        """
        self.findings: list[tuple[str, FindingShared]] = []
        """Writer and note, in the order of sharing."""
        self.tokens = 0
        """Read and written by models so far, as the budget counts them."""
        self.money_usd = 0.0
        """Paid for models so far, as the budget counts it; what has no known price is not in it."""

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Archive:
        """Fold the entries of one run."""
        archive = cls()
        for entry in entries:
            archive.add(entry)
        return archive

    def add(self, entry: Entry) -> None:
        """Fold one more entry. Entries of other kinds are passed over."""
        body = entry.body
        late = isinstance(body, WorkRefused) and self.closed is not None
        if self.last and not late and not isinstance(body, RunResumed | SecretRevealed):
            self.wall_seconds += max(0.0, seconds_between(self.last, entry.time))
        self.last = entry.time
        if isinstance(body, RunOpened):
            self.opened = body
            self.team = {**body.team, "proposers": body.proposers}
        elif isinstance(body, RunResumed):
            self.closed = None
            self.team |= body.team
            # another sitting may have other proposers of the same name
            self.exhausted.clear()
            self.barren.clear()
        elif isinstance(body, RunClosed):
            self.closed = body
        elif isinstance(body, SecretRevealed):
            self.revealed = body
        elif isinstance(body, ClockTested):
            self.clock = body
        elif isinstance(body, ScorerTested):
            self.scorer = body
        elif isinstance(body, HoldoutOpened):
            self.holdout = body
        elif isinstance(body, CandidateProposed):
            self.add_candidate(body, Record(body, entry.seq, entry.time))
            if body.turn in self.turns:
                self.turns[body.turn].candidates.append(body.candidate)
        elif isinstance(body, TurnBegun):
            self.turns.setdefault(body.turn, Turn(body, entry.seq))
        elif isinstance(
            body, TurnEnded | ModelAnswered | ModelFailed | CommandBegun | CommandEnded
        ):
            self.add_to_turn(self.turns[body.turn], body)
        elif isinstance(body, FindingShared):
            self.findings.append((entry.actor, body))
        elif isinstance(body, Happened):
            self.add_to_record(self.records[body.candidate], body, entry.time)

    def add_candidate(self, body: CandidateProposed, record: Record) -> None:
        """Fold a proposal; who proposed a candidate first is its proposer."""
        if body.candidate not in self.records:
            self.records[body.candidate] = record
            if not self.is_seed(record):
                self.open[body.candidate] = record

    def add_to_record(self, record: Record, body: Happened, time: str) -> None:
        """Fold what happened to one candidate."""
        if isinstance(body, TrialChecked):
            record.checked = body
            if self.scorer:
                self.queries += body.draws
        elif isinstance(body, CandidateScored):
            self.add_scores(record, body)
        elif isinstance(body, TrialScored):
            record.compared.append(body)
            self.looks_won += body.stage == "screen" and body.verdict == "better"
        elif isinstance(body, TrialTimed):
            record.timed.append(body)
        elif isinstance(body, BoxFailed):
            record.box_failures.append(body)
        else:
            # a kept candidate that fails a later draw is dropped too
            self.standing.pop(record.id, None)
            if isinstance(body, CandidateKept):
                record.kept, self.standing[record.id] = body, record
            else:
                record.kept, record.dropped = None, body
            record.finish(time)
            self.open.pop(record.id, None)
            self.finished.setdefault(record.id, record)
            assert record.attempt is not None
            self.attempts[record.id] = record.attempt

    def add_scores(self, record: Record, body: CandidateScored) -> None:
        """Fold scores, and what they cost."""
        record.scored.append(body)
        if body.split != "sealed":
            self.queries += len(body.draws)

    def add_to_turn(
        self,
        turn: Turn,
        body: TurnEnded | ModelAnswered | ModelFailed | CommandBegun | CommandEnded,
    ) -> None:
        """Fold what happened in one turn."""
        if isinstance(body, CommandBegun):
            # counted in full until its end says less: it may be killed with us, and be paid for
            self.money_usd += body.held_usd or 0.0
            turn.commands.append((body, None))
            return
        if isinstance(body, CommandEnded) and turn.commands:
            begun, _ = turn.commands.pop()
            self.money_usd -= begun.held_usd or 0.0
            turn.commands.append((begun, body))
        if isinstance(body, ModelAnswered | ModelFailed | CommandEnded):
            self.tokens += body.counted_tokens
            self.money_usd += body.counted_usd or 0.0
        if isinstance(body, ModelAnswered):
            turn.answers.append(body)
        elif isinstance(body, ModelFailed):
            turn.failures.append(body)
        elif isinstance(body, TurnEnded):
            turn.ended = body
            proposer = turn.begun.proposer
            if body.outcome == "nothing":
                self.exhausted.add((proposer, turn.begun.parent))
            elif body.outcome == "proposed":
                self.barren[proposer] = 0
            else:
                self.barren[proposer] = self.barren.get(proposer, 0) + 1
                self.last_barren[proposer] = f"{body.outcome}: {body.detail}".rstrip(": ")
                if body.outcome == "duplicate" and body.candidate:
                    self.repeats.setdefault(proposer, []).append(body.candidate)

    @property
    def trials(self) -> list[Record]:
        """Finished trials, in the order in which they first ended."""
        return list(self.finished.values())

    @property
    def unfinished(self) -> list[Record]:
        """Proposed, and neither kept nor dropped yet."""
        return list(self.open.values())

    @property
    def kept(self) -> list[Record]:
        """Kept candidates in the order in which they were kept; each beat the one before."""
        return list(self.standing.values())

    @property
    def best(self) -> Record | None:
        """The last kept; None while nothing beat the seed."""
        return next(reversed(self.standing.values()), None)

    def is_seed(self, record: Record) -> bool:
        """Whether the record is the task as given."""
        return self.opened is not None and record.id == self.opened.seed_candidate

    def lineage(self, candidate: str) -> list[Record]:
        """From the seed's first descendant down to `candidate`, by first parents."""
        line: list[Record] = []
        while candidate in self.records and not self.is_seed(self.records[candidate]):
            record = self.records[candidate]
            line.append(record)
            if not record.proposed.parents:
                break
            candidate = record.proposed.parents[0]
        return line[::-1]


def seconds_between(earlier: str, later: str) -> float:
    """Seconds from one entry's time to another's."""
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()
