"""Goes through every state that a scene can reach, with the production machine, and checks each.

Time moves by one tick of a clock whose ticks are of the order of the shortest timer. States are
the same where they differ by absolute times, by numbers given, and, in symmetric scenes, by names
within a group; so what is explored is finite, and what is found holds at any time and for any
numbering.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from machine_scenes import Move, Scene

from tachograph.brake.machine import Refusal, State, step, tick
from tachograph.brake.machine.questions import YEAR
from tachograph.brake.machine.state import Call, Phase, value
from tachograph.brake.said.statement import Statement

STILL = frozenset({Phase.PAUSED, Phase.LIFT_REVIEW})
"""No training, and the time for which a pause stands runs."""

STAMP = "2026-11-25T12:00:00.000000Z"


@dataclass(frozen=True)
class Change:
    """One transition."""

    before: State
    move: Move | None
    """None: time passed."""
    after: State
    refusal: Refusal | None


class PropertyError(AssertionError):
    """A property does not hold; the message is the way there."""


@dataclass
class Explored:
    """What was gone through."""

    states: int = 0
    transitions: int = 0
    seconds: float = 0.0
    names: set[str] = field(default_factory=set)
    """Names of states that came up."""
    refused: set[str] = field(default_factory=set)
    """Rules that refused something."""
    stuck: int = 0
    """States from which no way leads back to where nothing is paused."""


def explore(
    scene: Scene,
    on_state: Callable[[State], None],
    on_change: Callable[[Change], None],
    *,
    most: int = 10_000_000,
    returns: Callable[[State], bool] | None = None,
) -> Explored:
    """Go through the scene, shortest ways first. Raises PropertyError with the way to a failure.

    With `returns`, every state for which it is true must have a way back to NORMAL.
    """
    begun, found = time.process_time(), Explored()
    first = scene.start
    ways: dict[Any, tuple[Any, str]] = {}
    seen = {key(first, scene.symmetric): first}
    edges: list[tuple[Any, Any]] = []
    waiting = deque(seen)
    while waiting:
        here = waiting.popleft()
        state = seen[here]
        found.states += 1
        found.names.add(state.name)
        if found.states > most:
            raise AssertionError(f"{scene.name}: more than {most} states")
        try:
            on_state(state)
            if scene.ends(state):
                continue
            for change in changes(state, scene):
                found.transitions += 1
                on_change(change)
                if change.refusal is not None:
                    found.refused.add(change.refusal.rule)
                    if change.refusal.rule != "equivocation":
                        continue
                there = key(change.after, scene.symmetric)
                if there not in seen:
                    seen[there] = change.after
                    ways[there] = (here, told(change))
                    waiting.append(there)
                if returns is not None and there != here:
                    edges.append((there, here))
        except PropertyError as error:
            raise PropertyError(f"{scene.name}: {error}\n{way(ways, here)}") from None
    if returns is not None:
        _check_returns(seen, edges, returns, found, ways)
    found.seconds = time.process_time() - begun
    return found


def changes(state: State, scene: Scene) -> Iterator[Change]:
    """All that can happen next."""
    yield Change(state, None, tick(state, state.time + 1), None)
    told = set()
    for by, said in scene.moves(state):
        if scene.symmetric:
            alike = (_attributes(state, by), _group(state, by), repr(said))
            if alike in told:
                continue
            told.add(alike)
        after, refusal = step(state, state.time, statement(state, by, said))
        yield Change(state, (by, said), after, refusal)


def statement(state: State, by: str, said: Any) -> Statement:
    """The speaker's next one."""
    last = value(state.last, by)
    return Statement(state.agreement, by, 0 if last is None else last.number + 1, STAMP, "", said)


# When two states are the same


