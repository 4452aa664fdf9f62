"""Cases before the panel, and who loses or regains a voice.

A case ends by a majority of the panelists without a conflict, or by time. Upheld, and where the
panel is silent on a presumed breach, the party is suspended and a resumption falls back to the
pause; dismissed, everything goes on. Proven by tests/brake/machine. Not covered: whether the panel
judged well.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Literal

from tachograph.brake.machine import standing
from tachograph.brake.machine.state import (
    PAUSING,
    Case,
    Phase,
    Refusal,
    State,
    value,
    with_value,
)
from tachograph.brake.said.governance import PanelDecided

Ground = Literal["challenge", "verifiers", "heartbeat"]


def open_case(state: State, about: str, ground: Ground, detail: str) -> State:
    """A matter goes to the panel. A breach stops a review, and a resumption's clock."""
    case = Case(state.counts.cases, about, ground, detail, state.time + state.terms.timers.panel)
    state = replace(
        state,
        cases=(*state.cases, case),
        counts=replace(state.counts, cases=case.number + 1),
    )
    if ground != "challenge" and state.phase == Phase.LIFT_REVIEW:
        return back_to_pause(state)
    return state


def decide(state: State, by: str, said: PanelDecided) -> State | Refusal:
    """A panelist's ruling."""
    case = next((case for case in state.cases if case.number == said.case), None)
    if case is None:
        return Refusal("case", f"case {said.case} is not open")
    if by not in state.terms.bench(case.about):
        return Refusal("conflict", f"{by} does not sit on cases about {case.about}")
    before = value(case.rulings, by)
    if before == said.ruling:
        return Refusal("ballot", f"{by} has ruled that already")
    if before is not None:
        return Refusal("equivocation", f"{by} ruled {before} before")
    changed = replace(case, rulings=with_value(case.rulings, by, said.ruling))
    return replace(state, cases=tuple(changed if c is case else c for c in state.cases))


def settle(state: State) -> State:
    """End the cases that a majority has decided."""
    for case in state.cases:
        weight = standing.bench(state, case.about, [name for name, _ in case.rulings])
        counts = Counter(ruling for name, ruling in case.rulings if name in weight)
        needed = standing.sits(state, case.about)
        if counts["upheld"] >= needed:
            return _uphold(state, case)
        if counts["dismissed"] >= needed:
            return _dismiss(state, case)
    return state


def ended(state: State, case: Case) -> State:
    """The panel's time ran out: the pause stays, and whom the facts speak against is suspended."""
    return _uphold(state, case) if case.presumed else _dismiss(state, case)


def back_to_pause(state: State) -> State:
    """PAUSED once more: another lift takes other evidence. The shortest duration runs on."""
    return replace(state, phase=Phase.PAUSED, since=state.time, lift=None, ramp=None, filings=())


def _uphold(state: State, case: Case) -> State:
    state = replace(_without(state, case), suspended=state.suspended | {case.about})
    if state.ramp is not None:  # a pause of its own begins, also where a trigger is pending
        return back_to_pause(replace(state, paused=state.time, sunset=next_sunset(state)))
    return back_to_pause(state) if state.phase == Phase.LIFT_REVIEW else state


def _dismiss(state: State, case: Case) -> State:
    state = _without(state, case)
    if case.ground == "heartbeat":  # its grace begins again, or it would be alleged at once
        state = replace(state, heard=with_value(state.heard, case.detail, state.time))
    if state.ramp is not None and state.phase in PAUSING and case.ground != "challenge":
        due = state.time + state.terms.timers.ramp
        state = replace(state, ramp=replace(state.ramp, began=state.time, due=due))
    return state


def next_sunset(state: State) -> int:
    """When a pause that begins or is renewed now ends by itself; 0: never."""
    return state.time + state.terms.timers.sunset if state.terms.timers.sunset else 0


def _without(state: State, case: Case) -> State:
    return replace(state, cases=tuple(c for c in state.cases if c is not case))
