"""The picture of a scored run, and the data behind it."""

from __future__ import annotations

from pathlib import Path

import pytest
from score_story import Story, entries, folded, long_story

from tachograph.loop.plot import draw, plot
from tachograph.loop.progress import points, yardstick
from tachograph.loop.score.progress import beside


def test_trials_stand_at_the_gap_that_the_visible_draws_say() -> None:
    """Floor and ceiling are lines; what has no score has no height."""
    archive = folded(long_story())
    by = yardstick(archive)
    assert (by.label, by.is_ratio, dict(by.lines)) == (
        "gap recovered", False, {"floor": 0.0, "ceiling": 1.0},
    )  # fmt: skip
    found = points(archive)
    assert [p.fate for p in found if p.height is None] == ["wrong", "failed", "no queries"]
    kept = [p for p in found if p.fate == "kept"]
    assert [round(p.height, 1) for p in kept] == [0.5, 0.8, 0.9]
    assert all(p.low < p.height < p.high for p in kept)


def test_without_bounds_they_stand_at_their_scores() -> None:
    """No gap is made up."""
    archive = folded(long_story(bounds=False))
    assert yardstick(archive).label == "score"
    assert max(p.height for p in points(archive) if p.height) == pytest.approx(0.87, abs=0.02)


def test_fresh_and_sealed_draws_stand_beside_the_trials() -> None:
    """So that a gain of the visible draws alone is seen to be one."""
    assert [other.label for other in beside(folded(long_story()))] == ["fresh", "hold-out"]
    gone = {other.label: other.found.value for other in beside(folded(long_story(holds=False)))}
    assert gone["hold-out"] < 0.35 < 0.8 < gone["fresh"]
    assert beside(folded(Story().bodies)) == []


def test_the_title_says_what_fresh_draws_say() -> None:
    """Not what the visible ones said."""
    title = draw(folded(long_story())).axes[0].get_title(loc="left")
    assert title.startswith("weak-to-strong: 13 trials, gap recovered 0.85 [0.82")
    title = draw(folded(Story().bodies)).axes[0].get_title(loc="left")
    assert title == "weak-to-strong: 0 trials, not begun"


@pytest.mark.parametrize("bounds", [True, False])
def test_it_is_drawn(tmp_path: Path, bounds: bool) -> None:
    """As a picture that is the same each time."""
    told = entries(long_story(bounds=bounds))
    one, two = (plot(told, tmp_path / name).read_bytes() for name in ("a.svg", "b.svg"))
    assert one == two
    assert b"hold-out" in one
