"""The team: whose turn it is next."""

from __future__ import annotations

import pytest
from loop_history import OPENED, RUN, entries, kept, proposed
from loop_history import SEED as SEED_PROPOSED

from tachograph.errors import UsageError
from tachograph.ledger.kinds import RunResumed, TurnBegun, TurnEnded
from tachograph.loop.archive import Archive
from tachograph.loop.directions import GENERAL, directions_for
from tachograph.loop.team import Choice, Team, choose, is_retired, why_retired


def turn(number, outcome, proposer="a", parent="c-seed"):
    return [TurnBegun(RUN, number, 1, proposer, parent, "", 0),
            TurnEnded(RUN, number, outcome, None, "because", 0.0)]  # fmt: skip


def archive_of(*bodies):
    return Archive.of(entries(OPENED, SEED_PROPOSED, *bodies))


def test_a_choice_names_proposer_parent_and_direction():
    """The direction is the seat's."""
    archive = archive_of(proposed("c-1"), kept("c-1"))
    team = Team(seats=2, directions=("north", "south"))
    assert choose(archive, team, ["a"], 3, 2) == Choice("a", "c-1", "south")


def test_where_a_proposer_has_nothing_more_it_is_not_asked_again():
    """The next parent is, and in the end nobody."""
    archive = archive_of(proposed("c-1"), kept("c-1"), *turn(1, "nothing", parent="c-1"))
    assert choose(archive, Team(), ["a"], 2, 1) == Choice("a", "c-seed", "")
    archive = archive_of(proposed("c-1"), kept("c-1"), *turn(1, "nothing", parent="c-1"),
                         *turn(2, "nothing"))  # fmt: skip
    assert choose(archive, Team(), ["a"], 3, 1) is None
    assert choose(archive, Team(), ["a", "b"], 3, 1) == Choice("b", "c-1", "")


def test_a_resume_asks_again():
    """A proposer of the same name may be another now."""
    archive = archive_of(*turn(1, "nothing"), RunResumed(RUN))
    assert choose(archive, Team(), ["a"], 2, 1) == Choice("a", "c-seed", "")


@pytest.mark.parametrize("outcome", ["failed", "malformed", "duplicate", "over-budget"])
def test_patience_ends(outcome):
    """Turns in a row without anything new; one new candidate makes good."""
    barren = [body for number in range(1, 6) for body in turn(number, outcome)]
    archive = archive_of(*barren)
    assert is_retired(archive, Team(), "a")
    assert choose(archive, Team(), ["a"], 6, 1) is None
    assert why_retired(archive, Team(), ["a"]).endswith(f"the last: {outcome}: because")
    better = archive_of(*barren[:4], *turn(3, "proposed"), *barren[6:])
    assert not is_retired(better, Team(), "a")


def test_more_seats_need_more_patience():
    """Eight turns that go wrong at the same moment are one outage."""
    archive = archive_of(*[b for n in range(1, 9) for b in turn(n, "failed")])
    assert not is_retired(archive, Team(seats=8), "a")


def test_choices_differ_by_turn_and_are_the_same_twice():
    """Random numbers come of the run's seed and the turn's number, and of nothing else."""
    archive, team = archive_of(), Team(policy="islands")
    first = [choose(archive, team, ["a", "b"], number, 1) for number in range(1, 30)]
    assert first == [choose(archive, team, ["a", "b"], number, 1) for number in range(1, 30)]
    assert len({each.proposer for each in first if each}) == 2


def test_a_team_reads_back_as_it_was_recorded():
    """And an old run without one is one seat, best first."""
    team = Team(seats=3, policy="tree", directions=("a", "b", "c"), until="2x", turn_seconds=60)
    assert Team.of(team.plain() | {"proposers": ["recipes"]}) == team
    assert Team.of({}) == Team()


@pytest.mark.parametrize(
    "wrong", [{"seats": 0}, {"seats": 1000}, {"policy": "worst"}, {"turn_seconds": 0.0}]
)
def test_a_team_that_cannot_be_is_refused(wrong):
    """With what may be given."""
    with pytest.raises(UsageError) as caught:
        Team(**wrong)
    assert caught.value.hint


def test_each_seat_has_another_direction():
    """Those given first; the rest is drawn by the run's seed."""
    found = directions_for(6, ["mine"], 7)
    assert found[0] == "mine"
    assert len(set(found)) == 6
    assert set(found[1:]) <= set(GENERAL)
    assert found == directions_for(6, ["mine"], 7)
    assert found != directions_for(6, ["mine"], 8)
    assert len(directions_for(40, [], 1)) == 40


def test_a_single_seat_is_left_alone():
    """Unless a person gives it a direction."""
    assert directions_for(1, [], 7) == ("",)
    assert directions_for(1, ["mine"], 7) == ("mine",)
