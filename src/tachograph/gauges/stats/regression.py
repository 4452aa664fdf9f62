"""Ordinary least squares with standard errors that survive unequal spread and clusters.

With X of shape (n, k), y of shape (n,): b = (X'X)^-1 X'y, residuals e = y - Xb, leverages
h_i = x_i'(X'X)^-1 x_i. Covariances of b:

    classic   e'e / (n - k) (X'X)^-1
    HC3       (X'X)^-1 [sum x_i x_i' e_i^2 / (1 - h_i)^2] (X'X)^-1
              J. G. MacKinnon and H. White, Journal of Econometrics 29 (1985), pp. 305-325
    cluster   G/(G-1) (n-1)/(n-k) (X'X)^-1 [sum_g (X_g'e_g)(X_g'e_g)'] (X'X)^-1 over G clusters
              K.-Y. Liang and S. L. Zeger, Biometrika 73 (1986), pp. 13-22, with the usual small-
              sample factor (A. C. Cameron and D. L. Miller, Journal of Human Resources 50 (2015))

Proven by tests/gauges/stats/test_regression.py, on the developer trial's published figures among
others. Not covered: few clusters (below about 20 the cluster interval is too narrow, also with
Student's t on G - 1 degrees of freedom).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tachograph.gauges.stats.intervals import LEVEL, Interval, normal_quantile, t_quantile

Array = NDArray[np.float64]
Kind = Literal["classic", "HC3", "cluster"]


@dataclass(frozen=True)
class Fit:
    """A regression. Arrays: coefficients (k,), covariance (k, k), residuals (n,)."""

    coefficients: Array
    covariance: Array
    residuals: Array
    kind: Kind
    """Which covariance it is."""
    freedom: int
    """Degrees of freedom for Student's t: n - k, or clusters - 1."""

    def error(self, place: int) -> float:
        """Standard error of a coefficient."""
        return float(np.sqrt(self.covariance[place, place]))

    def interval(self, place: int, level: float = LEVEL, *, normal: bool = False) -> Interval:
        """Interval of a coefficient by Student's t; by the normal distribution where `normal`."""
        scale = normal_quantile(level) if normal else t_quantile(self.freedom, level)
        middle, half = float(self.coefficients[place]), scale * self.error(place)
        return Interval(middle - half, middle + half)


def ols(
    design: ArrayLike,
    response: ArrayLike,
    kind: Kind = "classic",
    clusters: Sequence[Hashable] | None = None,
) -> Fit:
    """Fit response (n,) on design (n, k), n > k, its columns independent.

    `clusters` (n labels, at least two different) with kind "cluster" only. Asserts what it needs:
    whoever calls says "cannot tell" first.
    """
    x, y = np.asarray(design, dtype=float), np.asarray(response, dtype=float)
    assert x.ndim == 2 and x.shape[0] == y.shape[0] > x.shape[1], (x.shape, y.shape)
    assert np.isfinite(x).all() and np.isfinite(y).all(), "not finite"
    assert np.linalg.matrix_rank(x) == x.shape[1], "columns that depend on each other"
    inverse = np.linalg.inv(x.T @ x)
    coefficients = np.linalg.lstsq(x, y, rcond=None)[0]
    residuals = y - x @ coefficients
    freedom = x.shape[0] - x.shape[1]
    if kind == "classic":
        covariance = inverse * float(residuals @ residuals) / freedom
    elif kind == "HC3":
        covariance = inverse @ _hc3_meat(x, residuals, inverse) @ inverse
    else:
        assert clusters is not None, "clusters are needed"
        meat, groups = _cluster_meat(x, residuals, clusters)
        covariance = inverse @ meat @ inverse
        freedom = groups - 1
    return Fit(coefficients, covariance, residuals, kind, freedom)


def _hc3_meat(x: Array, residuals: Array, inverse: Array) -> Array:
    leverage = np.einsum("ij,jk,ik->i", x, inverse, x)
    # A row that alone decides a coefficient has residual 0 and leverage 1: it says nothing.
    room = np.where(leverage < 1 - 1e-12, 1 - leverage, 1.0)
    scaled = x * (residuals / room)[:, None]
    return np.asarray(scaled.T @ scaled)


def _cluster_meat(x: Array, residuals: Array, clusters: Sequence[Any]) -> tuple[Array, int]:
    count, width = x.shape
    assert len(clusters) == count, "one label a row"
    places = {label: place for place, label in enumerate(dict.fromkeys(clusters))}
    groups = len(places)
    assert groups >= 2, "at least two clusters"
    scores = np.zeros((groups, width))
    np.add.at(scores, [places[label] for label in clusters], x * residuals[:, None])
    factor = groups / (groups - 1) * (count - 1) / (count - width)
    return factor * scores.T @ scores, groups
