"""The ceiling of records, against an independent minimiser, and by simulation.

That four things are counted as estimated was chosen on ceilings of 0.65, 0.7, 0.75, 0.85, 0.9 and
0.92 with 24 to 70 entries; tests/gauges/test_saturation.py tries it on others.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.stats import norm

from tachograph.gauges.stats.ceiling import fit_ceiling
from tachograph.gauges.stats.records import fit_records

seeds = st.integers(0, 2**32 - 1)


def climb(rng: np.random.Generator, ceiling: float, count: int = 40, noise: float = 0.015):
    """Times, scores and bars of the records among `count` entries on the curve."""
    t = np.sort(rng.uniform(0, 3, count))
    scores = np.clip(ceiling / (1 + np.exp(-(t - 1) / 0.4)) + rng.normal(0, noise, count), 0, 1)
    bars = np.concatenate([[-np.inf], np.maximum.accumulate(scores)[:-1]])
    kept = scores >= bars
    return t[kept], scores[kept], bars[kept]


@settings(max_examples=10)
@given(seeds, st.floats(0.5, 0.95))
def test_a_general_minimiser_finds_no_likelier_curve(seed: int, ceiling: float) -> None:
    """By scipy's own normal distribution, from the truth and from what was found."""
    t, scores, bars = climb(np.random.default_rng(seed), ceiling)
    found = fit_records(t, scores, bars)

    def minus_log_likelihood(at: np.ndarray) -> float:
        curve = at[0] / (1 + np.exp(-(t - at[1]) / np.exp(at[2])))
        error = np.exp(at[3])
        tails = norm.logsf(np.maximum(bars, -1e6), curve, error)
        return float(-(norm.logpdf(scores, curve, error) - tails).sum())

    ours = [found.value, found.middle, math.log(found.width),
            math.log(found.error * math.sqrt((len(t) - 3) / len(t)))]  # fmt: skip
    for start in (ours, [ceiling, 1.0, math.log(0.4), math.log(0.015)]):
        least = minimize(minus_log_likelihood, start, method="Nelder-Mead",
                         bounds=[(0.1, 1), (-9, 15), (-5, 3), (-9, 0)],
                         options={"maxiter": 4000, "maxfev": 4000}).fun  # fmt: skip
        # The ceiling lies on a grid, an eighth of an error apart at the best.
        assert minus_log_likelihood(np.array(ours)) <= least + 0.05


def test_without_bars_it_is_least_squares() -> None:
    """Nothing to be passed, no luck taken out: the curve and nearly the interval of ceiling.py."""
    rng = np.random.default_rng(3)
    t = np.linspace(0, 3, 60)
    scores = 0.8 / (1 + np.exp(-(t - 1) / 0.4)) + rng.normal(0, 0.015, 60)
    free = fit_records(t, scores, np.full(60, -np.inf))
    least = fit_ceiling(t, scores)
    assert free.value == pytest.approx(least.value, abs=2e-3)
    assert (free.low, free.high) == pytest.approx((least.low, least.high), abs=1e-3)
    assert free.error == pytest.approx(0.015, rel=0.25)


def test_the_luck_of_records_is_taken_out() -> None:
    """On average over forty boards least squares of records lies high, this does not."""
    plain, corrected = [], []
    for seed in range(40):
        t, scores, bars = climb(np.random.default_rng([5, seed]), 0.8, 80)
        plain.append(fit_ceiling(t, scores).value)
        corrected.append(fit_records(t, scores, bars).value)
    assert np.mean(plain) > 0.815
    assert np.mean(corrected) == pytest.approx(0.8, abs=0.01)


@settings(max_examples=10)
@given(seeds)
def test_the_interval_holds_the_value_and_widens_with_the_level(seed: int) -> None:
    t, scores, bars = climb(np.random.default_rng(seed), 0.7)
    narrow, wide = fit_records(t, scores, bars, 0.8), fit_records(t, scores, bars, 0.99)
    assert 0 <= wide.low <= narrow.low <= narrow.value <= narrow.high <= wide.high <= 1
