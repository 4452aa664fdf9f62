"""The frontier and its doubling time."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from coverage import assert_nominal, coverage
from hypothesis import given
from hypothesis import strategies as st

from tachograph.gauges.stats.growth import doubling, frontier, line

FIRST = date(2024, 1, 1)
dated = st.lists(st.tuples(st.integers(0, 2000), st.floats(0.1, 1e4)), min_size=1, max_size=20)


def days(*offsets: int) -> list[date]:
    return [FIRST + timedelta(offset) for offset in offsets]


def test_exact_growth_is_read_exactly():
    """Doubling every 100 days."""
    found = doubling(days(0, 100, 200), [1.0, 2.0, 4.0])
    assert found.days == pytest.approx(100)


def test_what_does_not_grow_has_no_doubling_time():
    """None, not a negative number of days."""
    assert doubling(days(0, 100), [4.0, 2.0]).days is None


def test_an_interval_that_reaches_no_growth_is_open_above():
    """Some replicates shrink: no upper end."""
    rows = np.array([[1.0, 2.0]] * 90 + [[2.0, 1.0]] * 10)
    found = doubling(days(0, 100), [1.0, 2.0], rows)
    assert found.low == pytest.approx(100)
    assert found.high is None


@given(dated)
def test_the_frontier_rises_and_nothing_earlier_lies_above(data):
    """Every member reaches the best of all days up to its own; everyone else does not."""
    when, values = [FIRST + timedelta(day) for day, _ in data], [value for _, value in data]
    at = frontier(when, values)
    assert [values[p] for p in at] == sorted(values[p] for p in at)
    for place in range(len(data)):
        best = max(v for d, v in zip(when, values, strict=True) if d <= when[place])
        assert (place in at) <= (values[place] >= best)


@given(st.integers(0, 2**32 - 1))
def test_lines_equal_polyfit_and_leave_out_what_is_missing(seed: int):
    """Row by row, with holes."""
    rng = np.random.default_rng(seed)
    t = np.sort(rng.uniform(0, 900, 7))
    y = rng.normal(size=(4, 7))
    y[rng.random((4, 7)) < 0.3] = np.nan
    slopes, intercepts = line(t, y)
    for row, slope, intercept in zip(y, slopes, intercepts, strict=True):
        known = np.isfinite(row)
        if known.sum() >= 2:
            expected = np.polyfit(t[known], row[known], 1)
            assert (slope, intercept) == pytest.approx(tuple(expected), rel=1e-6, abs=1e-9)
        else:
            assert np.isnan(slope)


def test_the_doubling_time_covers():
    """Horizons with known errors of their own, replicates drawn with the same errors."""
    t = np.array([0, 150, 300, 420, 600, 700])

    def simulate(rng):
        measured = np.log(2) / 200 * t + rng.normal(0, 0.4, 6)
        rows = np.exp(measured + rng.normal(0, 0.4, (400, 6)))
        found = doubling(days(*t.tolist()), np.exp(measured).tolist(), rows)
        return 200.0, (found.low, found.high)

    assert_nominal(coverage(simulate, 1500), 1500)
