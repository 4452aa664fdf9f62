"""Which parents are tried, and in which order."""

from __future__ import annotations

import random

from loop_history import dropped, folded, kept, proposed, raced

from tachograph.loop.choose import Place
from tachograph.loop.choose.best import best
from tachograph.loop.choose.policy import STONES


def parents(archive):
    return list(best(archive, "c-seed", Place(1, 1), random.Random(1)))


def test_nothing_kept_yields_the_seed_once():
    """A new run begins from the task as given."""
    assert parents(folded()) == ["c-seed"]


def test_the_best_comes_first_and_the_seed_last():
    """From the best on, one falls back as far as the seed."""
    archive = folded(proposed("c-1"), kept("c-1"), proposed("c-2"), kept("c-2", 3.0))
    assert parents(archive) == ["c-2", "c-seed"]


def test_stepping_stones_come_the_fastest_first():
    """What gained nothing by itself may make room for a change that does."""
    bodies = [proposed("c-0"), kept("c-0")]
    for name, ratio, reason in (("c-1", 0.98, STONES[0]), ("c-2", 1.02, STONES[1]),
                                ("c-3", 1.01, STONES[2])):  # fmt: skip
        bodies += [proposed(name), raced(name, "screen", ratio), dropped(name, reason)]
    assert parents(folded(*bodies)) == ["c-0", "c-2", "c-3", "c-1", "c-seed"]


def test_what_is_wrong_or_slower_is_no_parent():
    """Only what passed and was not shown to be slower is built upon."""
    bodies = []
    reasons = ("wrong", "failed", "slower", "revoked", "box-failed", "unpromising")
    for number, reason in enumerate(reasons):
        name = f"c-{number}"
        bodies += [proposed(name), raced(name, "screen", 1.0), dropped(name, reason)]
    assert parents(folded(*bodies)) == ["c-seed"]
