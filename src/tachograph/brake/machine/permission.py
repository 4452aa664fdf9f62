"""What a state allows a party to do.

Proven by tests/brake/machine/test_machine_permission.py. Not covered: what this party's own ledger
adds: a voluntary hold, a register not heard (agreement.py).
"""

from __future__ import annotations

from tachograph.brake.machine.state import Phase, State, value
from tachograph.brake.machine.timers import next_due
from tachograph.brake.permission import Permission as Permission
from tachograph.brake.permission import Work as Work


def permission(state: State, party: str, work: Work) -> Permission:
    """Whether a party may begin such work in this state."""
    until = next_due(state)
    if party in state.departed:
        return Permission(True, "NORMAL", "")
    stopped = stops(state, party)
    rules = state.terms.pause
    if stopped is not None and (work == "training" or _stops_inference(state)):
        name, reason = stopped
        return Permission(False, name, reason, rules.running, until, 0.0)
    if work == "training" and state.ramp is not None:
        share = rules.ramp[state.ramp.stage]
        reason = f"work resumes: {share:.0%} of the declared capacity may train"
        return Permission(True, state.name, reason, until=until, share=share)
    return Permission(True, _seen_by(state, party), "", until=until)


def stops(state: State, party: str) -> tuple[str, str] | None:
    """Name of the state that stops this party's training, and why; None: nothing does."""
    if state.phase in (Phase.PAUSED, Phase.LIFT_REVIEW):
        return state.name, "a pause is in force"
    if state.name == "BREACH_REVIEW":
        return state.name, "a breach is before the panel, and work waits for its decision"
    if party in state.suspended:
        return "BREACH_REVIEW", f"{party} is suspended until the panel reinstates it"
    if party in state.holding:
        return "SELF_HOLD", f"{party} holds of its own accord"
    return None


def _stops_inference(state: State) -> bool:
    paused = state.phase in (Phase.PAUSED, Phase.LIFT_REVIEW) or state.name == "BREACH_REVIEW"
    return paused and state.terms.pause.inference == "stops"


def _seen_by(state: State, party: str) -> str:
    leaving = state.phase == Phase.NORMAL and value(state.exiting, party) is not None
    return "EXITING" if leaving else state.name
