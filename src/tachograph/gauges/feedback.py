"""The law of motion of the outlook: capability feeds on research, and research on capability.

Capability is counted in years of progress at today's pace, y, today 0; time t is in years too:

    dy/dt = (R / needed^y)^lambda                 what is put in, over what the trend needed so far
    R = ((1 - a) A^rho + a C^rho)^(1/rho)         labour A and compute C, both 1 today
    A ~ people^t / (h + (1 - h) / m)              Amdahl: people do h, AI the rest m times as fast
    h = floor + (h0 - floor) 2^(-d / halving),    m = m0 2^(rise d),    d doublings since today
    C = compute^t

`needed` is the factor by which research input grew each year while capability kept today's pace.
So inputs that go on as before, with AI that stays as it is, keep the pace: that is the null. In
Jones's law dlnS/dt = k R^lambda S^(-beta) this is beta = lambda ln(needed) / g with g the growth of
ln S today, which fixes r = lambda / beta = g / ln(needed) by the past instead of by a guess.

The reference has the same compute and the AI of today for ever (h and m stay). Integrated by Heun's
method on a fixed grid; growth is held at 1,000 times today's, which only runaway draws reach.

Source of the form: C. I. Jones, Journal of Political Economy 103 (1995), pp. 759-784 (the law of
motion; r as in arXiv:2405.10494); the CES of compute and labour: arXiv:2507.23181. Proven by
tests/gauges/test_outlook.py against the closed forms. Not covered: shocks, rules, other uses of
compute, capability that one number cannot hold.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Drawn = Mapping[str, Array]
STEPS_A_YEAR = 50
FASTEST = 1000.0
"""Growth is held at this many times today's."""
DAYS_A_YEAR = 365.25


@dataclass(frozen=True)
class Path:
    """What every draw does, on a grid of times."""

    years: Array
    """Shape (times,), from 0."""
    pace: Array
    """Growth of capability over today's: shape (times, draws)."""
    reference: Array
    """The same with the AI of today for ever."""
    doublings: Array
    """Of capability since today: shape (times, draws)."""
    human_share: Array
    """Part of research work that people do: shape (times, draws)."""


def per_year(drawn: Drawn) -> Array:
    """Doublings of capability in a year at today's pace, shape (draws,)."""
    return np.asarray(DAYS_A_YEAR / drawn["doubling_days"])


def speed_up(drawn: Drawn, doublings: Array) -> tuple[Array, Array]:
    """What AI does to labour, over today, and people's share, after so many doublings (draws,)."""
    floor = drawn["human_floor"]
    share = floor + (drawn["human_share"] - floor) * 2.0 ** (-doublings / drawn["human_halving"])
    exponent = np.minimum(drawn["ai_speed_rise"] * doublings, 500.0)
    speed = drawn["ai_speed"] * 2.0**exponent
    now = drawn["human_share"] + (1 - drawn["human_share"]) / drawn["ai_speed"]
    return now / (share + (1 - share) / speed), share


def research(drawn: Drawn, labour: Array, compute: Array) -> Array:
    """Research input over today's, by the CES of labour and compute; all of shape (draws,)."""
    rho = np.where(np.abs(drawn["substitution"]) < 1e-6, 1e-6, drawn["substitution"])
    part = drawn["compute_share"]
    return np.asarray(((1 - part) * labour**rho + part * compute**rho) ** (1 / rho))


def pace(drawn: Drawn, year: float, progress: Array, by_ai: Array) -> Array:
    """dy/dt at this time, after `progress` (draws,) years of progress; at most FASTEST."""
    labour = drawn["people_growth"] ** year * by_ai
    put_in = np.log(research(drawn, labour, drawn["compute_growth"] ** year))
    needed = progress * np.log(drawn["input_growth"])
    return np.exp(np.minimum(drawn["parallel"] * (put_in - needed), math.log(FASTEST)))


def run(drawn: Drawn, years: float) -> Path:
    """Integrate every draw over `years` > 0."""
    steps = max(1, math.ceil(years * STEPS_A_YEAR))
    grid = np.linspace(0.0, years, steps + 1)
    rate = per_year(drawn)

    def free(year: float, progress: Array) -> Array:
        return pace(drawn, year, progress, speed_up(drawn, progress * rate)[0])

    def frozen(year: float, progress: Array) -> Array:
        return pace(drawn, year, progress, np.ones_like(progress))

    ahead, paces = heun(free, grid, len(rate))
    doublings = ahead * rate
    shares = np.array([speed_up(drawn, row)[1] for row in doublings])
    return Path(grid, paces, heun(frozen, grid, len(rate))[1], doublings, shares)


def heun(slope: Callable[[float, Array], Array], grid: Array, count: int) -> tuple[Array, Array]:
    """dy/dt = slope(t, y) from y = 0: y and its slope on the grid, both shape (times, count)."""
    values, slopes = np.zeros((len(grid), count)), np.empty((len(grid), count))
    slopes[0] = slope(grid[0], values[0])
    for place, step in enumerate(np.diff(grid)):
        guess = slope(grid[place + 1], values[place] + step * slopes[place])
        values[place + 1] = values[place] + step * (slopes[place] + guess) / 2
        slopes[place + 1] = slope(grid[place + 1], values[place + 1])
    return values, slopes
