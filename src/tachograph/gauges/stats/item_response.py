"""One scale for models that took different benchmarks: score = 1 / (1 + e^-(a_b (C_m - D_b))).

Over the capabilities C of models, the difficulties D and the slopes a of benchmarks, minimises

    sum (predicted - score)^2 + penalty / k * (sum C^2 + sum D^2 + sum a^2)

with k the number of free parameters, one benchmark's slope fixed at 1, and 0.1 <= a <= 10; its
difficulty is then called 0. Two ways down: `fit` goes to the minimum, by Newton steps that are
damped as Levenberg and Marquardt do (J. Nocedal and S. Wright, Numerical Optimization (2006),
chapters 3 and 10). `fit_as_published` follows the
published code (A. Ho et al., "A Rosetta Stone for AI Benchmarks", arXiv:2512.00193, its fit.py) to
where that stops: near the minimum, up to 0.002 away from it for benchmarks with few scores.

Errors of the estimates are those of the linearised fit. Proven by
tests/gauges/stats/test_item_response.py and, on the published scores, test_stitching.py.
Not covered: scores of one model that lean together, which the errors take as independent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Places = NDArray[np.int64]
STEEPEST, FLATTEST = 10.0, 0.1
WIDEST = 10.0
"""Bound on capabilities and difficulties, before the shift to the anchor."""
ITERATIONS = 300
STILL = 1e-11
"""Largest component of the gradient at rest."""
START_SEED = 42


@dataclass(frozen=True)
class Scores:
    """n scores from 0 to 1, and whose they are."""

    model: Places
    """Place of the model of each score, from 0 without gaps."""
    benchmark: Places
    value: Array
    anchor: int
    """Place of the anchor benchmark."""

    @property
    def models(self) -> int:
        """Number of models."""
        return int(self.model.max()) + 1

    @property
    def benchmarks(self) -> int:
        """Number of benchmarks."""
        return int(self.benchmark.max()) + 1

    @property
    def free(self) -> int:
        """Number of free parameters."""
        return self.models + 2 * self.benchmarks - 1


@dataclass(frozen=True)
class Scale:
    """The fit, the anchor's difficulty at 0. Errors are standard errors of the same shapes."""

    capability: Array
    difficulty: Array
    slope: Array
    capability_error: Array
    difficulty_error: Array
    freedom: float
    """Scores less the parameters that the data, and not the penalty, decide."""
    loss: float
    """What was minimised."""
    settled: bool


def fit(scores: Scores, penalty: float) -> Scale:
    """Go to the minimum."""
    theta = _start(scores)
    low, high = _bounds(scores)
    damping, loss = 1e-2, _loss(theta, scores, penalty)
    settled = False
    for _ in range(ITERATIONS):
        gradient, curvature, scale = _derivatives(theta, scores, penalty)
        # A parameter at its bound that wants to go further stays there.
        moving = ~(((theta <= low) & (gradient > 0)) | ((theta >= high) & (gradient < 0)))
        if np.abs(gradient[moving]).max(initial=0.0) < STILL:
            settled = True
            break
        part = curvature[np.ix_(moving, moving)] + damping * np.diag(scale[moving])
        trial = theta.copy()
        trial[moving] -= np.linalg.solve(part, gradient[moving])
        trial = np.clip(trial, low, high)
        trial_loss = _loss(trial, scores, penalty)
        if trial_loss <= loss + 1e-15 * loss:
            theta, loss, damping = trial, trial_loss, damping / 6
        else:
            damping = max(damping, 1e-12) * 8
    return _scaled(theta, scores, penalty, loss, settled)


def fit_as_published(scores: Scores, penalty: float) -> Scale:
    """Go down as the published code does, and stop where it stops.

    Forward differences, a trust region, tolerances of 1e-8, and slopes that are exactly 1 left out
    of the penalty, as there. How the linear algebra rounds moves the last digits: with more than
    one thread the stop differs by up to 2e-4 from run to run for benchmarks with few scores.
    """
    from scipy.optimize import least_squares

    models, benchmarks = scores.models, scores.benchmarks

    def residuals(theta: Array) -> Array:
        c, d = theta[:models], theta[models : models + benchmarks]
        a = np.insert(theta[models + benchmarks :], scores.anchor, 1.0)
        x = np.clip(a[scores.benchmark] * (c[scores.model] - d[scores.benchmark]), -500, 500)
        size = np.sum(c**2) + np.sum(d**2) + np.sum(a[a != 1.0] ** 2)
        missed = 1.0 / (1.0 + np.exp(-x)) - scores.value
        return np.append(missed, np.sqrt(penalty * size / scores.free))

    found = least_squares(residuals, _start(scores), bounds=_bounds(scores), method="trf")
    return _scaled(found.x, scores, penalty, 2 * float(found.cost), bool(found.success))


