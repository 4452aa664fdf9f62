"""The loop: choose parents, propose, try, keep or drop; until a budget is spent.

    with open_bench(task) as bench:
        run = Run.open(ledger, ...)
        Loop(run, bench, [Recipes()], Budget(trials=10)).drive()

Everything is in the ledger when it has happened, so the loop may be killed between any two lines.
Proven by tests/loop/test_turn.py and tests/loop/test_kill.py.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tachograph.loop.bench import Bench
from tachograph.loop.budget import Budget, Spending
from tachograph.loop.check import Answer
from tachograph.loop.choose import Policy, best_first
from tachograph.loop.judge import Judge, ReferenceRevoked
from tachograph.loop.propose.protocol import Brief, ExecuteError, Proposal, Proposer
from tachograph.loop.run import Run
from tachograph.sandbox import Failed, Program

EXAMPLE_SEED = 20_260_101
"""Draws the public example input that proposers may run their programs on."""


@dataclass(frozen=True)
class Next:
    """A proposal on its way to the judge."""

    proposal: Proposal
    parent: str
    proposer: str


class Loop:
    """One sitting of a run."""

    def __init__(self, run: Run, bench: Bench, proposers: Sequence[Proposer], budget: Budget, *,
                 policy: Policy = best_first) -> None:  # fmt: skip
        self.run = run
        self.bench = bench
        self.proposers = proposers
        self.policy = policy
        self.spending = Spending(budget, len(run.archive.trials), run.archive.wall_seconds)
        self.judge = Judge(run.id, bench.task, bench.examiner, bench.rules)

    def drive(self) -> str:
        """Turns until a budget is spent or nothing is left to try; the reason it ended."""
        self.count()
        for record in self.run.archive.unfinished:
            self.try_one(record.id)
        while not (spent := self.spending.exhausted()):
            batch = self.propose(self.bench.parallel)
            if not batch:
                return "nothing left to try"
            for item in batch:
                self.run.record_proposal(item.proposal, item.parent, item.proposer)
            with self.run.clock_alone():
                answers = self.bench.check_all([item.proposal.candidate for item in batch])
            for item in batch:
                candidate = item.proposal.candidate.id
                self.try_one(candidate, answers.get(candidate))
        return f"budget spent: {spent}"

    # -- one turn --------------------------------------------------------------------------------

    def propose(self, count: int) -> list[Next]:
        """Up to `count` different proposals, from the first parents that still yield one."""
        self.run.refresh()
        batch: list[Next] = []
        left = self.spending.budget.trials
        if left is not None:
            count = min(count, left - self.spending.trials)
        for parent in self.policy(self.run.archive, self.bench.task.seed.id):
            for proposer in self.proposers:
                while len(batch) < count:
                    proposal = proposer.propose(self.brief(parent, batch))
                    if proposal is None or proposal.candidate.id in self.tried(batch):
                        break
                    batch.append(Next(proposal, parent, proposer.name))
            if len(batch) >= count:
                break
        return batch

    def tried(self, batch: Sequence[Next]) -> frozenset[str]:
        """Candidates that need no second proposal."""
        return frozenset(self.run.archive.records) | {n.proposal.candidate.id for n in batch}

    def brief(self, parent: str, batch: Sequence[Next]) -> Brief:
        """What a proposer may know. Its random numbers depend on the run's seed and its history."""
        opened = self.run.archive.opened
        assert opened is not None
        return Brief(
            task=self.bench.task, parent=self.run.candidate(parent),
            history=[r.attempt for r in self.run.archive.trials if r.attempt],
            tried=self.tried(batch),
            rng=random.Random(f"{opened.random_seed}:{len(self.run.archive.records)}:{len(batch)}"),
            execute=self.execute,
        )  # fmt: skip

    def execute(self, files: Mapping[str, str], entry: str) -> Any:
        """Run a proposer's own program on the public example input, in the box."""
        inputs = self.bench.examiner.check.draw(np.random.default_rng(EXAMPLE_SEED))
        outcome = self.bench.examiner.run(Program(files=files, entry=entry), inputs)
        if isinstance(outcome, Failed):
            raise ExecuteError(f"{outcome.reason}: {outcome.detail}")
        return outcome.output

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
            budget = min(self.bench.rules.budget_seconds, max(left, 1.0))
            self.judge.rules = replace(self.judge.rules, budget_seconds=budget)

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
        proposal = proposer.propose(self.brief(parent, []))
        if proposal:
            self.run.record_proposal(proposal, parent, proposer.name)
            self.try_one(proposal.candidate.id)
