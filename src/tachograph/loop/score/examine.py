"""Scores of one candidate: a box of its own for each draw, then the scorer on what came back.

A candidate is given the inputs of one draw and nothing of the others; its process ends before the
next begins. Nothing is scored until every call has come back, so a candidate that fails on one draw
has learnt nothing by the others. Proven by tests/loop/score/test_score_judge.py.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

from tachograph.errors import TaskError
from tachograph.loop.check import DETAIL_CHARACTERS, Answer, Examiner
from tachograph.loop.score.draws import Draws
from tachograph.sandbox import Failed, Finished, MemoryFile
from tachograph.sandbox.memory import printable
from tachograph.task import Candidate, Task
from tachograph.task.scorer import Refusal, Scorer
from tachograph.task.scoring import Split


@dataclass(frozen=True)
class Marks:
    """What a candidate got on some draws."""

    draws: tuple[str, ...]
    scores: tuple[float, ...]
    floors: tuple[float, ...]
    """Empty where the task knows none."""
    ceilings: tuple[float, ...]
    wall_seconds: float
    """Median of a call."""


@dataclass(frozen=True)
class Fault:
    """A candidate that got no score: why, and how many of its answers the scorer had looked at."""

    answer: Answer
    looked_at: int


class ScoreExaminer:
    """Scores candidates in a bench's boxes, several draws at once where there are several boxes."""

    def __init__(self, task: Task, scorer: Scorer, examiners: Sequence[Examiner],
                 draws: Draws) -> None:  # fmt: skip
        self.task = task
        self.scorer = scorer
        self.examiners = examiners
        self.draws = draws
        self.bounds: dict[str, tuple[float, float]] = {}
        """Floor and ceiling by the name of the draw: they do not depend on the candidate."""

    def examine(self, candidate: Candidate, split: Split, names: Sequence[str]) -> Marks | Fault:
        """Run and score `candidate` on these draws. Raises BoxError, TaskError from check.py."""
        drawn = [self.scorer.draw_with_answer(self.draws.rng(name), split) for name in names]
        outcomes = self.run_all(candidate, [inputs for inputs, _ in drawn])
        finished = [each for each in outcomes if isinstance(each, Finished)]
        if len(finished) < len(names):
            failed = next(each for each in outcomes if isinstance(each, Failed))
            return Fault(failure(failed), 0)
        scores: list[float] = []
        for outcome, (inputs, answer) in zip(finished, drawn, strict=True):
            score = self.score(outcome.output, inputs, answer)
            if isinstance(score, Refusal):
                reason = printable(score.reason[:DETAIL_CHARACTERS])
                return Fault(Answer(False, "wrong", reason), len(scores) + 1)
            scores.append(score)
        for name, (inputs, answer) in zip(names, drawn, strict=True):
            if self.scorer.knows_bounds and name not in self.bounds:
                self.bounds[name] = self.scorer.bounds(inputs, answer)
        bounds = [self.bounds[name] for name in names if name in self.bounds]
        return Marks(
            draws=tuple(names), scores=tuple(scores), floors=tuple(low for low, _ in bounds),
            ceilings=tuple(high for _, high in bounds),
            wall_seconds=statistics.median(each.wall_seconds for each in finished),
        )  # fmt: skip

    def run_all(self, candidate: Candidate,
                inputs: Sequence[dict[str, Any]]) -> list[Finished | Failed]:  # fmt: skip
        """One call for each, a box at a time has one. One box: none after the first that failed."""
        program = self.task.program(candidate)
        if len(self.examiners) == 1:
            outcomes: list[Finished | Failed] = []
            for each in inputs:
                outcomes.append(self.examiners[0].run(program, each))
                if isinstance(outcomes[-1], Failed):
                    break
            return outcomes
        free: SimpleQueue[Examiner] = SimpleQueue()
        for examiner in self.examiners:
            free.put(examiner)

        def run(each: dict[str, Any]) -> Finished | Failed:
            examiner = free.get()
            try:
                return examiner.run(program, each)
            finally:
                free.put(examiner)

        with ThreadPoolExecutor(len(self.examiners)) as pool:
            return list(pool.map(run, inputs))

    def score(self, output: Any, inputs: dict[str, Any], answer: Any) -> float | Refusal:
        """A score, or why there is none. Raises TaskError, BoxError.

        A scorer that stumbles over an output refuses it, unless it stumbles over the seed's too.
        """
        try:
            return self.scorer.score(output, answer)
        except TaskError as error:
            with MemoryFile.sealed("inputs", inputs) as sealed:
                self.scorer.score(self.examiners[0].seed_output(sealed), answer)
            return Refusal(f"the scorer cannot read it: {error.message}")


def failure(failed: Failed) -> Answer:
    """The answer of a candidate that came back with nothing."""
    detail = f"{failed.reason}: {failed.detail}"
    if failed.log.strip():
        detail += f"\nlog: {failed.log}"
    return Answer(False, "failed", detail[:DETAIL_CHARACTERS])
