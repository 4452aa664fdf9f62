"""When work was limited: what the machine's states say, at every moment."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from redteam.world import World

from tachograph.brake.bundle.bundle import Bundle, read_bundle
from tachograph.brake.machine.permission import permission
from tachograph.brake.said.governance import LiftObjected


def share_by_limits(bundle: Bundle, party: str, time: int) -> float:
    """What the evidence says of a moment, in milliseconds."""
    for limit in bundle.evidence.limits[party]:
        if limit.began * 1000 <= time < limit.ended * 1000:
            return limit.share
    return 1.0


def share_by_state(bundle: Bundle, party: str, time: int) -> float:
    """What the machine says of it."""
    given = permission(bundle.replayed.at(time), party, "training")
    return 1.0 if given.state == "SELF_HOLD" else given.share


def agrees(bundle: Bundle, moments: set[int]) -> set[float]:
    """The shares that were found at these moments, in each party's limits as in the state."""
    found = set()
    for moment in moments:
        for party in bundle.terms.blocs:
            share = share_by_limits(bundle, party, moment)
            assert share == share_by_state(bundle, party, moment)
            found.add(share)
    return found


def test_limits_are_what_the_states_allow(tmp_path: Path):
    """At each statement, just before and after, and between: work, then a pause."""
    world = World(8, hours=6, paused=True)
    bundle = read_bundle(world.write(tmp_path / "bundle"), world.at)
    times = bundle.replayed.times
    between = set(range(times[0], times[-1], 1_800_000))
    assert agrees(bundle, between | {time + by for time in times for by in (-1, 0)}) == {0.0, 1.0}


def test_a_word_out_of_its_speakers_role_hides_no_limit(tmp_path: Path):
    """It has no effect and uses its number up: the speaker's next words count all the same."""
    world = World(8, hours=6, paused=True)
    for party in world.parties:
        world.hooks[1].append(partial(world.say, party, LiftObjected(0, "no")))
    bundle = read_bundle(world.write(tmp_path / "bundle"), world.at)
    assert sum(bool(one.fault) for one in bundle.posted) == len(world.parties)
    assert 0.0 in agrees(bundle, set(bundle.replayed.times))
