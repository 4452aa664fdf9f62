"""The survey: exact median intervals, value and speed apart, rules stated, bad tables refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tachograph.errors import FormatError
from tachograph.gauges import Inputs, Reading, find, take
from tachograph.gauges.picture import LIGHT
from tachograph.gauges.survey import Answer, Options, compute

HEADER = "respondent,asked,when,multiplier,group\n"


def reading(tmp_path: Path, rows: str, options: Options | None = None) -> Reading:
    table = tmp_path / "answers.csv"
    table.write_text(HEADER + rows)
    return take(find("survey"), Inputs((table,)), options)


def asked(values: list[float], what: str = "value", when: str = "now") -> tuple[Answer, ...]:
    return tuple(Answer(f"p{n}", what, when, value, "") for n, value in enumerate(values))


def test_interval_of_130_answers_is_that_of_published_order_statistics() -> None:
    """With 130 answers the ends are the 54th and the 77th in order."""
    head = compute(asked([float(n) for n in range(1, 131)]), Options()).estimates[0]
    assert (head.value, head.low, head.high) == (65.5, 54.0, 77.0)


def test_median_intervals_cover_whatever_the_form() -> None:
    """Exact intervals hold the true median at least 95 % of the time, for a skewed distribution."""
    rng = np.random.default_rng(11)
    inside, trials = 0, 1000
    for _ in range(trials):
        head = compute(asked(list(np.exp(rng.standard_normal(41)) * 2)), Options()).estimates[0]
        assert head.low is not None and head.high is not None
        inside += head.low <= 2 <= head.high
    assert 0.94 <= inside / trials <= 0.98


@given(st.lists(st.floats(0.1, 50), min_size=8, max_size=40), st.floats(0.2, 5))
def test_a_change_of_scale_scales_the_answer(values: list[float], factor: float) -> None:
    one = compute(asked(values), Options()).estimates[0]
    other = compute(asked([value * factor for value in values]), Options()).estimates[0]
    for name in ("value", "low", "high"):
        assert getattr(other, name) == pytest.approx(factor * getattr(one, name))


def test_value_and_speed_are_never_mixed(tmp_path: Path) -> None:
    rows = "".join(f"p{n},value,now,1.5,\np{n},speed,now,3,\np{n},speed,past,2,\n"
                   for n in range(10))  # fmt: skip
    found = reading(tmp_path, rows)
    assert [(e.name, e.value) for e in found.estimates] == [
        ("median multiplier of value, now", 1.5),
        ("median multiplier of speed, now", 3.0),
        ("median multiplier of speed, past", 2.0),
    ]
    assert "its value by 1.5" in found.sentence and "its speed by 3" in found.sentence


def test_nothing_changed_is_one() -> None:
    """The null answers give the null."""
    found = compute(asked([1.0] * 20), Options())
    assert (found.estimates[0].value, found.estimates[0].low, found.estimates[0].high) == (1, 1, 1)


def test_few_answers_have_no_interval(tmp_path: Path) -> None:
    found = reading(tmp_path, "a,value,now,2,\nb,value,now,3,\n")
    assert not found.verdict.told and found.estimates[0].value == 2.5
    assert found.estimates[0].low is None
    assert any("Only value was asked" in text for text in found.caveats)


@pytest.mark.parametrize(("drop", "left"), [("none", 8), ("faster-than-worth", 6), ("extreme", 7)])
def test_rules_say_what_they_left_out(tmp_path: Path, drop: str, left: int) -> None:
    """p0 claims more value than speed, p1 a hundredfold."""
    rows = "p0,value,,3,\np0,speed,,2,\np1,value,,2,\np1,speed,,100,\n"
    rows += "p2,value,,2,\np2,speed,,2,\np3,value,,1,\np3,speed,,2,\n"
    found = reading(tmp_path, rows, Options(drop=drop))
    assert found.n["answers"] == left and found.n["left out"] == 8 - left
    assert any("1 answers more value" in text for text in found.caveats)
    assert any(drop in text for text in found.caveats) == (left < 8)
    assert sum(row.headline for row in found.grid) == 1


def test_groups_stand_in_the_grid(tmp_path: Path) -> None:
    rows = "".join(f"p{n},value,now,{1 + n % 2},{'ab'[n % 2]}\n" for n in range(20))
    found = reading(tmp_path, rows)
    by_group = {row.choices["group"]: row.estimate.value for row in found.grid}
    assert (by_group["a"], by_group["b"]) == (1, 2)


@pytest.mark.parametrize(
    ("row", "place"),
    [
        ("a,worth,now,2,", ":2: asked: not known"),
        ("a,value,now,0,", ":2: multiplier: not above 0"),
        ("a,value,now,inf,", ":2: multiplier: not a finite number"),
        (",value,now,2,", ":2: respondent: not a text"),
        ("a,value,now,2,\na,value,now,3,", ":3: respondent: answered value now twice"),
    ],
)
def test_bad_tables_name_the_row(tmp_path: Path, row: str, place: str) -> None:
    with pytest.raises(FormatError) as caught:
        reading(tmp_path, row + "\n")
    assert place in caught.value.message and caught.value.hint


def test_the_picture_has_a_line_for_each_question(tmp_path: Path) -> None:
    rows = "".join(f"p{n},value,now,{1 + n / 10},\np{n},speed,past,2,\n" for n in range(10))
    axes = find("survey").plot(reading(tmp_path, rows), LIGHT).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["value, now", "speed, past"]
