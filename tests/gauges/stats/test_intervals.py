"""Intervals for a proportion, a mean and a median."""

from __future__ import annotations

import math

import numpy as np
import pytest
from coverage import assert_nominal, coverage
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from tachograph.gauges.stats.intervals import (
    clopper_pearson,
    median_interval,
    median_rank,
    skewed_interval,
    t_interval,
    wilson,
)

counts = st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
values = st.lists(st.floats(-1e6, 1e6), min_size=6, max_size=40)


@given(counts, st.floats(0.5, 0.999))
def test_wilson_equals_scipy(count: tuple[int, int], level: float):
    """An independent implementation gives the same ends."""
    theirs = stats.binomtest(*count).proportion_ci(level, method="wilson")
    assert wilson(*count, level) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


@given(counts, st.floats(0.5, 0.999))
def test_clopper_pearson_equals_scipy(count: tuple[int, int], level: float):
    """An independent implementation gives the same ends."""
    theirs = stats.binomtest(*count).proportion_ci(level, method="exact")
    assert clopper_pearson(*count, level) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


@given(counts)
def test_intervals_of_a_proportion_mirror_and_hold_it(count: tuple[int, int]):
    """Failures for successes mirrors the interval; the observed share lies inside."""
    successes, trials = count
    for interval in (wilson, clopper_pearson):
        low, high = interval(successes, trials)
        other = interval(trials - successes, trials)
        assert (low, high) == pytest.approx((1 - other.high, 1 - other.low), abs=1e-9)
        assert 0 <= low <= successes / trials + 1e-12
        assert successes / trials - 1e-12 <= high <= 1


def test_published_values():
    """60 % of 129: the half width at 50 % is 8.5 points (Newcombe 1998, table I: 81 of 263)."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert clopper_pearson(81, 263) == pytest.approx((0.2527, 0.3676), abs=5e-5)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)


@given(values)
def test_t_interval_equals_scipy_and_moves_with_its_data(data: list[float]):
    """An independent implementation, and shifting the data shifts the interval."""
    assume(max(data) - min(data) > 1e-3)
    error = stats.sem(data)
    theirs = stats.t.interval(0.95, len(data) - 1, loc=math.fsum(data) / len(data), scale=error)
    assert t_interval(data) == pytest.approx(theirs, rel=1e-6, abs=1e-6)
    moved = t_interval([x + 10.0 for x in data])
    assert moved.low - 10.0 == pytest.approx(t_interval(data).low, rel=1e-6, abs=1e-6)


def test_the_order_statistics_of_130_answers():
    """The 95 % interval of a median of 130 is the 54th to the 77th answer."""
    assert median_rank(130) == 54
    assert median_interval(list(range(1, 131))) == (54, 77)


def test_five_values_allow_no_interval_of_a_median():
    """2 (1/2)^5 is 6.25 %; six values reach the level."""
    assert median_interval([1, 2, 3, 4, 5]) is None
    assert median_interval([1, 2, 3, 4, 5, 6]) == (1, 6)


@given(values)
def test_the_median_lies_in_its_interval_whatever_the_scale(data: list[float]):
    """Order statistics survive any rising map."""
    interval = median_interval(data)
    assert interval is not None
    middle = sorted(data)[len(data) // 2]
    assert interval.low <= middle <= interval.high
    warped = median_interval([math.atan(x) for x in data])
    assert warped == pytest.approx((math.atan(interval.low), math.atan(interval.high)))


def test_wilson_covers():
    """Over shares of all sizes, at 20 and at 129 trials."""
    for trials in (20, 129):

        def simulate(rng, trials=trials):
            truth = rng.uniform(0.02, 0.98)
            return truth, wilson(int(rng.binomial(trials, truth)), trials)

        assert_nominal(coverage(simulate, 2000), 2000)


def test_clopper_pearson_covers_at_least():
    """Never less than the level (it is exact), and near it where counts are large."""

    def simulate(rng, trials):
        truth = rng.uniform(0.02, 0.98)
        return truth, clopper_pearson(int(rng.binomial(trials, truth)), trials)

    assert coverage(lambda rng: simulate(rng, 12), 1500) >= 0.95
    assert_nominal(coverage(lambda rng: simulate(rng, 1000), 1500), 1500)


def test_t_interval_covers():
    """Five seeds, as such studies have them."""
    assert_nominal(
        coverage(lambda rng: (3.0, t_interval(rng.normal(3, 2, 5).tolist())), 2000), 2000
    )


def test_median_interval_covers_whatever_the_form():
    """Skewed answers with a heavy tail."""

    def simulate(rng):
        return 2.0, median_interval((2.0 * rng.lognormal(0, 1.5, 40)).tolist())

    assert_nominal(coverage(simulate, 2000), 2000)


@given(st.lists(st.floats(0.01, 1e3), min_size=3, max_size=30), st.floats(0.1, 10))
def test_a_skewed_interval_is_one_around_the_mean(values: list[float], scale: float) -> None:
    """It holds the mean, scales with the values, and turns round with their sign."""
    found = skewed_interval(values)
    middle = sum(values) / len(values)
    assert found.low <= middle * (1 + 1e-9) and middle * (1 - 1e-9) <= found.high
    scaled = skewed_interval([scale * value for value in values])
    assert scaled == pytest.approx((scale * found.low, scale * found.high), rel=1e-6, abs=1e-6)
    turned = skewed_interval([-value for value in values])
    assert turned == pytest.approx((-found.high, -found.low), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(("spread", "count"), [(0.0, 12), (0.4, 10), (0.8, 60)])
def test_a_skewed_interval_covers_the_mean_of_long_tails(spread: float, count: int) -> None:
    """Log-normal values, or normal ones for 0; Student's falls to 91 % at the last."""
    truth = math.exp(spread**2 / 2) if spread else 5.0

    def simulate(rng: np.random.Generator) -> tuple[float, tuple[float, float]]:
        values = np.exp(spread * rng.normal(size=count)) if spread else 5 + rng.normal(size=count)
        return truth, tuple(skewed_interval(values.tolist()))  # type: ignore[return-value]

    assert_nominal(coverage(simulate, 2000), 2000)
