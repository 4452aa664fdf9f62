"""A scored run in words and data, no finer than proposers are told."""

from __future__ import annotations

import json
import re

from score_story import PRECISION, Story, folded, long_story

from tachograph.loop.report import record_data, record_text, summary
from tachograph.loop.score.words import best_text, run_data, scorer_text, summary_lines


def test_a_run_is_told_in_a_few_lines() -> None:
    """The seed, the best, the hold-out, the queries."""
    lines = list(summary_lines(folded(long_story())))
    assert [line.partition(":")[0] for line in lines] == [
        "seed", "best", "hold-out", "hold-out", "queries of the scorer",
    ]  # fmt: skip
    assert lines[3].endswith("against the seed: the gain holds")
    assert lines[4] == "queries of the scorer: 120 of 200"


def test_a_sealed_hold_out_is_said_to_be_sealed() -> None:
    """And people's score is shown where the task has one."""
    story = Story(human=0.7)
    story.trial(0.7)
    lines = list(summary_lines(folded(story.bodies)))
    assert "people: score 0.7, as the task says" in lines
    assert "hold-out: sealed" in lines


def test_a_hold_out_that_shows_no_gain_is_not_told_as_one() -> None:
    """In words that name the visible draws."""
    story = Story()
    story.trial(0.8)
    story.opened(0.60)
    lines = list(summary_lines(folded(story.bodies)))
    assert any("visible draws only, and here it is a loss" in line for line in lines)


def test_a_best_above_the_ceiling_is_pointed_at() -> None:
    """It may be a better method, and it may be a leak."""
    story = Story()
    story.trial(0.99)
    assert any("above the ceiling" in line for line in summary_lines(folded(story.bodies)))
    assert not any("above the ceiling" in line for line in summary_lines(folded(long_story())))


def test_each_verdict_has_its_line() -> None:
    """A trial's figure is its gain; that of a kept one is its score on fresh draws."""
    told = [record_text(record) for record in folded(long_story()).trials]
    assert [line.split("  ")[0] for line in told[:5]] == [
        "worse", "kept", "wrong result", "not resolved", "not confirmed",
    ]  # fmt: skip
    assert re.search(r"-0.02 \[-0.04, [+-]0.00\] over 8 draws, score 0.60", told[0])
    assert re.search(r"score 0.70, gap recovered 0.46 \[0.4\d, 0.4\d\] on 8 fresh draws", told[1])
    assert told[-1].startswith("no queries left")


def test_nothing_finer_than_the_precision_is_told() -> None:
    """Scores, gains and their ends, in words and in data: an exact score is an oracle."""
    archive = folded(long_story())
    data = [run_data(archive), [record_data(record)["scores"] for record in archive.trials]]
    keys = ("score", "value", "low", "high")

    def numbers(value: object, inside_gap: bool = False) -> list[float]:
        if isinstance(value, dict):
            return [
                found for key, item in value.items()
                for found in ([item] if key in keys and not inside_gap and isinstance(item, float)
                              else numbers(item, inside_gap or key == "gap_recovered"))
            ]  # fmt: skip
        return [n for item in value for n in numbers(item)] if isinstance(value, list) else []

    found = numbers(data)
    assert len(found) > 40
    assert all(abs(n / PRECISION - round(n / PRECISION)) < 1e-6 for n in found)
    json.dumps(data, allow_nan=False)


def test_before_anything_was_scored_nothing_is_claimed() -> None:
    """Neither a score nor a gap."""
    story = Story()
    seed_only = folded(story.bodies)
    assert best_text(seed_only).startswith("score 0.62, gap recovered")
    assert best_text(seed_only).endswith("the seed, so far")
    assert scorer_text(seed_only).endswith("scores are told to 0.02")
    assert summary(seed_only) == "nothing beat the seed in 0 trials"
    unscored = folded(story.bodies[:2])
    assert best_text(unscored) == "not scored yet"
    assert list(summary_lines(unscored)) == []
    assert run_data(unscored) is None
