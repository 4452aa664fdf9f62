"""Triggers and pauses. A trigger takes effect by its timer alone: silence is assent.

    NORMAL, RESUME_STAGED --k verifiers, or q_trig parties of two blocs--> TRIGGER_PENDING
    TRIGGER_PENDING --timer--> PAUSED
    TRIGGER_PENDING --3/4 veto, or k verifiers withdraw--> where it came from
    PAUSED --sunset, where the agreement has one--> NORMAL

Proven by tests/brake/machine. Not covered: the way out (lifting.py).
"""

from __future__ import annotations

from dataclasses import replace

from tachograph.brake.machine import standing
from tachograph.brake.machine.calls import callers, join, topics
from tachograph.brake.machine.cases import next_sunset, open_case
from tachograph.brake.machine.state import PAUSING, Phase, Refusal, State, Trigger
from tachograph.brake.said.governance import (
    BreachAlleged,
    RenewalVoted,
    TriggerCalled,
    TriggerVetoed,
    TriggerWithdrawn,
)

PARTIES = "trigger:parties"
"""Topic of parties' calls: they count together whatever moves each."""


def can_trigger(state: State) -> bool:
    """Whether a trigger can be called: nothing is paused, and no breach stops work already."""
    if state.phase == Phase.RESUME_STAGED:
        return not state.breached
    return state.phase == Phase.NORMAL


def call(state: State, by: str, said: TriggerCalled) -> State | Refusal:
    """A party's call, or a verifier's verdict on a metric."""
    if not can_trigger(state):
        return Refusal("phase", f"nothing can be triggered in {state.name}")
    if state.terms.roles[by] == "verifier":
        return join(state, by, f"trigger:{said.metric}:{said.evidence}")
    if by not in standing.parties(state, [by]):
        return Refusal("standing", f"the call of {by} has no weight")
    return join(state, by, PARTIES)


def veto(state: State, by: str, said: TriggerVetoed) -> State | Refusal:
    """A party's vote to cancel the pending trigger."""
    trigger = _pending(state, said.trigger)
    if isinstance(trigger, Refusal):
        return trigger
    if by not in standing.parties(state, [by]):
        return Refusal("standing", f"the veto of {by} has no weight")
    return replace(state, trigger=replace(trigger, vetoes=trigger.vetoes | {by}))


def withdraw(state: State, by: str, said: TriggerWithdrawn) -> State | Refusal:
    """A verifier takes its verdict back; only what verifiers called falls by that."""
    trigger = _pending(state, said.trigger)
    if isinstance(trigger, Refusal):
        return trigger
    if trigger.ground != "verifiers":
        return Refusal("ground", "parties called it: it takes their veto")
    return replace(state, trigger=replace(trigger, withdrawals=trigger.withdrawals | {by}))


def renew(state: State, by: str, said: RenewalVoted) -> State | Refusal:
    """A party's vote against the end of a pause by itself."""
    if state.phase not in (Phase.PAUSED, Phase.LIFT_REVIEW) or not state.sunset:
        return Refusal("phase", "no pause stands that would end by itself")
    newest = state.counts.triggers - 1  # a pause that came back after a lift has no other
    if said.trigger != newest:
        return Refusal("trigger", f"the newest trigger is {newest}, not {said.trigger}")
    if by not in standing.parties(state, [by]):
        return Refusal("standing", f"the vote of {by} has no weight")
    return join(state, by, f"renew:{said.trigger}")


def allege(state: State, by: str, said: BreachAlleged) -> State | Refusal:
    """A verifier's word that a party breaks the pause; k alike bring it before the panel."""
    if state.phase not in PAUSING:
        return Refusal("phase", f"no pause can be broken in {state.name}: ask, or call a trigger")
    if said.about not in state.terms.blocs or said.about in state.departed:
        return Refusal("party", f"{said.about} is no party that is bound")
    if _breach_open(state, said.about):
        return Refusal("case", f"a breach by {said.about} is before the panel already")
    return join(state, by, f"breach:{said.about}:{said.evidence}")


