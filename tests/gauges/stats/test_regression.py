"""Least squares and its three covariances."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from coverage import assert_nominal, coverage
from hypothesis import given
from hypothesis import strategies as st

from tachograph.gauges.stats.regression import ols

seeds = st.integers(0, 2**32 - 1)


def draw(seed: int, count: int = 30) -> tuple[np.ndarray, np.ndarray, list[int]]:
    rng = np.random.default_rng(seed)
    x = np.column_stack([np.ones(count), rng.normal(size=(count, 2))])
    return x, rng.normal(size=count), rng.integers(0, 6, count).tolist()


@given(seeds)
def test_residuals_are_orthogonal_to_the_design(seed: int):
    """The normal equations hold."""
    x, y, _ = draw(seed)
    assert x.T @ ols(x, y).residuals == pytest.approx(np.zeros(3), abs=1e-9)


@given(seeds, st.floats(0.1, 100), st.floats(-10, 10))
def test_units_of_the_response_carry_through(seed: int, scale: float, shift: float):
    """Scaling scales coefficients and errors; adding a multiple of a column adds to its own."""
    x, y, clusters = draw(seed)
    for kind in ("classic", "HC3", "cluster"):
        plain = ols(x, y, kind, clusters if kind == "cluster" else None)
        moved = ols(x, scale * y + shift * x[:, 1], kind, clusters if kind == "cluster" else None)
        assert moved.coefficients == pytest.approx(scale * plain.coefficients + [0, shift, 0],
                                                   rel=1e-6, abs=1e-6)  # fmt: skip
        assert moved.covariance == pytest.approx(scale**2 * plain.covariance, rel=1e-5, abs=1e-9)


@given(seeds)
def test_hc3_is_the_jackknife(seed: int):
    """HC3 is the sum of squares of what leaving out each row moves (MacKinnon and White 1985)."""
    x, y, _ = draw(seed)
    full = ols(x, y, "HC3")
    moves = np.array([
        ols(np.delete(x, i, 0), np.delete(y, i)).coefficients - full.coefficients
        for i in range(len(y))
    ])  # fmt: skip
    assert moves.T @ moves == pytest.approx(full.covariance, rel=1e-6, abs=1e-12)


@given(seeds)
def test_clusters_of_one_are_white_s_covariance(seed: int):
    """With one row a cluster, only the small-sample factor n / (n - k) is left over HC0."""
    x, y, _ = draw(seed)
    found = ols(x, y, "cluster", list(range(len(y))))
    inverse = np.linalg.inv(x.T @ x)
    hc0 = inverse @ (x.T * found.residuals**2) @ x @ inverse
    assert found.covariance == pytest.approx(hc0 * len(y) / (len(y) - 3), rel=1e-8)


def test_the_published_developer_trial(reference_data: Path):
    """Coefficient and three errors to the printed digits, intervals to three decimals."""
    with (reference_data / "dev_rct" / "data_complete.csv").open() as file:
        rows = list(csv.DictReader(file))
    x, y, developers = trial(rows)
    expected = {"classic": 0.08169853340891436, "HC3": 0.08146730563040619,
                "cluster": 0.07980920634944509}  # fmt: skip
    printed = {"classic": (0.013, 0.395), "HC3": (0.013, 0.394), "cluster": (0.016, 0.390)}
    for kind, error in expected.items():
        fit = ols(x, y, kind, developers if kind == "cluster" else None)
        assert fit.coefficients[1] == pytest.approx(0.17260781509724193, rel=1e-10)
        assert fit.error(1) == pytest.approx(error, rel=1e-10)
        low, high = fit.interval(1, normal=kind == "cluster")
        assert (math.exp(low) - 1, math.exp(high) - 1) == pytest.approx(printed[kind], abs=2e-3)


def trial(rows: list[dict[str, str]]) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Log time on treatment and log forecast; a missing review time is its arm's mean."""
    arms = np.array([float(row["ai_treatment"]) for row in rows])
    first = np.array([float(row["initial_implementation_time"]) for row in rows])
    review = np.array([float(row["post_review_implementation_time"] or "nan") for row in rows])
    for arm in (0.0, 1.0):
        inside = arms == arm
        review[inside & np.isnan(review)] = np.nanmean(review[inside])
    forecast = np.array([float(row["predicted_time_no_ai"]) for row in rows])
    x = np.column_stack([np.ones(len(rows)), arms, np.log(forecast)])
    return x, np.log(first + review), [row["dev_id"] for row in rows]


def unequal(x, rng):
    """Noise that grows with the regressor; the true slope is 2."""
    return np.column_stack([np.ones(len(x)), x]), 2 * x + x**2 * rng.normal(size=len(x))


def test_hc3_covers_where_the_spread_is_unequal():
    """Noise that grows with the regressor; the classic interval is too narrow there."""

    def simulate(kind, rng):
        return 2.0, ols(*unequal(rng.uniform(0, 3, size=60), rng), kind).interval(1)

    assert_nominal(coverage(lambda rng: simulate("HC3", rng), 1500), 1500)
    assert coverage(lambda rng: simulate("classic", rng), 1000) < 0.93


