"""The office: gives turns to seats, and takes in what comes of them. Seats and the judge share it.

A turn is given when it is in the ledger (TurnBegun) and over when its end is (TurnEnded, beside the
candidate). Between the two only the proposer works. For a proposer that thinks here the three are
one append. Turns that were given and not ended before a crash are given again, with the brief that
they had. Proven by tests/loop/test_seats.py and test_desk.py.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from tachograph.errors import HeldError
from tachograph.ledger.kinds import TurnBegun, TurnEnded
from tachograph.loop.archive import SEED_LABEL
from tachograph.loop.brief import brief_of
from tachograph.loop.budget import Spending
from tachograph.loop.bystanders import Bystanders
from tachograph.loop.desk import Given, TurnDesk
from tachograph.loop.propose.protocol import (
    Attempt,
    Brief,
    HeldBackError,
    MalformedError,
    Proposal,
    Proposer,
    RefusedError,
)
from tachograph.loop.run import ACTOR, Draft, Run
from tachograph.loop.team import Team, choose
from tachograph.task import Task

Outcome = Literal["proposed", "duplicate", "nothing", "malformed", "failed", "over-budget"]
DETAIL_CHARACTERS = 2000
MOST_PAUSE_SECONDS = 300.0
Execute = Callable[[Mapping[str, str], str], Any]


@dataclass(frozen=True)
class Works:
    """What the judge's side does for proposers."""

    judge: Callable[[str], None]
    """Tries a recorded candidate at once, on the judge's thread."""
    execute: Execute
    """Runs a program on the judge's thread, in the box of the clock. Raises ExecuteError."""
    execute_beside: Execute
    """Runs a program on any thread, beside the clock. Raises ExecuteError."""


