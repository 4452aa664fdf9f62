"""Evidence on the mean of paired log ratios that may be looked at after every pair.

The data are d_1, d_2, ... with d = log(reference's seconds / candidate's seconds), taken as
independent draws from one normal distribution with unknown mean and unknown spread. Against the
hypothesis "the mean is m" stands a mixture of alternatives: standardised shift (mean - m) / sigma
drawn from N(0, 1/g), and sigma under its right-Haar measure (d sigma / sigma) on both sides. Both
integrals have closed forms. With n values, S their sum of squares about their average, and
x = n (average - m)^2 / S:

    E_n(m) = sqrt(r) * ((1 + x) / (1 + r x)) ** (n / 2),     r = g / (n + g)

E_n is a test martingale in the filtration of the ratios d_i / d_1, so by Ville's inequality
P(any n: E_n(true mean) >= 1 / alpha) <= alpha. The set {m: E_n(m) < 1 / alpha} is an interval, and
the true mean lies in all of them at once: one may look after every pair, and stop at any.
Source: T. L. Lai, "On confidence sequences", Annals of Statistics 4 (1976), pp. 265-280, with his
flat mixture over the mean replaced by the Gaussian one of H. Wang and A. Ramdas, "Anytime-valid
t-tests and confidence sequences for Gaussian means with unknown variance", arXiv:2310.03722 (2023,
version 5 of 2024), where the reduced filtration is explained.

Proved by tests/loop/clock/test_clock_evidence.py (the closed form against numerical integration
over both mixtures, the interval against bisection) and test_clock_errors.py (coverage at all n).
Not covered: values that depend on each other, or a mean that drifts; docs/concepts/clock.md says
how far the answer bends then.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

SPREAD_FLOOR = 0.001
"""Smallest spread (standard deviation of log ratios) that is believed: 0.1 %. Raising S can only
lower the evidence and widen the interval, so the floor costs no validity."""


@dataclass(frozen=True)
class Moments:
    """What the evidence needs of the data."""

    count: int
    average: float
    squares: float
    """Sum of squares about the average, never below count * SPREAD_FLOOR**2."""


def moments(values: Sequence[float]) -> Moments:
    """Of at least one finite value."""
    assert values, "no values"
    assert all(math.isfinite(value) for value in values), values
    count = len(values)
    average = math.fsum(values) / count
    squares = math.fsum((value - average) ** 2 for value in values)
    return Moments(count, average, max(squares, count * SPREAD_FLOOR**2))


def log_evidence(data: Moments, mean: float, prior_precision: float) -> float:
    """Natural log of E_n against "the mean is `mean`"; `prior_precision` is g > 0.

    At 1 value it is 0 or less: one pair shows nothing about an unknown spread.
    """
    shrink = prior_precision / (data.count + prior_precision)
    shift = data.count * (data.average - mean) ** 2 / data.squares
    growth = math.log1p(shift) - math.log1p(shrink * shift)
    return 0.5 * math.log(shrink) + 0.5 * data.count * growth


def half_width(data: Moments, alpha: float, prior_precision: float) -> float:
    """Half the width of {mean: E_n(mean) < 1 / alpha}; infinite where no mean is ruled out yet."""
    shrink = prior_precision / (data.count + prior_precision)
    log_limit = -2.0 / data.count * (math.log(alpha) + 0.5 * math.log(shrink))
    if log_limit >= -math.log(shrink):
        return math.inf
    limit = math.exp(log_limit)
    return math.sqrt(data.squares / data.count * (limit - 1.0) / (1.0 - limit * shrink))


def interval(data: Moments, alpha: float, prior_precision: float) -> tuple[float, float]:
    """The confidence sequence at `data.count` values: (low, high), on the log scale."""
    half = half_width(data, alpha, prior_precision)
    return data.average - half, data.average + half


def first_bounded(alpha: float, prior_precision: float) -> int:
    """The smallest number of values at which the interval is finite, whatever the values are."""
    count = 2
    while math.isinf(half_width(Moments(count, 0.0, 1.0), alpha, prior_precision)):
        count += 1
    return count
