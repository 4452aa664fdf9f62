"""Verdicts: what an interval allows to be said, and when a race may stop."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tachograph.loop.clock.verdict import Rules, judge, name

MARGIN = math.log(1.03)
wiggle = [0.01, -0.01, 0.02, -0.02, 0.0, 0.01, -0.01]
log_ratios = st.lists(st.floats(-12, 12), min_size=5, max_size=30)


def around(ratio: float, scale: float = 1.0) -> list[float]:
    """Log ratios that scatter about a true ratio."""
    return [math.log(ratio) + scale * value for value in wiggle]


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (1.04, 1.2, "faster"),
        (1.02, 1.2, "not-resolved"),
        (0.99, 1.02, "same"),
        (0.90, 1.02, "same"),
        (0.90, 0.98, "same"),
        (0.80, 0.96, "slower"),
        (0.80, 1.20, "not-resolved"),
    ],
)
def test_verdict_follows_the_interval(low: float, high: float, verdict: str) -> None:
    """Only the whole interval beyond the margin is a difference."""
    assert name(math.log(low), math.log(high), MARGIN) == verdict


@given(log_ratios)
def test_faster_and_slower_mirror(data: list[float]) -> None:
    """What is declared faster is declared slower when the sides swap, and the other way round."""
    there = judge(data, Rules()).verdict
    back = judge([-value for value in data], Rules()).verdict
    assert (there == "faster") == (back == "slower")
    assert (there == "slower") == (back == "faster")


@given(log_ratios)
def test_ratio_lies_in_its_interval_and_all_is_finite(data: list[float]) -> None:
    """No data, however wild, give an infinite number or a ratio outside its own interval."""
    found = judge(data, Rules())
    assert 0 < found.low <= found.ratio <= found.high < math.inf


def test_an_even_number_of_identical_pairs_is_clear() -> None:
    """Twice as fast in every pair, to the digit, is faster by about two."""
    found = judge([math.log(2.0)] * 5, Rules())
    assert found.verdict == "faster"
    assert found.settled
    assert 1.98 < found.low <= 2.0 <= found.high < 2.02


def test_one_huge_outlier_cannot_make_a_candidate_faster() -> None:
    """A single pair of 10,000x among even ones leaves the question open."""
    found = judge([*around(1.0), math.log(1e4)], Rules())
    assert found.verdict == "not-resolved"
    assert found.ratio == pytest.approx(1.0, abs=0.02)
    assert found.high > 3


def test_an_outlier_does_not_hide_a_large_gain_for_ever() -> None:
    """With pairs enough, a candidate that is five times faster is found in spite of an outlier."""
    assert judge(around(5.0) * 3 + [math.log(1 / 20)], Rules()).verdict == "faster"


def test_lopsided_data_are_flagged_and_widened() -> None:
    """Where the median falls outside the interval of the mean, the interval grows to hold it."""
    found = judge([0.0] * 8 + [1.0] * 7, Rules())
    assert not found.skewed
    found = judge([0.0] * 70 + [1.0] * 65, Rules())
    assert found.skewed
    assert found.low == found.ratio == 1.0 < found.high


def test_precision_keeps_a_clear_race_going() -> None:
    """A clear answer settles at once, or only when the ratio is known as well as was asked."""
    data = around(1.8, scale=3.0)
    assert judge(data, Rules()).settled
    assert not judge(data, replace(Rules(), precision=1.02)).settled


def test_a_candidate_without_a_gain_in_sight_is_given_up() -> None:
    """After eight pairs equal code costs no more, and is called nothing that is not shown: a far
    pair changes nothing, and more noise gives it more pairs.
    """
    data = around(1.0, scale=4.0)
    assert not judge(data, Rules()).settled
    for more in ([0.0], [0.0, -0.04, 0.0, math.log(2)]):
        found = judge([*data, *more], Rules())
        assert (found.verdict, found.settled) == ("not-resolved", True)
    promising = judge([value + math.log(1.05) for value in [*data, 0.0]], Rules())
    assert (promising.verdict, promising.settled) == ("not-resolved", False)
    assert not judge([3 * value for value in [*data, 0.0]], Rules()).settled


def test_a_ratio_on_the_margin_settles_when_it_is_known_finely() -> None:
    """What will never be clear ends when the ratio is known to 1 %."""
    found = judge(around(1.03, scale=0.1) * 3, Rules())
    assert found.verdict == "not-resolved"
    assert found.settled


def test_rules_refuse_what_cannot_work() -> None:
    """Too few pairs for any interval, CPU seconds for two threads, a margin under one."""
    for wrong in (
        {"min_pairs": 3},
        {"min_pairs": 400},
        {"witness": "cpu", "threads": 2},
        {"margin": 0.9},
        {"alpha": 0.0},
    ):
        with pytest.raises(AssertionError):
            Rules(**wrong)  # type: ignore[arg-type]
