"""The jackknife over clusters, against the formula it must equal for a mean, and by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from coverage import assert_nominal, coverage
from hypothesis import given
from hypothesis import strategies as st

from tachograph.gauges.stats.intervals import t_interval
from tachograph.gauges.stats.jackknife import jackknife_interval


def without_each(values: np.ndarray) -> np.ndarray:
    """Means with one value left out."""
    return (values.sum() - values) / (len(values) - 1)


@given(st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=30))
def test_of_a_mean_it_is_student_s_interval(data: list[float]) -> None:
    """To rounding, whatever the values."""
    values = np.array(data)
    low, high = jackknife_interval(values.mean(), without_each(values))
    expected = t_interval(values)
    assert (low, high) == pytest.approx((expected.low, expected.high), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("rows", [[], [1.0], [1.0, math.nan, 2.0], [1.0, math.inf]])
def test_what_does_not_exist_without_a_cluster_has_open_ends(rows: list[float]) -> None:
    assert jackknife_interval(1.0, rows) == (None, None)


@pytest.mark.parametrize("clusters", [6, 15])
def test_few_clusters_cover(clusters: int) -> None:
    """A ratio of sums over clusters of unequal size and level."""

    def simulate(rng: np.random.Generator) -> tuple[float, tuple[float | None, float | None]]:
        sizes = rng.integers(4, 12, clusters).astype(float)
        sums = sizes * (1 + 0.3 * rng.normal(size=clusters))
        left = (sums.sum() - sums) / (sizes.sum() - sizes)
        return 1.0, jackknife_interval(sums.sum() / sizes.sum(), left)

    assert_nominal(coverage(simulate, 3000), 3000)
