"""V7: a replay counts where its segments were drawn after the run, and contradictions always do."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from work_by_hand import Work, of, outcomes, run

from tachograph.brake.checks.reexecution import draw_purpose, judge
from tachograph.brake.said import beacon
from tachograph.brake.said import records as r
from tachograph.brake.verdict import CheckResult

SEGMENTS = 40


def trained(work: Work, party: str = "alba") -> None:
    """A run of forty segments, complete."""
    work.say(party, run(party, steps=400, segment_steps=10))
    for number in range(SEGMENTS):
        said = r.SegmentCommitted("main", number, "0" * 64, "0" * 64, "0" * 64, "0" * 64, [], 0.0)
        work.say(party, said)
    work.say(party, r.RunCompleted("main", SEGMENTS, "0" * 64))


def replays(work: Work, value: bytes, count: int = 20, **changes: Any) -> None:
    """A verifier replays what the beacon draws."""
    for segment in beacon.draw(value, draw_purpose("alba", "main"), SEGMENTS, count):
        said = r.SegmentReplayed("alba", "main", segment, "b-1", "exact", 0.0, 0.0, True)
        work.say("lens", dataclasses.replace(said, **changes))


def alba(work: Work) -> CheckResult:
    (found,) = of(judge(work.evidence()), "alba")
    return found


def test_drawn_and_exact_passes_with_its_chance() -> None:
    """Twenty of forty segments, of which four would be false."""
    work = Work()
    trained(work)
    replays(work, work.beacon("b-1"))
    found = alba(work)
    assert found.outcome == "pass"
    wanted = beacon.detection_probability(segments=40, bad=4, drawn=20)
    assert found.detection_probability == pytest.approx(wanted)
    assert f"{wanted:.0%} if 10%" in found.reason
    assert outcomes(judge(work.evidence()), "brim") == {"not-assessed"}


def test_without_replays_nothing_is_assessed() -> None:
    """Nor of a run that is not complete."""
    work = Work()
    trained(work)
    assert alba(work).outcome == "not-assessed"
    work.heard.pop()
    assert "not complete" in alba(work).reason


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": "far", "distance": 0.1, "tolerance": 1e-9, "first_bad_step": 7},
        {"outcome": "far", "distance": None},
        {"outcome": "failed", "distance": None, "detail": "raised: no"},
    ],
)
def test_a_contradiction_fails_even_undrawn(changes: dict[str, Any]) -> None:
    """However the segment was chosen."""
    work = Work()
    trained(work)
    said = r.SegmentReplayed("alba", "main", 3, "nowhere", "exact", 0.0, 0.0, True)
    work.say("lens", dataclasses.replace(said, **changes))
    found = alba(work)
    assert found.outcome == "fail"
    if changes.get("first_bad_step"):
        assert "step 7 is the first that does not follow" in found.reason


def test_only_verifiers_replay() -> None:
    """Neither a rival's accusation nor the party's own praise counts."""
    for by in ("brim", "alba", "alba-meter"):
        work = Work()
        trained(work)
        work.say(by, r.SegmentReplayed("alba", "main", 3, "b-1", "far", 1.0, 0.0, True))
        assert alba(work).outcome == "not-assessed"


def test_a_beacon_revealed_before_the_run_ended_draws_nothing() -> None:
    """The prover could have forged all other segments."""
    work = Work()
    value = work.beacon("b-1")
    trained(work)
    replays(work, value)
    assert "before the commitment" in alba(work).reason
    assert alba(work).outcome == "not-assessed"


def test_a_beacon_of_the_partys_own_bloc_draws_nothing() -> None:
    """It would know the value beforehand."""
    work = Work()
    trained(work)
    secret = b"x" * 32
    work.say("alba", r.BeaconPromised("b-1", beacon.commitment(secret)))
    work.say("alba", r.BeaconRevealed("b-1", secret.hex()))
    replays(work, beacon.value("b-1", {"alba": secret}))
    assert "outside the party's bloc" in alba(work).reason


def test_a_promise_after_the_first_reveal_has_no_share() -> None:
    """It could be chosen to suit; and a secret that breaks its promise counts as withheld."""
    work = Work()
    trained(work)
    lens, late = b"v" * 32, b"l" * 32
    work.say("lens", r.BeaconPromised("b-1", beacon.commitment(lens)))
    work.say("brim", r.BeaconPromised("b-1", beacon.commitment(b"y" * 32)))
    work.say("lens", r.BeaconRevealed("b-1", lens.hex()))
    work.say("alba", r.BeaconPromised("b-1", beacon.commitment(late)))
    work.say("alba", r.BeaconRevealed("b-1", late.hex()))
    work.say("brim", r.BeaconRevealed("b-1", (b"z" * 32).hex()))
    replays(work, beacon.value("b-1", {"lens": lens}))
    found = alba(work)
    assert found.outcome == "pass"
    assert "1 withheld their share" in found.reason
    full = beacon.detection_probability(segments=40, bad=4, drawn=20)
    assert found.detection_probability == pytest.approx(1 - 2 * (1 - full))


def test_picked_segments_are_no_draw() -> None:
    """A verifier that replays only what the prover likes says nothing."""
    work = Work()
    trained(work)
    work.beacon("b-1")
    for segment in range(20):
        work.say("lens", r.SegmentReplayed("alba", "main", segment, "b-1", "exact", 0.0, 0.0, True))
    assert "not those that it draws" in alba(work).reason


def test_a_tolerance_must_have_been_calibrated_for_the_segment() -> None:
    """It follows from its own distances, hides no swapped batch, and is for other machines than the
    declared one: there nothing but the same bits will do.
    """
    near = {"outcome": "near", "distance": 1e-9, "tolerance": 1e-8, "same_machine": False}
    for tolerance, said, expected in (
        (1e-8, near, "pass"),
        (1e-7, near, "not-assessed"),
        (0.5, {**near, "tolerance": 0.5}, "not-assessed"),
        (5e-3, {**near, "distance": 4e-3, "tolerance": 5e-3}, "not-assessed"),
        (1e-8, {**near, "distance": -1e-9}, "not-assessed"),
        (1e-8, {**near, "same_machine": True}, "not-assessed"),
        (1e-8, {**near, "distance": 1e-3}, "not-assessed"),
    ):
        work = Work()
        trained(work)
        for segment in range(SEGMENTS):
            work.say(
                "dial", r.ToleranceCalibrated("alba", "main", segment, [1e-9], tolerance, "by hand")
            )
        replays(work, work.beacon("b-1"), **said)
        assert alba(work).outcome == expected


def test_a_replay_of_another_partys_run_of_that_name_blames_nobody_else() -> None:
    """Names of runs are each party's own."""
    work = Work()
    trained(work)
    trained(work, "brim")
    work.say("lens", r.SegmentReplayed("brim", "main", 3, "b-1", "far", 1.0, 0.0, True))
    assert alba(work).outcome == "not-assessed"
    assert outcomes(judge(work.evidence()), "brim") == {"fail"}


def test_a_share_revealed_after_the_replays_changes_no_draw() -> None:
    """It counts as withheld; the segments stay drawn."""
    work = Work()
    trained(work)
    lens, late = b"v" * 32, b"l" * 32
    work.say("lens", r.BeaconPromised("b-1", beacon.commitment(lens)))
    work.say("brim", r.BeaconPromised("b-1", beacon.commitment(late)))
    work.say("lens", r.BeaconRevealed("b-1", lens.hex()))
    replays(work, beacon.value("b-1", {"lens": lens}))
    work.say("brim", r.BeaconRevealed("b-1", late.hex()))
    found = alba(work)
    assert found.outcome == "pass"
    assert "1 withheld" in found.reason
