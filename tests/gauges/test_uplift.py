"""Uplift: the developer trial to its printed digits, coverage, null inputs and bad tables."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest

from tachograph.errors import FormatError
from tachograph.gauges import Inputs, Reading, find, take
from tachograph.gauges.picture import LIGHT
from tachograph.gauges.uplift import Options, Task, Trial, analyse, compute

HEADER = "subject,treatment,minutes,review_minutes,forecast_without,forecast_with,refused\n"


def reading(tmp_path: Path, text: str, options: Options | None = None) -> Reading:
    table = tmp_path / "trial.csv"
    table.write_text(text)
    return take(find("uplift"), Inputs((table,)), options)


def simulated(rng: np.random.Generator, effect: float, *, people: int = 40) -> Trial:
    """People of different speed, tasks of different size, six each, the arm by a coin."""
    tasks = []
    for person in range(people):
        speed = rng.normal(0, 0.3)
        for _ in range(6):
            size, treated = rng.normal(4, 1), bool(rng.integers(2))
            minutes = math.exp(size + speed + effect * treated + rng.normal(0, 0.4))
            tasks.append(Task(f"p{person}", treated, minutes, None, math.exp(size), None))
    return Trial(tuple(tasks), 0)


@pytest.mark.parametrize(
    ("covariance", "line"),
    [("classic", "Homoskedastic"), ("HC3", "HC3"), ("cluster", "Clustered")],
)
def test_the_developer_trial_to_the_printed_digits(
    reference_data: Path, covariance: str, line: str
) -> None:
    """Slow-down and interval as published, for each covariance."""
    printed = (reference_data / "dev_rct" / "expected.txt").read_text()
    options = Options(covariance=covariance, quantile="normal")
    found = take(
        find("uplift"), Inputs((reference_data / "dev_rct" / "data_complete.csv",)), options
    )
    change = found.estimates[0]
    assert change.value is not None and change.low is not None and change.high is not None
    slowdown = re.search(r"speedup of:\s+([\d.]+)", printed)
    ends = re.search(rf"{line}.*\(([\d.]+), ([\d.]+)\)", printed)
    assert slowdown and ends
    assert round(change.value / 100, 3) == float(slowdown[1])
    assert (round(change.low / 100, 3), round(change.high / 100, 3)) == (
        float(ends[1]), float(ends[2]),
    )  # fmt: skip
    assert found.n == {"tasks": 246, "with AI": 136, "subjects": 16, "refused": 0}
    assert found.estimates[1].value == pytest.approx(-24.8, abs=0.05)
    assert any("16 subjects" in text for text in found.caveats) == (covariance == "cluster")


def test_intervals_cover_and_no_effect_is_no_effect() -> None:
    """93 to 97 % of the intervals hold the true effect, here none; so 3 to 7 % see one."""
    rng = np.random.default_rng(5)
    inside, trials = 0, 1000
    for _ in range(trials):
        found = analyse(simulated(rng, 0.0), Options())
        assert found.fit is not None
        low, high = found.fit.interval(1)
        inside += low <= 0 <= high
    assert 0.93 <= inside / trials <= 0.97


def test_a_true_effect_is_found_with_its_sign() -> None:
    found = compute(simulated(np.random.default_rng(2), -0.5, people=80), Options())
    change = found.estimates[0]
    assert found.verdict.words == "a difference" and "less time" in found.sentence
    assert change.low is not None and change.high is not None
    assert change.low < 100 * math.expm1(-0.5) < change.high < 0


def test_exchanging_the_arms_turns_the_ratio_round() -> None:
    trial = simulated(np.random.default_rng(3), 0.3)
    turned = Trial(tuple(Task(t.subject, not t.treated, t.minutes, None, t.forecast_without, None)
                         for t in trial.tasks), 0)  # fmt: skip
    one, other = (compute(t, Options()).estimates[0].value for t in (trial, turned))
    assert one is not None and other is not None
    assert (1 + one / 100) * (1 + other / 100) == pytest.approx(1)


def test_missing_review_time_is_imputed_dropped_or_left_out(tmp_path: Path) -> None:
    rows = ["a,0,10,10,9,9,0", "a,1,20,,18,9,0", "b,0,30,10,28,9,0", "b,1,50,30,40,9,0",
            "c,1,20,10,22,9,0", "c,0,20,10,21,9,0", "d,1,33,10,31,9,0"]  # fmt: skip
    found = reading(tmp_path, HEADER + "\n".join(rows) + "\n")
    minutes = found.table("tasks").numbers("minutes")
    assert minutes[1] == pytest.approx(20 + (30 + 10 + 10) / 3)
    assert {row.choices["review"] for row in found.grid} == {"arm-mean", "drop", "left-out"}
    assert any("1 tasks review" in text for text in found.caveats)
    dropped = reading(tmp_path, HEADER + "\n".join(rows) + "\n", Options(review="drop"))
    assert dropped.n["tasks"] == 6


def test_tasks_kept_back_are_counted(tmp_path: Path) -> None:
    rows = [f"p{n},{n % 2},{10 + n},,,,0" for n in range(12)] + ["p1,,,,,,1", "p2,,,,,,1"]
    found = reading(tmp_path, HEADER + "\n".join(rows) + "\n")
    assert found.n["refused"] == 2
    kept = next(e for e in found.estimates if e.name == "tasks kept back")
    assert kept.value == pytest.approx(100 * 2 / 14)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ("a,1,5,,,,0\nb,1,6,,,,0\nc,1,7,,,,0\n", "fewer than two tasks in one of the arms"),
        ("a,1,5,,,,0\na,0,6,,,,0\nb,1,7,,,,0\nb,0,8,,,,0\n", "fewer than three subjects"),
        ("a,1,5,,,,0\nb,0,5,,,,0\nc,1,5,,,,0\nd,0,5,,,,0\n", "times that do not vary"),
    ],
)
def test_what_cannot_be_told_is_said(tmp_path: Path, rows: str, reason: str) -> None:
    found = reading(tmp_path, HEADER + rows)
    assert not found.verdict.told and reason in found.verdict.reason
    assert found.estimates[0].value is None and "cannot tell" in found.sentence
    assert find("uplift").plot(found, LIGHT) is not None


@pytest.mark.parametrize(
    ("row", "place"),
    [
        ("a,2,5,,,,0", ":2: treatment"),
        ("a,0.5,5,,,,0", ":2: treatment: not a whole number"),
        ("a,1,0,,,,0", ":2: minutes: not above 0"),
        ("a,1,nan,,,,0", ":2: minutes: not a finite number"),
        ("a,1,5,-1,,,0", ":2: review_minutes: not between"),
        (",1,5,,,,0", ":2: subject: not a text"),
        ("a,1,5,,,,perhaps", ":2: refused: neither yes nor no"),
    ],
)
def test_bad_tables_name_the_row(tmp_path: Path, row: str, place: str) -> None:
    with pytest.raises(FormatError) as caught:
        reading(tmp_path, HEADER + row + "\n")
    assert place in caught.value.message and caught.value.hint


def test_the_picture_shows_every_analysis(tmp_path: Path) -> None:
    rows = [f"p{n % 5},{n % 2},{10 + 7 * n % 13},,{9 + n},,0" for n in range(24)]
    found = reading(tmp_path, HEADER + "\n".join(rows) + "\n")
    axes = find("uplift").plot(found, LIGHT).axes[0]
    assert len(axes.get_yticklabels()) == len(found.grid) == 6
