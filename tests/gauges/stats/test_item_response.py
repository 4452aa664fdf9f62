"""One scale for models that took different benchmarks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from tachograph.gauges.stats.item_response import Scores, fit, fit_as_published

seeds = st.integers(0, 2**32 - 1)


def draw(
    rng: np.random.Generator, models: int = 12, benchmarks: int = 5, noise: float = 0.03
) -> tuple[Scores, np.ndarray]:
    """Scores of most models on most benchmarks, and the true capabilities."""
    capability = np.sort(rng.normal(1, 1.5, models))
    difficulty = np.append(0.0, rng.normal(1, 1, benchmarks - 1))
    slope = np.append(1.0, rng.uniform(0.7, 3, benchmarks - 1))
    model, benchmark = (x.ravel() for x in np.indices((models, benchmarks)))
    clean = 1 / (1 + np.exp(-slope[benchmark] * (capability[model] - difficulty[benchmark])))
    value = np.clip(clean + rng.normal(0, noise, len(clean)), 0, 1)
    return Scores(model, benchmark, value, 0), capability


@settings(max_examples=20)
@given(seeds)
def test_the_minimum_is_a_minimum(seed: int):
    """A general method that starts there finds nothing lower."""
    scores, _ = draw(np.random.default_rng(seed))
    found = fit(scores, 0.1)
    assert found.settled

    def loss(x: np.ndarray) -> float:
        c, d, a = x[:12], x[12:17], np.append(1.0, x[17:])
        p = 1 / (1 + np.exp(-a[scores.benchmark] * (c[scores.model] - d[scores.benchmark])))
        return float(((p - scores.value) ** 2).sum() + 0.1 / scores.free * (x @ x))

    # The scale is given with the anchor at 0; the penalty sees it before that shift.
    start = np.concatenate([found.capability, found.difficulty, found.slope[1:]])
    shifted = minimize(lambda s: loss(start + np.append(np.full(17, s), np.zeros(4))), [0.0])
    start = start + np.append(np.full(17, shifted.x[0]), np.zeros(4))
    assert loss(start) == pytest.approx(found.loss, rel=1e-6)
    bounds = [(-10, 10)] * 17 + [(0.1, 10)] * 4
    assert minimize(loss, start, method="L-BFGS-B", bounds=bounds).fun >= found.loss * (1 - 1e-6)


@settings(max_examples=20)
@given(seeds)
def test_the_names_places_do_not_matter(seed: int):
    """Models and benchmarks in another order have the same figures."""
    rng = np.random.default_rng(seed)
    scores, _ = draw(rng)
    models, benchmarks = rng.permutation(12), rng.permutation(5)
    moved = Scores(models[scores.model], benchmarks[scores.benchmark], scores.value,
                   int(benchmarks[0]))  # fmt: skip
    one, other = fit(scores, 0.1), fit(moved, 0.1)
    if other.loss == pytest.approx(one.loss, rel=1e-9):  # there may be more than one minimum
        assert other.capability[models] == pytest.approx(one.capability, abs=1e-5)
        assert other.difficulty[benchmarks] == pytest.approx(one.difficulty, abs=1e-5)


def test_the_anchor_is_where_it_was_put():
    """Difficulty 0, slope 1, no error."""
    scores, _ = draw(np.random.default_rng(1))
    found = fit(scores, 0.1)
    assert (found.difficulty[0], found.slope[0], found.difficulty_error[0]) == (0.0, 1.0, 0.0)


def test_the_published_stop_is_near_the_minimum():
    """It never lies lower, and not far off."""
    scores, _ = draw(np.random.default_rng(2))
    exact, published = fit(scores, 0.1), fit_as_published(scores, 0.1)
    assert exact.loss <= published.loss + 1e-12
    assert published.capability == pytest.approx(exact.capability, abs=0.02)


@pytest.mark.long
def test_the_errors_cover():
    """The interval of a capability holds the truth at its level, where benchmarks reach it."""
    held, total = 0, 0
    for seed in range(150):
        scores, truth = draw(np.random.default_rng([3, seed]), 30, 8, noise=0.02)
        found = fit(scores, 0.001)
        middling = (truth > 0) & (truth < 2)
        apart = np.abs(found.capability - truth) <= 1.96 * found.capability_error
        held, total = held + int(apart[middling].sum()), total + int(middling.sum())
    assert total >= 1000
    assert 0.93 <= held / total <= 0.97
