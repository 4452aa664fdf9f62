"""Weighted logistic regression by Newton's method."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from tachograph.gauges.stats.logistic import fit_as_published, fit_logistic

seeds = st.integers(0, 2**32 - 1)
penalties = st.sampled_from([1e-5, 1e-2, 0.1, 1.0])


def draw(seed: int, sets: int = 6, tasks: int = 12) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Counts of successes at random difficulties; some sets nearly separable, some one-sided."""
    rng = np.random.default_rng(seed)
    x = np.sort(rng.uniform(-3, 10, tasks))
    steep = rng.choice([0.1, 1.0, 5.0], sets)[:, None]
    share = 1 / (1 + np.exp(steep * (x - rng.uniform(-4, 11, sets)[:, None])))
    trials = rng.integers(1, 9, (sets, tasks))
    weights = rng.uniform(0.2, 1, (sets, tasks))
    weights /= (weights * trials).sum(axis=1, keepdims=True)
    return x, weights * rng.binomial(trials, share), weights * trials


@given(seeds, penalties)
def test_the_gradient_vanishes_at_the_fit(seed: int, penalty: float):
    """Every set that is not one-sided comes to rest, at a stationary point."""
    x, s, f = draw(seed)
    fit = fit_logistic(x, s, f, penalty)
    assert (fit.settled | fit.one_sided).all()
    for row in np.flatnonzero(~fit.one_sided):
        eta = fit.intercept[row] + fit.slope[row] * x
        excess = f[row] / (1 + np.exp(-eta)) - s[row]
        assert excess.sum() == pytest.approx(0, abs=1e-6)
        assert excess @ x + penalty * fit.slope[row] == pytest.approx(0, abs=1e-6)


@given(seeds)
def test_a_general_minimiser_finds_no_lower_point(seed: int):
    """An independent method on the plain formula."""
    x, s, f = draw(seed, sets=1)
    fit = fit_logistic(x, s, f, 0.01)
    if fit.one_sided[0]:
        return

    def objective(w):
        eta = w[0] + w[1] * x
        return (f[0] * np.logaddexp(0, eta) - s[0] * eta).sum() + 0.005 * w[1] ** 2

    theirs = minimize(objective, [0.0, 0.0], method="BFGS")
    assert objective([fit.intercept[0], fit.slope[0]]) <= theirs.fun + 1e-10


@given(seeds, st.floats(-5, 5), penalties)
def test_shifting_the_regressor_shifts_the_crossing(seed: int, shift: float, penalty: float):
    """The intercept is free, so that the scale's zero does not matter."""
    x, s, f = draw(seed)
    plain, moved = fit_logistic(x, s, f, penalty), fit_logistic(x + shift, s, f, penalty)
    assert moved.slope == pytest.approx(plain.slope, rel=1e-5, abs=1e-7, nan_ok=True)


@given(seeds, penalties)
def test_failures_for_successes_turn_the_curve_over(seed: int, penalty: float):
    """Both parameters change sign."""
    x, s, f = draw(seed)
    plain, turned = fit_logistic(x, s, f, penalty), fit_logistic(x, f - s, f, penalty)
    assert turned.slope == pytest.approx(-plain.slope, rel=1e-5, abs=1e-7, nan_ok=True)
    assert turned.intercept == pytest.approx(-plain.intercept, rel=1e-5, abs=1e-6, nan_ok=True)


def test_one_sided_sets_are_marked_and_have_no_numbers():
    """All successes, all failures: no minimum, no figure."""
    x = np.arange(4.0)
    fit = fit_logistic(x, np.array([[1.0] * 4, [0.0] * 4]), np.ones((2, 4)), 1e-5)
    assert fit.one_sided.tolist() == [True, True]
    assert np.isnan(fit.slope).all()
    assert np.isnan(fit.crossing(0.5)).all()


def test_blocks_of_data_sets_do_not_matter(monkeypatch: pytest.MonkeyPatch):
    """Fitted three at a time, the figures are the same."""
    x, s, f = draw(7, sets=10)
    whole = fit_logistic(x, s, f, 0.1)
    monkeypatch.setattr("tachograph.gauges.stats.logistic.BLOCK_NUMBERS", 3 * len(x))
    parts = fit_logistic(x, s, f, 0.1)
    assert parts.slope == pytest.approx(whole.slope, nan_ok=True)


def test_separable_sets_settle_too():
    """All short ones done, no long one: steep, but where the penalty says."""
    x = np.arange(6.0)
    fit = fit_logistic(x, np.array([1.0, 1, 1, 0, 0, 0]) / 6, np.ones(6) / 6, 1e-5)
    assert fit.settled[0]
    assert fit.slope[0] < -5
    assert fit.crossing(0.5)[0] == pytest.approx(2.5, abs=1e-6)


@settings(max_examples=25)
@given(seeds)
def test_the_published_stop_is_near_the_minimum(seed: int):
    """No component of the gradient over 1e-4, as the published code demands."""
    x, s, f = draw(seed, sets=1)
    fit = fit_as_published(x, s[0], f[0], 0.1)
    if fit.one_sided[0]:
        return
    assert fit.settled[0]
    excess = f[0] / (1 + np.exp(-(fit.intercept[0] + fit.slope[0] * x))) - s[0]
    assert abs(excess.sum()) <= 1.001e-4
    assert abs(excess @ x + 0.1 * fit.slope[0]) <= 1.001e-4
