"""The worlds that are explored, by name, and what each takes; shared with bench/pause_states.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import machine_scenes as scenes
from machine_explorer import Explored, explore, statement
from machine_oracle import check_change, check_order, check_state
from machine_scenes import Scene, fresh, paused, terms, together

from tachograph.brake.agreed.terms import Terms
from tachograph.brake.machine import State, step
from tachograph.brake.machine.lifting import _stage
from tachograph.brake.machine.state import Phase

SIZES = (3, 4, 5)
"""Parties; 7 is explored too, with states that differ by names alone taken as one."""


def resuming(agreement: Terms) -> State:
    """A pause was lifted, and work resumes."""
    return _stage(replace(paused(agreement), phase=Phase.RESUME_STAGED), 0)


def past_the_lift(state: State) -> bool:
    """Where the world of lifts ends and that of resumptions begins."""
    return state.phase in (Phase.RESUME_STAGED, Phase.NORMAL)


def is_paused(state: State) -> bool:
    """Where the world of triggers ends and that of lifts begins."""
    return state.phase == Phase.PAUSED


def worlds(n: int, *, symmetric: bool = True) -> Iterator[Scene]:
    """All worlds of n parties."""
    one = terms(n)
    lifted = together(clean_now, right_votes)
    yield Scene("triggers", fresh(one), scenes.triggering, symmetric, is_paused)
    yield Scene("lifts", paused(one), together(scenes.filing, scenes.lifting), symmetric,
                past_the_lift)  # fmt: skip
    yield Scene("questions", fresh(one), together(scenes.asking, scenes.judging), symmetric,
                returns=True)  # fmt: skip
    yield Scene("challenges in a pause", paused(one),
                together(unstopped, scenes.judging, clean_now, votes_in_turn), symmetric,
                past_the_lift)  # fmt: skip
    yield Scene("breaches", resuming(one), together(scenes.alleging, scenes.judging, clean_now),
                symmetric)  # fmt: skip
    yield Scene("heartbeats", resuming(terms(n, meters=1)),
                together(scenes.beating, scenes.judging, clean_now), symmetric)  # fmt: skip
    yield Scene("there and back", fresh(one), together(one_trigger, lifted), symmetric,
                returns=True)  # fmt: skip
    yield Scene("exits", paused(one), together(scenes.leaving, lifted), symmetric, past_the_lift)
    ending = terms(n, timers=scenes.ENDING, meters=1)
    yield Scene("sunset", paused(ending), together(scenes.renewing, scenes.beating,
                scenes.judging), symmetric, past_the_lift)  # fmt: skip
    ending = terms(n, timers=scenes.ENDING)
    yield Scene("sunset, there and back", fresh(ending),
                together(one_trigger, scenes.renewing, clean_now, votes_in_turn), symmetric,
                returns=True)  # fmt: skip
    yield Scene("adjustments", fresh(one), together(scenes.adjusting, one_question, two_calls),
                symmetric, returns=True)  # fmt: skip


def votes_in_turn(state: State) -> Iterator[scenes.Move]:
    """One voter after the other; in any order they vote in the world of lifts."""
    voted = dict(state.lift.votes) if state.lift is not None else {}
    yield from [move for move in right_votes(state) if move[0] not in voted][:1]


def unstopped(state: State) -> Iterator[scenes.Move]:
    """Questions and inspections that nobody stops; who stops them is the world of questions."""
    for by, said in scenes.asking(state):
        if not isinstance(said, scenes.say.ChallengeBlocked):
            yield by, said


def one_trigger(state: State) -> Iterator[scenes.Move]:
    """Verifiers trigger."""
    for verifier in state.terms.verifiers:
        yield verifier.name, scenes.say.TriggerCalled("metric", scenes.ONE)


def the_others() -> Iterator[Scene]:
    """Worlds of one size."""
    yield Scene("a strict lift", paused(scenes.strict_terms()), together(clean_now, right_votes),
                True, past_the_lift)  # fmt: skip
    yield the_bench(3)


def the_bench(n: int) -> Scene:
    """Three verifiers and three panelists on a lift, where the parties have voted."""
    agreement = terms(n, verifiers=3, panel=3)
    return Scene("three verifiers, three panelists", paused(agreement),
                 together(clean_now, right_votes, objections), True, past_the_lift)  # fmt: skip


def clean_now(state: State) -> Iterator[scenes.Move]:
    """Verifiers file clean evidence of this moment, where it can be of use."""
    if state.phase in (Phase.PAUSED, Phase.RESUME_STAGED):
        for verifier in state.terms.verifiers:
            said = scenes.say.EvidenceFiled(
                scenes.ONE, scenes.format_time(state.time), {"V1": "pass"}
            )
            yield verifier.name, said


def right_votes(state: State) -> Iterator[scenes.Move]:
    """Votes on the evidence under review."""
    if state.lift is not None:
        for name in [*state.terms.blocs, *(one.name for one in state.terms.verifiers)]:
            yield name, scenes.say.LiftVoted(state.lift.number, state.lift.evidence)


def objections(state: State) -> Iterator[scenes.Move]:
    """Panelists object."""
    if state.lift is not None:
        for panelist in state.terms.panel:
            yield panelist.name, scenes.say.LiftObjected(state.lift.number, "too early")


def one_question(state: State) -> Iterator[scenes.Move]:
    """A question is open at times, so that rounds run."""
    parties = list(state.terms.blocs)
    yield parties[0], scenes.say.ClarificationAsked(parties[-1], scenes.ONE, "what is this?")
    for question in state.questions:
        yield parties[0], scenes.say.ClarificationClosed(question.number)


def two_calls(state: State) -> Iterator[scenes.Move]:
    """A party calls for a pause; it takes another to join."""
    yield next(iter(state.terms.blocs)), scenes.say.TriggerCalled("metric", scenes.ONE)


Speaks = Callable[[State, str], bool]
"""Whether somebody speaks at all."""


def of_a_coalition(n: int, speaks: Speaks) -> Iterator[tuple[State, scenes.Moves]]:
    """A pause that only some parties want lifted."""
    yield paused(terms(n)), scenes.only(speaks, together(clean_now, scenes.lifting))


def bloc_against_triggers(n: int, bloc: str) -> tuple[Scene, Scene]:
    """Only one bloc speaks: from nothing, and from a trigger that verifiers called."""

    def speaks(state: State, name: str) -> bool:
        return state.terms.blocs.get(name) == bloc

    moves = scenes.only(speaks, scenes.triggering)
    start = fresh(terms(n))
    pending = start
    for by, said in one_trigger(start):
        pending, _ = step(pending, pending.time, statement(pending, by, said))
    return (
        Scene(f"bloc {bloc} of {n} calls", start, moves, True),
        Scene(f"bloc {bloc} of {n} vetoes", pending, moves, True, is_paused),
    )


def can_lift(state: State) -> bool:
    """Whether enough voices are left for a lift: then a way back must exist (L4)."""
    return not (state.suspended or state.struck or state.exiting or state.departed or state.keys)


def run(scene: Scene, *, order: bool = False, most: int = 10_000_000) -> Explored:
    """Explore with all properties."""

    def on_state(state: State) -> None:
        check_state(state)
        if order and scene.name != "challenges in a pause":  # its ballots come up elsewhere too
            check_order(state, scene)

    return explore(
        scene, on_state, check_change, most=most, returns=can_lift if scene.returns else None
    )