@pytest.mark.long
@pytest.mark.parametrize("tail", ["exponential", "lognormal"])
def test_hc3_covers_where_the_regressor_has_a_long_tail(tail):
    """Few rows decide there: n - k degrees of freedom cover 92 and 89 %, Satterthwaite's 95."""

    def simulate(rng, freedom=None):
        x = rng.exponential(1, 60) if tail == "exponential" else rng.lognormal(0, 1, 60)
        y = 2 * x + x * rng.normal(size=60)
        fit = ols(np.column_stack([np.ones(60), x]), y, "HC3")
        return 2.0, replace(fit, freedom=np.full(2, freedom or fit.freedom[1])).interval(1)

    assert_nominal(coverage(simulate, 2500), 2500)
    assert coverage(lambda rng: simulate(rng, 58), 2500) < 0.93


@pytest.mark.long
@pytest.mark.parametrize("spread", ["grows with the forecast", "larger where treated", "smaller"])
def test_hc2_covers_where_few_tasks_are_treated(spread):
    """Eight of forty; HC3 is on the wide side there."""

    def simulate(rng):
        treated = (rng.permutation(40) < 8).astype(float)
        forecast = rng.normal(0, 0.8, 40)
        sizes = {
            "grows with the forecast": 0.5 * np.exp(0.4 * forecast),
            "larger where treated": 0.5 + 0.5 * treated,
            "smaller": 1 - 0.5 * treated,
        }
        y = 0.3 * treated + 0.8 * forecast + sizes[spread] * rng.normal(size=40)
        return 0.3, ols(np.column_stack([np.ones(40), treated, forecast]), y, "HC2").interval(1)

    assert_nominal(coverage(simulate, 2000), 2000)


@pytest.mark.long
@pytest.mark.parametrize("people", [5, 8, 16])
def test_few_clusters_cover(people):
    """Subjects of unequal size, share of treatment, speed and effect: a trial as they are."""

    def simulate(kind, rng, freedom=None):
        owner = np.repeat(np.arange(people), rng.integers(2, 30, people))
        count = len(owner)
        treated = (rng.random(count) < rng.beta(1, 1, people)[owner]).astype(float)
        y = (0.3 + 0.4 * rng.normal(size=people)[owner]) * treated
        y += 0.7 * rng.normal(size=people)[owner] + rng.normal(size=count)
        fit = ols(np.column_stack([np.ones(count), treated]), y, kind, owner.tolist())
        return 0.3, replace(fit, freedom=np.full(2, freedom or fit.freedom[1])).interval(1)

    assert_nominal(coverage(lambda rng: simulate("CR2", rng), 2500), 2500)
    plain = coverage(lambda rng: simulate("cluster", rng, people - 1), 2500)
    assert plain < coverage(lambda rng: simulate("CR2", rng), 2500)


@pytest.mark.parametrize("kind", ["HC2", "HC3", "cluster", "CR2"])
def test_freedom_and_errors_are_those_of_the_dense_formulas(kind):
    """Satterthwaite's degrees by the n by n matrices of the definition."""
    rng = np.random.default_rng(4)
    owner = np.repeat(np.arange(6), [1, 3, 5, 2, 9, 4])
    x = np.column_stack([np.ones(24), rng.random(24) < 0.4, rng.exponential(size=24)])
    y = rng.normal(size=24) + x[:, 2]
    fit = ols(x, y, kind, owner.tolist() if kind in ("cluster", "CR2") else None)
    inverse = np.linalg.inv(x.T @ x)
    rest = np.eye(24) - x @ inverse @ x.T
    groups = [[n] for n in range(24)] if kind in ("HC2", "HC3") else [
        np.flatnonzero(owner == g) for g in range(6)]  # fmt: skip
    factor = 6 / 5 * 23 / 21 if kind == "cluster" else 1.0
    for place in range(3):
        weights = np.zeros((24, len(groups)))
        for column, rows in enumerate(groups):
            values, vectors = np.linalg.eigh(rest[np.ix_(rows, rows)])
            power = {"HC2": -0.5, "HC3": -1.0, "CR2": -0.5, "cluster": 0.0}[kind]
            values = np.where(values > 1e-10, np.abs(values) ** power, 1.0)
            weights[rows, column] = (vectors * values) @ vectors.T @ (x @ inverse)[rows, place]
        middle = weights.T @ rest @ weights
        degrees = np.trace(middle) ** 2 / (middle**2).sum()
        assert fit.freedom[place] == pytest.approx(degrees, rel=1e-8)
        error = math.sqrt(factor * ((weights.T @ fit.residuals) ** 2).sum())
        assert fit.error(place) == pytest.approx(error, rel=1e-8)


def test_classic_covers_where_its_assumptions_hold():
    """Equal normal noise."""

    def simulate(rng):
        x = np.column_stack([np.ones(12), rng.normal(size=12)])
        return -1.0, ols(x, x @ [0.5, -1.0] + rng.normal(size=12)).interval(1)

    assert_nominal(coverage(simulate, 2000), 2000)


def test_clusters_cover_where_rows_depend_on_each_other():
    """30 developers with their own speed and their own share of treated issues."""

    def simulate(kind, rng):
        owner = np.repeat(np.arange(30), 8)
        treated = (rng.random(240) < rng.beta(1, 1, 30)[owner]).astype(float)
        y = 0.3 * treated + rng.normal(size=30)[owner] + rng.normal(size=240)
        fit = ols(np.column_stack([np.ones(240), treated]), y, kind, owner.tolist())
        return 0.3, fit.interval(1)

    assert_nominal(coverage(lambda rng: simulate("cluster", rng), 2000), 2000)
    assert coverage(lambda rng: simulate("classic", rng), 1000) < 0.9
