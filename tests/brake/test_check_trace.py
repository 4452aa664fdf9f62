"""V10: simulated traces can only fail; recordings, contradictions and deaf sites do."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

import numpy as np
import pytest
import simulated_trace as simulated
from work_by_hand import HOUR, START, Work, of, window

from tachograph import canon
from tachograph.brake.checks.trace import SLOTS, judge, looks_like, pattern
from tachograph.brake.said import beacon
from tachograph.brake.said import records as r
from tachograph.brake.verdict import CheckResult

HERTZ = 0.2


class Sensors:
    """Hours with a device sensor of the party's and a utility meter of the verifiers'."""

    def __init__(self, *, simulated: bool = False) -> None:
        self.rng = np.random.default_rng(3)
        self.work = Work()
        self.work.begin()
        self.simulated = simulated

    def hour(
        self, number: int, *, asked: bool = True, follows: bool = True
    ) -> np.ndarray[Any, Any]:
        """One hour; a verifier asks for modulation as it begins."""
        wanted = None
        self.work.now = START + number * HOUR
        if asked:
            name = f"m-{number}"
            secret = hashlib.sha256(name.encode()).digest()
            self.work.say("lens", r.BeaconPromised(name, beacon.commitment(secret)))
            self.work.say("lens", r.LoadModulationAsked("alba-one", number, name))
            self.work.say("lens", r.BeaconRevealed(name, secret.hex()))
            wanted = pattern(beacon.value(name, {"lens": secret}), "alba-one", number)
        self.work.hour(number)
        watts = simulated.load(
            self.rng, "training", joules=window("alba", number).energy_joules or 0.0,
            seconds=HOUR, hertz=HERTZ, pattern=wanted if follows else None,
        )  # fmt: skip
        self.report(number, "alba-meter", "device", watts)
        self.report(number, "lens", "utility", watts)
        return watts

    def report(self, number: int, by: str, sensor: str, watts: Any, **changes: Any) -> None:
        """What a sensor says."""
        data = watts if isinstance(watts, bytes) else simulated.sensed(self.rng, watts)
        digest = hashlib.sha256(data).hexdigest()
        self.work.objects[digest] = data
        owner: Any = "verifier" if by == "lens" else "prover"
        said = r.TraceReported("alba-one", by, number, sensor, owner, self.simulated, HERTZ, digest)
        self.work.say(by, dataclasses.replace(said, **changes))

    def result(self) -> CheckResult:
        (found,) = of(judge(self.work.evidence()), "alba")
        return found


def test_real_sensors_that_agree_and_follow_pass() -> None:
    """Were the samples real."""
    sensors = Sensors()
    for number in range(3):
        sensors.hour(number)
    found = sensors.result()
    assert found.outcome == "pass"
    assert "counts for nothing" in found.reason
    assert "never a sole ground" in found.assumptions[0]


def test_simulated_traces_are_never_a_pass() -> None:
    """A simulated root of trust is said to be one."""
    sensors = Sensors(simulated=True)
    sensors.hour(0)
    assert sensors.result().outcome == "not-assessed"
    assert "simulated root of trust" in sensors.result().reason


def test_a_party_that_holds_every_sensor_is_not_assessed() -> None:
    """Nor one that nobody challenged, nor one without sensors."""
    sensors = Sensors()
    sensors.hour(0)
    sensors.work.heard = [h for h in sensors.work.heard if not (
        h.by == "lens" and isinstance(h.said, r.TraceReported))]  # fmt: skip
    assert "holds every sensor" in sensors.result().reason
    sensors = Sensors()
    sensors.hour(0, asked=False)
    assert "no load modulation" in sensors.result().reason
    assert Sensors().result().outcome == "not-assessed"


def test_a_recording_that_is_played_again_fails() -> None:
    """Sample by sample the same as another window."""
    sensors = Sensors()
    watts = simulated.sensed(sensors.rng, sensors.hour(0, asked=False))
    sensors.work.hour(1)
    for number in (0, 1):
        sensors.report(number, "alba-meter", "rack", watts)
    assert "again as window 1" in sensors.result().reason


def test_a_recording_with_new_noise_does_not_follow() -> None:
    """It cannot know what is asked for."""
    sensors = Sensors()
    sensors.hour(0, follows=False)
    found = sensors.result()
    assert found.outcome == "fail"
    assert "does not follow the modulation" in found.reason
    assert "never a sole ground" in found.reason


def test_a_pattern_known_beforehand_counts_for_nothing() -> None:
    """A beacon revealed before the window could be recorded for."""
    sensors = Sensors()
    secret = b"s" * 32
    sensors.work.now = START - HOUR
    sensors.work.say("lens", r.BeaconPromised("m-0", beacon.commitment(secret)))
    sensors.work.say("lens", r.BeaconRevealed("m-0", secret.hex()))
    sensors.work.say("lens", r.LoadModulationAsked("alba-one", 0, "m-0"))
    sensors.hour(0, asked=False)
    assert "no load modulation" in sensors.result().reason


def test_sensors_that_contradict_each_other_fail() -> None:
    """In shape, in level, and against the meter's energy."""
    for change in (
        lambda watts: np.roll(watts, 300) * np.linspace(0.7, 1.3, len(watts)),
        lambda watts: 0.9 * watts,
    ):
        sensors = Sensors()
        watts = sensors.hour(0, asked=False)
        sensors.report(0, "alba-meter", "rack", change(watts))
        assert "contradict" in sensors.result().reason
    sensors = Sensors()
    sensors.work.hour(0)
    sensors.report(0, "alba-meter", "rack", np.full(720, 500.0))
    assert "the meter says" in sensors.result().reason


