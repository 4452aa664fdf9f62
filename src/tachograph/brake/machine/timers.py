"""What happens by the clock alone.

Timers that are due at one moment fire in the order of `RANKS`: what stops work comes before what
starts it. Proven by tests/brake/machine. Not covered: statements (transitions.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from tachograph.brake.machine import cases, changes, lifting, pausing, questions
from tachograph.brake.machine.cases import open_case
from tachograph.brake.machine.state import PAUSING, Phase, State, value

RANKS = (
    "effect", "heartbeat", "panel", "question", "expiry", "window", "objection", "minimum",
    "sunset", "exit", "adjustment",
)  # fmt: skip
"""Order of timers that are due at one moment."""


class Timer(NamedTuple):
    """One thing that will happen unless a statement comes first."""

    due: int
    """When; may lie in the past where the timer has only now begun to count."""
    rank: int
    """Index into RANKS."""
    subject: str
    """Which question, case, party or meter."""
    fire: Callable[[State], State]
    """What it does."""

    @property
    def what(self) -> str:
        """Its name."""
        return RANKS[self.rank]


def timers(state: State) -> list[Timer]:
    """All that run, the next first."""
    found = [
        Timer(due, RANKS.index(what), subject, fire) for what, due, subject, fire in _all(state)
    ]
    return sorted(found, key=lambda timer: timer[:3])


def next_due(state: State) -> int | None:
    """When the next timer fires; None: nothing happens by itself."""
    return min((max(due, state.time) for _, due, _, _ in _all(state)), default=None)


_Rows = Iterator[tuple[str, int, str, Callable[[State], State]]]


def _all(state: State) -> _Rows:
    for question in state.questions:
        fire = partial(questions.ended, question=question)
        yield "question", question.due, str(question.number), fire
    for case in state.cases:
        yield "panel", case.due, str(case.number), partial(cases.ended, case=case)
    yield from _phase(state)
    if state.phase in PAUSING:
        yield from _heartbeats(state)
    for party, due in state.exiting:
        yield "exit", due, party, partial(changes.left, party=party)
    for one in state.adjustments:
        if not one.ripe:
            yield "adjustment", one.due, str(one.number), partial(changes.ended, one=one)


def _phase(state: State) -> _Rows:
    times = state.terms.timers
    if state.phase == Phase.TRIGGER_PENDING and state.trigger is not None:
        yield "effect", state.trigger.effect, "", pausing.take_effect
    if state.phase == Phase.PAUSED:
        if (over := state.paused + times.minimum) > state.time:
            yield "minimum", over, "", _only_settle
        if state.sunset and not state.breached:
            yield "sunset", state.sunset, "", pausing.end_by_sunset
    if state.phase == Phase.LIFT_REVIEW and state.lift is not None:
        yield "expiry", state.lift.due, "", lifting.expire
        if state.lift.objections_end > state.time:
            yield "objection", state.lift.objections_end, "", _only_settle
    if state.phase == Phase.RESUME_STAGED and state.ramp is not None and not state.breached:
        fire = partial(lifting.end_window, ramp=state.ramp)
        yield "window", state.ramp.due, "", fire


def _heartbeats(state: State) -> _Rows:
    before_panel = {case.detail for case in state.cases if case.ground == "heartbeat"}
    silent = state.suspended | state.departed
    for meter in state.terms.meters:
        if meter.name in before_panel or meter.party in silent:
            continue
        heard = max(value(state.heard, meter.name) or 0, state.paused)
        fire = partial(open_case, about=meter.party, ground="heartbeat", detail=meter.name)
        yield "heartbeat", heard + state.terms.timers.heartbeat, meter.name, fire


def _only_settle(state: State) -> State:
    """What waited for this moment is found when the state settles."""
    return state
