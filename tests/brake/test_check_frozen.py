"""V9: what is used in a pause was there before it, and drawn outputs prove it."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from work_by_hand import HOUR, MODEL, START, Work, model, of, outcomes

from tachograph.brake.bundle.spans import Limit
from tachograph.brake.checks.frozen import draw_purpose, judge
from tachograph.brake.said import beacon
from tachograph.brake.said import records as r

PAUSE = Limit(START + HOUR, math.inf, 0.0)


def paused(*, frozen: list[str] | None = None, matched: int = 50, **replay: Any) -> Work:
    """An hour of work, a pause, an hour of inference whose outputs are replayed."""
    work = Work(limits=[PAUSE])
    work.begin()
    work.hour(0)
    for party in MODEL:
        work.say(party, r.WeightsFrozen([MODEL[party]] if frozen is None else frozen))
    work.hour(1, training=0.0)
    for party, root in MODEL.items():
        work.say(party, r.OutputsServed(f"{party}-one", 1, root, "0" * 64, 100, {"c": 5.0}))
    numbers = list(range(50))
    if replay.pop("drawn_fairly", True):
        numbers = list(beacon.draw(work.beacon("b-1"), draw_purpose("0" * 64), 100, 50))
    for root in MODEL.values():
        made = {"exact": True, "numbers": numbers, **replay}
        work.say("lens", r.ServedReplayed(root, "0" * 64, "b-1", 50, matched, 900, **made))
    return work


def correct(work: Work) -> set[str]:
    return outcomes(judge(work.evidence()), "alba", "correctness")


def test_frozen_weights_that_were_replayed_pass() -> None:
    """With the chance that fifty of a hundred records give; erasure stays not assessed."""
    results = list(judge(paused().evidence()))
    (found,) = of(results, "alba", "correctness")
    assert (found.outcome, found.detection_probability) == ("pass", 0.5)
    (other,) = of(results, "alba", "completeness")
    assert other.outcome == "not-assessed"
    assert "erased" in other.reason
    assert "largest customer" in other.reason


def test_no_pause_or_no_replay_is_not_assessed() -> None:
    """Never a pass."""
    work = paused()
    work.limits = ()
    assert correct(work) == {"not-assessed"}
    assert correct(paused(drawn_fairly=False)) == {"not-assessed"}
    assert correct(paused(numbers=list(range(50)))) == {"not-assessed"}
    work = paused()
    work.heard = [h for h in work.heard if not isinstance(h.said, r.ServedReplayed)]
    assert correct(work) == {"not-assessed"}


def test_outputs_of_other_weights_fail() -> None:
    """One of fifty where equality was asked; one is allowed where only tokens were compared."""
    assert correct(paused(matched=49)) == {"fail"}
    assert correct(paused(matched=49, exact=False)) == {"pass"}
    assert correct(paused(matched=40, exact=False)) == {"fail"}


def test_weights_that_are_not_frozen_fail() -> None:
    """By the meter's word, by the party's own, and where no list was made at all."""
    assert correct(paused(frozen=[])) == {"fail"}
    work = paused()
    work.say("alba", r.OutputsServed("alba-one", 1, "9" * 64, "0" * 64, 5, {}))
    assert correct(work) == {"fail"}
    work = paused()
    work.heard = [h for h in work.heard if not isinstance(h.said, r.WeightsFrozen)]
    assert correct(work) == {"fail"}


def test_weights_that_came_in_the_pause_cannot_be_frozen() -> None:
    """Committed to after the pause began, and listed."""
    work = paused()
    work.say("alba", model("alba", "9" * 64))
    work.say("alba", r.WeightsFrozen([MODEL["alba"], "9" * 64]))
    assert correct(work) == {"fail"}


def test_a_party_that_serves_nothing_passes() -> None:
    """It used no weights."""
    work = Work(limits=[PAUSE])
    work.begin()
    work.say("alba", r.WeightsFrozen([MODEL["alba"]]))
    work.hour(1, training=0.0, inference=0.0)
    assert correct(work) == {"pass"}


def test_outputs_that_nobody_replayed_hide_no_false_ones() -> None:
    """What contradicts comes before what is missing."""
    work = paused(matched=40)
    work.say("alba", r.OutputsServed("alba-one", 1, MODEL["alba"], "9" * 64, 5, {}))
    work.heard.insert(0, work.heard.pop())
    assert correct(work) == {"fail"}


def test_records_that_nobody_could_open_are_never_drawn_among() -> None:
    """Whoever declares 2**53 of them must not cost the auditor its memory."""
    work = paused()
    served = [h for h in work.heard if isinstance(h.said, r.OutputsServed)]
    for index, heard in enumerate(work.heard):
        if heard in served:
            said = dataclasses.replace(heard.said, count=2**53 - 1)  # type: ignore[type-var]
            work.heard[index] = dataclasses.replace(heard, said=said)
    assert correct(work) == {"not-assessed"}


def test_a_replay_of_no_record_says_nothing() -> None:
    """A friendly verifier that drew none has looked at none."""
    work = paused()
    for index, heard in enumerate(work.heard):
        if isinstance(heard.said, r.ServedReplayed):
            said = dataclasses.replace(heard.said, drawn=0, matched=0, numbers=[])
            work.heard[index] = dataclasses.replace(heard, said=said)
    assert correct(work) == {"not-assessed"}


def test_a_share_that_was_withheld_lowers_the_chance() -> None:
    """Whoever withheld it chose between two draws."""
    work = paused()
    place = next(i for i, h in enumerate(work.heard) if isinstance(h.said, r.BeaconPromised))
    promise = r.BeaconPromised("b-1", beacon.commitment(b"k" * 32))
    heard = dataclasses.replace(work.heard[place], by="dial", said=promise)
    work.heard.insert(place, heard)
    (found,) = of(list(judge(work.evidence())), "alba", "correctness")
    assert (found.outcome, found.detection_probability) == ("pass", 0.0)