@pytest.mark.parametrize(
    "data",
    [b"{}", b"[1]", canon.encode(["x"] * 720), canon.encode([-1] * 720), b"nothing",
     canon.encode([1] * 300)],
)  # fmt: skip
def test_samples_that_cannot_be_fail(data: bytes) -> None:
    """By name, and never by an exception."""
    sensors = Sensors()
    sensors.work.hour(0)
    sensors.report(0, "alba-meter", "rack", data)
    assert sensors.result().outcome == "fail"


def test_a_party_cannot_speak_as_the_verifiers_sensor() -> None:
    """Whoever reports it owns it."""
    sensors = Sensors()
    watts = sensors.hour(0)
    sensors.report(0, "alba-meter", "rack", watts, owner="verifier")
    assert "no verifier reported it" in sensors.result().reason


def test_inference_that_looks_like_training_is_no_accusation() -> None:
    """Steady serving has the same class, and the class counts for nothing."""
    steady = np.full(720, 900.0)
    assert "training or batched inference" in looks_like(steady)
    sensors = Sensors()
    sensors.hour(0)
    assert sensors.result().outcome == "pass"


def test_how_often_chance_follows_a_pattern() -> None:
    """In fewer than five of a thousand recordings."""
    rng = np.random.default_rng(0)
    hits = 0
    for number in range(4000):
        wanted = pattern(number.to_bytes(4, "big"), "s", 0)
        hits += float(np.corrcoef(rng.normal(size=SLOTS), wanted)[0, 1]) >= 0.5
    assert hits / 4000 < 0.005


def test_withheld_samples_are_not_assessed() -> None:
    """Though all that is here agrees."""
    sensors = Sensors()
    sensors.hour(0)
    sensors.work.objects.popitem()
    assert "samples of 1 traces are not here" in sensors.result().reason


def test_a_share_revealed_late_changes_no_pattern() -> None:
    """A rival could otherwise choose one that the site did not follow."""
    sensors = Sensors()
    late = b"l" * 32
    sensors.work.now = START - 60
    sensors.work.say("brim", r.BeaconPromised("m-0", beacon.commitment(late)))
    sensors.hour(0)
    sensors.work.say("brim", r.BeaconRevealed("m-0", late.hex()))
    assert sensors.result().outcome == "pass"
