"""The trusted scorer of a scored task: what a candidate is given, what the judge keeps, the score.

    def draw(rng, split):                 # needed
        return {"train": ..., "test": ...}, labels
    def score(output, answer):            # needed
        return float(...)                 # or, as text, why this output is no answer at all
    def floor(inputs, answer): ...        # optional: the same figure for the weakest
    def ceiling(inputs, answer): ...      #           and for the strongest means, on this draw

`answer` never enters a box. Like every check it is loaded from the text that the digest covers, and
sees plain decoded data only. Proven by tests/task/test_scoring.py. Whom it trusts: the author.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from tachograph.errors import TaskError
from tachograph.task.check import Check, naming_the_line
from tachograph.task.scoring import Split
from tachograph.task.task import Task

DRAW_HINT = "def draw(rng, split): return {'argument name': value, ...}, answer"
SCORE_HINT = "return a finite float, or the reason for a refusal as text"


@dataclass(frozen=True)
class Refusal:
    """Why an output is no answer; not a score."""

    reason: str


def check_of(task: Task) -> Check:
    """The task's check: a `Scorer` where it is scored. Raises TaskError."""
    return Scorer(task) if task.metric == "score" else Check(task)


class Scorer(Check):
    """The functions of a scored task's check.py.

    As a `Check` it draws the visible inputs alone: the public example for proposers.
    """

    def __init__(self, task: Task) -> None:
        """Run check.py's top level. Raises TaskError with its file and line where that fails."""
        super().__init__(task)
        assert task.scoring is not None
        self.scoring = task.scoring
        self._score = self._function("score")
        self._bounds = {name: self._function(name) for name in ("floor", "ceiling")}
        if self._score is None:
            raise TaskError(f"{task.check}: no function score(output, answer)", hint=SCORE_HINT)
        if (self._bounds["floor"] is None) != (self._bounds["ceiling"] is None):
            raise TaskError(f"{task.check}: floor and ceiling go together", hint="write both")

    def draw_framed(self, rng: np.random.Generator) -> tuple[dict[str, Any], list[Any]]:
        """Visible inputs and their frame, their answer forgotten."""
        inputs, _ = self.draw_with_answer(rng, "visible")
        return inputs, self._frame_of(inputs, DRAW_HINT)

    def draw_with_answer(
        self, rng: np.random.Generator, split: Split
    ) -> tuple[dict[str, Any], Any]:
        """Keyword arguments for one call, and what the judge keeps.

        Equal generators give equal draws. Raises TaskError for inputs that are not plain data.
        """
        assert self._draw is not None
        with naming_the_line(self.path):
            drawn = self._draw(rng, split)
        if not isinstance(drawn, tuple) or len(drawn) != 2:
            raise TaskError(f"{self.path}: draw: no pair of inputs and answer", hint=DRAW_HINT)
        inputs, answer = drawn
        self._frame_of(inputs, DRAW_HINT)
        return inputs, answer

    def score(self, output: Any, answer: Any) -> float | Refusal:
        """The score of one output. Raises TaskError where the author's code does."""
        assert self._score is not None
        with naming_the_line(self.path):
            said = self._score(output, answer)
        if isinstance(said, str) and said:
            return Refusal(said)
        if isinstance(said, bool) or not isinstance(said, int | float | np.number):
            raise TaskError(f"{self.path}: score: returned {said!r}", hint=SCORE_HINT)
        if not math.isfinite(said):
            return Refusal(f"its score is {float(said)}, which is no score")
        return float(said)

    @property
    def knows_bounds(self) -> bool:
        """Whether floor and ceiling are known at all."""
        return self._bounds["floor"] is not None or self.scoring.floor is not None

    def bounds(self, inputs: dict[str, Any], answer: Any) -> tuple[float, float]:
        """Floor and ceiling on this draw; measured, or as task.toml states. Raises TaskError."""
        if self._bounds["floor"] is None:
            assert self.scoring.floor is not None and self.scoring.ceiling is not None
            return self.scoring.floor, self.scoring.ceiling
        return self._bound("floor", inputs, answer), self._bound("ceiling", inputs, answer)

    def _bound(self, name: str, inputs: dict[str, Any], answer: Any) -> float:
        function = self._bounds[name]
        assert function is not None
        with naming_the_line(self.path):
            value = function(inputs, answer)
        if isinstance(value, bool) or not isinstance(value, int | float | np.number):
            raise TaskError(f"{self.path}: {name}: returned {value!r}", hint="return a float")
        if not math.isfinite(value):
            raise TaskError(f"{self.path}: {name}: not finite", hint="return a finite float")
        return float(value)
