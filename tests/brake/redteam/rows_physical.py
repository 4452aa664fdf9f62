"""Rows 28, 29, 35 and 39: sensors and devices, all simulated and said to be so."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
import simulated_trace as simulated

from tachograph import canon
from tachograph.brake.checks.trace import Samples, pattern
from tachograph.brake.said import beacon
from tachograph.brake.said import records as r
from tachograph.merkle import ed25519

from .table import cheat, twin
from .world import HOUR, World, meter_of, site_of

HERTZ, VENDOR, GOOD = 0.2, b"v" * 32, "ab" * 32
Sense = Callable[[int, Samples], Samples]


def same(_: int, watts: Samples) -> Samples:
    return watts


def senses(world: World, party: str, *, shape: simulated.Shape = "training", device: Sense = same,
           both: Sense = same, utility: bool = True, follows: bool = True) -> None:  # fmt: skip
    """Sensors in hours 4 and 5, each with a modulation asked for as the hour begins.

    `device`: what the party makes of its own sensor; `both`: of all of them.
    """
    rng = np.random.default_rng(world.rng.randrange(2**32))
    wanted: dict[int, Samples] = {}

    def ask(hour: int) -> None:
        name, secret = f"m-{hour}", hashlib.sha256(f"{hour} {party}".encode()).digest()
        world.say("lens", r.BeaconPromised(name, beacon.commitment(secret)))
        world.say("lens", r.LoadModulationAsked(site_of(party), hour, name))
        world.say("lens", r.BeaconRevealed(name, secret.hex()))
        wanted[hour] = pattern(beacon.value(name, {"lens": secret}), site_of(party), hour)

    def edit(speaker: str, said: Any) -> Any:
        if speaker == meter_of(party) and isinstance(said, r.WindowReported) and said.window in (
            4, 5,
        ):  # fmt: skip
            report(said)
        return said

    def report(said: r.WindowReported) -> None:
        watts = simulated.load(
            rng, shape, joules=said.energy_joules or 0.0, seconds=HOUR, hertz=HERTZ,
            pattern=wanted[said.window] if follows else None,
        )  # fmt: skip
        watts = both(said.window, watts)
        for by, sensor, owner in ((meter_of(party), "device", "prover"), ("lens", "utility",
                                                                         "verifier")):  # fmt: skip
            if sensor == "utility" and not utility:
                continue
            seen = device(said.window, watts) if sensor == "device" else watts
            samples = world.put(simulated.sensed(rng, seen))
            kind: Any = owner
            world.say(by, r.TraceReported(
                said.site, by, said.window, sensor, kind, True, HERTZ, samples))  # fmt: skip

    world.edits.append(edit)
    for hour in (4, 5):
        world.hooks[hour].append(lambda hour=hour: ask(hour))


@cheat(28, "a recording is played again", caught_by="V10")
def played_again(world: World) -> str:
    """With fresh noise; it knows nothing of what is asked."""
    senses(world, world.parties[0], follows=False)
    return world.parties[0]


@cheat(28, "a dummy load does what is asked",
       unseen="a party that controls every sensor", not_assessed="V10")  # fmt: skip
def dummy_load(world: World) -> str:
    """All sensors are the party's own."""
    senses(world, world.parties[0], utility=False)
    return world.parties[0]


@twin(28, "a site that does what is asked")
def follows(world: World) -> None:
    senses(world, world.parties[0])


@cheat(29, "a translator leaves most of the load out", caught_by="V10")
def tampered_translator(world: World) -> str:
    """The party's sensor shows a fifth less than the utility's."""
    senses(world, world.parties[1], device=lambda _, watts: 0.8 * watts)
    return world.parties[1]


@cheat(29, "a translator flattens the load", caught_by="V10")
def flattened(world: World) -> str:
    """The right energy, and no shape."""
    senses(world, world.parties[1], device=lambda _, watts: np.full_like(watts, watts.mean()))
    return world.parties[1]


@cheat(29, "the same, where there is one sensor alone", not_assessed="V10")
def one_channel(world: World) -> str:
    """Nothing contradicts it."""
    senses(world, world.parties[1], utility=False)
    return world.parties[1]


@twin(29, "two sensors of unlike make")
def unlike_sensors(world: World) -> None:
    """One reads two per cent low."""
    senses(world, world.parties[1], device=lambda _, watts: 0.98 * watts)


@cheat(39, "a rival makes up a trace to accuse", caught_by="V1")
def made_up_trace(world: World) -> str:
    """A party cannot speak for another's sensors, and V10 blames nobody for it."""
    accuser, accused = world.parties[:2]

    def accuse() -> None:
        samples = world.put(canon.encode([9.0] * 720))
        world.say(accuser, r.TraceReported(
            site_of(accused), accuser, 3, "device", "prover", False, HERTZ, samples))  # fmt: skip

    world.hooks[5].append(accuse)
    return accuser


@twin(39, "inference whose power looks like training")
def looks_like_training(world: World) -> None:
    """The class of a trace is told, and counts for nothing."""
    senses(world, world.parties[0], shape="training")


@twin(39, "serving that goes up and down")
def serving(world: World) -> None:
    senses(world, world.parties[0], shape="serving")


# 35: devices.


def attests(world: World, party: str, change: Callable[[str, dict[str, str]], Any]) -> None:
    """All devices of a party vouch in hour 3. `change`: the report, and who signs it."""
    nonce = hashlib.sha256(f"nonce {party}".encode()).hexdigest()
    references = r.ReferencesPublished(
        {"north-chips": ed25519.public_key(VENDOR).hex()}, [GOOD], []
    )

    def vouch() -> None:
        world.say("lens", references)
        world.say("lens", r.AttestationAsked(site_of(party), nonce))
        for device in world.site(party).devices:
            report = {"device": device, "measurement": GOOD, "nonce": nonce}
            report, signer = change(device, report)
            key = hashlib.sha256(signer.encode()).digest()
            link = {"key": ed25519.public_key(key).hex(), "subject": device}
            link["signature"] = ed25519.sign(VENDOR, canon.encode(link)).hex()
            evidence = world.put(canon.encode({
                "chain": [link], "report": report, "vendor": "north-chips",
                "signature": ed25519.sign(key, canon.encode(report)).hex(),
            }))  # fmt: skip
            world.say(party, r.DeviceAttested(site_of(party), device, nonce, evidence))

    world.hooks[3].append(vouch)


@cheat(35, "an old report is played again", caught_by="V11")
def old_report(world: World) -> str:
    party = world.parties[0]
    attests(world, party, lambda device, report: ({**report, "nonce": "00" * 32}, device))
    return party


@cheat(35, "one chip vouches for many", caught_by="V11")
def one_for_many(world: World) -> str:
    party = world.parties[0]
    first = world.site(party).devices[0]
    attests(world, party, lambda device, report: (report, first))
    return party


@cheat(35, "firmware that is not known to be good", caught_by="V11")
def other_firmware(world: World) -> str:
    party = world.parties[0]
    attests(world, party, lambda device, report: ({**report, "measurement": "cd" * 32}, device))
    return party


@cheat(35, "keys that were taken out of their chips",
       unseen="device keys that were taken out of the device")  # fmt: skip
def extracted_keys(world: World) -> str:
    """Signs like the chips."""
    attests(world, world.parties[0], lambda device, report: (report, device))
    return world.parties[0]


@twin(35, "every chip vouches for itself")
def each_for_itself(world: World) -> None:
    attests(world, world.parties[0], lambda device, report: (report, device))