# What follows by itself


def settle_calls(state: State) -> State:
    """Begin what enough speakers called for."""
    if can_trigger(state):
        for topic in topics(state, "trigger:"):
            if topic == PARTIES:
                if standing.triggers(state, callers(state, topic)):
                    return _trigger(state, "parties")
            elif _enough_verifiers(state, topic):
                return _trigger(state, "verifiers")
    if state.phase in PAUSING:
        for topic in topics(state, "breach:"):
            _, about, evidence = topic.split(":", 2)
            if _enough_verifiers(state, topic) and not _breach_open(state, about):
                return open_case(_drop_calls(state, topic), about, "verifiers", evidence)
    for topic in topics(state, "renew:"):
        if standing.triggers(state, callers(state, topic)):
            return replace(_drop_calls(state, topic), sunset=next_sunset(state))
    return state


def settle_trigger(state: State) -> State:
    """Cancel what enough parties vetoed, or enough verifiers withdrew."""
    trigger = state.trigger
    if state.phase != Phase.TRIGGER_PENDING or trigger is None:
        return state
    withdrawn = standing.verifiers(state, trigger.withdrawals)
    if standing.vetoes(state, trigger.vetoes) or (len(withdrawn) >= state.terms.quorums.verifiers):
        return _cancel(state)
    return state


def take_effect(state: State) -> State:
    """TRIGGER_PENDING -> PAUSED, when the timer runs out and for no other reason."""
    return replace(
        state,
        phase=Phase.PAUSED,
        since=state.time,
        paused=state.time,
        sunset=next_sunset(state),
        ramp=None,
        filings=(),
        calls=tuple(call for call in state.calls if not call.topic.startswith("breach:")),
    )


def end_by_sunset(state: State) -> State:
    """PAUSED -> NORMAL, where the agreement says so and nobody renewed it."""
    return to_normal(state)


def to_normal(state: State) -> State:
    """No pause, and nothing left of one."""
    return replace(
        state,
        phase=Phase.NORMAL,
        since=state.time,
        paused=0,
        sunset=0,
        trigger=None,
        lift=None,
        ramp=None,
        filings=(),
        calls=tuple(call for call in state.calls if call.topic.startswith(("key:", "voice:"))),
    )


def _trigger(state: State, ground: str) -> State:
    trigger = Trigger(
        state.counts.triggers,
        "parties" if ground == "parties" else "verifiers",
        state.time + state.terms.timers.effect,
    )
    return replace(
        state,
        phase=Phase.TRIGGER_PENDING,
        since=state.time,
        trigger=trigger,
        calls=tuple(call for call in state.calls if not call.topic.startswith("trigger:")),
        counts=replace(state.counts, triggers=trigger.number + 1),
    )


def _cancel(state: State) -> State:
    if state.ramp is None:
        return to_normal(state)
    due = state.time + state.terms.timers.ramp
    ramp = replace(state.ramp, began=state.time, due=due)
    return replace(
        state, phase=Phase.RESUME_STAGED, since=state.time, trigger=None, ramp=ramp, filings=()
    )


def _pending(state: State, number: int) -> Trigger | Refusal:
    if state.phase != Phase.TRIGGER_PENDING or state.trigger is None:
        return Refusal("phase", "no trigger is pending")
    if state.trigger.number != number:
        return Refusal("trigger", f"trigger {state.trigger.number} is pending, not {number}")
    return state.trigger


def _enough_verifiers(state: State, topic: str) -> bool:
    called = standing.verifiers(state, callers(state, topic))
    return len(called) >= state.terms.quorums.verifiers


def _breach_open(state: State, about: str) -> bool:
    """Whether the panel has one; an inspection's outcome before it shields nobody."""
    return any(case.about == about and case.ground != "challenge" for case in state.cases)


def _drop_calls(state: State, topic: str) -> State:
    return replace(state, calls=tuple(call for call in state.calls if call.topic != topic))
