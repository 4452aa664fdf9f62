"""Exponential growth over dates: the frontier, its slope, and the time in which it doubles.

With t the days since the first date and v > 0 the values, ln v = a + b t by least squares; the
doubling time is ln 2 / b days. An interval comes from replicates of v over the same frontier (one
row a replicate, so that errors that the values share are kept), as percentiles of b, or from rows
with one cluster left out (jackknife.py).

Source: METR, "Measuring AI Ability to Complete Long Tasks" (arXiv:2503.14499), section 4. Proven by
tests/gauges/stats/test_growth.py, on its published 212.96 days.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tachograph.gauges.stats.bootstrap import percentile_interval
from tachograph.gauges.stats.intervals import LEVEL
from tachograph.gauges.stats.jackknife import jackknife_interval

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Doubling:
    """Days in which the value doubles. `low` to `high` may be open above: None."""

    days: float | None
    """None where the value does not grow."""
    low: float | None
    high: float | None
    slope: float
    """Natural logs a day."""
    intercept: float
    """Natural log of the value on `first`."""
    first: date


def frontier(days: Sequence[date], values: Sequence[float]) -> list[int]:
    """Places, by date, of those that reach or pass all before them or of the same day."""
    order = sorted(range(len(days)), key=lambda place: (days[place], -values[place]))
    best, found = -math.inf, []
    for place in order:
        if values[place] >= best:
            best = values[place]
            found.append(place)
    return found


def doubling(
    days: Sequence[date], values: Sequence[float], replicates: ArrayLike | None = None,
    level: float = LEVEL, *, jackknife: bool = False,
) -> Doubling:  # fmt: skip
    """Of values (n,) above 0 on at least 2 different days.

    `replicates` has shape (rows, n): NaN or 0 where a replicate has no value, and such points are
    left out of that replicate's line. Where `jackknife`, each row has one cluster left out.
    """
    assert len(set(days)) >= 2, "growth needs two days"
    first = min(days)
    t = np.array([(day - first).days for day in days], dtype=float)
    slopes, intercepts = line(t, np.log(np.asarray(values, dtype=float))[None, :])
    slope, intercept = float(slopes[0]), float(intercepts[0])
    low = high = None
    if replicates is not None:
        with np.errstate(divide="ignore", invalid="ignore"):
            found, _ = line(t, np.log(np.asarray(replicates, dtype=float)))
        known = found[~np.isnan(found)]
        low_slope, high_slope = jackknife_interval(slope, found, level) if jackknife else (
            percentile_interval(known, level, undefined=len(found) - len(known)))  # fmt: skip
        low, high = _time(high_slope), _time(low_slope)
    return Doubling(_time(slope), low, high, slope, intercept, first)


def line(t: Array, y: Array) -> tuple[Array, Array]:
    """Least squares of each row of y (rows, n) on t (n,), its not finite entries left out.

    Slopes and intercepts of shape (rows,); NaN for rows with fewer than two different days.
    """
    known = np.isfinite(y)
    filled = np.where(known, y, 0.0)
    count = known.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_t = (known @ t) / count
        mean_y = filled.sum(axis=1) / count
        apart = np.where(known, t - mean_t[:, None], 0.0)
        spread = (apart**2).sum(axis=1)
        slope = np.where(spread > 1e-9, (apart * filled).sum(axis=1) / spread, np.nan)
    return slope, mean_y - slope * mean_t


def _time(slope: float | None) -> float | None:
    return math.log(2) / slope if slope is not None and slope > 0 else None
