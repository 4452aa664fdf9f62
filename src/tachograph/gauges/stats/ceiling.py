"""The ceiling that dated scores climb towards: score = c / (1 + e^-((t - m) / w)), 0 < c <= 1.

Least squares by variable projection: for a middle m and a width w > 0 the best c has a closed form,
so that m and w are searched on a grid and refined, and no start has to be chosen. The interval is
the profile's: every c with

    RSS(c) <= RSS(best c) (1 + F / (n - 3)),   F the quantile of F(1, n - 3) at the level

(D. M. Bates and D. G. Watts, Nonlinear Regression Analysis (1988), section 6.1.3), which may reach
1: then the scores do not show a ceiling below full marks. Proven by
tests/gauges/stats/test_ceiling.py. Not covered: scores whose errors depend on each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tachograph.gauges.stats.forms import aicc
from tachograph.gauges.stats.intervals import LEVEL, t_quantile

Array = NDArray[np.float64]
MIDDLES, WIDTHS = 60, 32
ROUNDS = 7
CEILINGS = 240
"""Ceilings at which the profile is taken."""
FULL_MARKS = 1.0


@dataclass(frozen=True)
class Ceiling:
    """The fit, and what else would fit."""

    value: float
    """The likeliest ceiling."""
    low: float
    high: float
    """The profile's interval; 1 where no ceiling below full marks is shown."""
    middle: float
    width: float
    """Of the curve, in the unit of t."""
    aicc_linear: float
    aicc_full: float
    """Of a curve to full marks."""
    aicc_free: float

    def at(self, t: Array) -> Array:
        """The curve."""
        curve = sigmoid(t, np.array([[self.middle, self.width]]))[0]
        return np.asarray(self.value * curve)


def fit_ceiling(t: Array, scores: Array, level: float = LEVEL) -> Ceiling:
    """Of scores (n,) from 0 to 1 at t (n,), n >= 6, on at least 4 different t."""
    assert len(t) >= 6, "too few scores"
    assert len(np.unique(t)) >= 4, "too few days"
    grid = shapes(t)
    ceilings = np.linspace(0.2 * scores.max(), FULL_MARKS, CEILINGS)
    profile, shape = _profile(t, scores, grid, ceilings)
    value, errors = _best(t, scores, grid)
    rss = float(min(errors.min(), profile.min()))
    if profile.min() <= errors.min():
        value = float(ceilings[int(np.argmin(profile))])
    middle, width = shape[int(np.argmin(profile))]
    limit = rss * (1 + t_quantile(len(t) - 3, level) ** 2 / (len(t) - 3))
    low, high = _ends(ceilings, profile, limit)
    line = np.polyfit(t, scores, 1)
    return Ceiling(
        value, min(low, value), max(high, value), float(middle), float(width),
        aicc(float(((np.polyval(line, t) - scores) ** 2).sum()), len(t), 2),
        aicc(float(profile[-1]), len(t), 2), aicc(rss, len(t), 3),
    )  # fmt: skip


def shapes(t: Array) -> Array:
    """Candidates (g, 2) of middle and width: also curves that have hardly begun, or are over."""
    span = float(t.max() - t.min())
    middles = np.linspace(t.min() - span, t.max() + 2.5 * span, MIDDLES)
    widths = span * np.geomspace(0.02, 3, WIDTHS)
    return np.stack(np.meshgrid(middles, widths), axis=-1).reshape(-1, 2)


def sigmoid(t: Array, shape: Array) -> Array:
    """Curves (g, n) to 1 of each shape (g, 2) at t (n,)."""
    return np.asarray(0.5 * (1 + np.tanh((t - shape[..., :1]) / (2 * shape[..., 1:]))))


def _best(t: Array, scores: Array, grid: Array) -> tuple[float, Array]:
    """The likeliest ceiling, and the least error, over refined shapes."""
    step = np.array([np.ptp(grid[:, 0]) / (MIDDLES - 1), 0.0])
    ratio = (grid[:, 1].max() / grid[:, 1].min()) ** (1 / (WIDTHS - 1))
    near = grid
    for _ in range(ROUNDS):
        curves = sigmoid(t, near)
        power = (curves**2).sum(axis=-1)
        free = np.clip(curves @ scores / np.maximum(power, 1e-300), 0, FULL_MARKS)
        errors = (scores**2).sum() - 2 * free * (curves @ scores) + free**2 * power
        at = int(np.argmin(errors))
        best, value = near[at], float(free[at])
        near = _around(best[None, :], step, ratio)[0]
        step, ratio = step / 2, ratio**0.5
    return value, np.maximum(errors, 0.0)


def _around(centres: Array, step: Array, ratio: float) -> Array:
    """25 shapes about each centre: (m, 25, 2)."""
    moves = np.linspace(-1, 1, 5)
    by_middle, by_width = np.meshgrid(moves, moves)
    middles = centres[:, :1] + by_middle.ravel() * step[0]
    widths = centres[:, 1:] * ratio ** by_width.ravel()
    return np.stack([middles, widths], axis=-1)


def _profile(t: Array, scores: Array, grid: Array, ceilings: Array) -> tuple[Array, Array]:
    """Least error (c,) at each ceiling, and the shape (c, 2) that has it."""
    curves = sigmoid(t, grid)
    along, power = curves @ scores, (curves**2).sum(axis=-1)
    size = float((scores**2).sum())
    errors = size - 2 * ceilings[:, None] * along + ceilings[:, None] ** 2 * power
    centres = grid[np.argmin(errors, axis=1)]
    step = np.array([np.ptp(grid[:, 0]) / (MIDDLES - 1), 0.0])
    ratio = (grid[:, 1].max() / grid[:, 1].min()) ** (1 / (WIDTHS - 1))
    for _ in range(ROUNDS):
        near = _around(centres, step, ratio)
        missed = scores - ceilings[:, None, None] * sigmoid(t, near)
        errors = (missed**2).sum(axis=-1)
        at = np.argmin(errors, axis=1)
        centres = near[np.arange(len(near)), at]
        step, ratio = step / 2, ratio**0.5
    return errors.min(axis=1), centres


class Least(NamedTuple):
    """The curves of least error at some ceilings (c,)."""

    errors: Array
    """Sums of squares."""
    middles: Array
    widths: Array


def least_at(t: Array, scores: Array, ceilings: Array) -> Least:
    """The curves of least error at these ceilings (c,)."""
    errors, where = _profile(t, scores, shapes(t), ceilings)
    return Least(errors, where[:, 0], where[:, 1])


def _ends(ceilings: Array, profile: Array, limit: float) -> tuple[float, float]:
    """The least and the largest ceiling within the limit, by straight lines between grid points."""
    inside = np.flatnonzero(profile <= limit)
    if not len(inside):
        at = float(ceilings[int(np.argmin(profile))])
        return at, at
    return _edge(ceilings, profile, limit, inside[0], -1), _edge(
        ceilings, profile, limit, inside[-1], 1
    )


def _edge(ceilings: Array, profile: Array, limit: float, at: int, step: int) -> float:
    beyond = at + step
    if not 0 <= beyond < len(ceilings):
        return float(ceilings[at])
    part = (limit - profile[at]) / (profile[beyond] - profile[at])
    return float(ceilings[at] + part * (ceilings[beyond] - ceilings[at]))
