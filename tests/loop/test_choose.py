"""Which parents are tried, and in which order."""

from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import replace

import pytest
from loop_history import RUN, dropped, folded, kept, proposed, raced

from tachograph.ledger.kinds import CandidateProposed, TurnBegun
from tachograph.loop.choose import POLICIES, Place
from tachograph.loop.choose.best import best
from tachograph.loop.choose.islands import islands
from tachograph.loop.choose.policy import STONES, merits
from tachograph.loop.choose.tree import tree


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


def test_before_anything_is_kept_the_seed_comes_first():
    """A stepping stone is only tried when the proposer has nothing more for the seed."""
    archive = folded(proposed("c-1"), raced("c-1", "screen", 1.0), dropped("c-1", "same"))
    assert parents(archive) == ["c-seed", "c-1"]


def test_what_is_wrong_or_slower_is_no_parent():
    """Only what passed and was not shown to be slower is built upon."""
    bodies = []
    reasons = ("wrong", "failed", "slower", "revoked", "box-failed", "unpromising")
    for number, reason in enumerate(reasons):
        name = f"c-{number}"
        bodies += [proposed(name), raced(name, "screen", 1.0), dropped(name, reason)]
    assert parents(folded(*bodies)) == ["c-seed"]


def made_in(seat, number, name, ratio, reason=None):
    """A candidate that was made in this seat, and raced against the seed."""
    verdict = kept(name, ratio) if reason is None else dropped(name, reason)
    return [
        TurnBegun(RUN, number, seat, "recipes", "c-seed", "", 0),
        CandidateProposed(RUN, name, ["c-seed"], "recipes", "", "", {}, number),
        raced(name, "screen", ratio),
        verdict,
    ]


def some_islands():
    return folded(*made_in(1, 1, "c-1", 3.0), *made_in(2, 2, "c-2", 1.5, "slower"),
                  *made_in(2, 3, "c-3", 0.6, "slower"))  # fmt: skip


def drawn(policy, archive, seat=1, seats=3, draws=200):
    """First parents, counted."""
    return Counter(next(policy(archive, "c-seed", Place(seat, seats), random.Random(number)))
                   for number in range(draws))  # fmt: skip


def test_an_island_builds_on_its_own_best():
    """Although another's is faster; now and then it takes the run's best."""
    archive = some_islands()
    assert drawn(islands, archive, seat=1)["c-1"] == 200
    second = drawn(islands, archive, seat=2)
    assert set(second) == {"c-2", "c-1"}
    assert second["c-2"] > 2 * second["c-1"]
    assert set(drawn(islands, archive, seat=3)) == {"c-seed", "c-1"}


def test_a_tree_prefers_what_is_good_and_what_is_new():
    """The best first; after many tries from it, another node has its turn."""
    archive = some_islands()
    assert drawn(tree, archive)["c-1"] == 200
    tries = [TurnBegun(RUN, number, 1, "recipes", "c-1", "", 0) for number in range(10, 60)]
    worn = folded(*made_in(1, 1, "c-1", 3.0), *made_in(2, 2, "c-2", 0.9, "slower"),
                  *made_in(2, 3, "c-3", 0.95, "same"), *tries)  # fmt: skip
    assert "c-1" not in drawn(tree, worn)


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_every_policy_yields_each_parent_once_and_the_seed(policy):
    """Whatever is there; and the same twice for the same draws."""
    for archive in (folded(), some_islands()):
        for number in range(20):
            place = Place(1 + number % 3, 3)
            found = list(policy(archive, "c-seed", place, random.Random(number)))
            assert found == list(policy(archive, "c-seed", place, random.Random(number)))
            assert len(found) == len(set(found))
            assert "c-seed" in found
            assert set(found) <= {"c-seed", *archive.records}


def test_merits_stand_on_what_they_were_compared_with():
    """A candidate at 0.5 of one at 3x is at 1.5x of the seed."""
    archive = folded(*made_in(1, 1, "c-1", 3.0), proposed("c-2"),
                     replace(raced("c-2", "screen", 0.5), against="c-1"),
                     dropped("c-2", "slower"))  # fmt: skip
    assert math.isclose(merits(archive)["c-2"], math.log(1.5))
