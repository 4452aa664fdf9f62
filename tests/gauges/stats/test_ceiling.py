"""The ceiling that dated scores climb towards."""

from __future__ import annotations

import numpy as np
import pytest
from coverage import assert_nominal, coverage
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import least_squares

from tachograph.gauges.stats.ceiling import fit_ceiling

seeds = st.integers(0, 2**32 - 1)


def draw(rng: np.random.Generator, ceiling: float) -> tuple[np.ndarray, np.ndarray]:
    t = np.sort(rng.uniform(0, 3, 24))
    clean = ceiling / (1 + np.exp(-(t - 1) / 0.4))
    return t, np.clip(clean + rng.normal(0, 0.015, 24), 0, 1)


@settings(max_examples=25)
@given(seeds, st.floats(0.4, 1.0))
def test_a_general_minimiser_finds_no_better_curve(seed: int, ceiling: float):
    """An independent method from a good start."""
    t, scores = draw(np.random.default_rng(seed), ceiling)
    found = fit_ceiling(t, scores)
    ours = float(((found.at(t) - scores) ** 2).sum())
    theirs = least_squares(
        lambda p: p[0] / (1 + np.exp(-(t - p[1]) / p[2])) - scores, [0.9 * ceiling, 1.0, 0.4],
        bounds=([0, -10, 1e-3], [1, 20, 20]),
    )  # fmt: skip
    assert ours <= 2 * theirs.cost * 1.02 + 1e-9
    assert found.low <= found.value <= found.high <= 1


@settings(max_examples=25)
@given(seeds, st.floats(-100, 100), st.floats(0.1, 50))
def test_units_of_time_do_not_matter(seed: int, shift: float, scale: float):
    """Days or years, from whenever."""
    t, scores = draw(np.random.default_rng(seed), 0.8)
    one, other = fit_ceiling(t, scores), fit_ceiling(shift + scale * t, scores)
    assert (other.value, other.low, other.high) == pytest.approx(
        (one.value, one.low, one.high), abs=2e-4
    )


def test_a_curve_without_noise_is_met():
    """Ceiling, middle and width."""
    t = np.linspace(0, 3, 20)
    found = fit_ceiling(t, 0.77 / (1 + np.exp(-(t - 1.2) / 0.3)))
    assert (found.value, found.middle, found.width) == pytest.approx((0.77, 1.2, 0.3), abs=5e-3)


def test_scores_that_only_begin_to_climb_show_no_ceiling():
    """Everything up to full marks is possible."""
    t = np.linspace(0, 1, 12)
    noise = 0.01 * np.random.default_rng(1).normal(size=12)
    found = fit_ceiling(t, np.clip(0.05 * np.exp(1.5 * t) + noise, 0, 1))
    assert found.high == 1.0
    assert found.low < 0.5


@pytest.mark.long
@pytest.mark.parametrize("ceiling", [0.8, 0.95])
def test_the_interval_covers(ceiling: float):
    """All entries, with plain errors."""

    def simulate(rng):
        found = fit_ceiling(*draw(rng, ceiling))
        return ceiling, (found.low, found.high)

    assert_nominal(coverage(simulate, 1000), 1000)
