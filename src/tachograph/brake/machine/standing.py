"""Who counts, whose word has weight, and which quorums are reached.

Suspended, exiting and departed parties count neither in n nor in a quorum, from the statement or
timer on that made them so. A speaker who contradicted itself stays in n, and weighs nothing; so
does one whose key was revoked, also with what it said before, until it has another.
Proven by tests/brake/machine. Not covered: numbers that make a sound agreement (quorum.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from tachograph.brake.agreed import quorum
from tachograph.brake.agreed.terms import Quorums
from tachograph.brake.machine.state import Pairs, State, value


def counted(state: State) -> frozenset[str]:
    """The parties that make up n."""
    exiting = {party for party, _ in state.exiting}
    return frozenset(state.terms.blocs) - state.suspended - state.departed - exiting


def quorums(state: State) -> Quorums:
    """The quorums for the parties that count now."""
    return quorum.in_force(state.terms, len(counted(state)))


def parties(state: State, names: Iterable[str]) -> frozenset[str]:
    """Those of the names that are parties whose vote has weight now."""
    return _voiced(state, counted(state).intersection(names))


def verifiers(state: State, names: Iterable[str]) -> frozenset[str]:
    """Those of the names that are verifiers whose word has weight now."""
    return _voiced(state, (n for n in names if state.terms.roles[n] == "verifier"))


def bench(state: State, about: str, names: Iterable[str]) -> frozenset[str]:
    """Those of the names that may decide on a party and have weight now."""
    return _voiced(state, state.terms.bench(about).intersection(names))


def sits(state: State, about: str) -> int:
    """How many panelists make a majority of those who may sit on a party's case."""
    return len(state.terms.bench(about)) // 2 + 1


def all_panel(state: State, names: Iterable[str]) -> frozenset[str]:
    """Those of the names that are panelists with weight now."""
    return _voiced(state, (n for n in names if state.terms.roles[n] == "panel"))


def panel_majority(state: State) -> int:
    """How many panelists make a majority of all."""
    return len(state.terms.panel) // 2 + 1


def triggers(state: State, callers: Collection[str]) -> bool:
    """Whether these parties together start a pause: q_trig, of two blocs."""
    weight = parties(state, callers)
    needed = quorums(state).trigger
    return len(weight) >= needed and quorum.spans_blocs(weight, state.terms.blocs)


def vetoes(state: State, voters: Collection[str]) -> bool:
    """Whether these parties together stop a trigger or an inspection: 3/4, with every bloc."""
    return _carried(state, voters, quorums(state).veto)


def lifts(state: State, voters: Collection[str]) -> bool:
    """Whether these parties together lift a pause: q_lift, with every bloc."""
    return _carried(state, voters, quorums(state).lift)


def adjusts(state: State, voters: Collection[str]) -> bool:
    """Whether these parties together change numbers: 2/3 and q_lift, with every bloc."""
    two_thirds = -(-2 * len(counted(state)) // 3)
    return _carried(state, voters, max(two_thirds, quorums(state).lift))


def agreed(state: State, ballots: Pairs[tuple[str, str]]) -> tuple[str, str] | None:
    """What k verifiers say alike, if they do. Two contrary answers cannot both reach k."""
    weight = verifiers(state, [name for name, _ in ballots])
    counts = Counter(said for name, said in ballots if name in weight)
    return next((s for s, n in counts.items() if n >= state.terms.quorums.verifiers), None)


def key_of(state: State, name: str) -> str:
    """The speaker's verifier key now; empty: revoked, or no such speaker."""
    replaced = value(state.keys, name)
    return state.terms.keys.get(name, "") if replaced is None else replaced


def _voiced(state: State, names: Iterable[str]) -> frozenset[str]:
    """Without those who contradicted themselves, or whose key was revoked and not replaced."""
    mute = state.struck.union(name for name, key in state.keys if not key)
    return frozenset(names) - mute


def _carried(state: State, voters: Collection[str], needed: int) -> bool:
    weight = parties(state, voters)
    everywhere = quorum.majority_everywhere(weight, counted(state), state.terms.blocs)
    return len(weight) >= needed and everywhere
