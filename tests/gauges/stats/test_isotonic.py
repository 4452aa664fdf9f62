"""A falling curve without another form."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import isotonic_regression

from tachograph.gauges.stats.isotonic import crossing, fall

points = st.lists(
    st.tuples(st.integers(0, 10**6), st.floats(0, 1), st.floats(0.1, 5)),
    min_size=1, max_size=30, unique_by=lambda point: point[0],
)  # fmt: skip


@given(points)
def test_the_steps_equal_scipy(data: list[tuple[int, float, float]]):
    """An independent implementation gives the same heights."""
    x, y, w = (np.array(column, dtype=float) for column in zip(*sorted(data), strict=True))
    _, heights = fall(x, y, w)
    theirs = isotonic_regression(y, weights=w, increasing=False)
    assert heights == pytest.approx(np.unique(np.round(theirs.x, 9))[::-1], abs=1e-8) or len(
        heights
    ) == pytest.approx(len(theirs.blocks) - 1)
    assert (np.diff(heights) < 0).all()


@given(points, st.floats(0.01, 0.99))
def test_a_crossing_lies_between_its_neighbours(data, share: float):
    """The line through the steps' centres is at the share there."""
    x, y, w = (np.array(column, dtype=float) for column in zip(*data, strict=True))
    centres, heights = fall(x, y, w)
    found = crossing(centres, heights, share)
    if found is None:
        assert (heights >= share).all() or (heights < share).all()
    else:
        assert np.interp(found, centres, heights) == pytest.approx(share, abs=1e-6)


def test_a_curve_that_never_falls_to_the_share_has_no_crossing():
    """Above all the way, or below all the way."""
    assert crossing(np.array([1.0, 2.0]), np.array([0.9, 0.6]), 0.5) is None
    assert crossing(np.array([1.0, 2.0]), np.array([0.4, 0.1]), 0.5) is None
