"""Whether a benchmark still measures."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from coverage import assert_nominal, coverage

from tachograph.errors import FormatError
from tachograph.gauges import Inputs, find, take
from tachograph.gauges.reading import Reading
from tachograph.gauges.saturation import Entry, Options, compute, look, read, records
from tachograph.gauges.stats.ceiling import fit_ceiling
from tachograph.gauges.synthetic import CEILING, scores, write_csv

FIRST = date(2024, 1, 1)


def take_saturation(path: Path, **options: object) -> Reading:
    return take(find("saturation"), Inputs((path,)), Options(**options))


def entries(shares: np.ndarray, error: float | None = 0.01, gap_days: int = 30) -> list[Entry]:
    return [Entry(FIRST + timedelta(gap_days * place), f"made-up-{place}", float(s), error)
            for place, s in enumerate(shares)]  # fmt: skip


def curve(ceiling: float, count: int = 30, noise: float = 0.005) -> np.ndarray:
    t = np.arange(count) / 6
    made = ceiling / (1 + np.exp(-(t - 1.5) / 0.4))
    return np.clip(made + noise * np.random.default_rng(4).normal(size=count), 0, 1)


def test_a_full_benchmark_no_longer_measures():
    """Scores that have stood at their ceiling for long."""
    reading = compute(entries(curve(0.9)), Options())
    assert reading.verdict.words == "no longer measures"
    assert reading.headline is not None
    assert reading.headline.value == pytest.approx(0.9, abs=0.01)


def test_a_climbing_benchmark_still_measures():
    """The frontier rose within the last half-year."""
    reading = compute(entries(curve(0.95)[:12]), Options())
    assert reading.verdict.words == "still measures"


def test_a_stalled_climb_cannot_tell():
    """An uneven climb, then half a year in which nobody came near: the ceiling may be anywhere."""
    climb = [0.10, 0.20, 0.21, 0.31, 0.38, 0.39, 0.45, 0.455]
    shares = np.array([*climb, 0.35, 0.2, 0.3, 0.25, 0.31, 0.33])
    reading = compute(entries(shares, error=0.02, gap_days=40), Options())
    assert not reading.verdict.told
    assert "may lie anywhere" in reading.verdict.reason


def test_few_entries_have_no_ceiling():
    """No number, with the reason."""
    reading = compute(entries(np.array([0.1, 0.2, 0.3])), Options())
    assert not reading.verdict.told
    assert reading.headline is not None
    assert reading.headline.value is None
    assert "3 points" in reading.headline.reason


def test_the_synthetic_ceiling_is_found(tmp_path: Path):
    """The interval holds the truth behind the file."""
    reading = take_saturation(write_csv(tmp_path / "s.csv", scores()), se="score_se")
    ceiling = reading.headline
    assert ceiling is not None
    assert ceiling.low is not None
    assert ceiling.high is not None
    assert ceiling.low <= CEILING <= ceiling.high


@pytest.mark.long
@pytest.mark.parametrize(
    ("ceiling", "count"), [(0.6, 24), (0.6, 50), (0.8, 24), (0.8, 50), (0.8, 80), (0.95, 60)]
)
def test_the_interval_covers_on_a_frontier(ceiling: float, count: int):
    """Entries of equal quality, of which the frontier picks the lucky.

    None of these designs had a part in how the interval is made (stats/test_records.py).
    """

    def simulate(rng: np.random.Generator):
        return ceiling, frontier_interval(rng, ceiling, count, weak=0.0)

    assert_nominal(coverage(simulate, 1000), 1000)


@pytest.mark.long
def test_what_entries_below_the_frontier_are_worth_does_not_matter():
    """Half of the later entries are far below the curve: they pass nothing, and say nothing.

    During the climb weak entries pass earlier ones all the same, which the model does not have.
    """

    def simulate(rng: np.random.Generator):
        return 0.7, frontier_interval(rng, 0.7, 70, weak=0.5)

    assert_nominal(coverage(simulate, 1000), 1000)


def frontier_interval(
    rng: np.random.Generator, ceiling: float, count: int, weak: float
) -> tuple[float, float]:
    """Of `count` entries over three years; of the later ones a share `weak` a third too low."""
    t = np.sort(rng.uniform(0, 3, count))
    worth = np.where((rng.random(count) < weak) & (t > 1.5), 0.67, 1.0)
    clean = worth * ceiling / (1 + np.exp(-(t - 1) / 0.4))
    shares = np.clip(clean + rng.normal(0, 0.015, count), 0, 1)
    data = [Entry(FIRST + timedelta(round(365 * year)), f"made-up-{place}", float(share), 0.015)
            for place, (year, share) in enumerate(zip(t, shares, strict=True))]  # fmt: skip
    found = look(data, records(data), Options()).ceiling
    return found.low, found.high


@pytest.mark.parametrize(
    ("row", "what"),
    [("a,2024-01-01,55", "full marks (1)"), ("a,2024-01-01,-1", "not between 0"),
     ("a,2024-01-01,nan", "not a finite number"), ("a,1.1.2024,0.5", "not a day")],
)  # fmt: skip
def test_bad_entries_are_named(tmp_path: Path, row: str, what: str):
    """File and line; percentages are not guessed."""
    path = tmp_path / "s.csv"
    path.write_text(f"name,date,score\n{row}\n")
    with pytest.raises(FormatError, match=r"s\.csv:2:") as error:
        take_saturation(path)
    assert what in error.value.message


def test_the_published_leaderboard(reference_data: Path):
    """MLE-bench: AICc of the three curves as found before, on the 18 entries used then."""
    options = Options(score="all", se="all_se", full_marks=100.0)
    data = read(Inputs((reference_data / "mlebench_leaderboard.csv",)), options)
    best, points = 0.0, []
    for entry in sorted(data, key=lambda entry: (entry.day, entry.score)):
        if entry.score >= best:
            best = entry.score
            points.append(entry)
    t = np.array([(entry.day - points[0].day).days / 365.25 for entry in points])
    found = fit_ceiling(t, np.array([entry.score for entry in points]))
    assert len(points) == 18
    assert (found.aicc_linear, found.aicc_full, found.aicc_free) == pytest.approx(
        (-91.5, -99.2, -95.8), abs=0.05
    )
    reading = compute(data, options)
    assert reading.verdict.words == "still measures"
    assert reading.headline is not None
    assert reading.headline.high == 100.0
