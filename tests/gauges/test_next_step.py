"""Next step: both orders cancel a liking for a place, controls find it out, bad tables refused."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tachograph.errors import FormatError
from tachograph.gauges import Inputs, Reading, find, take
from tachograph.gauges.next_step import Choice, Options, by_item, compute, position, win_rate
from tachograph.gauges.picture import LIGHT

HEADER = "item,judge,kind,first,choice,gold,ai_length,human_length\n"
FEW = Options(replicates=300)


def reading(tmp_path: Path, rows: str) -> Reading:
    table = tmp_path / "verdicts.csv"
    table.write_text(HEADER + rows)
    return take(find("next-step"), Inputs((table,)), FEW)


def judged(rng: np.random.Generator, items: int, better: float, place: float = 0.0,
           judges: int = 1) -> tuple[Choice, ...]:  # fmt: skip
    """Items whose AI step is better by `better`, judges who like the first place by `place`."""
    found = []
    for item in range(items):
        quality = better + rng.normal(0, 1)
        for judge in range(judges):
            for first in (True, False):
                odds = quality + (place / 2 if first else -place / 2)
                win = float(rng.random() < 1 / (1 + math.exp(-odds)))
                found.append(Choice(f"i{item}", f"j{judge}", "comparison", win, first, "", None))
    return tuple(found)


def test_items_have_equal_weight_however_often_they_were_judged() -> None:
    """One item judged in one order, another by two judges in both."""
    choices = [Choice("a", "x", "comparison", 1, True, "", None)] + [
        Choice("b", judge, "comparison", 0 if first else 0.5, first, "", None)
        for judge in "xy"
        for first in (True, False)
    ]
    assert by_item(choices).tolist() == [1, 0.25]


@given(st.floats(-1, 1), st.floats(-2, 2), st.integers(0, 5))
def test_exchanging_the_sides_turns_the_rate_round(better: float, place: float, seed: int) -> None:
    choices = judged(np.random.default_rng(seed), 15, better, place)
    turned = [Choice(c.item, c.judge, c.kind, 1 - c.win, not c.ai_first, "", None) for c in choices]
    one, other = win_rate("r", choices, FEW), win_rate("r", turned, FEW)
    assert one.value is not None and other.value is not None
    assert one.low is not None and other.high is not None
    assert one.value == pytest.approx(100 - other.value)
    assert one.low == pytest.approx(100 - other.high)


def test_a_judge_who_looks_at_the_place_alone_finds_no_winner() -> None:
    """Always the first: half of the AI's win, no preference, and the placebo shows why."""
    choices = [Choice(f"i{n}", "j", "comparison", float(first), first, "", None)
               for n in range(30) for first in (True, False)]  # fmt: skip
    placebo = [Choice(f"p{n}", "j", "placebo", 1.0, True, "", None) for n in range(30)]
    found = compute((*choices, *placebo), FEW)
    assert found.estimates[0].value == 50 and found.verdict.words == "no preference resolved"
    assert found.estimates[1].value is None  # the position term: all or nothing in both orders
    assert any(text.startswith("The placebo fails") for text in found.caveats)


def test_rates_cover_the_truth_with_clustered_verdicts() -> None:
    """Two judges, both orders, items that differ: 93 to 97 % of the intervals hold it."""
    rng = np.random.default_rng(4)
    quality = 0.4 + np.random.default_rng(0).normal(0, 1, 400_000)
    truth = 50 * float((1 / (1 + np.exp(-quality - 0.5)) + 1 / (1 + np.exp(-quality + 0.5))).mean())
    inside, trials = 0, 600
    for _ in range(trials):
        rate = win_rate("r", judged(rng, 40, 0.4, place=1.0, judges=2), FEW)
        assert rate.low is not None and rate.high is not None
        inside += rate.low <= truth <= rate.high
    assert 0.93 <= inside / trials <= 0.97


