"""Derive a run again from its ledger: was every choice, and every verdict, the one that follows?

    found = rederive(ledger.entries(run=run))
    found.agrees, found.lines()

Two things are held against the entries:

1. Each turn's proposer, parent and direction follow from the archive as it was after the entry that
   the turn names as the last it was chosen by (TurnBegun.seen), by `team.choose`.
2. Each candidate that was kept or dropped follows from its checks, races and scores, and each
   race's other side was the best of that moment.

That needs this version's policies and bandit: a method that changed since says so by disagreeing.
Proven by tests/loop/test_rederive.py. Not covered: whether the entries are intact (`tacho ledger
verify`), and whether checks and races came out as they are recorded (`tacho replay`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tachograph.ledger import Entry
from tachograph.ledger.kinds import (
    BoxFailed,
    CandidateDropped,
    CandidateKept,
    QueriesRefused,
    TrialChecked,
    TrialScored,
    TrialTimed,
    TurnBegun,
)
from tachograph.loop.archive import Archive
from tachograph.loop.judge import BOX_TRIES
from tachograph.loop.team import Choice, Team, choose
from tachograph.loop.transitive import agree

Fact = TrialChecked | TrialTimed | TrialScored | QueriesRefused | BoxFailed
Verdict = CandidateKept | CandidateDropped
CHECKED, RACED = "nothing: it passed the check", "nothing: it won a race"
OPEN = {CHECKED: ("unpromising", "too-costly"), RACED: ("too-costly",)}
"""After which facts a trial goes on, and by what it may end there all the same."""


@dataclass
class Rederived:
    """What came of it."""

    turns: int = 0
    """Choices that were derived again."""
    verdicts: int = 0
    """Verdicts that were derived again."""
    open: int = 0
    """Verdicts that rest on more than the ledger holds: what the judge remembers of how long calls
    took (`unpromising`), and what a trial's own runs have cost (`too-costly`)."""
    faults: list[str] = field(default_factory=list)
    """What does not follow, one sentence each."""

    @property
    def agrees(self) -> bool:
        """Whether everything that could be derived is as it was recorded."""
        return not self.faults

    def lines(self) -> Iterator[str]:
        """In words."""
        yield (f"derived again: {self.turns} choices of turns, {self.verdicts} verdicts; "
               f"{self.open} not assessed")  # fmt: skip
        yield from self.faults
        yield "all agree" if self.agrees else f"{len(self.faults)} do not agree"


def rederive(entries: Iterable[Entry]) -> Rederived:
    """All of one run. Cost: one fold, and one choice for each turn."""
    known = list(entries)
    found = Rederived()
    turns = pending_turns(known)
    archive, facts = Archive(), Facts()
    for entry in known:
        while turns and turns[-1].seen < entry.seq:
            check_turn(turns.pop(), archive, found)
        check_entry(entry, archive, facts, found)
        archive.add(entry)
    for turn in reversed(turns):
        check_turn(turn, archive, found)
    return found


def pending_turns(entries: Iterable[Entry]) -> list[TurnBegun]:
    """Turns, the one that was chosen by the shortest prefix last; of one given twice, the first."""
    first: dict[int, TurnBegun] = {}
    for entry in entries:
        if isinstance(entry.body, TurnBegun):
            first.setdefault(entry.body.turn, entry.body)
    return sorted(first.values(), key=lambda begun: begun.seen, reverse=True)


def check_turn(begun: TurnBegun, archive: Archive, found: Rederived) -> None:
    """The choice of one turn, by the archive's prefix."""
    found.turns += 1
    names = list(archive.team.get("proposers", ()))
    derived = choose(archive, Team.of(archive.team), names, begun.turn, begun.seat)
    recorded = Choice(begun.proposer, begun.parent, begun.direction)
    if derived != recorded:
        found.faults.append(
            f"turn {begun.turn}: recorded is {words(recorded)}, derived is {words(derived)}"
        )


def words(choice: Choice | None) -> str:
    """A choice in a few words."""
    return f"{choice.proposer} on {choice.parent}" if choice else "no turn"


