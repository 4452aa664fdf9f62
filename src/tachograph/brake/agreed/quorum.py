"""Quorum arithmetic: which numbers an agreement may have, and what they are for fewer parties.

The rules, with n parties of which f lie and s are silent:

    lift      > (n + f) / 2      any two lifts share an honest party
    lift      <= n - f - s       the honest and awake can lift
    trigger   > f                no lie starts a pause
    trigger   <= n - f - s       the honest and awake can start one
    veto      >= ceil(3n / 4)    and > f: stopping is harder than starting
    verifiers > m / 2            two contrary verdicts cannot both stand

Besides, no single party and no single bloc decides anything: a trigger takes parties of two blocs,
a lift and a veto take a majority of each bloc, and two blocs at least. Suspended, exiting and
departed parties count neither in n nor in a quorum. Proven by tests/brake/test_brake_quorum.py, by
enumeration of all ballots.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping

from tachograph.brake.agreed.terms import Faults, Quorums, Terms
from tachograph.errors import FormatError


def check_quorums(terms: Terms) -> None:
    """Raise FormatError, naming the key and a number that would do, where a rule is broken."""
    for rule in (_faults, _blocs, _lift, _trigger, _veto, _verifiers, _panel):
        for message, hint in rule(terms):
            raise FormatError(message, hint=hint)


def least_lift(parties: int, faults: Faults) -> int:
    """The smallest quorum of which any two share an honest party: above (n + f) / 2."""
    return (parties + faults.byzantine) // 2 + 1


def least_veto(parties: int) -> int:
    """Three quarters of all, rounded up."""
    return -(-3 * parties // 4)


def most(parties: int, faults: Faults) -> int:
    """How many can be counted on: all but the faulty and the silent."""
    return parties - faults.byzantine - faults.silent


def suggested(parties: int, verifiers: int) -> tuple[Faults, Quorums]:
    """Numbers that pass for so many parties and verifiers: f first, then s."""
    byzantine = (parties - 1) // 4
    faults = Faults(byzantine, silent=max(0, (parties - 3 * byzantine - 1) // 2))
    return faults, Quorums(
        trigger=min(max(2, byzantine + 1 + faults.silent), most(parties, faults)),
        lift=least_lift(parties, faults),
        veto=max(least_veto(parties), byzantine + 1),
        verifiers=verifiers // 2 + 1,
    )


def in_force(terms: Terms, counted: int) -> Quorums:
    """The quorums while only `counted` parties count.

    Never below what keeps two lifts from contradicting each other, and never above what the
    agreement says; where parties went, as low as those who stayed can reach.
    """
    stated, faults = terms.quorums, terms.faults
    if counted == len(terms.parties):
        return stated
    reach = most(counted, faults)
    return Quorums(
        trigger=max(2, faults.byzantine + 1, min(stated.trigger, reach)),
        lift=max(2, least_lift(counted, faults), min(stated.lift, reach)),
        veto=max(2, faults.byzantine + 1, least_veto(counted)),
        verifiers=stated.verifiers,
    )


def spans_blocs(voters: Collection[str], blocs: Mapping[str, str]) -> bool:
    """Whether the voters are of two blocs or more."""
    return len({blocs[voter] for voter in voters}) > 1


def majority_everywhere(
    voters: Collection[str], counted: Collection[str], blocs: Mapping[str, str]
) -> bool:
    """Whether more than half of each bloc's counted parties vote, and two blocs still count."""
    sizes = Counter(blocs[party] for party in counted)
    votes = Counter(blocs[voter] for voter in voters)
    return len(sizes) > 1 and all(2 * votes[bloc] > size for bloc, size in sizes.items())


Complaints = Iterator[tuple[str, str]]
_Rule = Callable[[Terms], Complaints]


def _faults(terms: Terms) -> Complaints:
    n, f, s = len(terms.parties), terms.faults.byzantine, terms.faults.silent
    if f < 0 or s < 0:
        yield "faults: byzantine and silent are 0 or more", "write how many may lie, how many sleep"
    elif n <= 3 * f + 2 * s:
        yield (
            f"faults: {n} parties cannot tolerate byzantine = {f} and silent = {s}",
            f"that takes {3 * f + 2 * s + 1} parties; tolerate less, or find more parties",
        )


def _blocs(terms: Terms) -> Complaints:
    sizes = terms.bloc_sizes
    bloc, size = sizes.most_common(1)[0]
    if len(sizes) < 2:
        yield "party: all are of one bloc", "give two blocs at least: no single bloc may decide"
    elif size >= terms.quorums.veto:
        yield (
            f"quorums.veto: bloc {bloc} has {size} parties, and a veto takes {terms.quorums.veto}",
            f"quorums.veto = {size + 1}, or a smaller bloc",
        )


def _lift(terms: Terms) -> Complaints:
    n, lift = len(terms.parties), terms.quorums.lift
    low, high = least_lift(n, terms.faults), most(n, terms.faults)
    hint = _range("lift", low, high)
    if lift < low:
        yield f"quorums.lift: {lift} is not above (n + f) / 2, so two lifts could conflict", hint
    if lift > high:
        yield f"quorums.lift: {lift} is above n - f - s = {high}, so a lift may never come", hint


def _trigger(terms: Terms) -> Complaints:
    trigger, faults = terms.quorums.trigger, terms.faults
    low, high = max(2, faults.byzantine + 1), most(len(terms.parties), faults)
    hint = _range("trigger", low, high)
    if trigger < 2:
        yield f"quorums.trigger: {trigger} lets one party start a pause", hint
    elif trigger <= faults.byzantine:
        yield f"quorums.trigger: {trigger} is not above f, so lies could start a pause", hint
    elif trigger > high:
        yield f"quorums.trigger: {trigger} is above n - f - s = {high}, so none may start", hint


def _veto(terms: Terms) -> Complaints:
    n, veto = len(terms.parties), terms.quorums.veto
    low = max(least_veto(n), terms.faults.byzantine + 1)
    if not low <= veto <= n:
        yield (
            f"quorums.veto: {veto} is not from {low} (three quarters of all) to {n}",
            f"quorums.veto = {low}",
        )


def _verifiers(terms: Terms) -> Complaints:
    m, k = len(terms.verifiers), terms.quorums.verifiers
    if m == 0:
        yield "verifier: there is none", "name one at least: evidence for a lift comes from them"
    elif not m < 2 * k <= 2 * m:
        yield (
            f"quorums.verifiers: {k} of {m} is not more than half, so verdicts could conflict",
            f"quorums.verifiers = {m // 2 + 1}",
        )


def _panel(terms: Terms) -> Complaints:
    if len(terms.panel) % 2 == 0:
        yield f"panel: {len(terms.panel)} members", "give an odd number, so that they can decide"
    for party in terms.parties:
        if not terms.bench(party.name):
            yield (
                f"panel: all of it is in conflict with {party.name}",
                "add members that can sit on its cases",
            )


def _range(name: str, low: int, high: int) -> str:
    return f"quorums.{name} = {low}" + (f" to {high}" if high > low else "")
