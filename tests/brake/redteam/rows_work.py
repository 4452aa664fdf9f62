"""Rows 2 to 6, 15 to 18 and 27: compute under another name, in other pieces, at other places."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from tachograph.brake.said import records as r
from tachograph.brake.said.statement import Said

from .table import cheat, twin
from .world import PARAMETERS, World, digest, meter_of, root_of

Change = Callable[[r.WindowReported], r.WindowReported]
PEAK, JOULES = 1e15, 600.0 / 1e15
SMALL = 5e16
"""Below the threshold of one window, 1e17."""


def rework(world: World, party: str, change: Change, hours: range = range(8)) -> None:
    """Have a party's meter report other windows than it would have."""

    def edit(speaker: str, said: Said) -> Said:
        mine = speaker == meter_of(party) and isinstance(said, r.WindowReported)
        return change(said) if mine and said.window in hours else said

    world.edits.append(edit)


def with_training(said: r.WindowReported, flop: float, *runs: str) -> r.WindowReported:
    """The same hour with so much more honest training in it, in equal parts."""
    seconds, done = dict(said.device_seconds), dict(said.flop)
    spent = flop / (0.4 * PEAK)
    seconds["training"] += spent
    seconds["idle"] -= spent
    done["training"] = done.get("training", 0.0) + flop
    parts = dict.fromkeys(runs, flop / len(runs))
    tokens = {run: part / (6 * PARAMETERS) for run, part in parts.items()}
    return dataclasses.replace(
        said, device_seconds=seconds, flop=done, runs={**said.runs, **parts},
        tokens={**said.tokens, **tokens}, energy_joules=(said.energy_joules or 0) + flop * JOULES,
    )  # fmt: skip


def declare(world: World, party: str, run: str, **ties: object) -> None:
    """A run of its own making, but for its ties."""
    own = {
        field: digest(f"{party} {run} {field}")
        for field in ("code", "data", "order_commitment", "start_commitment")
    }
    said = dataclasses.replace(world.main_run(party), run=run, **{**own, **ties})
    world.hooks[1].append(lambda: world.say(party, said) and None)


# 2, 15, 16, 27: energy tells.


@cheat(2, "chips that were not declared, behind the meter", caught_by="V6")
def chips_behind_the_meter(world: World) -> str:
    """A tenth more energy than declared work takes."""
    party = world.parties[0]
    rework(world, party, lambda said: dataclasses.replace(
        said, energy_joules=1.1 * (said.energy_joules or 0)))  # fmt: skip
    return party


@twin(2, "a meter that errs by two standard deviations")
def biased_meter(world: World) -> None:
    """Two per cent too much, always."""
    rework(world, world.parties[0], lambda said: dataclasses.replace(
        said, energy_joules=1.02 * (said.energy_joules or 0)))  # fmt: skip


@cheat(15, "half of the training's operations are left out", caught_by="V6", paused=False)
def false_low_flop(world: World) -> str:
    """With the tokens, so that six operations a weight and token still fit."""
    party = world.parties[1]

    def change(said: r.WindowReported) -> r.WindowReported:
        half = {"flop": {**said.flop, "training": said.flop["training"] / 2}}
        half["runs"] = {"main": said.runs["main"] / 2}
        half["tokens"] = {**said.tokens, "main": said.tokens["main"] / 2}
        return dataclasses.replace(said, **half)

    rework(world, party, change)
    return party


@twin(15, "a slower hour", paused=False)
def slow_hour(world: World) -> None:
    """Half of the training, and its energy."""

    def change(said: r.WindowReported) -> r.WindowReported:
        lost = said.flop["training"] / 2
        return dataclasses.replace(
            said, flop={**said.flop, "training": lost}, runs={"main": lost},
            tokens={**said.tokens, "main": said.tokens["main"] / 2},
            energy_joules=(said.energy_joules or 0) - lost * JOULES,
        )  # fmt: skip

    rework(world, world.parties[1], change, range(2))


@cheat(16, "training is reported as idling", caught_by="V6", paused=False)
def ghost_idle(world: World) -> str:
    """The devices were at work, and the meter of energy knows."""
    party = world.parties[0]

    def change(said: r.WindowReported) -> r.WindowReported:
        seconds = dict(said.device_seconds)
        seconds["idle"] += seconds.pop("training")
        flop = {name: done for name, done in said.flop.items() if name != "training"}
        tokens = {root_of(party): said.tokens[root_of(party)]}
        return dataclasses.replace(said, device_seconds=seconds, flop=flop, runs={}, tokens=tokens)

    rework(world, party, change)
    return party


@twin(16, "an idle afternoon", paused=False)
def idle_afternoon(world: World) -> None:
    """Nothing was trained, and the energy says so."""
    party = world.parties[0]

    def change(said: r.WindowReported) -> r.WindowReported:
        seconds = dict(said.device_seconds)
        seconds["idle"] += seconds.pop("training")
        flop = {name: done for name, done in said.flop.items() if name != "training"}
        energy = (said.energy_joules or 0) - said.flop["training"] * JOULES
        tokens = {root_of(party): said.tokens[root_of(party)]}
        return dataclasses.replace(
            said, device_seconds=seconds, flop=flop, runs={}, tokens=tokens, energy_joules=energy
        )

    rework(world, party, change, range(4, 6))