def key(state: State, symmetric: bool) -> Any:
    """Equal for states that behave alike."""
    now, terms = state.time, state.terms
    groups: dict[str, list[Any]] = {}
    for name in terms.roles:
        groups.setdefault(_group(state, name), []).append(_attributes(state, name))
    if symmetric:
        groups = {group: sorted(members, key=hash) for group, members in groups.items()}
    lift, ramp, trigger = state.lift, state.ramp, state.trigger
    return (
        state.phase,
        max(0, state.paused + terms.timers.minimum - now) if state.paused else None,
        max(0, state.sunset - now) if state.sunset and state.phase in STILL else None,
        (trigger.effect - now, trigger.ground)
        if trigger and state.phase == Phase.TRIGGER_PENDING else trigger is None,
        (lift.evidence, lift.gathered - now, max(0, lift.objections_end - now), lift.due - now)
        if lift else 0,
        (ramp.stage, ramp.began - now, ramp.due - now) if ramp else 0,
        tuple((q.stage, q.due - now, _left(q.began + terms.timers.red_light, now), q.access)
              for q in state.questions),
        tuple((c.ground, c.detail, c.due - now) for c in state.cases),
        tuple((a.changes, a.due - now if not a.ripe else 0, a.adopted, a.ripe)
              for a in state.adjustments),
        min(state.counts.adjustments, 1),
        terms.timers.objection, terms.quorums,
        tuple(tuple(members) for members in groups.values()),
    )  # fmt: skip


def _left(end: int, now: int) -> int:
    return max(0, end - now)


def _topic(state: State, call: Call) -> str:
    """Triggers are told apart by how many came after, not by their numbers."""
    what, _, number = call.topic.partition(":")
    return f"{what}:{int(number) - state.counts.triggers}" if what == "renew" else call.topic


def _group(state: State, name: str) -> str:
    return state.terms.blocs.get(name) or state.terms.roles[name]


def _attributes(state: State, name: str) -> Any:
    """All that the state knows of one speaker."""
    now = state.time
    lift, trigger = state.lift, state.trigger
    heard = value(state.heard, name)
    exiting = value(state.exiting, name)
    return (
        name in state.suspended, name in state.struck, name in state.departed,
        name in state.holding, exiting and exiting - now, value(state.keys, name),
        tuple(sorted((_topic(state, call), call.posted - now)
                     for call in state.calls if call.by == name)),
        # what is not clean does as little as nothing, and so does a struck speaker's vote
        tuple((f.evidence, f.gathered - now) for f in state.filings if f.by == name and f.clean),
        trigger is not None and state.name == "TRIGGER_PENDING" and (
            name in trigger.vetoes, name in trigger.withdrawals),
        lift is not None and name not in state.struck and (
            value(lift.votes, name), name in lift.objections),
        tuple((q.asker == name, q.about == name, name in q.blocks, value(q.reports, name))
              for q in state.questions),
        tuple((c.about == name, value(c.rulings, name)) for c in state.cases),
        tuple(name in a.votes for a in state.adjustments),
        tuple(sorted((what, at + YEAR > now) for who, what, at in state.asked if who == name)),
        max(-state.terms.timers.heartbeat, max(heard or 0, state.paused) - now)
        if state.terms.roles[name] == "meter"
        else None,
    )  # fmt: skip


# What went wrong, and how one came there


def told(change: Change) -> str:
    """A transition in a line."""
    if change.move is None:
        passed = change.after.time - change.before.time
        return f"  time +{passed}: {change.before.name} -> {change.after.name}"
    by, said = change.move
    outcome = f"refused, {change.refusal}" if change.refusal else change.after.name
    return f"  {by} says {said}: {outcome}"


def way(ways: dict[Any, tuple[Any, str]], here: Any) -> str:
    """The shortest way to a state."""
    lines: list[str] = []
    while here in ways:
        here, line = ways[here]
        lines.append(line)
    return "\n".join(reversed(lines))


def _check_returns(
    seen: dict[Any, State],
    edges: list[tuple[Any, Any]],
    returns: Callable[[State], bool],
    found: Explored,
    ways: dict[Any, tuple[Any, str]],
) -> None:
    """Every state that has to has a way back to NORMAL."""
    before: dict[Any, list[Any]] = {}
    for there, here in edges:
        before.setdefault(there, []).append(here)
    back = {one for one, state in seen.items() if state.quiet}
    waiting = list(back)
    while waiting:
        for one in before.get(waiting.pop(), ()):
            if one not in back:
                back.add(one)
                waiting.append(one)
    for one, state in seen.items():
        if one not in back:
            found.stuck += 1
            if returns(state):
                raise PropertyError(f"L4: no way back from {state.name}\n{way(ways, one)}")


def quietly(state: State) -> State:
    """Without what only names statements, for comparing two ways to a state."""
    return replace(state, last=())
