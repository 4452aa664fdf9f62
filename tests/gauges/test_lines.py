"""Lines per engineer-day: working days, who is an engineer, changes of level and the null."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from coverage import assert_nominal, holds

from tachograph.gauges import Inputs, find, take
from tachograph.gauges.git.paths import KINDS
from tachograph.gauges.git.rows import AUTHOR, BOT, History
from tachograph.gauges.lines import (
    Data,
    Options,
    Quarter,
    compute,
    growth,
    quarters,
    rate,
    working_days,
)
from tachograph.gauges.picture import LIGHT
from tachograph.gauges.synthetic_history import write_repository

FEW = Options()


def made(*commits: tuple[str, int, int, int]) -> History:
    """Commits: day, author, added lines of production code, evidence."""
    wide = np.zeros((4, len(commits), len(KINDS)), dtype=np.int64)
    wide[0, :, 0] = [commit[2] for commit in commits]
    times = [int(datetime.fromisoformat(c[0]).replace(tzinfo=UTC).timestamp()) for c in commits]
    authors = np.array([commit[1] for commit in commits])
    evidence = np.array([commit[3] for commit in commits])
    return History("t", np.array(times), authors, authors * 0 - 1, evidence, *wide,
                   tuple("abcdefghijkl"), ())  # fmt: skip


def steady(level: float, later: float, rng: np.random.Generator) -> History:
    """Eight people over twelve quarters; from the seventh on the level is another one."""
    commits = []
    for number in range(12):
        year, month = 2023 + number // 4, 3 * (number % 4) + 2
        mean = level if number < 6 else later
        for person in range(8):
            for day in (3, 12, 21):
                size = int(mean * np.exp(rng.normal(0, 0.2)))
                commits.append((f"{year}-{month:02}-{day:02}", person, size, 0))
    return made(("2023-01-01", 0, 0, 0), *commits, ("2025-12-31", 0, 0, 0))


@pytest.mark.parametrize(
    ("quarter", "days"), [("2025Q1", 64), ("2024Q4", 66), ("2025Q2", 11), ("2024Q3", 0)]
)
def test_working_days_are_those_within_the_history(quarter: str, days: int) -> None:
    assert working_days(quarter, date(2024, 10, 1), date(2025, 4, 15)) == days


def test_automation_is_no_engineer_and_agents_lines_count() -> None:
    days = [f"2025-0{month}-10" for month in (1, 2, 3)]
    commits = [(day, person, 100, 0) for day in days for person in range(4)]
    history = made(("2025-01-01", 0, 0, 0), *commits, ("2025-02-01", 7, 5000, BOT),
                   ("2025-02-01", 8, 400, AUTHOR), ("2025-03-31", 0, 0, 0))  # fmt: skip
    (quarter,) = quarters(history, ("production",))
    assert len(quarter.lines) == 4 and quarter.days == 64 and quarter.by_agents == 400
    assert quarter.rate == pytest.approx((1200 + 400) / (4 * 64))


def test_few_people_or_days_have_no_rate() -> None:
    found = compute(Data(made(("2025-01-10", 0, 500, 0), ("2025-03-10", 1, 500, 0)), {}), FEW)
    assert not found.verdict.told and found.estimates[0].value is None and not found.grid
    assert find("lines").plot(found, LIGHT) is not None


def test_a_change_of_level_is_found_where_it_is() -> None:
    found = compute(Data(steady(100, 300, np.random.default_rng(1)), {}), FEW)
    (change,) = [e for e in found.estimates if e.name.startswith("change of level")]
    assert "from 2024Q3" in change.name and change.value == pytest.approx(3, rel=0.15)
    assert "from 2024Q3 on" in found.sentence


def test_without_a_change_none_is_told() -> None:
    """The null gives the null: at most about one in twenty sees a change."""
    rng = np.random.default_rng(2)
    seen = 0
    for _ in range(40):
        found = compute(Data(steady(100, 100, rng), {}), Options())
        seen += any(e.name.startswith("change of level, from") for e in found.estimates)
    assert seen <= 6


@pytest.mark.parametrize(("engineers", "spread"), [(6, 0.5), (14, 1.2), (30, 0.9)])
def test_intervals_of_quarters_and_of_growth_cover(engineers: int, spread: float) -> None:
    """Engineers drawn anew each time, few of whom have most of the lines; of those given.

    How they are made was chosen at other spreads and numbers (stats/test_long_tail.py).
    """
    rng = np.random.default_rng(1)
    level, held = 100 * np.exp(spread**2 / 2) / 60, {"rate": [], "growth": []}
    for _ in range(2000):
        old, new = (Quarter(name, size * np.exp(spread * rng.normal(size=count)), 0.0, 60)
                    for name, size, count in (("2024Q1", 100, engineers),
                                              ("2025Q1", 150, engineers + 1)))  # fmt: skip
        (ratio,) = growth([old, new], FEW)
        for name, each, truth in (("rate", rate(old, FEW), level), ("growth", ratio, 1.5)):
            if each.low is not None or each.high is not None:
                held[name].append(holds(truth, (each.low, each.high)))
    for found in held.values():
        assert len(found) > 0.9 * 2000
        assert_nominal(float(np.mean(found)), len(found))


def test_a_tail_that_so_few_do_not_carry_has_no_interval() -> None:
    """Nine engineers alike and one with a thousand times as much: who holds how much is said."""
    commits = [(f"2025-0{month}-10", person, 100 + person, 0)
               for month in (1, 2, 3) for person in range(9)]  # fmt: skip
    history = made(("2025-01-01", 0, 0, 0), *commits, ("2025-02-02", 9, 300_000, 0),
                   ("2025-03-31", 0, 0, 0))  # fmt: skip
    found = compute(Data(history, {}), FEW)
    rate_found = found.estimates[0]
    assert rate_found.value is not None and rate_found.low is None and rate_found.high is None
    assert "cannot be told (in 2025Q1 the largest 1 of 10 engineers hold 99%" in found.sentence
    assert any(caveat.startswith("Cannot tell how far off: in 2025Q1") for caveat in found.caveats)


def test_releases_are_marks_on_the_picture(tmp_path: Path) -> None:
    """And no part of any figure."""
    repository = write_repository(tmp_path / "made-up", 400)
    days = tmp_path / "releases.txt"
    days.write_text("made-up-1: 2024-05-01\nmade-up-2: 2025-03-10\n")
    plain = take(find("lines"), Inputs((repository,)), Options(fresh=True))
    marked = take(find("lines"), Inputs((repository,)),
                  Options(fresh=True, releases=days))  # fmt: skip
    assert marked.estimates == plain.estimates and len(marked.inputs) == 2
    assert marked.table("releases").texts("quarter") == ["2024Q2", "2025Q1"]
    axes = find("lines").plot(marked, LIGHT).axes[0]
    assert axes.get_legend() is not None
    assert find("lines").plot(plain, LIGHT).axes[0].get_legend() is None
