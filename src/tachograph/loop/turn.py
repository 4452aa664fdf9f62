"""The loop: choose parents, propose, try, keep or drop; until a budget is spent.

    with open_bench(task) as bench:
        run = Run.open(ledger, ...)
        Loop(run, bench, [Recipes()], Budget(trials=10)).drive()

This thread judges, one trial after the other, and serves the proposers that think here; others
think in seats of their own (seats.py). Everything is in the ledger when it has happened, so the
loop may be killed between any two lines. Proven by tests/loop/test_turn.py and test_kill.py.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tachograph.brake.agreement import Permission
from tachograph.errors import HeldError
from tachograph.ledger.kinds import Body, CandidateDropped, CandidateKept
from tachograph.loop.bench import Bench
from tachograph.loop.budget import Budget, Spending
from tachograph.loop.bystanders import Bystanders
from tachograph.loop.check import Answer
from tachograph.loop.desk import Given, TurnDesk
from tachograph.loop.judge import ReferenceRevoked
from tachograph.loop.judging import judge_of
from tachograph.loop.office import Office, Works
from tachograph.loop.propose.protocol import Proposer
from tachograph.loop.run import Run, held
from tachograph.loop.seats import Seats
from tachograph.loop.team import JUDGES_SEAT, Team, is_retired, seated, why_retired
from tachograph.loop.until import parse_until, reached
from tachograph.loop.workshop import Workshop, example, output_of
from tachograph.sandbox import Program

LOOK_SECONDS = 0.2
"""Where nothing is to be judged, clocks and other processes' entries are looked at this often."""
HERE_EVERY = 8


