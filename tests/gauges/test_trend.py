"""Which form the growth has, and when that cannot be told."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from tachograph.errors import FormatError, UsageError
from tachograph.gauges import Inputs, find, take
from tachograph.gauges.reading import Reading
from tachograph.gauges.stats.forms import exponential_rejected
from tachograph.gauges.synthetic import DOUBLING_DAYS, values, write_csv
from tachograph.gauges.trend import Data, Options, compute, judge, score_all, steady

FIRST = date(2022, 1, 1)


def read_trend(path: Path, **options: object) -> Reading:
    return take(find("trend"), Inputs((path,)), Options(**options))


def series(logs: np.ndarray, gap_days: int = 60) -> Data:
    days = [FIRST + timedelta(gap_days * place) for place in range(len(logs))]
    names = [f"made-up-{place}" for place in range(len(logs))]
    return Data(tuple(names), tuple(days), tuple((2.0**logs).tolist()))


def test_an_exponential_is_measured(tmp_path: Path):
    """The interval holds the true doubling time, and nothing else is singled out."""
    reading = read_trend(write_csv(tmp_path / "v.csv", values(count=20)))
    doubled = reading.headline
    assert doubled is not None
    assert doubled.low is not None
    assert doubled.high is not None
    assert doubled.low < DOUBLING_DAYS < doubled.high
    assert reading.verdict.words in ("exponential", "cannot distinguish")


def test_a_sharp_break_is_found():
    """Ten doublings a year after half a doubling a year."""
    t = np.arange(20) * 60 / 365.25
    logs = 0.5 * t + 10 * np.maximum(0, t - 1.6)
    logs += 0.05 * np.random.default_rng(5).normal(size=20)
    reading = compute(series(logs), Options())
    assert reading.verdict.told
    assert reading.verdict.words == "one break"


def test_a_short_noisy_series_cannot_distinguish():
    """Nine points with a spread of one doubling."""
    logs = np.arange(9) * 0.4 + np.random.default_rng(8).normal(size=9)
    reading = compute(series(logs), Options())
    assert not reading.verdict.told
    assert reading.verdict.words == "cannot distinguish"
    assert reading.verdict.reason


def test_seven_points_cannot_tell():
    """No number at all."""
    reading = compute(series(np.arange(7.0)), Options())
    assert not reading.verdict.told
    assert reading.estimates == ()
    assert "7 points" in reading.sentence


def test_what_shrinks_has_no_doubling_time():
    """None with its reason, never a negative time."""
    logs = -np.arange(12.0) + 0.1 * np.random.default_rng(9).normal(size=12)
    reading = compute(series(logs), Options())
    assert reading.headline is not None
    assert reading.headline.value is None
    assert reading.headline.reason == "it does not grow"


@pytest.mark.long
def test_no_form_but_the_exponential_is_named_without_cause():
    """On true exponentials another form is named in no more than one of twenty."""
    named = 0
    for seed in range(200):
        data = series(np.arange(14) * 0.5 + np.random.default_rng([7, seed]).normal(size=14))
        p_value = exponential_rejected(data.years, data.logs, draws=199)
        verdict = judge(score_all(data), p_value, steady(data))
        named += verdict.told and verdict.words != "exponential"
    assert named <= 14


def test_a_long_clear_exponential_is_named():
    """Thirty points with a spread of a tenth of a doubling."""
    logs = np.arange(30) * 0.3 + 0.1 * np.random.default_rng(6).normal(size=30)
    assert compute(series(logs), Options()).verdict.words == "exponential"


@pytest.mark.parametrize(
    ("row", "what"),
    [("a,2024-01-01,0", "not above 0"), ("a,2024-01-01,nan", "not a finite number"),
     ("a,2024-02-31,1", "not a day"), (",2024-01-01,1", "name"), ("a,2024-01-01", "2 fields")],
)  # fmt: skip
def test_bad_rows_are_named(tmp_path: Path, row: str, what: str):
    """File and line, never a number."""
    path = tmp_path / "v.csv"
    path.write_text(f"name,date,value\nb,2024-01-01,1\n{row}\n")
    with pytest.raises(FormatError, match=r"v\.csv:3:") as error:
        read_trend(path)
    assert what in error.value.message


def test_a_bad_day_on_the_command_line_is_a_wrong_call():
    """Not a window that silently holds nothing."""
    with pytest.raises(UsageError, match="not a day"):
        Options(since="2024")


@pytest.mark.parametrize(
    ("since", "until", "days", "low", "high"),
    [("", "2025-02-28", 212.96, 172.4, 247.4), ("", "", 206.89, 167.9, 237.9),
     ("2023-01-01", "", 184.99, 142.3, 253.2), ("2024-01-01", "", 105.21, 80.8, 146.3)],
)  # fmt: skip
def test_the_published_doubling_times(
    reference_data: Path, since: str, until: str, days: float, low: float, high: float
):
    """METR's horizons of 2025 with its joint resamples, over four windows of the frontier."""
    folder = reference_data / "horizon" / "th1.0_2025-07"
    reading = read_trend(
        folder / "logistic_fits_headline.csv", rows=folder / "bootstrap_headline.csv",
        dates=folder / "release_dates.yaml", frontier=True, exclude=("human",), since=since,
        until=until, floor=1e-3,
    )  # fmt: skip
    doubled = next(row.estimate for row in reading.grid if row.headline)
    assert doubled.value == pytest.approx(days, rel=1e-3)
    assert (doubled.low, doubled.high) == pytest.approx((low, high), rel=2e-3)
    if len(reading.estimates) == 0:
        assert "points" in reading.verdict.reason
        return
    assert reading.headline == doubled
    shares = [e.value for e in reading.estimates if e.name.startswith("share of joint")]
    assert sum(share or 0.0 for share in shares) == pytest.approx(1.0)
    last = next(e for e in reading.estimates if e.name.endswith("last point, super-exponential"))
    assert last.value is not None
    assert last.low is not None
    assert last.low < last.value
