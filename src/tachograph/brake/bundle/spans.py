"""When work was limited, party by party: every state that a register's statements led to.

Proven by tests/brake/test_brake_spans.py and the red team's row 41. Not covered: a voluntary hold,
which limits nobody by the agreement.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from tachograph.brake.bundle.replayed import Replayed
from tachograph.brake.machine import State, next_due, tick
from tachograph.brake.machine.permission import permission


@dataclass(frozen=True)
class Limit:
    """A span of time in which work is limited."""

    began: float
    """Seconds since 1970."""
    ended: float
    """Seconds since 1970; infinite while it lasts."""
    share: float
    """Of capacity that may be used for training: 0 in a pause."""


def limits_of(replayed: Replayed, until: float) -> dict[str, tuple[Limit, ...]]:
    """Return each party's limits, in order. `until`: seconds, up to when the timers have run."""
    shares: dict[str, list[tuple[float, float]]] = {
        name: [(-math.inf, 1.0)] for name in replayed.first.terms.blocs
    }
    seen = None
    for state in _states(replayed, int(until * 1000)):
        mark = (state.phase, state.ramp, state.breached, state.suspended, state.departed)
        if mark == seen:
            continue
        seen = mark
        for party, found in shares.items():
            share = _share(state, party)
            if share != found[-1][1]:
                found.append((state.time / 1000, share))
    return {party: tuple(_limits(found)) for party, found in shares.items()}


def _share(state: State, party: str) -> float:
    given = permission(state, party, "training")
    return 1.0 if given.state == "SELF_HOLD" else given.share


def _limits(shares: list[tuple[float, float]]) -> Iterator[Limit]:
    ends = [time for time, _ in shares[1:]] + [math.inf]
    for (began, share), ended in zip(shares, ends, strict=True):
        if share < 1.0:
            yield Limit(began, ended, share)


def _states(replayed: Replayed, until: int) -> Iterator[State]:
    """Every state that the machine came through, timers included.

    Those of the register itself: statements that do not count use numbers up as well, so a machine
    that was shown only the others would refuse what came after them.
    """
    state = replayed.first
    for time, after in zip(replayed.times, replayed.states, strict=True):
        yield from _waiting(state, time)
        state = after
        yield state
    yield from _waiting(state, until)


def _waiting(state: State, until: int) -> Iterator[State]:
    """The states that time alone brings, one a moment at which something is due."""
    last = -1
    while (due := next_due(state)) is not None and last < due <= until:
        last = due
        state = tick(state, due)
        yield state
