"""The ceiling that records climb towards, with the luck taken out that made them records.

A record is an entry that reached or passed all before it, so its error leans upwards; by how much
depends on the bar b that it had to pass. Given that it passed, a score y about the curve's value mu
with normal error s has the density of a normal distribution cut off below b,

    phi((y - mu) / s) / s / (1 - Phi((b - mu) / s)),   y >= b,

whatever the entries were worth that failed to pass: nothing is assumed of them. The curve is that
of ceiling.py, s is estimated with it, and the interval is the profile's: every c whose
log-likelihood is at most n/2 log(1 + F / (n - 4)) below the best, F the quantile of F(1, n - 4), as
four things are estimated (without bars, and with 3 in place of 4, it is that of ceiling.py). Source
of the density: A. C. Cohen, Annals of Mathematical Statistics 21 (1950), pp. 557-569. Proven by
tests/gauges/stats/test_records.py. Not covered: records whose errors depend on each other,
errors of unequal size, and weak entries that passed earlier ones while the curve climbed fast,
which lie below it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from tachograph.gauges.stats.ceiling import FULL_MARKS, least_at
from tachograph.gauges.stats.intervals import LEVEL, t_quantile

Array = NDArray[np.float64]
STEPS = 40
SMALL = 1e-5
"""Gain in log-likelihood below which no further step is taken."""
LEAST_ERROR = 1e-4
"""Standard error below which scores lie on the curve as far as anybody reports them."""
NO_BAR = -1e6


class Climb(NamedTuple):
    """The likeliest ceiling, its interval, and the curve's middle and width in the unit of t."""

    value: float
    low: float
    high: float
    middle: float
    width: float
    error: float
    """Standard error of one score about the curve."""


def fit_records(t: Array, scores: Array, bars: Array, level: float = LEVEL) -> Climb:
    """Of records (n,) from 0 to 1 at t (n,), each at or above its bar (n,), -inf for the first.

    n >= 6 on at least 4 different t.
    """
    count = len(t)
    assert count >= 6, "too few scores"
    assert len(np.unique(t)) >= 4, "too few days"
    ceilings = _ceilings(t, scores)
    shape = least_at(t, scores, ceilings)
    errors = np.maximum(LEAST_ERROR, np.sqrt(shape.errors / (count - 3)))
    start = np.column_stack([shape.middles, np.log(shape.widths), np.log(errors)])
    data = _Data(t, scores, np.maximum(bars, NO_BAR))
    found, where = _descend(data, ceilings, start)
    for step in (1, -1):
        found, where = _from_neighbours(data, ceilings, found, where, step)
    best = int(np.argmin(found))
    limit = count / 2 * math.log1p(t_quantile(count - 4, level) ** 2 / (count - 4))
    root = np.sqrt(np.maximum(found - found[best], 0.0))
    low, high = (_crossing(ceilings, root, best, math.sqrt(limit), step) for step in (-1, 1))
    middle, log_width, log_error = where[best]
    error = math.exp(log_error) * math.sqrt(count / (count - 3))
    return Climb(float(ceilings[best]), low, high, float(middle), math.exp(log_width), error)


def _ceilings(t: Array, scores: Array) -> Array:
    """Where the profile is taken: a part of an error apart about the best score, wider far off."""
    best = float(scores.max())
    rough = least_at(t, scores, np.linspace(0.2 * best, FULL_MARKS, 30)).errors.min()
    unit = max(LEAST_ERROR, math.sqrt(float(rough) / (len(t) - 3)))
    steps = 0.12 * unit * np.expm1(0.16 * np.arange(1, 64)) / 0.16
    both = np.concatenate([best - steps[::-1], [best], best + steps])
    inside = both[(both > 0.2 * best) & (both < FULL_MARKS)]
    return np.concatenate([inside, [FULL_MARKS]])


class _Data(NamedTuple):
    t: Array
    scores: Array
    bars: Array


