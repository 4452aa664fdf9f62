"""Climb with the recipes alone: what each kept rewrite gains on a task, without the real judge.

    python bench/recipes.py pairwise --turns 20

Greedy: each proposal runs in a box on fresh inputs, must pass the task's own comparison, and is
kept when the best of a few alternating runs is faster. The loop measures properly; this is quick.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from tachograph.loop.propose.protocol import Attempt, Brief, Desk, ExecuteError, Proposal
from tachograph.loop.propose.recipes import Recipes
from tachograph.sandbox import Box, Failed, Finished, Program
from tachograph.task import load
from tachograph.task.candidate import Candidate
from tachograph.task.check import Check
from tachograph.task.task import Task


class Bench:
    """One task, one box, and the inputs that all candidates of a run are compared on."""

    def __init__(self, task: Task, box: Box, random_seed: int) -> None:
        self.task, self.box = task, box
        self.check = Check(task)
        self.rng = np.random.default_rng(random_seed)
        self.example = self.check.draw(self.rng)

    def execute(self, files: Mapping[str, str], entry: str) -> Any:
        outcome = self.box.run(Program(files=files, entry=entry), self.example)
        if isinstance(outcome, Failed):
            raise ExecuteError(f"{outcome.reason}: {outcome.detail}")
        return outcome.output

    def run(self, candidate: Candidate, inputs: dict[str, Any]) -> Finished | Failed:
        return self.box.run(self.task.program(candidate), inputs)

    def fault(self, candidate: Candidate, inputs: dict[str, Any]) -> str | None:
        """Why the candidate is refused, or None."""
        outcome = self.run(candidate, inputs)
        if isinstance(outcome, Failed):
            return f"failed: {outcome.reason}: {outcome.detail}\n{outcome.log[-1500:]}"
        truth = self.run(self.task.seed, inputs)
        assert isinstance(truth, Finished), truth
        reason = self.check.compare(inputs, outcome.output, truth.output)
        return f"wrong: {reason}" if reason else None

    def best_seconds(self, candidates: list[Candidate], repeats: int) -> list[float]:
        """The best wall time of each over fresh inputs, the candidates alternating."""
        best = [float("inf")] * len(candidates)
        for _ in range(repeats):
            inputs = self.check.draw(self.rng)
            for index, candidate in enumerate(candidates):
                outcome = self.run(candidate, inputs)
                if isinstance(outcome, Finished):
                    best[index] = min(best[index], outcome.wall_seconds)
        return best


def climb(bench: Bench, turns: int, random_seed: int) -> None:
    """Print the ladder."""
    recipes, parent = Recipes(), bench.task.seed
    history: list[Attempt] = []
    tried: set[str] = {parent.id}
    first = bench.best_seconds([parent], 3)[0]
    print(f"seed {first:.4f} s")
    for turn in range(turns):
        rng = random.Random(f"{random_seed}/{turn}")
        brief = Brief(bench.task, parent, tuple(history), frozenset(tried), rng)
        start = time.perf_counter()
        proposal = recipes.propose(brief, cast(Desk, bench))
        thought_seconds = time.perf_counter() - start
        if proposal is None:
            print("nothing more to try")
            break
        verdict, ratio = judge(bench, parent, proposal)
        history.append(
            Attempt(proposal.candidate.id, (parent.id,), "recipes", proposal.label, verdict, ratio)
        )
        tried.add(proposal.candidate.id)
        shown = f"{ratio:.2f}x" if ratio else ""
        print(f"{turn:3} {verdict:6} {shown:7} {proposal.label}  ({thought_seconds:.1f} s thought)")
        if verdict == "kept":
            parent = proposal.candidate
    before, after = bench.best_seconds([bench.task.seed, parent], 5)
    print(f"in all {before:.4f} s -> {after:.4f} s: {before / after:.1f}x")
    for path, text in parent.files.items():
        print(f"# {path}\n{text}", file=sys.stderr)


def judge(bench: Bench, parent: Candidate, proposal: Proposal) -> tuple[str, float | None]:
    """Verdict and speed against the parent, by best of four."""
    fault = bench.fault(proposal.candidate, bench.check.draw(bench.rng))
    if fault is not None:
        print("   ", fault, file=sys.stderr)
        return fault.partition(":")[0], None
    before, after = bench.best_seconds([parent, proposal.candidate], 4)
    ratio = before / after
    return ("kept" if ratio > 1.03 else "same" if ratio > 0.97 else "slower"), ratio


def main() -> None:
    """Read the command line and climb."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", help="name of a built-in task, or a folder")
    parser.add_argument("--turns", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--level", default="A")
    parser.add_argument("--quick", action="store_true", help="5 turns")
    given = parser.parse_args()
    task = load(given.task)
    with Box.open(level=given.level, libraries=task.libraries, limits=task.limits) as box:
        climb(Bench(task, box, given.seed), 5 if given.quick else given.turns, given.seed)


if __name__ == "__main__":
    main()
