"""The horizon against METR's published code on METR's published runs (reference data)."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from tachograph.gauges import Inputs, find, take
from tachograph.gauges.curves import Method, fit, replicates
from tachograph.gauges.horizon import Options
from tachograph.gauges.read.days import read_days
from tachograph.gauges.read.outcomes import read_outcomes
from tachograph.gauges.stats.growth import doubling, frontier
from tachograph.gauges.suite import Suite, build

PENALTIES = {1e-5: "expected_lambda1e-5", 0.1: "expected_lambda0.1"}
SHARES = (0.5, 0.8)
PRINTED = 0.5000001e-6
"""Half a unit of the last digit that the reference prints."""


@pytest.fixture(scope="module")
def suite(reference_data: Path) -> Suite:
    return build(read_outcomes([reference_data / "horizon" / "runs_2025-01-28.jsonl"]))


def expected(reference_data: Path, penalty: float) -> Mapping[str, dict[str, str]]:
    path = reference_data / "horizon" / PENALTIES[penalty] / "logistic_fits.csv"
    with path.open() as file:
        return {row["agent"]: row for row in csv.DictReader(file)}


@pytest.mark.parametrize("penalty", PENALTIES)
def test_point_fits_equal_the_reference(reference_data: Path, suite: Suite, penalty: float):
    """Stopped where the reference stops: every coefficient and horizon within 1e-4 relative."""
    compared = 0
    for name, row in expected(reference_data, penalty).items():
        curve = fit(
            suite, suite.agents.index(name), Method(penalty, "invsqrt", "logistic", "lbfgs")
        )
        if row["coefficient"] == "-inf":
            assert curve.one_sided[0], (
                "the reference writes 0 min for an agent that never succeeded"
            )
            continue
        ours = {"coefficient": curve.slope[0], "intercept": curve.intercept[0]}
        ours |= {f"p{share * 100:.0f}": 2 ** curve.crossing(share)[0] for share in SHARES}
        for column, value in ours.items():
            assert value == pytest.approx(float(row[column]), rel=1e-4, abs=PRINTED), (name, column)
            compared += 1
    assert compared == 40


@pytest.mark.parametrize("penalty", PENALTIES)
def test_the_minimum_is_below_where_the_reference_stops(
    reference_data: Path, suite: Suite, penalty: float
):
    """Newton's fit has a lower objective and no gradient left; the reference's is 1e-4."""
    weights = suite.weights("invsqrt")
    x = suite.log_minutes
    for name, row in expected(reference_data, penalty).items():
        agent = suite.agents.index(name)
        curve = fit(suite, agent, Method(penalty, "invsqrt", "logistic"))
        if curve.one_sided[0]:
            continue
        all_weight, won = weights[agent] * suite.runs[agent], weights[agent] * suite.score[agent]

        def objective(a: float, b: float, f=all_weight, s=won) -> tuple[float, float]:
            eta = a + b * x
            value = (f * np.logaddexp(0, eta) - s * eta).sum() + penalty / 2 * b * b
            excess = f / (1 + np.exp(-eta)) - s
            return value, max(abs(excess.sum()), abs((excess * x).sum() + penalty * b))

        ours, gradient = objective(float(curve.intercept[0]), float(curve.slope[0]))
        theirs, left = objective(float(row["intercept"]), float(row["coefficient"]))
        assert gradient < 1e-9
        assert ours <= theirs
        assert left < 1.1e-4


@pytest.mark.parametrize("penalty", PENALTIES)
def test_interval_ends_agree_within_monte_carlo_error(
    reference_data: Path, suite: Suite, penalty: float
):
    """Both sides drew 1,000 resamples: each end may differ by what two such draws differ by.

    The error of a quantile of n draws is that of the order statistic: the ends of a normal interval
    for its rank, n q ± sqrt(n q (1 - q)), read off the sorted draws, are one standard error to
    each side. Theirs and ours add up in squares. 36 ends are compared, so 4 standard errors are
    allowed (a false alarm once in 400 seeds), and the mean square must be near 1.
    """
    path = reference_data / "horizon" / PENALTIES[penalty] / "bootstrap.csv"
    with path.open() as file:
        header, *lines = csv.reader(file)
    theirs = np.array([[float(cell) if cell else math.nan for cell in line] for line in lines])
    method = Method(penalty, "invsqrt", "logistic")
    drawn = list(replicates(suite, method, SHARES, 1000, seed=1, levels="nested"))
    deviations = []
    for column, name in enumerate(header):
        agent, _, share = name.rpartition("_p")
        if agent == "gpt-3.5-turbo-instruct":
            continue  # its resamples underflow in the reference
        ours = drawn[suite.agents.index(agent)][SHARES.index(float(share) / 100)]
        reference = np.log2(theirs[:, column])
        for q in (0.025, 0.975):
            a, error_a = quantile(ours[np.isfinite(ours)], q)
            b, error_b = quantile(reference[np.isfinite(reference)], q)
            deviations.append((a - b) / math.hypot(error_a, error_b))
    assert len(deviations) == 36
    assert max(map(abs, deviations)) < 4
    assert np.mean(np.square(deviations)) < 2


def quantile(values: np.ndarray, q: float) -> tuple[float, float]:
    """A quantile and its standard error, from the spread of the order statistics about it."""
    ordered = np.sort(values)
    rank, half = q * (len(ordered) - 1), math.sqrt(len(ordered) * q * (1 - q))
    low, high = np.interp([rank - half, rank + half], np.arange(len(ordered)), ordered)
    return float(np.interp(rank, np.arange(len(ordered)), ordered)), float(high - low) / 2


def test_doubling_time_of_the_published_horizons(reference_data: Path):
    """2019 to February 2025 over the frontier: 212.96 days [172.4, 247.4]."""
    folder = reference_data / "horizon" / "th1.0_2025-07"
    days = read_days(folder / "release_dates.yaml")
    with (folder / "logistic_fits_headline.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["agent"] != "human"]
    rows = [row for row in rows if days[row["agent"]] <= date(2025, 2, 28)]
    agents = [row["agent"] for row in rows]
    released = [days[agent] for agent in agents]
    values = [float(row["p50"]) for row in rows]
    at = frontier(released, values)
    with (folder / "bootstrap_headline.csv").open() as file:
        boot = list(csv.DictReader(file))
    drawn = np.array(
        [[float(row[f"{agents[place]}_p50"] or "nan") for place in at] for row in boot]
    )
    drawn[drawn < 1e-3] = math.nan
    found = doubling([released[p] for p in at], [values[p] for p in at], drawn)
    assert found.days == pytest.approx(212.96, rel=1e-3)
    assert found.low == pytest.approx(172.4, rel=1e-3)
    assert found.high == pytest.approx(247.4, rel=1e-3)


def test_the_reading_of_the_published_runs(reference_data: Path):
    """Through the face: told agents, refusals, doubling time with interval, grid with headline."""
    folder = reference_data / "horizon"
    options = Options(dates=folder / "release_dates_2026-01-20.yaml")
    reading = take(find("horizon"), Inputs((folder / "runs_2025-01-28.jsonl",)), options)
    assert reading.verdict.told
    assert reading.headline is not None
    assert reading.headline.name == "50% horizon of Claude 3.5 Sonnet (New)"
    by_name = {estimate.name: estimate for estimate in reading.estimates}
    assert "68 runs failed" in by_name["50% horizon of davinci-002"].reason
    assert "shorter than the shortest" in by_name["80% horizon of GPT-4o"].reason
    human = by_name["50% horizon of human"]
    assert human.high is None, "the upper end lies beyond the longest task"
    assert by_name["doubling time"].low is not None
    assert [row.headline for row in reading.grid].count(True) == 1
    assert len(reading.grid) >= 8
    assert reading.n["runs"] == 7063
