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
    damping, loss, settled = 1e-2, _loss(theta, scores, penalty), False
    for _ in range(ITERATIONS):
        bent = _bend(theta, scores, penalty)
        # A parameter at its bound that wants to go further stays there.
        moving = ~(((theta <= low) & (bent.gradient > 0)) | ((theta >= high) & (bent.gradient < 0)))
        if np.abs(bent.gradient[moving]).max(initial=0.0) < STILL:
            settled = True
            break
        trial = np.clip(theta - _step(bent, moving, damping), low, high)
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


@dataclass(frozen=True)
class _Bend:
    """Half the gradient and half the second derivatives of the loss.

    A score touches one model and one benchmark, so that among models the second derivatives are a
    diagonal: models are eliminated, and what is solved is as large as the benchmarks are many.
    """

    gradient: Array
    """(free,)"""
    models: Array
    """Diagonal, (models,)."""
    across: Array
    """Of models with difficulties and slopes, (models, 2 benchmarks - 1)."""
    benchmarks: Array
    """Of difficulties and slopes, (2 benchmarks - 1, 2 benchmarks - 1)."""
    scale: Array
    """Positive, (free,): the diagonal without the part that may be negative."""


def _bend(theta: Array, scores: Scores, penalty: float) -> _Bend:
    m, b = scores.models, scores.benchmarks
    predicted, apart, slope = _predicted(theta, scores)
    steep = predicted * (1 - predicted)
    missed = predicted - scores.value
    pull, weight = missed * steep, steep**2 + missed * steep * (1 - 2 * predicted)
    ridge = penalty / scores.free
    free = np.arange(b) != scores.anchor

    def by_model(values: Array) -> Array:
        return np.asarray(np.bincount(scores.model, values, m), dtype=float)

    def by_benchmark(values: Array) -> Array:
        return np.asarray(np.bincount(scores.benchmark, values, b), dtype=float)

    def by_pair(values: Array) -> Array:
        flat = np.bincount(scores.model * b + scores.benchmark, values, m * b)
        return np.asarray(flat.reshape(m, b), dtype=float)

    # x = a (C - D) is bilinear: its own second derivatives are 1 and -1, in a with C and with D.
    across = np.concatenate([by_pair(-weight * slope**2),
                             by_pair(weight * slope * apart + pull)[:, free]], axis=1)  # fmt: skip
    mixed = np.diag(by_benchmark(-weight * slope * apart - pull))[:, free]
    benchmarks = np.block([
        [np.diag(by_benchmark(weight * slope**2)), mixed],
        [mixed.T, np.diag(by_benchmark(weight * apart**2)[free])],
    ])  # fmt: skip
    gradient = np.concatenate([by_model(pull * slope), by_benchmark(-pull * slope),
                               by_benchmark(pull * apart)[free]])  # fmt: skip
    plain = steep**2
    scale = np.concatenate([by_model(plain * slope**2), by_benchmark(plain * slope**2),
                            by_benchmark(plain * apart**2)[free]])  # fmt: skip
    return _Bend(
        gradient + ridge * theta, by_model(weight * slope**2) + ridge, across,
        benchmarks + ridge * np.eye(2 * b - 1), scale + ridge,
    )  # fmt: skip


def _step(bent: _Bend, moving: NDArray[np.bool_], damping: float) -> Array:
    """The damped Newton step; 0 where a parameter does not move."""
    m = len(bent.models)
    gradient = np.where(moving, bent.gradient, 0.0)
    # Far from the minimum the diagonal may be negative; a step needs it positive.
    models = np.maximum(bent.models, 0.1 * bent.scale[:m]) + damping * bent.scale[:m]
    across = np.where(moving[:m, None] & moving[None, m:], bent.across, 0.0)
    own = np.where(moving[m:, None] & moving[None, m:], bent.benchmarks, 0.0)
    own = own + np.diag(np.where(moving[m:], damping * bent.scale[m:], 1.0))
    reduced = own - across.T @ (across / models[:, None])
    right = gradient[m:] - across.T @ (gradient[:m] / models)
    step_b = np.linalg.solve(reduced, right)
    return np.concatenate([(gradient[:m] - across @ step_b) / models, step_b])


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
