"""Four forms of a trend, and how they are told apart."""

from __future__ import annotations

import math

import numpy as np
import pytest
from coverage import generators
from hypothesis import given, settings
from hypothesis import strategies as st

from tachograph.gauges.stats.forms import (
    BREAK,
    EXPONENTIAL,
    FORMS,
    LOGISTIC,
    SUPER,
    aicc,
    exponential_rejected,
    fit,
    leave_one_out,
    rolling_origin,
    rss_of_rows,
)

seeds = st.integers(0, 2**32 - 1)
T = np.linspace(0, 4, 15)


def draw(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=len(T)) + T


@pytest.mark.parametrize(
    ("form", "truth"),
    [
        (EXPONENTIAL, 1 + 2 * T),
        (SUPER, 1 + 0.5 * T + 0.7 * T**2),
        (BREAK, 1 + 0.5 * T + 2 * np.maximum(0, T - 1.7)),
        (LOGISTIC, 1 + 6 / (1 + np.exp(-(T - 2.2) / 0.4))),
    ],
    ids=[form.name for form in FORMS],
)
def test_each_form_finds_itself(form, truth: np.ndarray):
    """Without noise the curve is met, and its slope at the end is the true one."""
    found = fit(form, T, truth)
    assert found is not None
    assert found.at(T) == pytest.approx(truth, abs=0.05)
    true_slope = (truth[-1] - truth[-2]) / (T[-1] - T[-2])
    assert found.slope(T[-1]) == pytest.approx(true_slope, abs=0.35)


@settings(max_examples=30)
@given(seeds)
def test_a_richer_form_fits_no_worse(seed: int):
    """The line is a special case of the bend of both kinds."""
    y = draw(seed)
    plain = fit(EXPONENTIAL, T, y)
    assert plain is not None
    for form in (SUPER, BREAK):
        found = fit(form, T, y)
        assert found is not None
        assert found.rss <= plain.rss + 1e-9


@settings(max_examples=30)
@given(seeds, st.floats(-5, 5), st.floats(-3, 3))
def test_adding_a_line_moves_only_the_line(seed: int, shift: float, slope: float):
    """Residuals of the forms that hold a line do not change."""
    y = draw(seed)
    for form in (EXPONENTIAL, BREAK):
        before, after = fit(form, T, y), fit(form, T, y + shift + slope * T)
        assert before is not None
        assert after is not None
        assert after.rss == pytest.approx(before.rss, rel=1e-6, abs=1e-9)


@settings(max_examples=20)
@given(seeds)
def test_many_rows_at_once_are_each_row_alone(seed: int):
    """Up to the refinement of the grid, which the rows do without."""
    rows = np.random.default_rng(seed).normal(size=(3, len(T)))
    for form in FORMS:
        together = rss_of_rows(form, T, rows)
        for row, error in zip(rows, together, strict=True):
            alone = fit(form, T, row)
            assert alone is not None
            assert alone.rss <= error + 1e-9
            assert alone.rss >= error * 0.8


def test_points_left_out_are_not_seen():
    """The error on a point is that of a fit without it."""
    y = draw(1)
    errors = leave_one_out(EXPONENTIAL, T, y)
    assert errors is not None
    slope, intercept = np.polyfit(np.delete(T, 4), np.delete(y, 4), 1)
    assert errors[4] == pytest.approx(intercept + slope * T[4] - y[4])


def test_forecasts_see_only_what_came_before():
    """Changing a later point changes no earlier forecast."""
    y = draw(2)
    changed = y.copy()
    changed[10:] += 5
    before, after = rolling_origin(EXPONENTIAL, T, y), rolling_origin(EXPONENTIAL, T, changed)
    assert before is not None
    assert after is not None
    assert after[: 10 - 6] == pytest.approx(before[: 10 - 6])


def test_too_few_points_allow_no_form():
    """None, not a perfect fit."""
    assert fit(LOGISTIC, T[:4], T[:4]) is None
    assert math.isinf(aicc(1.0, 6, 4))
    assert rolling_origin(EXPONENTIAL, T[:6], T[:6]) is None


def test_the_line_is_rejected_where_it_should_be():
    """A clear bend has a small p-value, whatever its spread is called."""
    bent = 0.5 * T + 3 * np.maximum(0, T - 2) + 0.2 * np.random.default_rng(3).normal(size=len(T))
    assert exponential_rejected(T, bent, draws=199) <= 0.01
    assert exponential_rejected(T, 100 + 40 * bent, draws=199) <= 0.01


@pytest.mark.long
def test_true_exponentials_are_rejected_in_one_of_twenty():
    """The test keeps its level."""
    p_values = [
        exponential_rejected(T, 2 * T + rng.normal(size=len(T)), draws=199)
        for rng in generators(400)
    ]
    assert 0.025 <= np.mean(np.array(p_values) <= 0.05) <= 0.08
