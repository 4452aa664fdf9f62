"""The made-up tables are made up, the same each time, and gauges find their truth."""

from __future__ import annotations

import math
from pathlib import Path

from tachograph.gauges import Inputs, find, take
from tachograph.gauges.synthetic import write_csv
from tachograph.gauges.synthetic_people import EFFECT, MULTIPLIERS, answers, trial, verdicts


def test_tables_are_the_same_each_time() -> None:
    assert (answers(), trial(), verdicts()) == (answers(), trial(), verdicts())


def test_the_trial_holds_its_effect(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "t.csv", trial(people=60))
    change = take(find("uplift"), Inputs((path,))).estimates[0]
    assert change.low is not None and change.high is not None
    assert change.low < 100 * math.expm1(EFFECT) < change.high


def test_the_survey_holds_its_medians(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", answers())
    reading = take(find("survey"), Inputs((path,)))
    for when, median in MULTIPLIERS.items():
        (one,) = [e for e in reading.estimates if e.name == f"median multiplier of value, {when}"]
        assert one.low is not None and one.high is not None and one.low <= median <= one.high
