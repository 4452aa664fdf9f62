"""A rehearsal of a scored task: what its seed scores, and what answers without work would.

`tacho task check` runs it. It warns of what its author can see and a candidate could use. Proven by
tests/loop/score/test_score_rehearse.py. Not covered: whether two splits share items, which only the
author knows.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tachograph.errors import TaskError
from tachograph.loop.bench import Bench
from tachograph.loop.lazy import lazy_answers, same
from tachograph.loop.score.compare import gap_recovered
from tachograph.loop.score.interval import Interval, mean_interval
from tachograph.sandbox import MemoryFile
from tachograph.sandbox.inside import frame
from tachograph.task.scorer import Refusal, Scorer
from tachograph.task.scoring import SPLITS, Split

BLURRED = 0.25
"""A gap that is not known to this part of itself is hard to measure a part of."""


@dataclass(frozen=True)
class ScoreRehearsal:
    """The seed's scores on a few draws of its own, as many as a look takes."""

    task: str
    level: str
    wall_seconds: float
    """Median of a call."""
    scores: tuple[float, ...]
    floors: tuple[float, ...]
    ceilings: tuple[float, ...]
    warnings: tuple[str, ...]

    passed = True
    """A seed without a score is an error, not a rehearsal that did not pass."""

    @property
    def gap(self) -> Interval | None:
        """Recovered by the seed."""
        return gap_recovered(self.scores, self.floors, self.ceilings)

    def lines(self) -> list[str]:
        """In words."""
        score = mean_interval(self.scores)
        lines = [
            f"{self.task}: the seed scores {text_of(score)} on {len(self.scores)} visible draws at "
            f"box level {self.level}; a call takes {self.wall_seconds:.2f} s"
        ]
        if self.floors:
            floor, ceiling = map(mean_interval, (self.floors, self.ceilings))
            lines.append(f"floor {text_of(floor)}, ceiling {text_of(ceiling)}")
        if self.gap:
            lines.append(f"gap recovered by the seed: {text_of(self.gap)}")
        return lines + [f"warning: {warning}" for warning in self.warnings]

    def data(self) -> dict[str, Any]:
        """As plain data."""
        return {"task": self.task, "level": self.level, "passed": self.passed,
                "wall_seconds": self.wall_seconds, "scores": list(self.scores),
                "floors": list(self.floors), "ceilings": list(self.ceilings),
                "says": self.lines()}  # fmt: skip


def rehearse_scores(bench: Bench) -> ScoreRehearsal:
    """Score the seed on a few draws, and look round. Raises TaskError and BoxError."""
    scorer, scoring = bench.examiner.check, bench.task.scoring
    assert isinstance(scorer, Scorer) and scoring is not None
    scores, bounds, seconds = [], [], []
    for _ in range(scoring.draws):
        inputs, answer = scorer.draw_with_answer(np.random.default_rng(), "visible")
        output, wall = seed_output(bench, inputs)
        seconds.append(wall)
        scores.append(score_of(scorer, output, answer))
        if scorer.knows_bounds:
            bounds.append(scorer.bounds(inputs, answer))
    warnings = [
        *leaks(scorer),
        *lazy(scorer, output, answer, scores),
        *narrow(bounds, scoring.sign),
    ]
    return ScoreRehearsal(
        task=bench.task.name, level=bench.examiner.box.level,
        wall_seconds=statistics.median(seconds), scores=tuple(scores),
        floors=tuple(low for low, _ in bounds), ceilings=tuple(high for _, high in bounds),
        warnings=tuple(warnings),
    )  # fmt: skip


def seed_output(bench: Bench, inputs: dict[str, Any]) -> tuple[Any, float]:
    """What the seed gives back, and the wall seconds of its call."""
    with MemoryFile.sealed("inputs", inputs) as sealed:
        finished = bench.examiner.seed_run(sealed)
    return finished.output, finished.wall_seconds


def score_of(scorer: Scorer, output: Any, answer: Any) -> float:
    """The seed's score. Raises TaskError where it gets none."""
    score = scorer.score(output, answer)
    if isinstance(score, Refusal):
        raise TaskError(f"{scorer.path}: the seed itself is refused: {score.reason}",
                        hint="mend the seed, or score()")  # fmt: skip
    return score


# -- warnings --------------------------------------------------------------------------------------


def leaks(scorer: Scorer) -> Iterator[str]:
    """Inputs that hold a part of the answer; draws that are not the same twice; equal splits."""
    splits: dict[Split, bytes] = {}
    for split in SPLITS:
        first, again = (scorer.draw_with_answer(np.random.default_rng(7), split) for _ in range(2))
        splits[split] = frame.encode_bytes(first[0])
        if splits[split] != frame.encode_bytes(again[0]):
            yield f"two {split} draws from equal generators differ: take all chance from rng"
        if set(arrays(first[0])) & set(arrays(first[1])):
            yield f"a part of the answer is among the inputs of a {split} draw"
    if len(set(splits.values())) < len(splits):
        yield ("draws of different splits are the same where their generators are: well and good "
               "if every draw makes new items, else their items must differ")  # fmt: skip


def arrays(value: Any) -> Iterator[bytes]:
    """The bytes of every array in it that is more than a few numbers."""
    if isinstance(value, np.ndarray) and value.size > 8:
        yield np.ascontiguousarray(value).tobytes()
    elif isinstance(value, dict):
        for item in value.values():
            yield from arrays(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from arrays(item)


def lazy(scorer: Scorer, output: Any, answer: Any, scores: list[float]) -> Iterator[str]:
    """Answers without work that score as well as the seed does."""
    sign = scorer.scoring.sign
    for name, made in lazy_answers(output):
        if same(made, output) or name.startswith("values 1 %"):
            continue
        try:
            score = scorer.score(made, answer)
        except TaskError:
            continue
        if isinstance(score, float) and sign * score >= sign * statistics.fmean(scores):
            yield f"an answer without work scores {score:.3g}: {name}"


def narrow(bounds: list[tuple[float, float]], sign: float) -> Iterator[str]:
    """A gap that is not one, or too small to measure a part of."""
    if not bounds:
        return
    gap = mean_interval([sign * (high - low) for low, high in bounds])
    if gap.low <= 0:
        yield "the gap between floor and ceiling cannot be told from 0: larger tests, or more draws"
    elif gap.high - gap.value > BLURRED * gap.value:
        yield "the gap between floor and ceiling is not well known: larger tests, or more draws"


def text_of(interval: Interval) -> str:
    """`0.551 [0.540, 0.562]`"""
    value, low, high = (f"{round(each, 3) + 0.0:.3f}" for each in interval)
    return f"{value} [{low}, {high}]"