class Office:
    """All turns of one sitting of a run. Every method may be called from any thread."""

    def __init__(self, run: Run, task: Task, proposers: Sequence[Proposer], team: Team,
                 spending: Spending, works: Works, bystanders: Bystanders) -> None:  # fmt: skip
        self.run = run
        self.task = task
        self.proposers = {proposer.name: proposer for proposer in proposers}
        self.team = team
        self.spending = spending
        self.works = works
        self.bystanders = bystanders
        self.stopping = threading.Event()
        self.news = threading.Condition(run.folding)
        """Notified whenever a turn, a candidate or a verdict has come."""
        self.version = 0
        """Number of the latest news."""
        self.active: dict[int, Given] = {}
        """By seat."""
        self.claimed: set[str] = set()
        """Candidates on their way into the ledger."""
        self.last_turn = max(run.archive.turns, default=0)
        self.again = [turn.begun for turn in run.archive.turns.values()
                      if not turn.ended and turn.begun.proposer in self.proposers]  # fmt: skip
        """Turns that were begun before this sitting and not ended."""

    # -- giving ----------------------------------------------------------------------------------

    def give(self, seat: int) -> Given | None:
        """A turn for this seat; None where there is none at the moment. Recorded by its desk."""
        with self.news:
            self.run.refresh()
            if self.ending() or not self.has_room():
                return None
            if begun := self.left_open(seat):
                return self.given(begun, seat, again=True)
            number = self.last_turn + 1
            choice = choose(self.run.archive, self.team, list(self.proposers), number, seat)
            if choice is None:
                return None
            self.last_turn = number
            begun = TurnBegun(self.run.id, number, seat, choice.proposer, choice.parent,
                              choice.direction, self.run.next_seq - 1)  # fmt: skip
            return self.given(begun, seat, again=False)

    def left_open(self, seat: int) -> TurnBegun | None:
        """A turn from before a crash whose proposer may sit there; it is given once."""
        fit = self.team.sitting(list(self.proposers), seat)
        begun = next((turn for turn in self.again if turn.proposer in fit), None)
        if begun:
            self.again.remove(begun)
        return begun

    def given(self, begun: TurnBegun, seat: int, *, again: bool) -> Given:
        """The turn with its brief, from what was known when it was chosen."""
        archive = self.run.archive_at(begun.seen) if again else self.run.archive
        brief = brief_of(archive, self.task, self.run.candidate(begun.parent), begun)
        given = Given(begun, self.proposers[begun.proposer], brief, seat)
        self.active[seat] = given
        return given

    def by_hand(self, proposer: Proposer) -> Given:
        """No turn at all (its number is 0): somebody builds on the best of the moment."""
        with self.news:
            self.run.refresh()
            best = self.run.archive.best
            parent = best.id if best else self.task.seed.id
            begun = TurnBegun(self.run.id, 0, 1, proposer.name, parent, "", self.run.next_seq - 1)
            brief = brief_of(self.run.archive, self.task, self.run.candidate(parent), begun)
            return Given(begun, proposer, brief, seat=1)

    def ending(self) -> bool:
        """Whether no turn may begin any more: the sitting ends, or the brake holds."""
        return self.stopping.is_set() or not self.run.permission().allowed

    def has_room(self) -> bool:
        """Whether the trials that are on their way leave one more within the budget."""
        on_its_way = len(self.run.archive.open) + len(self.active)
        return not self.spending.exhausted(on_its_way)

    # -- thinking --------------------------------------------------------------------------------

    def think(self, given: Given) -> str | None:
        """Let the proposer think, and take in what it made; the id of a new candidate, if any."""
        desk = TurnDesk(self, given)
        if not given.proposer.thinks_here:
            desk.begin()
        proposal, outcome, detail = asked(given.proposer, given.brief, desk)
        return self.end(given, proposal, outcome, detail)

    def end(self, given: Given, proposal: Proposal | None, outcome: Outcome,
            detail: str) -> str | None:  # fmt: skip
        """Record the end of a turn, with its candidate; the id of that, if it is new.

        A turn that is over already stays as it is. One whose proposer came back empty because the
        run is ending, or the brake holds, stays open, so that it is given again.
        """
        with self.news:
            if given.over or (proposal is None and self.ending()):
                self.leave(given)
                return None
            given.over = True
        turn = self.run.archive.turns.get(given.begun.turn)
        candidate = proposal.candidate.id if proposal else None
        tried = turn.candidates if turn else []
        if outcome == "nothing" and tried:
            outcome, candidate = "proposed", tried[-1]
        drafts: list[Draft] = [] if turn else [TurnDesk(self, given).draft_of_beginning()]
        new = proposal is not None and self.claim(proposal.candidate.id)
        try:
            if proposal and new:
                drafts.append(self.draft(given, proposal))
            elif proposal and candidate not in tried:
                outcome, detail = "duplicate", self.standing(proposal.candidate.id)
            ended = TurnEnded(self.run.id, given.begun.turn, outcome, candidate, detail,
                              given.seconds)  # fmt: skip
            # What a proposer that thinks here has made cost next to nothing, and its verdict, which
            # is waited for, takes it to the disk. What a model or an agent has made was paid for.
            self.run.append([*drafts, (ACTOR, (turn.seq,) if turn else (), ended)],
                            durable=not (new and given.proposer.thinks_here))  # fmt: skip
        finally:
            if new and candidate:
                self.claimed.discard(candidate)
            self.leave(given)
        return candidate if new else None

    def leave(self, given: Given) -> None:
        """The seat is free."""
        with self.news:
            given.over = True
            if self.active.get(given.seat) is given:
                del self.active[given.seat]
            self.tell()

    def wait(self, version: int, idle: Callable[[], bool], seconds: float) -> None:
        """Until there is later news than `version`, or all seats are idle; at most so long."""
        with self.news:
            self.news.wait_for(lambda: self.version != version or idle(), seconds)

    def tell(self) -> None:
        """There is news."""
        with self.news:
            self.version += 1
            self.news.notify_all()

    def overdue(self) -> list[Given]:
        """Turns that take too long. Their proposers are not waited for any more."""
        with self.news:
            return [given for given in self.active.values()
                    if not given.proposer.thinks_here
                    and given.seconds > self.team.turn_seconds]  # fmt: skip

    def pause_after(self, given: Given) -> float:
        """Seconds that a seat waits after a turn that failed: longer each time in a row, so that
        an outage of minutes is outlived and not hammered at. 0 after any other.
        """
        turn = self.run.archive.turns.get(given.begun.turn)
        if turn is None or turn.ended is None or turn.ended.outcome != "failed":
            return 0.0
        times = self.run.archive.barren.get(given.begun.proposer, 0)
        return min(MOST_PAUSE_SECONDS, self.team.pause_seconds * 4.0 ** (times - 1))

    # -- candidates ------------------------------------------------------------------------------

    def claim(self, candidate: str) -> bool:
        """Whether this is the first to bring the candidate, also of those that come at once."""
        with self.news:
            if candidate in self.run.archive.records or candidate in self.claimed:
                return False
            self.claimed.add(candidate)
            return True

    def draft(self, given: Given, proposal: Proposal) -> Draft:
        """The entry of a candidate of this turn."""
        begun = given.begun
        return self.run.draft_proposal(proposal, [begun.parent], begun.proposer, begun.turn or None)

    def standing(self, candidate: str) -> str:
        """What a repeated candidate is told."""
        record = self.run.archive.records.get(candidate)
        verdict = record.verdict if record else "unfinished"
        if record and self.run.archive.is_seed(record):
            return "it is the task as given"
        return f"it was there already; its verdict stands: {verdict}"

    def trial(self, given: Given, proposal: Proposal) -> Attempt:
        """Have a candidate judged in the middle of a turn. Raises RefusedError."""
        candidate = proposal.candidate.id
        if candidate not in self.run.archive.records:
            self.check_trial()
            if self.claim(candidate):
                try:
                    self.run.append([self.draft(given, proposal)])
                finally:
                    with self.news:
                        self.claimed.discard(candidate)
                        self.tell()
        if candidate == self.task.seed.id:
            return Attempt(candidate, (), SEED_LABEL, SEED_LABEL, "seed", 1.0)
        if given.proposer.thinks_here:
            if candidate in self.run.archive.open:
                with obeyed():
                    self.works.judge(candidate)
        else:
            self.await_verdict(candidate, given)
        attempt = self.run.archive.records[candidate].attempt
        if attempt is None:
            raise RefusedError("the run is ending")
        return attempt

    def check_trial(self) -> None:
        """A new trial may begin. Raises RefusedError."""
        with obeyed():
            self.run.check_leave()
        if self.stopping.is_set():
            raise RefusedError("the run is ending")
        if spent := self.spending.exhausted(len(self.run.archive.open)):
            raise RefusedError(f"the budget is spent: {spent}")

    def await_verdict(self, candidate: str, given: Given | None = None) -> None:
        """Until the judge has been at it, or the run ends, or the turn that waits is over."""

        def settled() -> bool:
            record = self.run.archive.records.get(candidate)
            judged = record is not None and bool(record.finished_at)
            return judged or self.stopping.is_set() or (given is not None and given.over)

        with self.news:
            if given:
                given.waiting_since = time.monotonic()
            self.news.wait_for(settled)
            if given and given.waiting_since:
                given.waited_seconds += time.monotonic() - given.waiting_since
                given.waiting_since = None

    # -- what desks ask for ----------------------------------------------------------------------

    def brief(self, given: Given) -> Brief:
        """All that may be known at this moment."""
        with self.news:
            return brief_of(self.run.archive, self.task, given.brief.parent, given.begun)

    def execute(self, given: Given, files: Mapping[str, str], entry: str) -> Any:
        """Run a program on the public example input. Raises ExecuteError, RefusedError."""
        here = given.proposer.thinks_here
        with obeyed():
            self.run.check_leave()
            return (self.works.execute if here else self.works.execute_beside)(files, entry)


@contextmanager
def obeyed() -> Iterator[None]:
    """What the brake refuses, a proposer is told as any refusal."""
    try:
        yield
    except HeldError as refusal:
        raise HeldBackError(refusal.message) from refusal


def asked(proposer: Proposer, brief: Brief,
          desk: TurnDesk) -> tuple[Proposal | None, Outcome, str]:  # fmt: skip
    """What the proposer says, however it says it: proposal, outcome, why."""
    try:
        proposal = proposer.propose(brief, desk)
    except RefusedError as refused:
        return None, "over-budget", str(refused)[:DETAIL_CHARACTERS]
    except MalformedError as malformed:
        return None, "malformed", str(malformed)[:DETAIL_CHARACTERS]
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever a proposer does, the run goes on
        return None, "failed", f"{type(error).__name__}: {error}"[:DETAIL_CHARACTERS]
    return proposal, "proposed" if proposal else "nothing", ""
