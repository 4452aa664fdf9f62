"""Did a series change its level, and when? A permutation test over all places of change.

The statistic is the largest, over splits into a first and a second part, of the absolute difference
of means divided by its standard error under one level,

    max_k |mean(y[k:]) - mean(y[:k])| / sqrt(s^2 (1/k + 1/(n-k)))

with s^2 the variance about the two means. Its p-value is (1 + how many of B shuffles reach it) /
(B + 1), which is valid at every n where the order is arbitrary under the null, that is, where
values do not depend on their neighbours.

Source: D. V. Hinkley, Biometrika 57 (1970), pp. 1-17 (the statistic); B. Phipson and G. K. Smyth,
Statistical Applications in Genetics 9 (2010), article 39 (the p-value). Proven by
tests/gauges/stats/test_change.py. Not covered: trends (take them out first; a trend is found as a
change), and values that depend on their neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
SHUFFLES = 1999
SMALLEST_PART = 2
"""Fewest values on each side of a change."""
BLOCK_BYTES = 64 << 20
TIE = 1e-9
"""Relative difference within which two statistics are the same but for rounding."""


@dataclass(frozen=True)
class Change:
    """The likeliest change."""

    place: int
    """Index of the first value after it."""
    before: float
    """Mean before."""
    after: float
    """Mean after."""
    p_value: float
    """Probability of a statistic this large without any change, from shuffles."""


def change_point(
    values: Sequence[float],
    *,
    seed: int = 0,
    shuffles: int = SHUFFLES,
    smallest: int = SMALLEST_PART,
) -> Change | None:
    """The likeliest change of level; None where there are fewer than 2 * `smallest` + 1 values."""
    y = np.asarray(values, dtype=float)
    count = len(y)
    if count < 2 * smallest + 1:
        return None
    assert np.isfinite(y).all(), "not finite"
    scores = _scores(y[None, :], smallest)[0]
    place = int(np.argmax(scores))
    observed = scores[place]
    rng = np.random.default_rng(seed)
    reached, done = 0, 0
    while done < shuffles:
        batch = min(shuffles - done, max(1, BLOCK_BYTES // (8 * count)))
        shuffled = rng.permuted(np.tile(y, (batch, 1)), axis=1)
        reached += int((_scores(shuffled, smallest).max(axis=1) >= observed * (1 - TIE)).sum())
        done += batch
    cut = place + smallest
    return Change(cut, float(y[:cut].mean()), float(y[cut:].mean()), (1 + reached) / (shuffles + 1))


def _scores(y: Array, smallest: int) -> Array:
    """Squared statistic of each split of each row, up to a monotone map: between / within."""
    count = y.shape[1]
    centred = y - y.mean(axis=1, keepdims=True)
    cuts = np.arange(smallest, count - smallest + 1)
    sums = np.cumsum(centred, axis=1)[:, cuts - 1]
    between = sums**2 * count / (cuts * (count - cuts))
    total = (centred**2).sum(axis=1, keepdims=True)
    # between is the part of the total that the split explains, so F grows with between / total
    return np.asarray(np.divide(between, total, out=np.zeros_like(between), where=total > 0))
