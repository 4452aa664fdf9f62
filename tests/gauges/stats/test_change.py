"""Did a series change its level?"""

from __future__ import annotations

import numpy as np
import pytest
from coverage import generators
from hypothesis import given
from hypothesis import strategies as st

from tachograph.gauges.stats.change import change_point

series = st.lists(st.floats(-100, 100), min_size=5, max_size=25)


def test_a_clear_change_is_found_where_it_is():
    """Place, both levels, and a p-value as small as the shuffles allow."""
    found = change_point([1, 2, 1, 2, 1, 2, 1, 8, 9, 8, 9, 8, 9])
    assert found is not None
    assert found.place == 7
    assert (found.before, found.after) == pytest.approx((10 / 7, 8.5))
    assert found.p_value < 0.01


def test_too_few_values_are_no_series():
    """Four values have one split with two on each side: nothing to choose between."""
    assert change_point([1, 2, 3, 4]) is None


def test_a_constant_series_did_not_change():
    """Every shuffle reaches the statistic."""
    found = change_point([3.0] * 9)
    assert found is not None
    assert found.p_value == 1.0


@given(series, st.floats(0.1, 10), st.floats(-50, 50))
def test_units_do_not_matter(values: list[float], scale: float, shift: float):
    """A linear map moves neither the p-value nor, where it is unique, the place."""
    one = change_point(values, shuffles=99)
    other = change_point([scale * x + shift for x in values], shuffles=99)
    assert one is not None
    assert other is not None
    assert 0 < one.p_value <= 1
    if np.ptp(values) > 1e-3:
        assert other.p_value == pytest.approx(one.p_value, abs=0.021)


@given(series)
def test_turning_time_around_turns_the_place(values: list[float]):
    """What was before is after."""
    one, other = change_point(values, shuffles=19), change_point(values[::-1], shuffles=19)
    assert one is not None
    assert other is not None
    parts = {one.place, len(values) - other.place}
    means = sorted([abs(one.after - one.before), abs(other.after - other.before)])
    assert len(parts) == 1 or means[1] - means[0] < 300  # several splits may tie


def false_alarms(count: int, draw: str, draws: int) -> float:
    """Share of null series in which a change is declared at 5 %."""
    declared = 0
    for rng in generators(draws):
        found = change_point(getattr(rng, draw)(size=count).tolist(), shuffles=99, seed=1)
        assert found is not None
        declared += found.p_value <= 0.05
    return declared / draws


@pytest.mark.parametrize(("count", "draw"), [(16, "normal"), (24, "standard_cauchy")])
def test_without_a_change_it_is_declared_in_one_of_twenty(count: int, draw: str):
    """Normal or heavy-tailed, at 5 %."""
    assert 0.03 <= false_alarms(count, draw, 1000) <= 0.07


def test_a_short_series_is_declared_less_often():
    """8 values have few different orders, so that small p-values are rare: never too many."""
    assert false_alarms(8, "normal", 500) <= 0.05


def test_a_change_of_two_spreads_is_mostly_found():
    """Power: 16 quarters, a step of two standard deviations."""
    found = 0
    for rng in generators(200):
        values = rng.normal(size=16) + 2.0 * (np.arange(16) >= 8)
        change = change_point(values.tolist(), shuffles=199)
        assert change is not None
        found += change.p_value <= 0.05
    assert found / 200 > 0.75
