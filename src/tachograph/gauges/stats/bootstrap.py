"""The bootstrap on counts: units drawn with replacement, all replicates at once.

Drawing n units from n with replacement and counting is one multinomial draw; a run resample of a
cell with s successes in n runs is one binomial draw. So replicates cost array operations and no
copies of rows. Nested levels (family, then task, then run) multiply.

Source: B. Efron, Annals of Statistics 7 (1979), pp. 1-26; A. C. Davison and D. V. Hinkley,
Bootstrap Methods and their Application (1997), section 3.8 (hierarchical data). Proven by
tests/gauges/stats/test_bootstrap.py. Not covered: very few units; with fewer than about 10 at the
top level a percentile interval is too narrow.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tachograph.gauges.stats.intervals import LEVEL, t_quantile

Array = NDArray[np.float64]
Counts = NDArray[np.int64]


def draw_counts(units: int, replicates: int, rng: np.random.Generator) -> Counts:
    """How often each of `units` is drawn in each replicate: shape (replicates, units)."""
    assert units > 0
    return rng.multinomial(units, np.full(units, 1 / units), size=replicates)


def draw_nested(parents: Sequence[Hashable], replicates: int, rng: np.random.Generator) -> Counts:
    """How often each unit is drawn when its parent is drawn first: shape (replicates, units).

    `parents` names each unit's parent. A parent drawn m times gives m times as many units as it
    has, drawn anew from its own.
    """
    groups = members(parents)
    drawn = draw_counts(len(groups), replicates, rng)
    found = np.empty((replicates, len(parents)), dtype=np.int64)
    for times, inside in zip(drawn.T, groups.values(), strict=True):
        size = len(inside)
        found[:, inside] = rng.multinomial(times * size, np.full(size, 1 / size))
    return found


def draw_successes(trials: Counts, shares: ArrayLike, rng: np.random.Generator) -> Counts:
    """Successes among `trials` when each trial's outcome is drawn from cells with these shares."""
    return rng.binomial(trials, np.asarray(shares, dtype=float))


def members(labels: Sequence[Hashable]) -> dict[Hashable, list[int]]:
    """Label to the places where it stands, in order of first appearance."""
    groups: dict[Hashable, list[int]] = {}
    for place, label in enumerate(labels):
        groups.setdefault(label, []).append(place)
    return groups


def percentile_interval(
    replicates: ArrayLike, level: float = LEVEL, *, undefined: int = 0
) -> tuple[float | None, float | None]:
    """The percentile interval of replicates, shape (n,); infinities are allowed.

    `undefined` further replicates had no value: they count as below everything for the low end and
    as above everything for the high end, so that what is not known widens the interval. An end
    that is infinite is None.
    """
    known = np.sort(np.asarray(replicates, dtype=float))
    assert not np.isnan(known).any(), "say how many are undefined instead"
    edge = np.full(undefined, np.inf)
    tail = (1 - level) / 2
    low = _quantile(np.concatenate([-edge, known]), tail)
    high = _quantile(np.concatenate([known, edge]), 1 - tail)
    return (low if np.isfinite(low) else None, high if np.isfinite(high) else None)


def expanded_level(units: int, level: float = LEVEL) -> float:
    """The level at which to read percentiles of a bootstrap of few units, so that they cover.

    Percentiles of n units are too narrow as a normal interval with a spread divided by n would be:
    they lack Student's t and the factor n / (n - 1). Source: T. C. Hesterberg, The American
    Statistician 69 (2015), section 4.2 ("expanded percentile").
    """
    assert units >= 2, "one unit has no spread"
    wide = t_quantile(units - 1, level) * math.sqrt(units / (units - 1))
    return 2 * NormalDist().cdf(wide) - 1


def _quantile(ordered: Array, share: float) -> float:
    # Linear interpolation as numpy's default, but an infinite neighbour with weight 0 is no matter.
    place = share * (len(ordered) - 1)
    below, weight = int(place), place - int(place)
    if weight < 1e-9 or ordered[below] == ordered[min(below + 1, len(ordered) - 1)]:
        return float(ordered[below])
    if not np.isfinite(ordered[below]):
        return float(ordered[below])
    return float(ordered[below] + weight * (ordered[below + 1] - ordered[below]))


def cluster_means(
    values: ArrayLike, clusters: Sequence[Hashable], replicates: int, rng: np.random.Generator
) -> Array:
    """Replicates (replicates,) of the mean of `values` (n,) when whole clusters are drawn."""
    groups = members(clusters)
    array = np.asarray(values, dtype=float)
    sums = np.array([array[inside].sum() for inside in groups.values()])
    sizes = np.array([len(inside) for inside in groups.values()])
    drawn = draw_counts(len(groups), replicates, rng)
    return np.asarray((drawn @ sums) / (drawn @ sizes), dtype=float)
