"""Intervals over draws, against SciPy and against what they promise."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from tachograph.loop.score.interval import mean_interval, ratio_interval, t_point, within

SHARED = Path(__file__).parents[4] / "shared" / "data" / "pgr" / "pgr_seeds.csv"


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 5, 7, 9, 15, 30, 99])
def test_the_distribution_of_t_is_scipys(freedom: int) -> None:
    """Both parities of the degrees of freedom, and the two-sided 95 % point."""
    for t in (0.0, 0.3, 1.0, 2.5, 12.0):
        assert within(t, freedom) == pytest.approx(2 * stats.t.cdf(t, freedom) - 1, abs=1e-12)
    assert t_point(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=1e-9)


def test_the_interval_of_a_mean_is_scipys() -> None:
    """Value and both ends."""
    values = [0.41, 0.52, 0.47, 0.60, 0.44]
    found = mean_interval(values)
    wanted = stats.t.interval(0.95, 4, loc=np.mean(values), scale=stats.sem(values))
    assert found == pytest.approx((np.mean(values), *wanted))


def test_equal_values_still_have_an_interval() -> None:
    """It is never narrower than asked for, and never widened beyond its own width."""
    assert mean_interval([0.1] * 4, least_half=0.02) == pytest.approx((0.1, 0.08, 0.12))
    assert mean_interval([0.1, 0.9], least_half=0.02) == mean_interval([0.1, 0.9])


def test_a_ratio_to_a_constant_is_a_mean_scaled() -> None:
    """Without uncertainty below, Fieller's interval is Student's divided by the constant."""
    above = [0.1, 0.2, 0.15, 0.12]
    found = ratio_interval(above, [0.5] * 4)
    assert found == pytest.approx([each / 0.5 for each in mean_interval(above)])


def test_the_interval_of_a_ratio_covers_the_true_one() -> None:
    """About 95 % of 2,000 simulated sets of 6 draws, numerator and denominator correlated."""
    rng = np.random.default_rng(7)
    hits = 0
    for _ in range(2000):
        hard = rng.normal(size=6)
        above = 0.1 + 0.03 * rng.normal(size=6) + 0.02 * hard
        below = 0.4 + 0.03 * rng.normal(size=6) + 0.02 * hard
        found = ratio_interval(list(above), list(below))
        assert found is not None
        hits += found.low <= 0.25 <= found.high
    assert 0.935 <= hits / 2000 <= 0.965


def test_a_ratio_to_what_may_be_nothing_is_not_told() -> None:
    """No interval where the gap cannot be told from 0."""
    assert ratio_interval([0.1, 0.2, 0.1], [0.1, -0.1, 0.02]) is None


def test_it_gives_the_interval_of_published_runs() -> None:
    """The public weak-to-strong runs whose mean gap recovered is 0.23: about [0.08, 0.38]."""
    if not SHARED.exists():
        pytest.skip("the reference data are not there")
    with SHARED.open() as source:
        rows = [
            row for row in csv.DictReader(source)
            if row["idea"] == "train_only_on_confident_labels" and row["config"].startswith("chat")
            and row["pgr"]
        ]  # fmt: skip
    if len(rows) != 5:
        pytest.skip(f"{len(rows)} rows, not the 5 that the figure was made of")
    scores = [float(row["transfer_acc"]) for row in rows]
    floors = [float(row["fixed_weak"]) for row in rows]
    ceilings = [float(row["fixed_strong"]) for row in rows]
    found = ratio_interval(
        [s - f for s, f in zip(scores, floors, strict=True)],
        [c - f for c, f in zip(ceilings, floors, strict=True)],
    )
    assert found == pytest.approx((0.2337, 0.08, 0.38), abs=0.01)