@cheat(27, "training in the gaps of inference", caught_by="V6", paused=True)
def in_the_gaps(world: World) -> str:
    """A quarter of the operations again, in time that is called inference."""
    party = world.parties[0]
    rework(world, party, lambda said: dataclasses.replace(
        said, energy_joules=(said.energy_joules or 0) + JOULES * 0.1 * PEAK * 3600 * len(
            said.devices)), range(5, 8))  # fmt: skip
    return party


@cheat(27, "the same, below the meters' error", unseen="work below the meters' error", paused=True)
def in_small_gaps(world: World) -> str:
    """One per cent of capacity: bounded, and said in every verdict."""
    party = world.parties[0]
    rework(world, party, lambda said: dataclasses.replace(
        said, energy_joules=(said.energy_joules or 0) + JOULES * 0.001 * PEAK * 3600 * len(
            said.devices)), range(5, 8))  # fmt: skip
    return party


@twin(27, "inference comes in bursts", paused=True)
def bursts(world: World) -> None:
    """Another hour has twice the demand, with its energy and its outputs."""
    party = world.parties[0]

    def double(said: r.WindowReported) -> r.WindowReported:
        more = said.flop["inference"]
        seconds = dict(said.device_seconds)
        seconds["inference"] *= 2
        seconds["idle"] -= seconds["inference"] / 2
        root = root_of(party)
        return dataclasses.replace(
            said, device_seconds=seconds, flop={**said.flop, "inference": 2 * more},
            models={root: said.models[root] + more},
            tokens={root: said.tokens[root] + more / (2 * PARAMETERS)},
            energy_joules=(said.energy_joules or 0) + more * JOULES,
        )  # fmt: skip

    rework(world, party, double, range(6, 7))
    follow_meter(world, party)


def follow_meter(world: World, party: str) -> None:
    """The party commits to as many tokens as its meter counted."""
    counted: dict[int, float] = {}

    def edit(speaker: str, said: Said) -> Said:
        if speaker == meter_of(party) and isinstance(said, r.WindowReported):
            counted[said.window] = said.tokens.get(root_of(party), 0.0)
        if speaker == party and isinstance(said, r.OutputsServed):
            return dataclasses.replace(said, tokens={"customers": counted[said.window]})
        return said

    world.edits.append(edit)


# 3 to 6: pieces.


@cheat(3, "a run cut into many", caught_by="V6", paused=True)
def many_job_ids(world: World) -> str:
    """Each piece names the one before; each window stays below the threshold."""
    party = world.parties[0]
    for number in range(6):
        declare(world, party, f"job-{number}", parents=[f"job-{number - 1}" if number else "main"])
    for number, hour in enumerate(range(5, 8)):
        jobs = (f"job-{2 * number}", f"job-{2 * number + 1}")
        rework(world, party, lambda said, jobs=jobs: with_training(said, SMALL, *jobs),
               range(hour, hour + 1))  # fmt: skip
    return party


@twin(3, "many small experiments", paused=True)
def small_experiments(world: World) -> None:
    """As many, as large, each from a start of its own."""
    party = world.parties[0]
    for number in range(6):
        declare(world, party, f"job-{number}")
    jobs = [f"job-{number}" for number in range(6)]
    rework(world, party, lambda said: with_training(said, SMALL, *jobs), range(5, 8))


@cheat(4, "a run cut into pieces that share nothing", caught_by="V6", paused=True)
def rotated_names(world: World) -> str:
    """Code, data, start and name are new each time; the window's sum is what it is."""
    party = world.parties[-1]
    jobs = [f"study-{number}" for number in range(20)]
    for job in jobs:
        declare(world, party, job)
    rework(world, party, lambda said: with_training(said, 4 * SMALL, *jobs), range(5, 8))
    return party


@cheat(4, "the same, below the window's threshold",
       unseen="small jobs under the cap that share nothing that shows", paused=True)  # fmt: skip
def rotated_and_small(world: World) -> str:
    """Bounded by the threshold a window."""
    small_experiments(world)
    return world.parties[0]


@twin(4, "twenty unlike evaluations", paused=True)
def unlike_evaluations(world: World) -> None:
    """Small training for probes, in one window."""
    party = world.parties[-1]
    jobs = [f"probe-{number}" for number in range(20)]
    for job in jobs:
        declare(world, party, job)
    rework(world, party, lambda said: with_training(said, SMALL / 2, *jobs), range(5, 6))


