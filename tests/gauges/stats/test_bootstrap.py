"""The bootstrap on counts."""

from __future__ import annotations

import numpy as np
import pytest
from coverage import assert_nominal, coverage
from hypothesis import given
from hypothesis import strategies as st

from tachograph.gauges.stats.bootstrap import (
    cluster_means,
    draw_counts,
    draw_nested,
    draw_successes,
    percentile_interval,
)

FAMILIES = ["a", "b", "a", "c", "c", "c", "a"]


def test_drawing_counts_is_drawing_with_replacement():
    """Means 1, variances 1 - 1/n, covariances -1/n, as for n draws from n."""
    drawn = draw_counts(5, 200_000, np.random.default_rng(1))
    assert (drawn.sum(axis=1) == 5).all()
    assert np.cov(drawn.T) == pytest.approx(np.eye(5) - 0.2, abs=0.02)


def test_nested_drawing_equals_drawing_rows_level_by_level():
    """The mean and covariance of counts are those of the plain algorithm that copies rows."""
    rng = np.random.default_rng(2)
    names = sorted(set(FAMILIES))
    slow = np.zeros((8_000, len(FAMILIES)))
    for row in slow:
        for family in rng.choice(names, len(names)):
            inside = [place for place, name in enumerate(FAMILIES) if name == family]
            for place in rng.choice(inside, len(inside)):
                row[place] += 1
    fast = draw_nested(FAMILIES, 200_000, np.random.default_rng(3))
    assert fast.mean(axis=0) == pytest.approx(slow.mean(axis=0), abs=0.05)
    assert np.cov(fast.T) == pytest.approx(np.cov(slow.T), abs=0.2)


def test_runs_are_drawn_from_the_cells_own_share():
    """Pooled copies of a cell have its share of successes."""
    trials = np.full((100_000, 1), 12)
    drawn = draw_successes(trials, np.array([0.25]), np.random.default_rng(4))
    assert drawn.mean() == pytest.approx(3, abs=0.02)
    assert drawn.var() == pytest.approx(12 * 0.25 * 0.75, rel=0.02)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=60), st.floats(0.5, 0.99))
def test_percentiles_equal_numpy(data: list[float], level: float):
    """Where every replicate is defined."""
    tail = (1 - level) / 2
    ours = percentile_interval(data, level)
    assert ours == pytest.approx(tuple(np.quantile(data, [tail, 1 - tail])), rel=1e-9, abs=1e-6)


@given(st.lists(st.floats(-1e3, 1e3), min_size=30, max_size=60), st.integers(0, 20))
def test_what_is_not_known_only_widens(data: list[float], undefined: int):
    """Undefined replicates move the low end down and the high end up, or open them."""
    low, high = percentile_interval(data)
    wider_low, wider_high = percentile_interval(data, undefined=undefined)
    assert low is not None
    assert high is not None
    assert wider_low is None or wider_low <= low + 1e-9
    assert wider_high is None or wider_high >= high - 1e-9


def test_infinite_ends_are_open():
    """A tenth of the replicates below everything: no low end, a high end."""
    low, high = percentile_interval([-np.inf] * 10 + list(range(90)))
    assert low is None
    assert high == pytest.approx(86.525)


@pytest.mark.long
def test_whole_clusters_cover():
    """50 clusters of unequal sizes whose values resemble each other."""

    def simulate(rng):
        sizes = rng.integers(1, 8, 50)
        labels = np.repeat(np.arange(50), sizes)
        values = 1.0 + rng.normal(size=50)[labels] + rng.normal(size=len(labels))
        return 1.0, percentile_interval(cluster_means(values, labels.tolist(), 600, rng))

    assert_nominal(coverage(simulate, 1500), 1500)
