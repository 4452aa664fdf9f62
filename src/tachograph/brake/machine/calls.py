"""Calls: what one speaker asks for and takes effect once enough others have joined.

A call waits for `timers.call`; one speaker has one call a topic, and repeating it renews its time.
Proven by tests/brake/machine. Not covered: how many are enough, which is each rule's own.
"""

from __future__ import annotations

from dataclasses import replace

from tachograph.brake.machine.state import Call, Refusal, State

WAITING = 16
"""Most calls of one speaker that wait; every reader of the register goes through them."""


def join(state: State, by: str, topic: str) -> State | Refusal:
    """The state with this call in it."""
    others = [call for call in state.calls if (call.topic, call.by) != (topic, by)]
    if sum(call.by == by for call in others) >= WAITING:
        return Refusal("quota", f"{WAITING} calls of {by} wait for others already")
    fresh = Call(topic, by, state.time)
    calls = sorted([*others, fresh], key=lambda call: (call.topic, call.by))
    return replace(state, calls=tuple(calls))


def callers(state: State, topic: str) -> frozenset[str]:
    """Who calls for it."""
    return frozenset(call.by for call in live(state) if call.topic == topic)


def topics(state: State, prefix: str) -> list[str]:
    """Topics that somebody calls for, in order."""
    found = {call.topic for call in live(state) if call.topic.startswith(prefix)}
    return sorted(found) if found else []


def live(state: State) -> list[Call]:
    """The calls that still wait."""
    if not state.calls:
        return []
    wait = state.terms.timers.call
    return [call for call in state.calls if call.posted + wait > state.time]
