"""Intervals over draws: of a mean, and of a ratio of means. Pure functions, no tables.

- `mean_interval`: Student's t. Mean +- t * sd / sqrt(n), with t the two-sided 95 % point at n - 1
  degrees of freedom. Source: Student, "The probable error of a mean", Biometrika 6 (1908), 1-25.
- `ratio_interval`: Fieller's. The set of all r for which the mean of x - r y cannot be told from 0
  by the same t: it allows for the spread of x, of y, and for what they share. Source: E. C.
  Fieller, "Some problems in interval estimation", J. Royal Statistical Society B 16 (1954),
  175-185.
- The distribution of t at whole degrees of freedom: Abramowitz and Stegun, "Handbook of
  Mathematical Functions" (1964), 26.7.3 and 26.7.4.

SciPy has the distribution, too, but to import that part of it takes longer than many a look. Both
intervals take draws as independent and their values as roughly normal. Proven by
tests/loop/score/test_score_interval.py (against SciPy, and by simulated coverage). Not covered:
draws that share items, such as test images: they vary less together than the world does.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

LEVEL = 0.95


class Interval(NamedTuple):
    """An estimate and the ends of its 95 % interval."""

    value: float
    low: float
    high: float


def mean_interval(values: Sequence[float], least_half: float = 0.0) -> Interval:
    """Of at least two finite values.

    `least_half`: the interval reaches at least this far to both sides.
    """
    mean = statistics.fmean(values)
    half = max(t_point(len(values) - 1) * standard_error(values), least_half)
    return Interval(mean, mean - half, mean + half)


def ratio_interval(above: Sequence[float], below: Sequence[float]) -> Interval | None:
    """Of mean(above) / mean(below), value by value from the same draws; at least two.

    None where `below` cannot be told from 0, so that the ratio may be anything.
    """
    count, t = len(above), t_point(len(above) - 1)
    x, y = statistics.fmean(above), statistics.fmean(below)
    xx, yy, xy = (
        t * t * covariance(a, b) / count
        for a, b in ((above, above), (below, below), (above, below))
    )
    square, line, constant = y * y - yy, x * y - xy, x * x - xx
    if square <= 0:
        return None
    root = math.sqrt(max(0.0, line * line - square * constant))
    return Interval(x / y, (line - root) / square, (line + root) / square)


def covariance(first: Sequence[float], second: Sequence[float]) -> float:
    """With n - 1 below."""
    a, b = statistics.fmean(first), statistics.fmean(second)
    pairs = zip(first, second, strict=True)
    return math.fsum((p - a) * (q - b) for p, q in pairs) / (len(first) - 1)


def standard_error(values: Sequence[float]) -> float:
    """Of the mean of at least two values."""
    return statistics.stdev(values) / math.sqrt(len(values))


@cache
def t_point(freedom: int) -> float:
    """The t that |T| stays below with probability LEVEL; `freedom` 1 or more."""
    low, high = 0.0, 1000.0
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if within(middle, freedom) < LEVEL else (low, middle)
    return high


def within(t: float, freedom: int) -> float:
    """The probability that |T| < t."""
    angle = math.atan(t / math.sqrt(freedom))
    cosine = math.cos(angle)
    odd = freedom % 2
    term = total = cosine if odd else 1.0
    for k in range(3 if odd else 2, freedom, 2):
        term *= (k - 1) / k * cosine**2
        total += term
    if odd:
        return 2 / math.pi * (angle + (math.sin(angle) * total if freedom > 1 else 0.0))
    return math.sin(angle) * total
