"""The agreement's state at any moment, derived again from the register.

The production machine runs over the register's statements, and the state after each is kept, so
that a check can ask what held at a time. Proven by tests/brake/test_check_legality.py. Not covered:
whether the register is the only one (V3).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from tachograph.brake.machine import State, begin, tick
from tachograph.brake.register import Register, Taken
from tachograph.brake.terms import Terms
from tachograph.ledger import Entry


@dataclass(frozen=True)
class Replayed:
    """What a register's statements did."""

    first: State
    """Before any statement."""
    taken: tuple[Taken, ...]
    """Every statement, with why it had no effect where it had none."""
    times: tuple[int, ...]
    """Milliseconds since 1970, after each statement, rising."""
    states: tuple[State, ...]
    """The state after each."""

    def at(self, time: int) -> State:
        """The state at a time: after all that was posted until then, and its timers."""
        place = bisect_right(self.times, time)
        return tick(self.states[place - 1] if place else self.first, time)


def replay(terms: Terms, agreement: str, entries: Iterable[Entry]) -> Replayed:
    """Run the machine over the entries of a register."""
    register = Register(terms, agreement)
    taken, times, states = [], [], []
    for entry in entries:
        found = register.take(entry)
        if found is not None:
            taken.append(found)
            times.append(register.state.time)
            states.append(register.state)
    return Replayed(begin(terms, agreement), tuple(taken), tuple(times), tuple(states))
