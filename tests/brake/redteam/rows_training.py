"""Rows 19 to 24: forged training runs of char-lm, made for real and replayed for real."""

from __future__ import annotations

import dataclasses
import hashlib
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from tachograph.brake.checks.reexecution import draw_purpose
from tachograph.brake.said import beacon
from tachograph.brake.said import records as r
from tachograph.brake.training import record, replay
from tachograph.brake.training.steps import Steps

from .table import cheat, twin
from .world import World, site_of

sys.path.insert(0, str(Path(__file__).parents[1]))

import runs_by_hand as hand

RUN, BEACON = "r-1", "b-1"
Forge = Callable[..., Steps]


def honestly(_: int, trainer: Any, weights: Any, state: Any, batch: Any) -> Steps:
    steps: Steps = trainer(weights, state, batch)
    return steps


@cache
def made(forger: Forge) -> tuple[record.Recorder, dict[int, r.SegmentReplayed]]:
    """A run as it was committed to, and what a verifier finds of each segment."""
    with hand.open_box() as box:
        run = hand.forge(box, forger)
        found = {
            number: replay.replay(
                box, hand.opened(run, number), beacon=BEACON, tolerance=0.0,
                inner=hand.inner(run, number),
            )
            for number in range(len(run.segments))
        }  # fmt: skip
    return run, found


def trains(
    world: World, party: str, forger: Forge, *, early: bool = False, late: bool = False,
    change: Callable[[Any], Any] = lambda said: said,
) -> None:  # fmt: skip
    """The run is declared and committed to in hour 1, drawn and replayed in hour 3.

    `early`: the beacon is revealed before the run. `late`: the run is declared after it was made.
    """
    run, found = made(forger)
    said = [*run.statements(), run.complete()]
    if late:
        said = [*said[1:], said[0]]
    said = [dataclasses.replace(one, site=site_of(party)) if isinstance(one, r.RunDeclared)
            else one for one in map(change, said)]  # fmt: skip
    secrets = {name: hashlib.sha256(name.encode()).digest() for name in (*world.parties, "lens")}

    def train() -> None:
        for one in said:
            world.say(party, one)
        for data in run.objects.values():
            world.put(data)

    def reveal() -> None:
        for name, secret in secrets.items():
            world.say(name, r.BeaconPromised(BEACON, beacon.commitment(secret)))
        for name, secret in secrets.items():
            world.say(name, r.BeaconRevealed(BEACON, secret.hex()))

    def look() -> None:
        value = beacon.value(BEACON, secrets)
        for number in beacon.draw(value, draw_purpose(party, RUN), len(found), len(found)):
            world.say("lens", dataclasses.replace(found[number], party=party))

    world.hooks[1] += [reveal, train] if early else [train]
    world.hooks[3] += [look] if early else [reveal, look]


def rolled(_: int, trainer: Any, weights: Any, state: Any, batch: Any) -> Steps:
    """Other data, and everything else the same."""
    steps: Steps = trainer(weights, state, batch, tokens=np.roll(hand.text(), 1234))
    return steps


def interpolated(_: int, trainer: Any, weights: Any, state: Any, batch: Any) -> Steps:
    """Begin and end are real, what lies between is a straight line; the optimiser's state too."""
    end: Steps = trainer(weights, state, batch)
    shares = np.linspace(0, 1, len(batch) + 1)[1:] ** 2
    between = [
        tuple({n: w + share * (arrays[n] - w) for n, w in old.items()}
              for arrays, old in ((end.weights[0], weights), (end.state[0], state)))
        for share in shares
    ]  # fmt: skip
    return Steps(end.losses, tuple(w for w, _ in between), tuple(s for _, s in between), 0.0)


@cheat(19, "checkpoints that are interpolated", caught_by="V7")
def interpolation(world: World) -> str:
    trains(world, world.parties[0], interpolated)
    return world.parties[0]


@twin(19, "a real run, replayed bit for bit")
def real_run(world: World) -> None:
    trains(world, world.parties[0], honestly)


@cheat(20, "data that were made after the training to fit it", caught_by="V8")
def fitted_data(world: World) -> str:
    """Committed to when all was over."""
    trains(world, world.parties[1], honestly, late=True)
    return world.parties[1]


@twin(20, "the same run, declared before it began")
def declared_first(world: World) -> None:
    trains(world, world.parties[1], honestly)


@cheat(21, "a rate so small that nothing is learnt", caught_by="V8")
def infinitesimal(world: World) -> str:
    def change(said: Any) -> Any:
        if isinstance(said, r.RunDeclared):
            return dataclasses.replace(said, hyperparameters={"learning_rate": 1e-9})
        return said

    trains(world, world.parties[0], honestly, change=change)
    return world.parties[0]


@twin(21, "a small rate that is still one")
def small_rate(world: World) -> None:
    """A quarter of the usual one; only declared, and not complete."""
    run, _ = made(honestly)
    said = dataclasses.replace(
        run.declared, hyperparameters={"learning_rate": 0.001}, site=site_of(world.parties[0])
    )
    world.hooks[1].append(lambda: world.say(world.parties[0], said) and None)


@cheat(22, "the draw is known before the run", not_assessed="V7")
def known_draw(world: World) -> str:
    """What was replayed is honest; what was not drawn need not be."""
    trains(world, world.parties[0], honestly, early=True)
    return world.parties[0]


@cheat(22, "a friendly verifier replays what it is told", not_assessed="V7")
def friendly_verifier(world: World) -> str:
    """One segment, which no beacon drew."""
    party = world.parties[0]
    trains(world, party, honestly)

    def edit(speaker: str, said: Any) -> Any:
        if not isinstance(said, r.SegmentReplayed):
            return said
        return dataclasses.replace(said, beacon="another") if said.segment == 0 else None

    world.edits.append(edit)
    return party


@twin(22, "one who promised a share never reveals it")
def withheld_share(world: World) -> None:
    """Named, and counted against the chance of detection."""
    trains(world, world.parties[0], honestly)
    silent = world.parties[2]
    world.edits.append(
        lambda speaker, said: None if speaker == silent and isinstance(said, r.BeaconRevealed)
        else None if isinstance(said, r.SegmentReplayed) else said
    )  # fmt: skip


@cheat(23, "hidden steps inside a segment", caught_by="V7")
def hidden_steps(world: World) -> str:
    trains(world, world.parties[0], hand.hidden_steps)
    return world.parties[0]


@twin(23, "a segment that ends early")
def two_runs(world: World) -> None:
    """The same run at another party: the same bytes, honestly made twice."""
    trains(world, world.parties[3], honestly)


@cheat(24, "a batch is swapped", caught_by="V7")
def swapped_batch(world: World) -> str:
    trains(world, world.parties[2], hand.swapped)
    return world.parties[2]


@cheat(24, "other data than were committed to", caught_by="V7")
def other_data(world: World) -> str:
    trains(world, world.parties[2], rolled)
    return world.parties[2]


@twin(24, "a batch that looks odd, as it was drawn")
def odd_batch(world: World) -> None:
    trains(world, world.parties[2], honestly)