def test_the_position_term_is_the_log_odds_between_the_orders() -> None:
    """By hand: 30 of 40 in the first place, 20 of 40 in the second."""
    choices = [Choice(f"i{n}", "j", "comparison", float(n < won), first, "", None)
               for first, won in ((True, 30), (False, 20)) for n in range(40)]  # fmt: skip
    term = position(choices, np.ones((1, 80)))[0]
    assert term == pytest.approx(math.log(3))


def test_gold_says_what_a_judge_is_worth(tmp_path: Path) -> None:
    """A judge that always says ai agrees with gold by chance alone; one that knows, wholly."""
    rows = "".join(
        f"g{n},{judge},gold,ai,"
        f"{gold if judge == 'knows' else ('ai', 'human')[n % 3 == 0]},{gold},,\n"
        for judge in ("knows", "guesses")
        for n, gold in enumerate(["ai", "human"] * 10)
    )
    found = reading(tmp_path, rows + comparisons(12))
    kappa = {e.name: e.value for e in found.estimates if "gold" in e.name}
    assert kappa["agreement with gold of knows, kappa"] == pytest.approx(1)
    guessed = kappa["agreement with gold of guesses, kappa"]
    assert guessed is not None and abs(guessed) < 0.2
    assert sum("hardly agrees with gold" in text for text in found.caveats) == 1


def comparisons(items: int) -> str:
    return "".join(f"i{n},j,comparison,{first},{'ai' if n % 3 else 'human'},,100,120\n"
                   for n in range(items) for first in ("ai", "human"))  # fmt: skip


def test_what_was_not_controlled_is_said(tmp_path: Path) -> None:
    found = reading(tmp_path, comparisons(12) + "x,j,comparison,ai,ai,,,\n")
    text = " ".join(found.caveats)
    for part in ("No placebo", "gold", "One judge", "one order only", "Lengths are not known"):
        assert part in text


def test_few_items_cannot_tell(tmp_path: Path) -> None:
    found = reading(tmp_path, comparisons(5))
    assert not found.verdict.told and found.estimates[0].value is None and not found.grid
    assert find("next-step").plot(found, LIGHT) is not None


def test_items_all_alike_still_have_an_interval(tmp_path: Path) -> None:
    rows = "".join(f"i{n},j,comparison,{first},ai,,,\n" for n in range(20)
                   for first in ("ai", "human"))  # fmt: skip
    rate = reading(tmp_path, rows).estimates[0]
    assert rate.value == 100 and rate.low is not None and 80 < rate.low < 90


@pytest.mark.parametrize(
    ("row", "place"),
    [
        ("a,j,comparison,model,ai,,,", ":2: first: not known"),
        ("a,j,comparison,ai,first,,,", ":2: choice: not known"),
        ("a,j,placebo,,ai,,,", ":2: choice: not known"),
        ("a,j,gold,ai,ai,,,", ":2: gold: not a text"),
        ("a,j,control,ai,ai,,,", ":2: kind: not known"),
        ("a,j,comparison,ai,ai,,0,5", ":2: ai_length: not above 0"),
        ("a,j,comparison,ai,ai,,,\na,j,comparison,ai,tie,,,", ":3: item: judged twice"),
    ],
)
def test_bad_tables_name_the_row(tmp_path: Path, row: str, place: str) -> None:
    with pytest.raises(FormatError) as caught:
        reading(tmp_path, row + "\n")
    assert place in caught.value.message and caught.value.hint


def test_the_picture_shows_both_orders_and_the_placebo(tmp_path: Path) -> None:
    placebo = "".join(f"p{n},j,placebo,,{'first' if n % 2 else 'second'},,,\n" for n in range(12))
    axes = find("next-step").plot(reading(tmp_path, comparisons(12) + placebo), LIGHT).axes[0]
    shown = [label.get_text() for label in axes.get_yticklabels()]
    assert shown == ["AI's step preferred", "placebo: first place chosen", "AI's shown first",
                     "AI's shown second"]  # fmt: skip
