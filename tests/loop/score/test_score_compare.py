"""Verdicts, gap recovered, and what is told of a score."""

from __future__ import annotations

import doctest
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tachograph.loop import score
from tachograph.loop.score.compare import compare, gap_recovered, precision_of, rounded

GAINS = (0.02, 0.021, 0.019, 0.02, 0.02)
BASE = [0.50, 0.55, 0.48, 0.60]


def shifted(by: float, *, noise: float = 0.0) -> list[float]:
    rng = random.Random(3)
    return [score + by + noise * rng.gauss(0, 1) for score in BASE]


@pytest.mark.parametrize(
    ("scores", "verdict"),
    [
        (BASE, "same"),
        (shifted(0.05, noise=0.005), "better"),
        (shifted(-0.05, noise=0.005), "worse"),
        (shifted(0.05, noise=0.1), "not-resolved"),
        (shifted(0.012), "not-resolved"),
        (shifted(0.002, noise=0.001), "same"),
    ],
)
def test_a_verdict_is_what_the_interval_allows(scores: list[float], verdict: str) -> None:
    """The whole interval must lie beyond the margin."""
    assert compare(scores, BASE, sign=1.0, margin=0.01).verdict == verdict


def test_lower_may_be_better() -> None:
    """A fall of the score is then a gain above 0."""
    gain = compare(shifted(-0.05), BASE, sign=-1.0, margin=0.01)
    assert gain.verdict == "better"
    assert gain.interval.value == pytest.approx(0.05)


def test_pairing_takes_out_what_draws_share() -> None:
    """Scores that vary by 0.1 from draw to draw still show a gain of 0.02."""
    hard = [0.3, 0.5, 0.7, 0.4, 0.6]
    better = [score + gain for score, gain in zip(hard, GAINS, strict=True)]
    assert compare(better, hard, sign=1.0, margin=0.01).verdict == "better"


def test_equal_candidates_are_rarely_called_better() -> None:
    """Of 2,000 looks at equal candidates, 2.5 % and a little are wins; then comes confirmation."""
    rng = random.Random(11)

    def look() -> bool:
        one, two = ([rng.gauss(0.5, 0.02) for _ in range(5)] for _ in range(2))
        return compare(one, two, sign=1.0, margin=1e-6).verdict == "better"

    assert sum(look() for _ in range(2000)) / 2000 <= 0.035


def test_the_gap_is_0_at_the_floor_and_1_at_the_ceiling() -> None:
    """In either direction."""
    floors, ceilings = [0.5, 0.4], [0.9, 0.8]
    assert gap_recovered(floors, floors, ceilings)[0] == 0
    assert gap_recovered(ceilings, floors, ceilings)[0] == pytest.approx(1)
    assert gap_recovered([0.7, 0.6], floors, ceilings)[0] == pytest.approx(0.5)
    assert gap_recovered([0.7, 0.6], ceilings, floors)[0] == pytest.approx(0.5)


def test_without_bounds_there_is_no_gap() -> None:
    """None, not 0."""
    assert gap_recovered([0.7, 0.6], [], []) is None


def test_the_uncertainty_of_a_measured_ceiling_widens_the_interval() -> None:
    """The same means, with a ceiling that varies from draw to draw."""
    scores, floors = [0.6, 0.62, 0.58, 0.61], [0.5] * 4
    steady = gap_recovered(scores, floors, [0.9] * 4)
    varying = gap_recovered(scores, floors, [0.7, 1.1, 0.8, 1.0])
    assert steady is not None and varying is not None
    assert steady.value == pytest.approx(varying.value)
    assert varying.high - varying.low > steady.high - steady.low


@given(st.floats(-1000, 1000), st.sampled_from([0.001, 0.002, 0.05, 0.1, 2.0, 10.0]))
def test_told_scores_are_multiples_of_the_precision(value: float, precision: float) -> None:
    """And no further away than half of it."""
    told = rounded(value, precision)
    assert told / precision == pytest.approx(round(told / precision), abs=1e-6)
    assert abs(told - value) <= precision * 0.5001


@given(st.lists(st.floats(0, 1), min_size=3, max_size=12))
def test_the_precision_is_round_and_no_finer_than_the_standard_error(scores: list[float]) -> None:
    """1, 2 or 5 times a power of ten."""
    found = precision_of(scores, margin=0.005)
    assert f"{found:e}"[0] in "125"
    mean = sum(scores) / len(scores)
    error = (sum((s - mean) ** 2 for s in scores) / (len(scores) - 1) / len(scores)) ** 0.5
    assert found >= max(error, 0.0025) * (1 - 1e-6)


def test_the_faces_example_runs() -> None:
    """What the folder's face shows."""
    assert doctest.testmod(score).failed == 0
