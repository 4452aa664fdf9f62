"""The mean of values with a long tail: its interval, and that of the ratio of two such means.

Few of the values have most of the sum, so that what decides is mostly not in the sample, and an
interval from the sample alone is too narrow. Where the logarithms look normal, the values are taken
as log-normal, some of them perhaps 0. With share p of them above 0, and mean a and variance v of
the logarithms of those n, the logarithm of the mean is ln p + a + v/2, and the ends lie from it by

    sqrt((ln p - ln p')^2 + (a - a')^2 + (v/2 - v'/2)^2)

with the ends p' of Wilson's interval, a' of Student's and v' of the chi-square one (G. Y. Zou,
C. Y. Huo and J. Taleban, Environmetrics 20 (2009), pp. 172-180). A ratio takes the variances of the
logarithms of the means, (1 - p) / (p N) + v/n + v^2 / (2 (n + 1)), and Welch's degrees of freedom.
An end more than 1,000 times off is open: None.

Logarithms that lean to the left (skewness below -1.5 of its standard errors) have a shorter tail
than that: Hall's interval, and the delta method. Those that lean to the right (above 2) have a
longer one, and fewer than 3 values above 0 show none at all: None, as no interval holds there.
Proven by tests/gauges/stats/test_long_tail.py. Not covered: a longer tail that a small sample does
not show.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, variance
from typing import NamedTuple

from tachograph.gauges.stats.intervals import (
    LEVEL,
    skewed_interval,
    t_quantile,
    wilson,
)

FEWEST = 3
OPEN = math.log(1000)
"""Distance from the mean, in logarithms, beyond which an end is open: it would say nothing."""
Ends = tuple[float | None, float | None]
SHORTER, LONGER = -1.5, 2.0
"""Lean of the logarithms, in standard errors, beyond which they are not taken as normal."""


class LogMean(NamedTuple):
    """The logarithm of a mean, with its variance and that variance's degrees of freedom."""

    value: float
    variance: float
    freedom: float


def lean(values: Sequence[float]) -> float | None:
    """Skewness of the logarithms of the values above 0, in its standard errors under normality.

    None below 3 of them. Source of the error: D. N. Joanes and C. A. Gill, The Statistician 47
    (1998), pp. 183-189.
    """
    logs = _logs(values)
    count = len(logs)
    if count < FEWEST:
        return None
    middle = fmean(logs)
    spread = math.sqrt(fmean((x - middle) ** 2 for x in logs))
    if spread < 1e-9:
        return 0.0
    skew = fmean((x - middle) ** 3 for x in logs) / spread**3
    return skew / math.sqrt(6 * (count - 2) / ((count + 1) * (count + 3)))


def mean_interval(values: Sequence[float], level: float = LEVEL) -> Ends | None:
    """The interval of the mean of values (n,), 0 or more. None where none holds."""
    leaning = lean(values)
    if leaning is None or leaning > LONGER:
        return None
    if leaning < SHORTER:
        return skewed_interval(values, level)
    return _log_normal(values, level)


def log_mean(values: Sequence[float]) -> LogMean | None:
    """The same mean as a logarithm, for ratios. None where `mean_interval` is."""
    leaning = lean(values)
    if leaning is None or leaning > LONGER:
        return None
    total, mean = len(values), fmean(values)
    if leaning < SHORTER:
        return LogMean(math.log(mean), variance(values) / total / mean**2, total - 1)
    logs = _logs(values)
    count, share, spread = len(logs), len(logs) / total, variance(logs)
    error = (1 - share) / (share * total) + spread / count + spread**2 / (2 * (count + 1))
    return LogMean(math.log(share) + fmean(logs) + spread / 2, error, count - 1)


def ratio_interval(old: LogMean, new: LogMean, ratio: float, level: float = LEVEL) -> Ends:
    """The interval of the ratio new over old; `ratio`, that of the arithmetic means, is inside.

    Degrees of freedom: B. L. Welch, Biometrika 34 (1947), pp. 28-35.
    """
    error = old.variance + new.variance
    decided = sum(part.variance**2 / part.freedom for part in (old, new))
    freedom = error**2 / decided if decided > 0 else min(old.freedom, new.freedom)
    half = t_quantile(freedom, level) * math.sqrt(error)
    middle = new.value - old.value
    return _around(ratio, middle - half, middle + half)


def _log_normal(values: Sequence[float], level: float) -> Ends:
    from scipy.special import chdtri

    logs = _logs(values)
    count, total, spread = len(logs), len(values), variance(logs)
    share, tail = wilson(count, total, level), (1 - level) / 2
    middle = math.log(count / total) + fmean(logs) + spread / 2
    of_mean = t_quantile(count - 1, level) * math.sqrt(spread / count)
    ends = []
    for sign, at, edge in ((-1, share.low, tail), (1, share.high, 1 - tail)):
        of_share = math.log(at * total / count) if count < total else 0.0
        of_spread = (count - 1) * spread / float(chdtri(count - 1, edge)) / 2 - spread / 2
        ends.append(middle + sign * math.hypot(of_share, of_mean, of_spread))
    return _around(fmean(values), *ends)


def _around(value: float, low: float, high: float) -> Ends:
    """Ends from their logarithms; what is reported, an arithmetic mean, is always inside."""
    middle = math.log(value)
    return (None if low < middle - OPEN else min(value, math.exp(low)),
            None if high > middle + OPEN else max(value, math.exp(high)))  # fmt: skip


def _logs(values: Sequence[float]) -> list[float]:
    return [math.log(value) for value in values if value > 0]
