"""What `tacho task check` says of a scored task."""

from __future__ import annotations

import pytest
from score_toys import CHECK, raw

from tachograph.errors import TaskError
from tachograph.loop.score.rehearse import rehearse_scores


def said(sit, **toy) -> str:
    """Its lines, one text."""
    return "\n".join(rehearse_scores(sit(**toy).bench).lines())


def test_the_seed_is_scored_between_floor_and_ceiling(sit):
    """Score, bounds, gap; and that every draw is new is left to the author."""
    found = said(sit)
    assert "the seed scores 0.6" in found
    assert "floor 0.500 [0.500, 0.500], ceiling 1.000" in found
    assert "gap recovered by the seed: 0." in found
    assert found.count("warning") == 1
    assert "different splits are the same where their generators are" in found


@pytest.mark.parametrize(
    ("old", "new", "warning"),
    [
        ("points = rng.normal(size=400)", "points = np.random.normal(size=400)",
         "take all chance from rng"),
        ('"late": late}, points > 0', '"late": points > 0}, points > 0',
         "a part of the answer is among the inputs"),
        ("return float((output == answer).mean())", "return float(output.size)",
         "an answer without work scores"),
        ('points = rng.normal(size=400)', 'points = rng.normal(size=400) + len(split)', ""),
    ],
    ids=["chance", "answer among inputs", "lazy", "splits differ"],
)  # fmt: skip
def test_what_an_author_can_see_is_warned_of(sit, old: str, new: str, warning: str):
    """Each in words of its own."""
    assert old in CHECK
    found = said(sit, check=CHECK.replace(old, new))
    assert warning in found
    assert ("different splits are the same" in found) == bool(warning and "chance" not in warning)


def test_a_gap_that_is_none_is_warned_of(sit):
    """A ceiling that varies about the floor."""
    assert "cannot be told from 0" in said(sit, check=CHECK + BOUNDS)


BOUNDS = """

def floor(inputs, answer):
    return 0.5


def ceiling(inputs, answer):
    return 0.5 + inputs["points"][0] / 10
"""


def test_a_seed_without_a_score_is_the_authors_fault(sit):
    """Refused by its own scorer, or failing in the box."""
    with pytest.raises(TaskError, match="the seed itself is refused: not 400 truth values"):
        said(sit, seed=raw("return 1"))
    with pytest.raises(TaskError, match="the seed itself fails"):
        said(sit, seed=raw("raise ValueError"))
