"""Answers that cost nothing: a check that accepts one of them is too loose to judge by.

`tacho task check` tries them before a candidate does. Proven by tests/loop/test_lazy.py. Not
covered: answers that are wrong in fewer places than all, or by less than a hundredth.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tachograph.loop.check import Draw, Examiner
from tachograph.task.compare import difference


def accepted_lazy_answers(examiner: Examiner, draw: Draw) -> list[str]:
    """What these answers are, for people; empty where the check refuses them all.

    Raises TaskError where the seed fails, and BoxError.
    """
    right = examiner.seed_output(draw.sealed)
    return [
        name
        for name, answer in lazy_answers(right)
        if not same(answer, right) and examiner.complaint(draw, answer) is None
    ]


def lazy_answers(right: Any) -> Iterator[tuple[str, Any]]:
    """Answers of the right answer's form, or of none, made without the work."""
    yield "nothing (None)", None
    yield "zeros", changed(right, np.zeros_like)
    yield "no numbers (NaN)", changed(right, not_numbers)
    yield "empty arrays", changed(right, lambda array: array[:0] if array.ndim else array)
    yield "values 1 % off", changed(right, lambda array: array * array.dtype.type(1.01))


def changed(value: Any, change: Callable[[Any], Any]) -> Any:
    """`value` with every array and float in it changed; zero for whole numbers, too."""
    if isinstance(value, dict):
        return {key: changed(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [changed(item, change) for item in value]
    if isinstance(value, np.ndarray):
        with np.errstate(all="ignore"):
            return change(value).astype(value.dtype)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    new = change(np.asarray(float(value))).item()
    return type(value)(new) if math.isfinite(new) or isinstance(value, float) else value


def not_numbers(array: Any) -> Any:
    """NaN in place of floats."""
    return np.full_like(array, np.nan) if array.dtype.kind in "fc" else array


def same(answer: Any, right: Any) -> bool:
    """Whether this answer happens to be the right one."""
    return difference(answer, right, rtol=0, atol=0) is None
