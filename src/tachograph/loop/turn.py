"""The loop: choose parents, propose, try, keep or drop; until a budget is spent.

    with open_bench(task) as bench:
        run = Run.open(ledger, ...)
        Loop(run, bench, [Recipes()], Budget(trials=10)).drive()

Everything is in the ledger when it has happened, so the loop may be killed between any two lines.
Proven by tests/loop/test_turn.py and tests/loop/test_kill.py.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from tachograph.ledger.kinds import TurnBegun, TurnEnded
from tachograph.loop.archive import SEED_LABEL
from tachograph.loop.bench import Bench
from tachograph.loop.budget import Budget, Spending
from tachograph.loop.check import Answer
from tachograph.loop.choose import Policy, best_first
from tachograph.loop.desk import TurnDesk
from tachograph.loop.judge import ReferenceRevoked
from tachograph.loop.judging import judge_of
from tachograph.loop.propose.protocol import (
    Attempt,
    Brief,
    ExecuteError,
    Finding,
    MalformedError,
    Proposal,
    Proposer,
    RefusedError,
)
from tachograph.loop.run import ACTOR, Run
from tachograph.sandbox import Failed, Program
from tachograph.task import Candidate

Outcome = Literal["proposed", "duplicate", "nothing", "malformed", "failed", "over-budget"]
DETAIL_CHARACTERS = 2000

EXAMPLE_SEED = 20_260_101
"""Draws the public example input that proposers may run their programs on."""


FAILURES = 5
"""A proposer that brings nothing new this many turns in a row gets no further one."""


class Loop:
    """One sitting of a run."""

    def __init__(self, run: Run, bench: Bench, proposers: Sequence[Proposer], budget: Budget, *,
                 policy: Policy = best_first) -> None:  # fmt: skip
        self.run = run
        self.bench = bench
        self.proposers = proposers
        self.policy = policy
        archive = run.archive
        self.spending = Spending(budget, len(archive.trials), archive.wall_seconds, archive.tokens,
                                 archive.money_usd)  # fmt: skip
        self.judge = judge_of(run, bench)
        self.stopping = threading.Event()
        self.barren: dict[str, int] = {}
        """Proposer to its turns without a new candidate since its last one, in this sitting."""

    def drive(self) -> str:
        """Turns until a budget is spent or nothing is left to try; the reason it ended."""
        self.count()
        for record in self.run.archive.unfinished:
            self.try_one(record.id)
        while not (spent := self.spending.exhausted() or self.judge.exhausted()):
            batch = self.propose(self.bench.parallel)
            if not batch and not self.spending.exhausted():
                return "nothing left to try"
            with self.run.clock_alone():
                answers = self.bench.check_all(batch)
            for candidate in batch:
                if not self.run.archive.records[candidate.id].finished_at:
                    self.try_one(candidate.id, answers.get(candidate.id))
        return f"budget spent: {spent}"

    # -- one turn --------------------------------------------------------------------------------

    def propose(self, count: int) -> list[Candidate]:
        """Up to `count` new candidates, recorded, from the first parents that still yield one."""
        self.run.refresh()
        batch: list[Candidate] = []
        while len(batch) < count and not self.spending.exhausted(len(batch)):
            chosen = self.choose()
            if chosen is None:
                break
            candidate = self.take_turn(*chosen)
            if candidate is not None:
                batch.append(candidate)
        return batch

    def choose(self) -> tuple[Proposer, str] | None:
        """Whose turn it is, and from which parent; None where nobody has more to try."""
        for parent in self.policy(self.run.archive, self.bench.task.seed.id):
            for proposer in self.proposers:
                if self.willing(proposer, parent):
                    return proposer, parent
        return None

    def willing(self, proposer: Proposer, parent: str) -> bool:
        """Whether a turn of this proposer on this parent may bring something."""
        exhausted = (proposer.name, parent) in self.run.archive.exhausted
        return not exhausted and self.barren.get(proposer.name, 0) < FAILURES

    def take_turn(self, proposer: Proposer, parent: str) -> Candidate | None:
        """One turn, from its beginning to its end in the ledger; the new candidate, if any."""
        run = self.run
        number = len(run.archive.turns) + 1
        begun = TurnBegun(run.id, number, 1, proposer.name, parent, "", run.next_seq - 1)
        desk = TurnDesk(self, begun)
        began = time.monotonic()
        proposal, outcome, detail = self.asked(proposer, self.brief(parent, number), desk)
        seconds = time.monotonic() - began
        candidate = proposal.candidate.id if proposal else None
        tried = run.archive.turns[number].candidates if number in run.archive.turns else []
        if outcome == "nothing" and tried:
            outcome, candidate = "proposed", tried[-1]
        elif candidate in run.archive.records:
            outcome, proposal = "proposed" if candidate in tried else "duplicate", None
        drafts = [] if number in run.archive.turns else [desk.draft_of_beginning()]
        if proposal:
            drafts.append(run.draft_proposal(proposal, [parent], proposer.name, number))
        drafts.append((ACTOR, (), TurnEnded(run.id, number, outcome, candidate, detail, seconds)))
        run.append(drafts)
        self.barren[proposer.name] = (
            0 if outcome in ("proposed", "nothing") else self.barren.get(proposer.name, 0) + 1
        )
        return proposal.candidate if proposal else None

    def asked(self, proposer: Proposer, brief: Brief,
              desk: TurnDesk) -> tuple[Proposal | None, Outcome, str]:  # fmt: skip
        """What the proposer says, however it says it: proposal, outcome, why."""
        try:
            proposal = proposer.propose(brief, desk)
        except RefusedError as refused:
            return None, "over-budget", str(refused)
        except MalformedError as malformed:
            return None, "malformed", str(malformed)[:DETAIL_CHARACTERS]
        except Exception as error:  # noqa: BLE001 - whatever a proposer does, the run goes on
            return None, "failed", f"{type(error).__name__}: {error}"[:DETAIL_CHARACTERS]
        return proposal, "proposed" if proposal else "nothing", ""

    def brief(self, parent: str, turn: int) -> Brief:
        """What a proposer may know. Its random numbers depend on the run's seed and the turn."""
        archive = self.run.archive
        assert archive.opened is not None
        return Brief(
            task=self.bench.task, parent=self.run.candidate(parent),
            history=[r.attempt for r in archive.trials if r.attempt],
            tried=frozenset(archive.records),
            rng=random.Random(f"{archive.opened.random_seed}:{turn}"),
            turn=turn,
            findings=[Finding(body.text, body.candidate, archive.records[body.candidate].verdict,
                              writer) for writer, body in archive.findings],
        )  # fmt: skip

    def execute(self, files: Mapping[str, str], entry: str) -> Any:
        """Run a proposer's own program on the public example input, in the box."""
        inputs = self.bench.examiner.check.draw(np.random.default_rng(EXAMPLE_SEED))
        outcome = self.bench.examiner.run(Program(files=files, entry=entry), inputs)
        if isinstance(outcome, Failed):
            raise ExecuteError(f"{outcome.reason}: {outcome.detail}")
        return outcome.output

    def trial(self, proposal: Proposal, parent: str, turn: int | None, proposer: str) -> Attempt:
        """Judge a candidate in the middle of a turn. Raises RefusedError."""
        run, candidate = self.run, proposal.candidate.id
        if candidate not in run.archive.records:
            if self.stopping.is_set():
                raise RefusedError("the run is ending")
            if spent := self.spending.exhausted():
                raise RefusedError(f"the budget is spent: {spent}")
            run.append([run.draft_proposal(proposal, [parent], proposer, turn)])
        record = run.archive.records[candidate]
        if run.archive.is_seed(record):
            return Attempt(candidate, (), SEED_LABEL, SEED_LABEL, "seed", 1.0)
        if not record.finished_at:
            self.try_one(candidate)
        assert record.attempt is not None
        return record.attempt

    def try_one(self, candidate: str, answer: Answer | None = None) -> None:
        """One trial, from a recorded proposal to its verdict in the ledger.

        `answer`: of a check that has been made already.
        """
        with self.run.clock_alone():
            while True:
                self.run.refresh()
                if self.run.archive.records[candidate].finished_at:
                    break  # another process tried it while this one waited for the clock
                best = self.run.archive.best
                reference = self.run.candidate(best.id) if best else self.bench.task.seed
                try:
                    self.judge.try_candidate(self.run.candidate(candidate), reference,
                                             self.run.record_about, answer)  # fmt: skip
                except ReferenceRevoked:
                    continue
                break
        self.count()

    def count(self) -> None:
        """What has been spent, and what a race may still take."""
        self.spending.trials = len(self.run.archive.trials)
        self.spending.cpu_seconds = self.bench.cpu_seconds
        left = self.spending.wall_left
        if left is not None:
            self.judge.allow(left)

    def take(self, proposer: Proposer) -> None:
        """One proposal of this proposer, recorded and tried; nothing if it has none.

        Its parent is the best of the moment. What was proposed before and never finished is tried.
        """
        self.run.refresh()
        for record in self.run.archive.unfinished:
            if record.proposed.proposer == proposer.name:
                self.try_one(record.id)
        best = self.run.archive.best
        parent = best.id if best else self.bench.task.seed.id
        begun = TurnBegun(self.run.id, 0, 1, proposer.name, parent, "", self.run.next_seq - 1)
        proposal = proposer.propose(self.brief(parent, 0), TurnDesk(self, begun))
        if proposal:
            self.run.record_candidate(proposal.candidate, [parent], proposer.name, proposal.label,
                                      proposal.note)  # fmt: skip
            self.try_one(proposal.candidate.id)