@cheat(5, "one run, carried on at another party", caught_by="V6", paused=True)
def across_parties(world: World) -> str:
    """The second party starts from weights whose root is the first one's."""
    first, second = world.parties[:2]
    declare(world, second, "guest")
    said = dataclasses.replace(world.weights(first), run="guest")
    world.hooks[1].append(lambda: world.say(second, said) and None)
    rework(world, second, lambda said: with_training(said, SMALL, "guest"), range(5, 8))
    return second


@cheat(5, "the same, in another encoding",
       unseen="the same weights in two encodings at two parties", paused=True)  # fmt: skip
def in_another_encoding(world: World) -> str:
    """No root collides."""
    party = world.parties[1]
    declare(world, party, "guest")
    rework(world, party, lambda said: with_training(said, SMALL, "guest"), range(5, 8))
    return party


@twin(5, "two parties train on one public text", paused=True)
def one_public_text(world: World) -> None:
    """The same data, with code of their own."""
    for party in world.parties[:2]:
        declare(world, party, "public", data="d" * 64)
        rework(world, party, lambda said: with_training(said, SMALL, "public"), range(5, 8))


@cheat(6, "training spread over clusters that are registered", caught_by="V6", paused=True)
def spread_over_nodes(world: World) -> str:
    """Small in every window; all pieces descend from one optimiser state."""
    party = world.parties[2]
    for node in range(4):
        declare(world, party, f"node-{node}", state_parents=["5" * 64], parents=["main"])
    nodes = [f"node-{node}" for node in range(4)]
    rework(world, party, lambda said: with_training(said, SMALL, *nodes), range(4, 8))
    return party


@cheat(6, "the same, over clusters too small to register",
       unseen="training spread over clusters too small to be declared", paused=True)  # fmt: skip
def spread_over_cellars(world: World) -> str:
    """Nothing of it is in any log."""
    return world.parties[2]


@twin(6, "four unlike nodes", paused=True)
def unlike_nodes(world: World) -> None:
    """Experiments at one site that have nothing to do with each other."""
    party = world.parties[2]
    nodes = [f"node-{node}" for node in range(4)]
    for node in nodes:
        declare(world, party, node)
    rework(world, party, lambda said: with_training(said, SMALL, *nodes), range(4, 8))


# 17 and 18: names.


@cheat(17, "training is called inference", caught_by="V6", paused=False)
def relabelled(world: World) -> str:
    """Six operations a weight and token where two are right."""
    party = world.parties[0]

    def change(said: r.WindowReported) -> r.WindowReported:
        return as_inference(said, party, tokens=said.tokens["main"])

    rework(world, party, change)
    follow_meter(world, party)
    return party


@cheat(17, "training is called evaluation, in a pause", caught_by="V6", paused=True)
def as_evaluation(world: World) -> str:
    """With tokens that nobody was served."""
    party = world.parties[0]

    def change(said: r.WindowReported) -> r.WindowReported:
        more = with_training(said, 20 * SMALL, "main")
        return as_inference(more, party, tokens=10 * SMALL / PARAMETERS, name="evaluation")

    rework(world, party, change, range(5, 8))
    return party


def as_inference(
    said: r.WindowReported, party: str, *, tokens: float, name: str = "inference"
) -> r.WindowReported:
    """All training, under another name and with so many tokens."""
    seconds, flop, root = dict(said.device_seconds), dict(said.flop), root_of(party)
    moved = flop.pop("training")
    seconds[name] += seconds.pop("training")
    flop[name] += moved
    return dataclasses.replace(
        said, device_seconds=seconds, flop=flop, runs={},
        models={root: said.models[root] + moved}, tokens={root: said.tokens[root] + tokens},
    )  # fmt: skip


@twin(17, "a long evaluation", paused=False)
def long_evaluation(world: World) -> None:
    """An hour in which the run waits for its evaluation, with the tokens that it took."""
    party = world.parties[0]

    def change(said: r.WindowReported) -> r.WindowReported:
        tokens = said.flop["training"] / (2 * PARAMETERS)
        return as_inference(said, party, tokens=tokens, name="evaluation")

    rework(world, party, change, range(2, 3))
    follow_meter(world, party)


@cheat(18, "tokens are made up so that the rate fits", caught_by="V6", paused=True)
def made_up_tokens(world: World) -> str:
    """Two operations a weight and token, of more tokens than were committed to."""
    party = world.parties[0]

    def change(said: r.WindowReported) -> r.WindowReported:
        more = with_training(said, 40 * SMALL, "main")
        return as_inference(more, party, tokens=20 * SMALL / PARAMETERS)

    rework(world, party, change, range(5, 8))
    return party


@cheat(18, "outputs are made up as well, and not looked at", not_assessed="V9", paused=True)
def made_up_outputs(world: World) -> str:
    """Whoever commits to outputs that never were must hope that no verifier draws some."""
    party = made_up_tokens(world)
    follow_meter(world, party)
    return party


@twin(18, "a batch of long prompts", paused=True)
def long_prompts(world: World) -> None:
    """Twice the tokens, with their operations and their energy."""
    bursts(world)
