"""Four forms of a trend, fitted to many rows at once, and how well each tells what it has not seen.

With t in years and y = log2 of the value, so that slopes are doublings a year:

    exponential         y = a + b t
    super-exponential   y = a + b t + c t^2, c >= 0
    one break           y = a + b t + c max(0, t - m)
    logistic            y = a + c / (1 + e^-((t - m) / s)), c >= 0

m and s are searched on a grid and then refined, the rest is linear least squares given them
(variable projection: G. Golub and V. Pereyra, SIAM Journal on Numerical Analysis 10 (1973)), so
that every fit is the same each time and no start has to be chosen. Fits are compared by

    AICc = n ln(RSS / n) + 2 k + 2 k (k + 1) / (n - k - 1)

with k counting the variance (C. M. Hurvich and C.-L. Tsai, Biometrika 76 (1989)), by the error on
each point left out, and by rolling origin: each later point forecast from those before it. Proven
by tests/gauges/stats/test_forms.py. Not covered: errors that the points share; AICc and both errors
take them as independent.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
FIRST_ORIGIN = 6
"""Points from which the first forecast is made."""
FLOOR = 1e-12
"""Residual sums of squares below this are rounding."""


@dataclass(frozen=True)
class Form:
    """One form: its basis given what is searched, and what is searched."""

    name: str
    parameters: int
    """Free parameters, without the variance."""
    basis: Callable[[Array, Array], Array]
    """From t (n,) and searched parameters (..., p) to columns (..., n, k)."""
    grid: Callable[[Array], Array]
    """Candidates (g, p) of the searched parameters, from t (n,)."""
    rising: bool = False
    """Whether the last column must not have a negative coefficient."""


@dataclass(frozen=True)
class Fitted:
    """A form fitted to one row."""

    form: Form
    searched: Array
    coefficients: Array
    rss: float
    count: int

    def at(self, t: Array) -> Array:
        """The curve at t."""
        return np.asarray(self.form.basis(t, self.searched) @ self.coefficients)

    def slope(self, t: float) -> float:
        """Doublings a year at t, by central difference."""
        step = 1e-5
        low, high = self.at(np.array([t - step, t + step]))
        return float((high - low) / (2 * step))

    @property
    def aicc(self) -> float:
        """Infinite where there are too few points for it."""
        return aicc(self.rss, self.count, self.form.parameters)


def aicc(rss: float, count: int, parameters: int) -> float:
    """As the head of this file says; `parameters` without the variance."""
    k = parameters + 1
    if count - k - 1 <= 0:
        return math.inf
    return count * math.log(max(rss, FLOOR) / count) + 2 * k + 2 * k * (k + 1) / (count - k - 1)


def _none(t: Array) -> Array:
    return np.empty((1, 0))


def _places(t: Array) -> Array:
    """Breaks: between the second and the last but one of the different days."""
    days = np.unique(t)
    if len(days) < 5:
        return np.empty((0, 1))
    return np.linspace(days[1], days[-2], 40)[:, None]


def _midpoints(t: Array) -> Array:
    days = np.unique(t)
    if len(days) < 5:
        return np.empty((0, 2))
    span = days[-1] - days[0]
    middle = np.linspace(days[0] - 0.1 * span, days[-1] + 0.3 * span, 24)
    width = span * np.geomspace(0.03, 0.5, 10)
    return np.array([(m, s) for m in middle for s in width])


def _columns(searched: Array, *columns: Array) -> Array:
    shape = (*searched.shape[:-1], len(columns[0]))
    whole = [np.broadcast_to(column, shape) for column in columns[:-1]]
    return np.stack([*whole, np.broadcast_to(columns[-1], shape)], axis=-1)


def _line(t: Array, searched: Array) -> Array:
    return _columns(searched, np.ones_like(t), t)


def _square(t: Array, searched: Array) -> Array:
    return _columns(searched, np.ones_like(t), t, t * t)


def _bent(t: Array, searched: Array) -> Array:
    return _columns(searched, np.ones_like(t), t, np.maximum(0.0, t - searched[..., :1]))


def _sigmoid(t: Array, searched: Array) -> Array:
    along = (t - searched[..., :1]) / (2 * searched[..., 1:])
    return _columns(searched, np.ones_like(t), 0.5 * (1 + np.tanh(along)))


EXPONENTIAL = Form("exponential", 2, _line, _none)
SUPER = Form("super-exponential", 3, _square, _none, rising=True)
BREAK = Form("one break", 4, _bent, _places)
LOGISTIC = Form("logistic", 4, _sigmoid, _midpoints, rising=True)
FORMS = (EXPONENTIAL, SUPER, BREAK, LOGISTIC)


def fit(form: Form, t: Array, y: Array) -> Fitted | None:
    """Fit one row y (n,); None where there are too few points or days for the form."""
    if len(t) < form.parameters + 1:
        return None
    candidates = form.grid(t)
    if not len(candidates):
        return None
    errors = _rss(form.basis(t, candidates), y[None, :], form.rising)[:, 0]
    best = candidates[int(np.argmin(errors))]
    for finer in (0.5, 0.25, 0.125, 0.06, 0.03, 0.015):
        best = _refined(form, t, y, best, candidates, finer)
    return _solved(form, t, y, best)


def rss_of_rows(form: Form, t: Array, rows: Array) -> Array:
    """Residual sums of squares (m,) of the form on each row of rows (m, n), on the grid alone."""
    candidates = form.grid(t)
    if not len(candidates) or len(t) < form.parameters + 1:
        return np.full(len(rows), np.inf)
    return np.asarray(_rss(form.basis(t, candidates), rows, form.rising).min(axis=0))


def leave_one_out(form: Form, t: Array, y: Array) -> Array | None:
    """Errors (n,) in doublings on each point, fitted without it; None where that cannot be."""
    errors = []
    for place in range(len(t)):
        kept = np.arange(len(t)) != place
        fitted = fit(form, t[kept], y[kept])
        if fitted is None:
            return None
        errors.append(float(fitted.at(t[place : place + 1])[0] - y[place]))
    return np.array(errors)


def rolling_origin(form: Form, t: Array, y: Array) -> Array | None:
    """Errors in doublings of forecasting each point from those before it; None where none can be.

    t must rise. The first forecast is that of point FIRST_ORIGIN, counted from 0.
    """
    errors = []
    for origin in range(FIRST_ORIGIN, len(t)):
        fitted = fit(form, t[:origin], y[:origin])
        if fitted is None:
            return None
        errors.append(float(fitted.at(t[origin : origin + 1])[0] - y[origin]))
    return np.array(errors) if errors else None


def exponential_rejected(t: Array, y: Array, *, draws: int = 999, seed: int = 0) -> float:
    """p-value of "the trend is exponential": by how much the best other form beats it in AICc.

    The same figure is drawn from exponential trends with normal errors on the same days; it does
    not depend on their slope or spread, so that the test is exact where errors are normal and
    independent. A. C. Davison and D. V. Hinkley, Bootstrap Methods (1997), section 4.2.
    """
    rng = np.random.default_rng(seed)
    rows = np.concatenate([y[None, :], rng.normal(size=(draws, len(t)))])
    plain = _aicc_of_rows(EXPONENTIAL, t, rows)
    others = np.min([_aicc_of_rows(form, t, rows) for form in FORMS[1:]], axis=0)
    gain = plain - others
    reached = int((gain[1:] >= gain[0] - 1e-9).sum())
    return (1 + reached) / (draws + 1)


def leading_shares(t: Array, rows: Array) -> dict[str, float]:
    """Share of rows (m, n) in which each form has the least AICc; rows must be finite."""
    values = np.array([_aicc_of_rows(form, t, rows) for form in FORMS])
    first = np.argmin(values, axis=0)
    return {form.name: float((first == place).mean()) for place, form in enumerate(FORMS)}


def _aicc_of_rows(form: Form, t: Array, rows: Array) -> Array:
    errors = rss_of_rows(form, t, rows)
    k, count = form.parameters + 1, len(t)
    if count - k - 1 <= 0:
        return np.full(len(rows), np.inf)
    penalty = 2 * k + 2 * k * (k + 1) / (count - k - 1)
    with np.errstate(invalid="ignore"):
        return np.asarray(count * np.log(np.maximum(errors, FLOOR) / count) + penalty)


def _refined(form: Form, t: Array, y: Array, best: Array, grid: Array, finer: float) -> Array:
    """The best of a smaller grid about `best`."""
    if not grid.shape[1]:
        return best
    steps = [
        finer * np.diff(np.unique(grid[:, column])).max() * np.array([-1.0, -0.5, 0, 0.5, 1.0])
        for column in range(grid.shape[1])
    ]
    low, high = grid.min(axis=0), grid.max(axis=0)
    around = np.stack(np.meshgrid(*steps), axis=-1).reshape(-1, len(steps))
    near: Array = np.clip(best + around, low, high)
    errors = _rss(form.basis(t, near), y[None, :], form.rising)[:, 0]
    return np.asarray(near[int(np.argmin(errors))])


def _solved(form: Form, t: Array, y: Array, searched: Array) -> Fitted:
    columns = form.basis(t, searched)
    coefficients: NDArray[np.floating[Any]] = np.linalg.lstsq(columns, y, rcond=None)[0]
    if form.rising and coefficients[-1] < 0:
        coefficients = np.append(np.linalg.lstsq(columns[:, :-1], y, rcond=None)[0], 0.0)
    rss = float(((columns @ coefficients - y) ** 2).sum())
    return Fitted(form, searched, np.asarray(coefficients, dtype=float), rss, len(t))


def _rss(columns: Array, rows: Array, rising: bool) -> Array:
    """Residual sums of squares (g, m) of rows (m, n) on each of g sets of columns (g, n, k)."""
    basis = np.linalg.qr(columns)[0]
    size = (rows**2).sum(axis=1)
    within = rows @ basis
    explained = (within**2).sum(axis=-1)
    if rising:
        # The last column's coefficient has the sign of its part orthogonal to the others.
        sign = np.sign((columns[..., -1] * basis[..., -1]).sum(axis=-1))
        falling = within[..., -1] * sign[:, None] < 0
        explained = explained - np.where(falling, within[..., -1] ** 2, 0.0)
    return np.asarray(np.maximum(size - explained, 0.0))