class Loop:
    """One sitting of a run."""

    def __init__(self, run: Run, bench: Bench, proposers: Sequence[Proposer], budget: Budget, *,
                 team: Team | None = None) -> None:  # fmt: skip
        run.check_unrevealed()
        self.run = run
        self.bench = bench
        self.team = seated(team or Team(), proposers)
        archive = run.archive
        self.spending = Spending(budget, len(archive.trials), archive.wall_seconds, archive.tokens,
                                 archive.money_usd)  # fmt: skip
        self.judge = judge_of(run, bench)
        self.trying = threading.Lock()
        self.workshop = Workshop(bench, self.trying)
        works = Works(self.try_one, self.execute, self.workshop.execute)
        bystanders = Bystanders(crowded=not self.workshop.cores)
        self.office = Office(
            run, bench.task, proposers, self.team, self.spending, works, bystanders
        )
        self.seats = Seats(self.office, self.workshop.cores)
        self.next_seat = 0
        self.last_here = len(archive.trials)
        """Trials there were when a turn in the judge's own seat was last given."""
        until = self.team.until
        self.until = parse_until(until, bench.task.metric) if until else None
        self.held = ""
        """What the brake said, once it held in this sitting."""
        self.is_sitting = False
        self.charged = bench.cpu_seconds
        """Of the bench's CPU seconds, those that verdicts of this sitting account for."""
        bench.ask_first(self.check_call)

    def drive(self) -> str:
        """Turns until a budget is spent, nothing is left to try, or the brake holds; the reason."""
        with self.run.sitting():
            self.count()
            self.is_sitting = True
            try:
                self.seats.open()
                self.bench.time_apart(bool(self.seats.threads))
                while not (reason := self.spent() or self.step()):
                    pass
                self.listen_to_brake()
                if self.held:  # noticed after the last look: its refusal is an entry, too
                    self.run.check_leave()
                return self.held or reason
            except HeldError as refusal:
                self.held = refusal.message
                return self.held
            finally:
                self.is_sitting = False
                self.seats.close()
                self.workshop.close()
                self.bench.time_apart(False)

    def listen_to_brake(self) -> Permission:
        """Ask the brake. Where it holds, the sitting ends: those who think are told so at once,
        also while a trial that has begun goes on.
        """
        permission = self.run.permission()
        if not permission.allowed and self.is_sitting and not self.held:
            self.held = held(permission).message
            self.office.stopping.set()
            self.office.tell()
        return permission

    def check_call(self) -> None:
        """A candidate may be called in a box. Raises HeldError, after the refusal was recorded."""
        if not self.listen_to_brake().allowed:
            self.run.check_call()

    def spent(self) -> str:
        """What has ended the run: the brake, or a budget; empty while nothing has.

        Raises HeldError, after the refusal was recorded, where the brake holds.
        """
        if self.seats.broken:
            raise self.seats.broken
        self.listen_to_brake()
        if self.held:
            self.run.check_leave()
            return self.held  # it held, and was released meanwhile
        if self.office.stopping.is_set():
            return "stopped"
        if self.until and reached(self.until, self.run.archive):
            return f"reached {self.until}"
        spent = self.spending.exhausted() or self.judge.exhausted()
        if spent and spent != "trials" and self.run.archive.open and not self.seats.threads:
            return ""  # what this thread has begun is finished
        return f"budget spent: {spent}" if spent else ""

    def step(self) -> str:
        """What is due: a turn of a proposer that thinks here, or trials, or a short wait.

        Why the run ends, where nobody has more to try.
        """
        version = self.office.version
        self.run.refresh()
        waiting = self.run.archive.unfinished
        given = self.turn_here(len(waiting))
        if given:
            self.office.think(given)
        elif waiting:
            self.try_batch([record.id for record in waiting[: self.bench.parallel]])
        elif self.seats.idle():
            return self.nothing_left()
        else:
            self.seats.give_up_overdue()
            self.office.wait(version, self.seats.idle, LOOK_SECONDS)
        return ""

    def nothing_left(self) -> str:
        """Why nobody has more to try."""
        archive, names = self.run.archive, list(self.office.proposers)
        retired = why_retired(archive, self.team, names)
        if all(is_retired(archive, self.team, name) for name in names) and retired:
            return retired
        return "nothing left to try" + (f"; {retired}" if retired else "")

    def turn_here(self, waiting: int) -> Given | None:
        """A turn for this thread, where fewer candidates wait than can be checked at once.

        With others in seats of their own, it fills the judge's idle time, and at least every
        `HERE_EVERY` trials it comes first, so that nobody is starved by those that think quickly.
        """
        if not self.seats.threads:
            if waiting >= self.bench.parallel:
                return None
            self.next_seat = self.next_seat % self.team.seats + 1
            return self.office.give(self.next_seat)
        trials = len(self.run.archive.trials)
        if not self.team.here or (waiting and trials - self.last_here < HERE_EVERY):
            return None
        self.last_here = trials
        return self.office.give(JUDGES_SEAT)

    # -- trials ----------------------------------------------------------------------------------

    def try_batch(self, candidates: Sequence[str]) -> None:
        """Check them side by side, then judge one after the other."""
        answers: Mapping[str, Answer] = {}
        if len(candidates) > 1:
            with self.trying, self.run.clock_alone(), self.office.bystanders.still():
                chosen = [self.run.candidate(each) for each in candidates]
                answers = self.bench.check_all(chosen, self.run.secret)
        for candidate in candidates:
            if candidate in self.run.archive.open:
                self.try_one(candidate, answers.get(candidate))

    def try_one(self, candidate: str, answer: Answer | None = None) -> None:
        """One trial, from a recorded proposal to its verdict in the ledger.

        `answer`: of a check that has been made already.
        """
        with self.trying, self.run.clock_alone(), self.office.bystanders.still():
            while True:
                if self.run.archive.records[candidate].finished_at:
                    break  # another process tried it while this one waited for the clock
                best = self.run.archive.best
                reference = self.run.candidate(best.id) if best else self.bench.task.seed
                try:
                    self.judge.try_candidate(self.run.candidate(candidate), reference,
                                             self.record, answer)  # fmt: skip
                except ReferenceRevoked:
                    continue
                break
        self.count()
        self.office.tell()

    def record(self, *bodies: Body) -> None:
        """Record what the judge says, a verdict with what boxes have used since the one before.

        When it has ended a trial, the next one's box gets ready.
        """
        if self.is_sitting and isinstance(bodies[-1], CandidateKept | CandidateDropped):
            self.bench.examiner.box.expect()
        self.run.record_about(*map(self.with_cost, bodies))

    def with_cost(self, body: Body) -> Body:
        """A verdict with its cost; another body as it is."""
        if not isinstance(body, CandidateKept | CandidateDropped):
            return body
        used = round(self.bench.cpu_seconds - self.charged, 6)
        self.charged = self.bench.cpu_seconds
        return replace(body, cpu_seconds=used)

    def count(self) -> None:
        """What has been spent, and what a race may still take."""
        self.spending.trials = len(self.run.archive.trials)
        self.spending.cpu_seconds = self.bench.cpu_seconds + self.workshop.cpu_seconds
        left = self.spending.wall_left
        if left is not None:
            self.judge.allow(left)

    def take(self, proposer: Proposer) -> None:
        """One proposal of this proposer, recorded and tried; nothing if it has none.

        Its parent is the best of the moment. What was proposed before and never finished is tried.
        Raises HeldError where the brake holds.
        """
        self.run.check_leave()
        self.run.refresh()
        for record in self.run.archive.unfinished:
            if record.proposed.proposer == proposer.name:
                self.try_one(record.id)
        given = self.office.by_hand(proposer)
        proposal = proposer.propose(given.brief, TurnDesk(self.office, given))
        if proposal:
            self.run.record_candidate(proposal.candidate, [given.begun.parent], proposer.name,
                                      proposal.label, proposal.note)  # fmt: skip
            self.try_one(proposal.candidate.id)

    def execute(self, files: Mapping[str, str], entry: str) -> Any:
        """Run a program on the public example input, in the box of the clock, between trials.

        Raises ExecuteError.
        """
        inputs = example(self.bench)
        return output_of(self.bench.examiner.run(Program(files=files, entry=entry), inputs))
