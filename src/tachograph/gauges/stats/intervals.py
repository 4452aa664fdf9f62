"""Intervals for a proportion, a mean and a median. All are two-sided at `level`, 0 to 1.

Proven by tests/gauges/stats/test_intervals.py: published values, properties, and coverage by
simulation. Not covered: data that depend on each other; use clusters (bootstrap.py, regression.py).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist, fmean
from typing import NamedTuple

LEVEL = 0.95


class Interval(NamedTuple):
    """Two ends."""

    low: float
    high: float


def normal_quantile(level: float = LEVEL) -> float:
    """Half the width, in standard errors, of a two-sided normal interval: 1.96 at 0.95."""
    return NormalDist().inv_cdf(0.5 + level / 2)


def t_quantile(freedom: float, level: float = LEVEL) -> float:
    """The same of Student's t with `freedom` > 0 degrees of freedom."""
    from scipy.special import stdtrit  # a third of a second that few readings need

    return float(stdtrit(freedom, 0.5 + level / 2))


def wilson(successes: float, trials: float, level: float = LEVEL) -> Interval:
    """Wilson's score interval for a proportion; mean coverage close to `level` from few trials on.

    0 <= successes <= trials, trials > 0; fractions are allowed (weighted counts).
    Source: E. B. Wilson, JASA 22 (1927), pp. 209-212.
    """
    _check_counts(successes, trials)
    z = normal_quantile(level)
    share, shrink = successes / trials, 1 + z * z / trials
    middle = (share + z * z / (2 * trials)) / shrink
    half = z / shrink * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    return Interval(max(0.0, middle - half), min(1.0, middle + half))


def clopper_pearson(successes: int, trials: int, level: float = LEVEL) -> Interval:
    """The exact interval for a proportion; covers at least `level`, often more.

    Source: C. J. Clopper and E. S. Pearson, Biometrika 26 (1934), pp. 404-413, by beta quantiles.
    """
    from scipy.special import betaincinv

    _check_counts(successes, trials)
    tail = (1 - level) / 2
    low = betaincinv(successes, trials - successes + 1, tail) if successes else 0.0
    high = betaincinv(successes + 1, trials - successes, 1 - tail) if successes < trials else 1.0
    return Interval(float(low), float(high))


def t_interval(values: Sequence[float], level: float = LEVEL) -> Interval:
    """Student's interval for the mean of at least 2 values, taken as independent and near normal.

    Source: Student, Biometrika 6 (1908), pp. 1-25.
    """
    count = len(values)
    assert count >= 2, "a spread needs two values"
    mean = math.fsum(values) / count
    variance = math.fsum((value - mean) ** 2 for value in values) / (count - 1)
    half = t_quantile(count - 1, level) * math.sqrt(variance / count)
    return Interval(mean - half, mean + half)


def skewed_interval(values: Sequence[float], level: float = LEVEL) -> Interval:
    """The interval for the mean of at least 2 values that may have a long tail.

    Student's, with the third moment taken out of the statistic by Hall's cubic, which is monotone:
    for skewness g and W = (mean - m) / s, T = W + g W^2 / 3 + g^2 W^3 / 27 + g / (6 n). The end of
    the long tail moves out, the other one in. Source: P. Hall, JRSS B 54 (1992), pp. 221-228.
    """
    count, middle = len(values), fmean(values)
    spread = math.sqrt(fmean((value - middle) ** 2 for value in values))
    if count < 3 or spread <= 1e-12 * abs(middle):
        return t_interval(values, level)
    skew = fmean((value - middle) ** 3 for value in values) / spread**3
    if abs(skew) < 1e-6:
        return t_interval(values, level)
    quantile = t_quantile(count - 1, level) / math.sqrt(count)

    def untwisted(wanted: float) -> float:
        return 3 / skew * (math.cbrt(1 + skew * (wanted - skew / (6 * count))) - 1)

    sigma = spread * math.sqrt(count / (count - 1))
    return Interval(middle - sigma * untwisted(quantile), middle - sigma * untwisted(-quantile))


def median_interval(values: Sequence[float], level: float = LEVEL) -> Interval | None:
    """The exact interval for the median by order statistics; None below 6 values (at 0.95).

    The ends are the k-th smallest and the k-th largest, k the largest with
    2 P(Binomial(n, 1/2) < k) <= 1 - level; ties only add to coverage.
    Source: H. A. David and H. N. Nagaraja, Order Statistics (2003), section 7.1.
    """
    rank = median_rank(len(values), level)
    if rank == 0:
        return None
    ordered = sorted(values)
    return Interval(ordered[rank - 1], ordered[-rank])


def median_rank(count: int, level: float = LEVEL) -> int:
    """k of `median_interval`, counted from 1; 0 where no two order statistics reach the level."""
    from scipy.special import bdtr

    rank = 0
    while rank < count // 2 and 2 * float(bdtr(rank, count, 0.5)) <= 1 - level:
        rank += 1
    return rank


def _check_counts(successes: float, trials: float) -> None:
    assert trials > 0 and 0 <= successes <= trials, (successes, trials)
