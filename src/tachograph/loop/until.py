"""A goal that ends a run: `2.0x` as fast as the seed, or a score or gap recovered of `0.8`.

It is reached when the best is shown to be that good: by the lower end of its interval, where it has
one. Proven by tests/loop/test_until.py.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

from tachograph.errors import UsageError
from tachograph.loop.archive import Archive
from tachograph.loop.score.words import Told, mean

NUMBER = re.compile(r"(\d+(?:\.\d+)?)(x?)", re.ASCII)
HINT = "--until 2.0x (as fast as the seed), or --until 0.8 (gap recovered, or score)"


@dataclass(frozen=True)
class Until:
    """What the best has to reach."""

    kind: Literal["ratio", "score"]
    value: float

    def __str__(self) -> str:
        return f"{self.value:g}x" if self.kind == "ratio" else f"{self.value:g}"


def parse_until(text: str, metric: str) -> Until:
    """From what `--until` was given, for a task of this metric. Raises UsageError."""
    found = NUMBER.fullmatch(text.strip())
    if not found:
        raise UsageError(f"--until {text}: not a goal", hint=HINT)
    until = Until("ratio" if found[2] else "score", float(found[1]))
    wanted = {"time": "ratio", "score": "score"}.get(metric)
    if wanted != until.kind:
        says = "a timed task" if metric == "time" else f"a task of metric '{metric}'"
        raise UsageError(f"--until {text}: {says} has no such figure", hint=HINT)
    if until.kind == "ratio" and until.value <= 1:
        raise UsageError(f"--until {text}: the seed is that fast", hint="give more than 1x")
    return until


def reached(until: Until, archive: Archive) -> bool:
    """Whether the best has it."""
    best = archive.best
    if best is None or best.kept is None:
        return False
    if until.kind == "ratio":
        return best.kept.low is not None and best.kept.low >= until.value
    marks, scorer = best.confirmed, archive.scorer
    if marks is None or scorer is None:
        return False
    gap = Told(scorer.precision).gap(marks)
    if gap is not None:
        return gap.low >= until.value
    score = mean(marks.scores)
    better = score >= until.value if scorer.direction == "higher" else score <= until.value
    return better and math.isfinite(score)
