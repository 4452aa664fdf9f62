"""The evidence and its interval: the closed forms, and the properties they must have."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tachograph.loop.clock.evidence import (
    SPREAD_FLOOR,
    Moments,
    first_bounded,
    half_width,
    interval,
    log_evidence,
    moments,
)

ALPHA = 0.05
values = st.lists(st.floats(-3, 3), min_size=8, max_size=40)
precisions = st.sampled_from([0.1, 0.5, 1.0, 4.0])


def integrated_evidence(data: list[float], mean: float, prior_precision: float) -> float:
    """The Bayes factor by brute force: both integrals on a grid, in numbers and not in formulas."""
    log_sigma = np.linspace(math.log(1e-3), math.log(1e3), 801)
    shift = np.linspace(-12, 12, 401) / math.sqrt(prior_precision)
    sigma = np.exp(log_sigma)[:, None]
    centred = np.asarray(data) - mean
    count, total, squares = len(data), centred.sum(), (centred**2).sum()
    # The sum over x of ((x - shift * sigma) / sigma)^2, multiplied out.
    exponent = squares / sigma**2 - 2 * shift * total / sigma + count * shift**2
    log_density = -0.5 * exponent - count * np.log(sigma)
    null = np.trapezoid(np.exp(-0.5 * squares / sigma**2 - count * np.log(sigma))[:, 0], log_sigma)
    prior = np.exp(-0.5 * prior_precision * shift**2) * math.sqrt(prior_precision / (2 * math.pi))
    inner = np.trapezoid(np.exp(log_density) * prior, shift, axis=1)
    return float(np.trapezoid(inner, log_sigma) / null)


@pytest.mark.parametrize("prior_precision", [0.2, 0.5, 1.0])
@pytest.mark.parametrize(
    "data", [[0.3, -0.2], [0.5, 0.4, 0.7], [1.0, -0.3, 0.2, 0.6, 0.9, -0.1, 0.4]]
)
def test_closed_form_is_the_integral(data: list[float], prior_precision: float) -> None:
    """The formula equals the mixture of normal likelihoods, integrated numerically."""
    for mean in (0.0, 0.25, -1.0):
        closed = math.exp(log_evidence(moments(data), mean, prior_precision))
        assert closed == pytest.approx(integrated_evidence(data, mean, prior_precision), rel=1e-4)


@given(values, precisions)
def test_interval_is_where_the_evidence_is_small(data: list[float], prior_precision: float) -> None:
    """Bisection on the evidence finds the closed-form end of the interval."""
    found = moments(data)
    near, far = found.average, found.average + 1e6
    for _ in range(200):
        middle = (near + far) / 2
        small = log_evidence(found, middle, prior_precision) < -math.log(ALPHA)
        near, far = (middle, far) if small else (near, middle)
    low, high = interval(found, ALPHA, prior_precision)
    assert high == pytest.approx(near, rel=1e-9, abs=1e-9)
    assert found.average - low == pytest.approx(high - found.average, rel=1e-9, abs=1e-9)


def test_one_value_is_no_evidence() -> None:
    """One pair cannot speak about a mean with unknown spread, and leaves it unbounded."""
    single = moments([5.0])
    assert log_evidence(single, 0.0, 0.5) <= 0
    assert half_width(single, ALPHA, 0.5) == math.inf


@given(values, st.floats(-5, 5), precisions)
def test_interval_moves_with_the_data(
    data: list[float], shift: float, prior_precision: float
) -> None:
    """Making the candidate faster by a factor moves the interval by the log of that factor."""
    low, high = interval(moments(data), ALPHA, prior_precision)
    moved = interval(moments([value + shift for value in data]), ALPHA, prior_precision)
    assert moved == pytest.approx((low + shift, high + shift), abs=1e-6)


@given(values, precisions)
def test_interval_mirrors_when_sides_swap(data: list[float], prior_precision: float) -> None:
    """Swapping reference and candidate mirrors the interval."""
    low, high = interval(moments(data), ALPHA, prior_precision)
    swapped = interval(moments([-value for value in data]), ALPHA, prior_precision)
    assert swapped == pytest.approx((-high, -low), abs=1e-12)


@given(values, st.floats(0, 3), st.floats(0, 3), precisions)
def test_evidence_grows_with_the_distance(
    data: list[float], near: float, far: float, prior_precision: float
) -> None:
    """The further a hypothesis lies from the average, the more evidence stands against it."""
    found = moments(data)
    near, far = sorted((near, far))
    closer = log_evidence(found, found.average + near, prior_precision)
    further = log_evidence(found, found.average + far, prior_precision)
    assert closer <= further + 1e-9


@given(st.integers(6, 60), st.floats(1e-3, 10), st.floats(1, 10), precisions)
def test_interval_grows_with_spread_and_confidence(
    count: int, squares: float, factor: float, prior_precision: float
) -> None:
    """More spread, or a smaller error rate, never gives a narrower interval."""
    plain = half_width(Moments(count, 0.0, squares), ALPHA, prior_precision)
    assert half_width(Moments(count, 0.0, squares * factor), ALPHA, prior_precision) >= plain
    assert half_width(Moments(count, 0.0, squares), ALPHA / factor, prior_precision) >= plain


def test_identical_values_keep_a_floor_of_spread() -> None:
    """Values without any spread are believed to 0.1 % each, not to be exact."""
    found = moments([0.2] * 10)
    assert found.squares == pytest.approx(10 * SPREAD_FLOOR**2)
    low, high = interval(found, ALPHA, 0.5)
    assert 0.198 < low < 0.2 < high < 0.202


@pytest.mark.parametrize(("prior_precision", "expected"), [(0.1, 3), (0.2, 4), (0.5, 4), (1.0, 5)])
def test_first_bounded_is_the_first_finite_interval(prior_precision: float, expected: int) -> None:
    """With fewer values than this the interval is the whole line, whatever the values are."""
    assert first_bounded(ALPHA, prior_precision) == expected
    before = Moments(expected - 1, 7.0, 1e-9)
    assert half_width(before, ALPHA, prior_precision) == math.inf
    assert math.isfinite(half_width(Moments(expected, 7.0, 1e9), ALPHA, prior_precision))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_values_that_are_no_numbers_are_our_fault(bad: float) -> None:
    """Not a number never reaches the mathematics."""
    with pytest.raises(AssertionError):
        moments([0.1, bad])
