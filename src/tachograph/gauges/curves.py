"""Success against human time, for one agent of a suite: the curve, its horizon, its resamples.

Proven by tests/gauges/test_horizon.py. Not covered: what to say about it; that is horizon.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tachograph.gauges.reading import number
from tachograph.gauges.stats.isotonic import crossing, fall
from tachograph.gauges.stats.logistic import Logistic, fit_as_published, fit_logistic
from tachograph.gauges.suite import Suite, resample

Array = NDArray[np.float64]
CURVES = ("logistic", "isotonic")
SOLVERS = ("newton", "lbfgs")
FEWEST_LENGTHS = 3
"""Different task lengths below which no curve is drawn."""


@dataclass(frozen=True)
class Method:
    """The choices that a curve rests on."""

    penalty: float
    """Ridge penalty on the slope, against weights that sum to 1."""
    weighting: str
    curve: str
    solver: str = "newton"
    """To the minimum ("newton"), or to where the published code stops ("lbfgs")."""


@dataclass(frozen=True)
class Horizon:
    """Of one agent at one probability, in minutes: a value, or the reason why there is none."""

    value: float | None
    reason: str = ""
    beyond: bool = False
    """Whether it is known to be longer than the longest task."""
    log_minutes: float | None = None
    """log2 of what a falling curve says, measured or not: an interval is taken about it."""


def fit(suite: Suite, agent: int, method: Method) -> Logistic:
    """The logistic curve of one agent."""
    weight = suite.weights(method.weighting)[agent]
    solve = fit_as_published if method.solver == "lbfgs" else fit_logistic
    return solve(suite.log_minutes, weight * suite.score[agent], weight * suite.runs[agent],
                 method.penalty)  # fmt: skip


def horizon(suite: Suite, agent: int, method: Method, share: float) -> Horizon:
    """The horizon of one agent, or why it has none."""
    runs, score = suite.runs[agent], suite.score[agent]
    ran = runs > 0
    minutes = suite.human_minutes[ran]
    total = int(runs.sum())
    if score.sum() == 0:
        return Horizon(None, f"all {total} runs failed")
    if score.sum() == total:
        return Horizon(None, f"all {total} runs succeeded", beyond=True)
    if len(set(minutes.tolist())) < FEWEST_LENGTHS:
        return Horizon(None, f"fewer than {FEWEST_LENGTHS} different task lengths")
    if method.curve == "isotonic":
        return _isotonic(suite, agent, method, share)
    curve = fit(suite, agent, method)
    if curve.slope[0] >= 0 or not curve.settled[0]:
        return Horizon(None, "success does not fall with the tasks' length")
    found = min(1000.0, float(curve.crossing(share)[0]))
    return replace(within(2.0**found, minutes), log_minutes=found)


def within(value: float, minutes: Array) -> Horizon:
    """The value, unless it lies outside the lengths that the agent was tried on."""
    shortest, longest = float(minutes.min()), float(minutes.max())
    if value > longest:
        return Horizon(None, f"longer than the longest task, {number(longest)} min", beyond=True)
    if value < shortest:
        return Horizon(None, f"shorter than the shortest task, {number(shortest)} min")
    return Horizon(value)


def _isotonic(suite: Suite, agent: int, method: Method, share: float) -> Horizon:
    ran = suite.runs[agent] > 0
    weight = suite.weights(method.weighting)[agent, ran] * suite.runs[agent, ran]
    means = suite.score[agent, ran] / suite.runs[agent, ran]
    centres, heights = fall(suite.log_minutes[ran], means, weight)
    found = crossing(centres, heights, share)
    if found is not None:
        return within(2.0**found, suite.human_minutes[ran])
    if heights[-1] >= share:
        return Horizon(None, "the curve stays above it up to the longest task", beyond=True)
    return Horizon(None, "the curve stays below it from the shortest task on")


def replicates(
    suite: Suite, method: Method, shares: tuple[float, ...], count: int, seed: int, levels: str
) -> Iterator[Array]:  # fmt: skip
    """For each agent in order, log2 horizons of resamples: shape (shares, count).

    NaN where a resample has no horizon (its curve does not fall); minus infinity where all its runs
    failed, infinity where all succeeded. The logistic curve only.
    """
    draw = resample(suite, count, np.random.default_rng(seed), levels)
    weights = suite.weights(method.weighting)
    for agent in range(len(suite.agents)):
        score, runs = draw(agent)
        ran = suite.runs[agent] > 0
        weight = weights[agent, ran]
        curve = fit_logistic(suite.log_minutes[ran], weight * score[:, ran],
                             weight * runs[:, ran], method.penalty)  # fmt: skip
        falls = (curve.slope < 0) & curve.settled
        won = score.sum(axis=1) > 0
        edge = np.where(won, np.inf, -np.inf)
        empty = runs.sum(axis=1) == 0
        rows = [np.where(falls, curve.crossing(share), np.nan) for share in shares]
        yield np.array(
            [np.where(empty, np.nan, np.where(curve.one_sided, edge, row)) for row in rows]
        )