class Facts:
    """What is known of each candidate since its last verdict, in order."""

    def __init__(self) -> None:
        self.by_candidate: dict[str, list[Fact]] = {}

    def add(self, fact: Fact) -> None:
        """One more."""
        self.by_candidate.setdefault(fact.candidate, []).append(fact)

    def take(self, candidate: str) -> list[Fact]:
        """All of one candidate, which begins anew."""
        return self.by_candidate.pop(candidate, [])


def check_entry(entry: Entry, archive: Archive, facts: Facts, found: Rederived) -> None:
    """One entry, by what came before it."""
    body = entry.body
    if isinstance(body, TrialTimed | TrialScored) and body.stage == "screen":
        best = archive.best
        reference = best.id if best else archive.opened and archive.opened.seed_candidate
        if body.against != reference:
            found.faults.append(
                f"entry {entry.seq}: {body.candidate} was compared with {body.against}, "
                f"the best was {reference}"
            )
    if isinstance(body, TrialTimed) and is_within_margin(body):
        found.faults.append(
            f"entry {entry.seq}: {body.candidate} is recorded as faster, and its interval begins "
            f"at {body.low:.4g}, not above {body.margin:.4g}"
        )
    if isinstance(body, Fact):
        facts.add(body)
    elif isinstance(body, Verdict):
        was_kept = body.candidate in archive.standing
        derived = verdict_of(facts.take(body.candidate), archive, was_kept=was_kept)
        recorded = "kept" if isinstance(body, CandidateKept) else body.reason
        if recorded in OPEN.get(derived, ()):
            found.open += 1
            return
        found.verdicts += 1
        if derived not in (recorded, figures(body)):
            found.faults.append(f"entry {entry.seq}: {body.candidate} is recorded as {recorded}, "
                                f"derived is {derived}")  # fmt: skip


def is_within_margin(body: TrialTimed) -> bool:
    """Whether it is called faster and is not, by its own interval and margin."""
    return body.verdict == "faster" and body.margin is not None and body.low <= body.margin


def figures(body: Verdict) -> str:
    """What a kept candidate is reported with; not what any verdict is called."""
    return f"kept at {body.ratio}" if isinstance(body, CandidateKept) else ""


def verdict_of(facts: list[Fact], archive: Archive, *, was_kept: bool) -> str:
    """The verdict that follows from the last fact, or which of `OPEN` it leaves."""
    if not facts:
        return "nothing: no fact stands before it"
    last = facts[-1]
    if isinstance(last, BoxFailed):
        broke = sum(isinstance(fact, BoxFailed) for fact in facts)
        return "box-failed" if broke >= BOX_TRIES else f"nothing: the box broke {broke} times"
    if isinstance(last, TrialChecked):
        if not last.passed:
            return "revoked" if was_kept else last.reason
        return "kept at None" if is_check_task(archive) else CHECKED
    if isinstance(last, QueriesRefused):
        return "no-queries"
    if isinstance(last, TrialScored):
        if last.stage == "confirm":
            return "kept at None" if last.verdict == "better" else "better-unconfirmed"
        return last.verdict
    return raced(last, facts, archive)


def raced(last: TrialTimed, facts: list[Fact], archive: Archive) -> str:
    """What follows from the last race, and from those before it."""
    seed = archive.opened.seed_candidate if archive.opened else ""
    if last.stage == "screen":
        return RACED if last.verdict == "faster" else last.verdict
    if last.stage == "confirm":
        if last.verdict != "faster":
            return "faster-unconfirmed"
        return f"kept at {last.ratio}" if last.against == seed else RACED
    if last.verdict == "slower":
        return "slower"
    races = [fact for fact in facts if isinstance(fact, TrialTimed) and fact.stage == "confirm"]
    best = archive.best.against(seed) if archive.best else None
    if races and best and not agree(races[-1], last, best):
        return "faster-unconfirmed"
    return f"kept at {last.ratio}"


def is_check_task(archive: Archive) -> bool:
    """Whether a candidate that passes is done: no clock was tested, no scorer."""
    return archive.clock is None and archive.scorer is None