def _descend(data: _Data, ceilings: Array, start: Array) -> tuple[Array, Array]:
    """Newton's method, damped, for all ceilings (c,) at once from start (c, 3): middle, log width,
    log error. The least of minus log-likelihood (c,), and where."""
    span = float(np.ptp(data.t))
    low = np.array([data.t.min() - 3 * span, math.log(0.005 * span), math.log(LEAST_ERROR)])
    high = np.array([data.t.max() + 4 * span, math.log(5 * span), 0.0])
    at = np.clip(start, low, high)
    value, slope, bend = _value(data, ceilings, at)
    damping = np.full(len(at), 1e-2)
    for _ in range(STEPS):
        size = np.abs(np.einsum("kii->ki", bend)) + 1e-9
        heavier = bend + (damping[:, None] * size)[:, :, None] * np.eye(3)
        move = -np.linalg.solve(heavier, slope[:, :, None])[:, :, 0]
        move = np.where((move * slope).sum(axis=1, keepdims=True) < 0, move, -slope / size)
        there = np.clip(at + np.clip(move, -span, span), low, high)
        if (((at - there) * slope).sum(axis=1) < SMALL).all():
            break
        new, new_slope, new_bend = _value(data, ceilings, there)
        better = new < value
        at = np.where(better[:, None], there, at)
        value = np.where(better, new, value)
        slope = np.where(better[:, None], new_slope, slope)
        bend = np.where(better[:, None, None], new_bend, bend)
        damping = np.clip(np.where(better, damping / 5, damping * 8), 1e-9, 1e9)
    return value, at


def _from_neighbours(
    data: _Data, ceilings: Array, found: Array, where: Array, step: int
) -> tuple[Array, Array]:
    other, there = _descend(data, ceilings, np.roll(where, step, axis=0))
    better = other < found
    return np.where(better, other, found), np.where(better[:, None], there, where)


def _value(data: _Data, ceilings: Array, at: Array) -> tuple[Array, Array, Array]:
    """Minus log-likelihood (c,), its slope (c, 3) and its second derivatives (c, 3, 3)."""
    middle, log_width, log_error = at[:, :1], at[:, 1:2], at[:, 2:]
    width, error, c = np.exp(log_width), np.exp(log_error), ceilings[:, None]
    u = (data.t - middle) / width
    f = 0.5 * (1 + np.tanh(u / 2))
    f1 = f * (1 - f)
    f2 = f1 * (1 - 2 * f)
    z, b = (data.scores - c * f) / error, (data.bars - c * f) / error
    log_tail = log_ndtr(-b)
    h = np.exp(-0.5 * b * b - 0.5 * math.log(2 * math.pi) - log_tail)
    k = h * (h - b)
    value = (log_error + 0.5 * z * z + log_tail).sum(axis=1)
    by_mu, by_mu2 = (h - z) / error, (1 - k) / error**2
    mu = (-c * f1 / width, -c * f1 * u)
    mu2 = (c * f2 / width**2, c * (f2 * u + f1) / width, c * u * (f2 * u + f1))
    mixed = (2 * z - h - b * k) / error
    slope = np.stack([(by_mu * mu[0]).sum(axis=1), (by_mu * mu[1]).sum(axis=1),
                      (1 - z * z + h * b).sum(axis=1)], axis=1)  # fmt: skip
    bend = np.empty((len(at), 3, 3))
    for i, j, second in ((0, 0, mu2[0]), (0, 1, mu2[1]), (1, 1, mu2[2])):
        bend[:, i, j] = bend[:, j, i] = (by_mu2 * mu[i] * mu[j] + by_mu * second).sum(axis=1)
    for i in (0, 1):
        bend[:, i, 2] = bend[:, 2, i] = (mixed * mu[i]).sum(axis=1)
    bend[:, 2, 2] = (2 * z * z - b * (h + b * k)).sum(axis=1)
    return value, slope, bend


def _crossing(ceilings: Array, root: Array, best: int, limit: float, step: int) -> float:
    """Where the root of the fall in likelihood, nearly straight, first passes the limit."""
    at = best
    while 0 <= at + step < len(ceilings):
        if root[at + step] > limit:
            part = (limit - root[at]) / (root[at + step] - root[at])
            return float(ceilings[at] + part * (ceilings[at + step] - ceilings[at]))
        at += step
    return float(ceilings[at])
