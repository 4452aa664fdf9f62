"""The bottleneck: published figures, properties of the sum, coverage, and what it refuses."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tachograph.errors import FormatError, UsageError
from tachograph.gauges import Inputs, Reading, find, take
from tachograph.gauges.bottleneck import (
    Measured,
    Options,
    Period,
    Stage,
    compute,
    drawn,
    parts,
    together,
)
from tachograph.gauges.picture import LIGHT

FEW = Options(draws=400)
HEADER = "stage,share,speedup,speedup_low,speedup_high,load,human\n"
LAB = (
    HEADER + "ideas,0.2,1.2,1.1,1.3,1,yes\ncode,0.4,8,6,10.7,1,no\nreview,0.4,1,0.95,1.05,1.2,yes\n"
)


def reading(tmp_path: Path, text: str, options: Options = FEW) -> Reading:
    table = tmp_path / "stages.csv"
    table.write_text(text)
    return take(find("bottleneck"), Inputs((table,)), options)


def estimate(found: Reading, name: str) -> float:
    (value,) = [e.value for e in found.estimates if e.name == name]
    assert value is not None
    return value


def stage(name: str, share: float, speedup: float, *, human: bool = False) -> Stage:
    return Stage(name, Measured(share), Measured(speedup), 1.0, human)


@pytest.mark.parametrize(("share", "whole"), [(0.2, 1.21), (0.5, 1.78), (0.8, 3.33)])
def test_amdahls_law(share: float, whole: float) -> None:
    """Code eight times as fast, at three shares of the work."""
    period = Period("", (stage("code", share, 8), stage("rest", 1 - share, 1)))
    assert compute((period,), FEW).estimates[0].value == pytest.approx(whole, abs=0.005)


@st.composite
def stages(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    count = draw(st.integers(1, 6))
    numbers = st.floats(0.05, 20)
    share = np.array(draw(st.lists(numbers, min_size=count, max_size=count)))
    speed = np.array(draw(st.lists(numbers, min_size=count, max_size=count)))
    return share / share.sum(), speed


@given(stages(), st.sampled_from([-4.0, -1.0, -0.3, 0.0, 0.2, 0.9]))
def test_whole_lies_between_the_stages_and_rises_with_substitution(
    pair: tuple[np.ndarray, np.ndarray], rho: float
) -> None:
    share, speed = pair
    whole = float(together(share, speed, rho))
    assert speed.min() * (1 - 1e-9) <= whole <= speed.max() * (1 + 1e-9)
    assert whole <= float(together(share, speed, min(rho + 0.05, 1.0))) * (1 + 1e-9)


@given(stages(), st.sampled_from([-2.0, -1.0, 0.2]))
def test_parts_are_elasticities(pair: tuple[np.ndarray, np.ndarray], rho: float) -> None:
    """The part of the time is d ln S / d ln s, by differences."""
    share, speed = pair
    part = parts(share, speed, rho)
    assert part.sum() == pytest.approx(1)
    for place in range(len(speed)):
        faster = speed.copy()
        faster[place] *= math.exp(1e-5)
        slope = np.log(together(share, faster, rho) / together(share, speed, rho)) / 1e-5
        assert part[place] == pytest.approx(slope, abs=2e-4)


def test_review_binds_and_sets_the_ceiling(tmp_path: Path) -> None:
    found = reading(tmp_path, LAB)
    assert found.verdict.told and found.verdict.words == "review binds"
    assert estimate(found, "the whole") == pytest.approx(1 / (0.2 / 1.2 + 0.05 + 0.48))
    ceiling = estimate(found, "ceiling that people's stages set")
    assert ceiling == pytest.approx(1 / (0.2 / 1.2 + 0.48))
    assert estimate(found, "the whole if people's stages were instant") == pytest.approx(20)
    assert "review" in found.sentence
    assert {row.choices["loads"] for row in found.grid} == {"as measured", "left out"}
    assert sum(row.headline for row in found.grid) == 1


def test_rivals_are_not_told_apart(tmp_path: Path) -> None:
    """Two stages that may each hold more of the time are both named."""
    text = HEADER + "a,0.5,2,1,4,1,no\nb,0.5,2.1,1.05,4.2,1,no\n"
    found = reading(tmp_path, text)
    assert found.verdict.words == "cannot distinguish whether a or b binds"


def test_an_unmeasured_stage_leaves_bounds(tmp_path: Path) -> None:
    found = reading(tmp_path, "stage,share,speedup\na,0.5,4\nb,0.5,\n")
    whole = found.estimates[0]
    assert not found.verdict.told and whole.value is None
    assert (whole.low, whole.high) == (pytest.approx(1.6), pytest.approx(8))
    assert "b" in found.sentence and not found.grid


def test_nothing_faster_is_one(tmp_path: Path) -> None:
    """The null input gives the null answer."""
    found = reading(tmp_path, "stage,share,speedup\na,0.25,1\nb,0.75,1\n")
    assert all(row.estimate.value == pytest.approx(1) for row in found.grid)
    assert found.estimates[0].value == pytest.approx(1)


def test_intervals_cover_the_truth() -> None:
    """Speed-ups measured with log-normal error: 93 to 97 % of the intervals hold the true whole."""
    rng = np.random.default_rng(8)
    shares, truth, error = (0.3, 0.5, 0.2), np.array([6.0, 1.5, 1.0]), np.array([0.25, 0.2, 0.1])
    whole = float(together(np.array(shares), truth, -1.0))
    inside, trials = 0, 600
    for _ in range(trials):
        seen = truth * np.exp(error * rng.standard_normal(3))
        ends = [(v * math.exp(-1.959964 * e), v * math.exp(1.959964 * e))
                for v, e in zip(seen, error, strict=True)]  # fmt: skip
        period = Period("", tuple(
            Stage(str(n), Measured(shares[n]), Measured(seen[n], *ends[n]), 1.0, False)
            for n in range(3)
        ))  # fmt: skip
        head = compute((period,), FEW).estimates[0]
        assert head.low is not None and head.high is not None
        inside += head.low <= whole <= head.high
    assert 0.93 <= inside / trials <= 0.97


def test_same_data_same_reading(tmp_path: Path) -> None:
    assert reading(tmp_path, LAB).encode() == reading(tmp_path, LAB).encode()


def test_draws_keep_shares_together() -> None:
    share = Measured(0.5, 0.4, 0.6)
    period = Period("", tuple(Stage(n, share, Measured(1), 1.0, False) for n in "ab"))
    found = drawn(period, FEW)
    assert np.allclose(found.shares.sum(axis=1), 1) and found.shares[1:, 0].std() > 0.01


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (HEADER + "a,0.5,2,,,1,no\n", ":2: share: the shares sum to 0.5"),
        (HEADER + "a,0.5,2,,,1,no\na,0.5,2,,,1,no\n", ":2: stage: twice"),
        (HEADER + "a,1,0,,,1,no\n", ":2: speedup: not above 0"),
        (HEADER + "a,1,2,1,,1,no\n", ":2: speedup: an interval with one end"),
        (HEADER + "a,1,2,3,4,1,no\n", ":2: speedup: 2 is not between"),
        (HEADER + "a,1,nan,,,1,no\n", ":2: speedup: not a finite number"),
        ("stage,speedup\na,1\n", ":2: share: no such column"),
    ],
)
def test_bad_tables_name_the_row(tmp_path: Path, text: str, place: str) -> None:
    with pytest.raises(FormatError) as caught:
        reading(tmp_path, text)
    assert place in caught.value.message and caught.value.hint


def test_substitution_stays_below_one() -> None:
    with pytest.raises(UsageError):
        Options(substitution=1.0)


def test_the_picture_shows_every_period(tmp_path: Path) -> None:
    """Bars as long as the time that is left, each with its total."""
    rows = ["a,0.5,2,2025", "b,0.5,1,2025", "a,0.5,4,2026", "b,0.5,1,2026"]
    found = reading(tmp_path, "\n".join(["stage,share,speedup,period", *rows, ""]))
    axes = find("bottleneck").plot(found, LIGHT).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["before", "2025", "2026"]
    assert [text.get_text() for text in axes.texts] == ["1.33x", "1.6x"]
    assert sum(bar.get_width() for bar in axes.patches) == pytest.approx(1 + 0.75 + 0.625)
