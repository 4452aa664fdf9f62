"""Rows 25, 26 and 36: what is served in a pause."""

from __future__ import annotations

import dataclasses
import hashlib
from functools import cache
from typing import Any

import numpy as np

from tachograph.brake.checks.frozen import draw_purpose
from tachograph.brake.said import beacon
from tachograph.brake.said import records as r
from tachograph.brake.training import char_lm, served, tensors

from .table import cheat, twin
from .world import World, digest, meter_of, root_of

HOURS = range(5, 8)
RECORDS, DRAWN = 12, 6


@cache
def model(secret: bytes) -> dict[str, Any]:
    return char_lm.initial_weights(secret)


ROOT = tensors.root(model(b"w" * 32))


def serves(world: World, party: str, weights: Any, *, opened: bool = False) -> None:
    """A small model is frozen in hour 2; its outputs of the pause are drawn and replayed.

    `weights`: what really answers. With `opened` the frozen weights and all records are at hand.
    """
    prompts = np.random.default_rng(5).integers(0, char_lm.VOCABULARY, size=(RECORDS, 6))
    records = [served.record(weights, prompt, 12) for prompt in prompts]
    outputs = served.root(records)
    none = digest("not opened")
    packed = world.put(tensors.pack(model(b"w" * 32))) if opened else none
    committed = r.WeightsCommitted("small", 0, ROOT, none, packed, none, "")
    run = dataclasses.replace(
        world.main_run(party), run="small", parameters=char_lm.PARAMETERS,
        start_commitment=digest("small"), code=digest("small code"),
    )  # fmt: skip
    secrets = {name: hashlib.sha256(name.encode()).digest() for name in (*world.parties, "lens")}

    def freeze() -> None:
        world.say(party, run)
        world.say(party, committed)
        world.say(party, r.WeightsFrozen([root_of(party), ROOT]))

    def look() -> None:
        for name, secret in secrets.items():
            world.say(name, r.BeaconPromised("served", beacon.commitment(secret)))
        site, window = f"{party}-one", 5
        world.say(party, r.OutputsServed(site, window, ROOT, outputs, RECORDS, {"c": 144.0}))
        for name, secret in secrets.items():
            world.say(name, r.BeaconRevealed("served", secret.hex()))
        if opened:
            held = {str(number): world.put(one) for number, one in enumerate(records)}
            hashes = world.put(served.leaf_hashes(records))
            world.say(party, r.OutputsOpened(outputs, hashes, held))
        value = beacon.value("served", secrets)
        drawn = beacon.draw(value, draw_purpose(outputs), RECORDS, DRAWN)
        compared = [served.same(model(b"w" * 32), records[number]) for number in drawn]
        world.say("lens", r.ServedReplayed(
            ROOT, outputs, "served", DRAWN, sum(same for same, _ in compared),
            sum(count for _, count in compared), True, list(drawn),
        ))  # fmt: skip

    def edit(speaker: str, said: Any) -> Any:
        if isinstance(said, r.WeightsFrozen) and speaker == party and ROOT not in said.roots:
            return None
        return said

    world.edits.append(edit)
    world.hooks[2].append(freeze)
    world.hooks[6].append(look)


@cheat(25, "other weights behind the interface", caught_by="V9", paused=True)
def swapped_weights(world: World) -> str:
    """Another model answers under the frozen root."""
    serves(world, world.parties[0], model(b"x" * 32))
    return world.parties[0]


@cheat(25, "weights that were trained on, behind the interface", caught_by="V9", paused=True)
def tuned_weights(world: World) -> str:
    """One matrix, by about a third of each weight."""
    weights = dict(model(b"w" * 32))
    noise = np.random.default_rng(2).normal(size=weights["unembed"].shape)
    weights["unembed"] = weights["unembed"] * (1 + 0.3 * noise)
    serves(world, world.parties[0], weights)
    return world.parties[0]


@twin(25, "the frozen weights, replayed", paused=True)
def frozen_weights(world: World) -> None:
    serves(world, world.parties[0], model(b"w" * 32))


@cheat(26, "a tuned model is served under its own name", caught_by="V9", paused=True)
def new_model(world: World) -> str:
    """The meter names weights that nobody froze."""
    party = world.parties[1]

    def edit(speaker: str, said: Any) -> Any:
        if speaker == meter_of(party) and isinstance(said, r.WindowReported) and said.window > 4:
            root = digest("tuned")
            return dataclasses.replace(
                said, models={root: said.models[root_of(party)]},
                tokens={root: said.tokens[root_of(party)]},
            )  # fmt: skip
        return said

    world.edits.append(edit)
    return party


@cheat(26, "an adapter in main memory that is never served",
       unseen="adapters that are trained in main memory and never served",
       not_assessed="V9", paused=True)  # fmt: skip
def silent_adapter(world: World) -> str:
    """Nothing that is served or committed changes."""
    return world.parties[1]


@twin(26, "inference goes on with the frozen model", paused=True)
def inference_only(world: World) -> None:
    """As the agreement allows."""
    world.run()


@cheat(36, "capability leaves through ordinary use",
       unseen="capability that leaves through an interface in ordinary volume",
       not_assessed="V9", paused=True)  # fmt: skip
def distillation(world: World) -> str:
    """One customer takes all tokens: said in the verdict, and no proof of anything."""
    return world.parties[0]


@twin(36, "one large customer", paused=True)
def large_customer(world: World) -> None:
    """The same bundle."""
    world.run()
