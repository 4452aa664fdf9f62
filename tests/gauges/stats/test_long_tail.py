"""Means with a long tail: their intervals cover where they are given, and are not given elsewhere.

The two leans at which the method changes were chosen on log-normal spreads of 0.4, 0.8 and 1.2 with
5, 10, 20, 40 and 100 values; what is tried here are other sizes, spreads and forms.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import fmean

import numpy as np
import pytest
from coverage import assert_nominal, generators, holds
from hypothesis import given, settings
from hypothesis import strategies as st

from tachograph.gauges.stats.intervals import skewed_interval, t_interval
from tachograph.gauges.stats.long_tail import lean, log_mean, mean_interval, ratio_interval

DRAWS = 2500
Draw = Callable[[np.random.Generator, int], np.ndarray]


def log_normal(spread: float, above: float = 1.0) -> tuple[Draw, float]:
    """Values and their mean; a share `above` of them is not 0."""

    def draw(rng: np.random.Generator, count: int) -> np.ndarray:
        return np.exp(spread * rng.normal(size=count)) * (rng.random(count) < above)

    return draw, above * math.exp(spread**2 / 2)


def covered(draw: Draw, truth: float, count: int) -> tuple[float, int]:
    """Share of the given intervals that hold the truth, and how many were given."""
    found = [mean_interval(draw(rng, count).tolist()) for rng in generators(DRAWS)]
    given_ones = [holds(truth, interval) for interval in found if interval]
    return float(np.mean(given_ones)), len(given_ones)


@pytest.mark.long
@pytest.mark.parametrize("spread", [0.5, 0.9, 1.2])
@pytest.mark.parametrize("count", [6, 14, 30, 80])
def test_log_normal_values_cover(spread: float, count: int) -> None:
    """Few or many, and hardly ever refused."""
    share, told = covered(*log_normal(spread), count)
    assert_nominal(share, told)
    assert told > 0.95 * DRAWS


@pytest.mark.long
@pytest.mark.parametrize("count", [8, 25, 70])
def test_values_of_which_some_are_zero_cover(count: int) -> None:
    assert_nominal(*covered(*log_normal(0.8, above=0.75), count))


@pytest.mark.long
@pytest.mark.parametrize("count", [7, 25, 70])
def test_shorter_tails_cover(count: int) -> None:
    """Waiting times: taken as log-normal throughout, 70 of them would cover 85 %."""
    assert_nominal(*covered(lambda rng, n: rng.exponential(3.0, n), 3.0, count))


def test_without_the_tail_of_logarithms_few_values_cover_less() -> None:
    """What this is for: Hall's and Student's intervals on ten values of spread 1.2."""
    draw, truth = log_normal(1.2)
    for interval in (skewed_interval, t_interval):
        held = [holds(truth, interval(draw(rng, 10).tolist())) for rng in generators(1500)]
        assert np.mean(held) < 0.92


@pytest.mark.long
@pytest.mark.parametrize("spread", [0.5, 0.9, 1.2])
@pytest.mark.parametrize("count", [6, 14, 30, 80])
def test_ratios_cover(spread: float, count: int) -> None:
    """Of two samples of unequal size, where both are given."""
    draw, _ = log_normal(spread)
    held = []
    for rng in generators(DRAWS):
        old, new = draw(rng, count), 1.5 * draw(rng, count + 2)
        logs = log_mean(old.tolist()), log_mean(new.tolist())
        if logs[0] and logs[1]:
            held.append(holds(1.5, ratio_interval(*logs, new.mean() / old.mean())))
    assert_nominal(float(np.mean(held)), len(held))


def test_a_longer_tail_than_that_has_no_interval() -> None:
    """Nine engineers alike, and one with a thousand times as much; and two that have anything."""
    lean_right = [10.0, 11.0, 9.0, 10.5, 9.5, 10.2, 9.8, 10.1, 9.9, 10_000.0]
    for values in (lean_right, [0.0, 0.0, 0.0, 5.0, 7.0], [0.0] * 6):
        assert mean_interval(values) is None and log_mean(values) is None


@settings(derandomize=True, deadline=None)
@given(st.lists(st.floats(0.01, 1e3), min_size=3, max_size=30), st.floats(0.1, 10))
def test_an_interval_holds_the_mean_and_scales_with_the_values(
    values: list[float], scale: float
) -> None:
    found, scaled = mean_interval(values), mean_interval([scale * value for value in values])
    # At a lean of just the limit a rounding may decide.
    assert lean(values) == pytest.approx(lean([scale * v for v in values]), abs=1e-4)
    if found and scaled and abs(lean(values) + 1.5) > 1e-3:
        assert holds(fmean(values), found)  # np.mean may round another way
        for end, other in zip(found, scaled, strict=True):
            if end is not None and other is not None:
                assert other == pytest.approx(scale * end, rel=1e-5)


def test_an_end_far_off_is_open() -> None:
    """Three values of very different size say from where on, and not up to where."""
    low, high = mean_interval([1.0, 40.0, 900.0])
    assert low is not None and low > 0 and high is None


def test_equal_values_have_no_spread() -> None:
    assert mean_interval([4.0] * 5) == pytest.approx((4.0, 4.0))