def _start(scores: Scores) -> Array:
    """The published start: small capabilities and difficulties from a fixed seed, slopes 1."""
    rng = np.random.RandomState(START_SEED)
    return np.concatenate([
        rng.randn(scores.models) * 0.1, rng.randn(scores.benchmarks) * 0.1,
        np.ones(scores.benchmarks - 1),
    ])  # fmt: skip


def _bounds(scores: Scores) -> tuple[Array, Array]:
    low, high = np.full(scores.free, -WIDEST), np.full(scores.free, WIDEST)
    slopes = slice(scores.models + scores.benchmarks, None)
    low[slopes], high[slopes] = FLATTEST, STEEPEST
    return low, high


def _split(theta: Array, scores: Scores) -> tuple[Array, Array, Array]:
    c, d = theta[: scores.models], theta[scores.models : scores.models + scores.benchmarks]
    return c, d, np.insert(theta[scores.models + scores.benchmarks :], scores.anchor, 1.0)


def _predicted(theta: Array, scores: Scores) -> tuple[Array, Array, Array]:
    """Predictions, the distance C - D, and the slope, for each score."""
    c, d, a = _split(theta, scores)
    apart, slope = c[scores.model] - d[scores.benchmark], a[scores.benchmark]
    return 0.5 * (1 + np.tanh(0.5 * slope * apart)), apart, slope


def _loss(theta: Array, scores: Scores, penalty: float) -> float:
    predicted, _, _ = _predicted(theta, scores)
    missed = predicted - scores.value
    return float(missed @ missed + penalty / scores.free * theta @ theta)


def _jacobian(theta: Array, scores: Scores) -> Array:
    """Derivatives of the predictions: (n, free)."""
    predicted, apart, slope = _predicted(theta, scores)
    steep = np.maximum(predicted * (1 - predicted), 1e-150)
    jacobian = np.zeros((len(scores.value), scores.free))
    row = np.arange(len(scores.value))
    jacobian[row, scores.model] = steep * slope
    jacobian[row, scores.models + scores.benchmark] = -steep * slope
    own = scores.benchmark != scores.anchor
    column = scores.benchmark - (scores.benchmark > scores.anchor)
    jacobian[row[own], scores.models + scores.benchmarks + column[own]] = (steep * apart)[own]
    return jacobian


def _derivatives(theta: Array, scores: Scores, penalty: float) -> tuple[Array, Array, Array]:
    """Half the gradient and half the second derivatives of the loss, and a positive scale."""
    predicted, _, _ = _predicted(theta, scores)
    steep = np.maximum(predicted * (1 - predicted), 1e-150)
    missed = predicted - scores.value
    ridge = penalty / scores.free
    inner = _jacobian(theta, scores) / steep[:, None]
    gradient = inner.T @ (missed * steep) + ridge * theta
    bend = steep**2 + missed * steep * (1 - 2 * predicted)
    curvature = inner.T @ (inner * bend[:, None]) + ridge * np.eye(scores.free)
    # x = a (C - D) is bilinear: its own second derivatives are 1 and -1, in a with C and with D.
    own = scores.benchmark != scores.anchor
    column = scores.models + scores.benchmarks + scores.benchmark
    column = (column - (scores.benchmark > scores.anchor))[own]
    pull = (missed * steep)[own]
    for row, sign in ((scores.model[own], 1.0), (scores.models + scores.benchmark[own], -1.0)):
        np.add.at(curvature, (row, column), sign * pull)
        np.add.at(curvature, (column, row), sign * pull)
    scale = (inner**2 * (steep**2)[:, None]).sum(axis=0) + ridge
    return gradient, curvature, scale


def _scaled(theta: Array, scores: Scores, penalty: float, loss: float, settled: bool) -> Scale:
    """The anchor's difficulty to 0, and the linearised errors of what is left."""
    c, d, a = _split(theta, scores)
    jacobian = _jacobian(theta, scores)
    inverse = np.linalg.inv(jacobian.T @ jacobian + penalty / scores.free * np.eye(scores.free))
    spread = inverse @ (jacobian.T @ jacobian) @ inverse
    missed = _predicted(theta, scores)[0] - scores.value
    used = float(np.trace(inverse @ (jacobian.T @ jacobian)))
    freedom = max(len(scores.value) - used, 1.0)
    variance = float(missed @ missed) / freedom
    # Each figure is a distance to the anchor's difficulty, so its error is that of a difference.
    at = scores.models + scores.anchor
    own = np.diag(spread) + spread[at, at] - 2 * spread[:, at]
    errors = np.sqrt(np.maximum(variance * own, 0.0))
    shift = d[scores.anchor]
    return Scale(
        c - shift, d - shift, a, errors[: scores.models],
        errors[scores.models : scores.models + scores.benchmarks], freedom, loss, settled,
    )  # fmt: skip
