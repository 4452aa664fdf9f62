"""Weighted logistic regression on one regressor, many data sets at once, by Newton's method.

Minimises, for each data set, over intercept a and slope b

    sum_i [ f_i log(1 + e^(a + b x_i)) - s_i (a + b x_i) ] + penalty / 2 * b^2

where s_i is the weight of successes at x_i and f_i the weight of all trials there. The intercept is
not penalised, as in scikit-learn's LogisticRegression, whose C is 1 / penalty when the weights sum
to 1. The objective is convex; steps that do not lower it are halved (S. Boyd and L. Vandenberghe,
Convex Optimization (2004), algorithm 9.5).

Proven by tests/gauges/stats/test_logistic.py. A data set with successes only, or failures only, has
no minimum without a penalty on the intercept: it is marked, and its numbers are NaN.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
ITERATIONS = 200
TOLERANCE = 1e-10
"""On the Newton decrement, relative to the data set's weight."""
HALVINGS = 30
BLOCK_NUMBERS = 1 << 21
"""Numbers of one array at a time: data sets beyond them are fitted in blocks."""


@dataclass(frozen=True)
class Logistic:
    """Fits of m data sets; all arrays have shape (m,)."""

    intercept: Array
    slope: Array
    one_sided: NDArray[np.bool_]
    """Only successes or only failures: no fit."""
    settled: NDArray[np.bool_]
    """Whether Newton's method came to rest."""

    def crossing(self, share: float) -> Array:
        """x at which the success probability is `share`, 0 to 1; NaN where there is no fit."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray((np.log(share / (1 - share)) - self.intercept) / self.slope)


def fit_logistic(x: Array, successes: Array, trials: Array, penalty: float) -> Logistic:
    """Fit m data sets over the same x: shapes (k,), (m, k), (m, k); 0 <= successes <= trials."""
    s, f = np.atleast_2d(successes).astype(float), np.atleast_2d(trials).astype(float)
    weight, wins = f.sum(axis=1), s.sum(axis=1)
    one_sided = (wins <= 0) | (wins >= weight * (1 - 1e-12))
    todo = np.flatnonzero(~one_sided)
    a, b = np.full(len(s), np.nan), np.full(len(s), np.nan)
    settled = np.zeros(len(s), dtype=bool)
    rows = max(1, BLOCK_NUMBERS // max(len(x), 1))
    for block in np.split(todo, range(rows, len(todo), rows)):
        if len(block):
            a[block], b[block], settled[block] = _newton(x, s[block], f[block], penalty)
    return Logistic(a, b, one_sided, settled)


def fit_as_published(x: Array, successes: Array, trials: Array, penalty: float) -> Logistic:
    """Fit one data set, shapes (k,), and stop where scikit-learn's lbfgs solver stops.

    That is L-BFGS-B from (0, 0) until no component of the gradient exceeds 1e-4: near the minimum,
    not at it. For comparing with figures that were published so (scikit-learn 1.8,
    LogisticRegression(tol=1e-4) with weights that sum to 1).
    """
    from scipy.optimize import minimize

    weight, wins = float(trials.sum()), float(successes.sum())
    if wins <= 0 or wins >= weight * (1 - 1e-12):
        return fit_logistic(x, successes, trials, penalty)

    def objective(w: Array) -> tuple[float, Array]:
        eta = w[0] * x + w[1]
        losses = trials * np.logaddexp(0.0, eta) - successes * eta
        excess = trials * 0.5 * (1 + np.tanh(0.5 * eta)) - successes
        gradient = np.array([excess @ x + penalty * w[0], excess.sum()])
        return (float(losses.sum()) + penalty / 2 * w[0] ** 2) / weight, gradient / weight

    options = {"maxiter": 100, "maxls": 50, "gtol": 1e-4, "ftol": 64 * np.finfo(float).eps}
    found = minimize(objective, np.zeros(2), jac=True, method="L-BFGS-B", options=options)
    return Logistic(found.x[1:], found.x[:1], np.array([False]), np.array([bool(found.success)]))


def _newton(x: Array, s: Array, f: Array, penalty: float) -> tuple[Array, Array, NDArray[np.bool_]]:
    count = len(s)
    weight = f.sum(axis=1)
    share = s.sum(axis=1) / weight
    a, b = np.log(share / (1 - share)), np.zeros(count)
    sum_s, sum_sx = s.sum(axis=1), s @ x
    active = np.arange(count)
    settled = np.zeros(count, dtype=bool)
    value = _objective(x, f, sum_s, sum_sx, a, b, penalty)
    for _ in range(ITERATIONS):
        step_a, step_b, decrement = _step(x, f[active], sum_s[active], sum_sx[active],
                                          a[active], b[active], penalty)  # fmt: skip
        done = decrement <= TOLERANCE * weight[active]
        # The last step is taken too: near the minimum Newton's method squares the error.
        a[active], b[active], value[active] = _line_search(
            x, f[active], sum_s[active], sum_sx[active], a[active], b[active], step_a, step_b,
            value[active], penalty,
        )  # fmt: skip
        settled[active[done]] = True
        active = active[~done]
        if not len(active):
            break
    return a, b, settled


def _objective(x: Array, f: Array, sum_s: Array, sum_sx: Array, a: Array, b: Array,
               penalty: float) -> Array:  # fmt: skip
    eta = a[:, None] + b[:, None] * x
    losses = np.einsum("ij,ij->i", f, np.logaddexp(0.0, eta))
    return np.asarray(losses - a * sum_s - b * sum_sx + penalty / 2 * b * b)


def _step(x: Array, f: Array, sum_s: Array, sum_sx: Array, a: Array, b: Array,
          penalty: float) -> tuple[Array, Array, Array]:  # fmt: skip
    """Newton's step of a and b, and the squared Newton decrement."""
    p = 0.5 * (1 + np.tanh(0.5 * (a[:, None] + b[:, None] * x)))
    fp = f * p
    curvature = fp * (1 - p)
    grad_a = fp.sum(axis=1) - sum_s
    grad_b = fp @ x - sum_sx + penalty * b
    aa, ab, bb = curvature.sum(axis=1), curvature @ x, curvature @ (x * x) + penalty
    # Far out the curvatures vanish: a small ridge keeps the step finite, the search shortens it.
    ridge = 1e-14 * (aa + bb) + 1e-300
    aa, bb = aa + ridge, bb + ridge
    determinant = np.maximum(aa * bb - ab * ab, 1e-300)
    step_a = -(bb * grad_a - ab * grad_b) / determinant
    step_b = -(aa * grad_b - ab * grad_a) / determinant
    return step_a, step_b, -(grad_a * step_a + grad_b * step_b)


def _line_search(x: Array, f: Array, sum_s: Array, sum_sx: Array, a: Array, b: Array,
                 step_a: Array, step_b: Array, value: Array,
                 penalty: float) -> tuple[Array, Array, Array]:  # fmt: skip
    """Take the step, halved where it does not lower the objective."""
    length = np.ones_like(a)
    new_a, new_b = a + step_a, b + step_b
    new = _objective(x, f, sum_s, sum_sx, new_a, new_b, penalty)
    for _ in range(HALVINGS):
        worse = ~(new <= value + 1e-15 * np.abs(value))
        if not worse.any():
            break
        length[worse] /= 2
        new_a[worse] = a[worse] + length[worse] * step_a[worse]
        new_b[worse] = b[worse] + length[worse] * step_b[worse]
        new[worse] = _objective(x, f[worse], sum_s[worse], sum_sx[worse], new_a[worse],
                                new_b[worse], penalty)  # fmt: skip
    return new_a, new_b, new
