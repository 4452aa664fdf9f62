"""When work was limited, party by party: the machine run again over a register's statements.

Proven by tests/brake/test_brake_spans.py. Not covered: a voluntary hold, which limits nobody by the
agreement.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tachograph.brake.agreed.terms import Terms
from tachograph.brake.bundle.posted import Posted
from tachograph.brake.machine import State, begin, next_due, step, tick
from tachograph.brake.machine.permission import permission
from tachograph.brake.times import parse_time


@dataclass(frozen=True)
class Limit:
    """A span of time in which work is limited."""

    began: float
    """Seconds since 1970."""
    ended: float
    """Seconds since 1970; infinite while it lasts."""
    share: float
    """Of capacity that may be used for training: 0 in a pause."""


def limits_of(
    terms: Terms, agreement: str, statements: Sequence[Posted], until: float
) -> dict[str, tuple[Limit, ...]]:
    """Return each party's limits, in order. `until`: seconds, up to when the timers have run."""
    shares: dict[str, list[tuple[float, float]]] = {
        name: [(-math.inf, 1.0)] for name in terms.blocs
    }
    seen = None
    for state in _states(terms, agreement, statements, int(until * 1000)):
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


def _states(
    terms: Terms, agreement: str, statements: Sequence[Posted], until: int
) -> Iterator[State]:
    """Every state that the machine comes through, timers included."""
    state = begin(terms, agreement)
    for one in statements:
        moment = parse_time(one.time)
        if one.statement is None or moment is None:
            continue
        for waited in _waiting(state, moment):
            state = waited
            yield state
        state, _ = step(state, moment, one.statement)
        yield state
    yield from _waiting(state, until)


def _waiting(state: State, until: int) -> Iterator[State]:
    """The states that time alone brings, one a moment at which something is due."""
    last = -1
    while (due := next_due(state)) is not None and last < due <= until:
        last = due
        state = tick(state, due)
        yield state
