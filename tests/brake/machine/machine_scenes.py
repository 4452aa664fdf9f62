"""Small agreements, and what may be said in them: the worlds that the explorer goes through.

Durations are a few ticks of a coarse clock, so that statements come before, between and at the very
moment of timers, and that timers coincide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from tachograph.brake.agreed.terms import (
    Faults,
    Meter,
    Panelist,
    Party,
    PauseRules,
    Quorums,
    Quotas,
    Site,
    Terms,
    Timers,
    Verifier,
)
from tachograph.brake.machine import State, begin
from tachograph.brake.machine.state import Phase
from tachograph.brake.said import governance as say
from tachograph.brake.said.records import Heartbeat
from tachograph.brake.said.statement import Said
from tachograph.brake.times import format_time

ONE, TWO = "1" * 64, "2" * 64
"""Two roots of evidence, or two pieces of it."""

TIMERS = Timers(
    clarify=2, fast_track=1, red_light=1, access=2, report=3, call=2, effect=2, detect=3,
    minimum=1, freshness=4, objection=1, lift_review=3, panel=2, ramp=2, heartbeat=2,
    deaf=9, notice=3, adjustment=2,
)  # fmt: skip

ENDING = replace(TIMERS, sunset=3)
"""The same, in an agreement whose pauses end by themselves."""

BLOCS = {3: (2, 1), 4: (2, 2), 5: (3, 2), 7: (4, 3), 9: (5, 4)}
"""How the parties are grouped."""

NUMBERS = {
    3: (Faults(0, 1), Quorums(2, 2, 3, 1)),
    4: (Faults(0, 1), Quorums(2, 3, 3, 1)),
    5: (Faults(1, 0), Quorums(2, 4, 4, 1)),
    7: (Faults(1, 1), Quorums(3, 5, 6, 1)),
    9: (Faults(2, 1), Quorums(3, 6, 7, 1)),
}
"""f and s, and the quorums; those of 5 and 7 are the protocol's own examples."""

NOT_ASSESSED = {"V1": "not-assessed"}

Move = tuple[str, Said]
"""Who says what."""
Moves = Callable[[State], Iterator[Move]]
"""What may be said in a state."""


def terms(
    n: int, *, verifiers: int = 1, panel: int = 1, meters: int = 0, timers: Timers = TIMERS
) -> Terms:
    """An agreement of n parties, a0 and a1 and b0 and so on by bloc."""
    names = [f"{bloc}{i}" for bloc, size in zip("ab", BLOCS[n], strict=True) for i in range(size)]
    faults, quorums = NUMBERS[n]
    return Terms(
        name=f"{n} parties",
        register="register",
        parties=tuple(Party(p, p[0], f"key of {p}", "", (Site("hall", 1e15),)) for p in names),
        verifiers=tuple(Verifier(f"v{i}", f"key of v{i}") for i in range(verifiers)),
        panel=tuple(Panelist(f"p{i}", f"key of p{i}") for i in range(panel)),
        faults=faults,
        quorums=replace(quorums, verifiers=verifiers // 2 + 1),
        timers=timers,
        pause=PauseRules(ramp=(0.5, 1.0), conditions=("V1",)),
        quotas=Quotas(questions=1, challenges=1),
        meters=tuple(Meter(f"m{i}", names[i], "hall", f"key of m{i}") for i in range(meters)),
    )


def strict_terms() -> Terms:
    """Four parties, three of one bloc, that lift only all together.

    Where n is small, a majority of each bloc asks for more than q_lift does; not so here.
    """
    four = terms(4)
    parties = tuple(
        replace(party, bloc="b" if party.name == "b1" else "a") for party in four.parties
    )
    return replace(
        four, parties=parties, faults=Faults(0, 0), quorums=Quorums(2, 4, 4, verifiers=1)
    )


@dataclass(frozen=True)
class Scene:
    """A world: where it begins, and what may be said."""

    name: str
    """In words."""
    start: State
    """The first state."""
    moves: Moves
    """What may be said."""
    symmetric: bool = False
    """Whether states that differ by names within a bloc are one."""
    ends: Callable[[State], bool] = lambda state: False
    """Where to look no further."""
    returns: bool = False
    """Whether every state must have a way back to NORMAL, as long as all voices are there."""


# What may be said


def triggering(state: State) -> Iterator[Move]:
    """Calls, vetoes, withdrawals."""
    for party in state.terms.blocs:
        yield party, say.TriggerCalled("metric", ONE)
    for verifier in state.terms.verifiers:
        yield verifier.name, say.TriggerCalled("metric", ONE)
        yield verifier.name, say.TriggerCalled("metric", TWO)
    if state.trigger is not None:
        number = state.trigger.number
        for party in state.terms.blocs:
            yield party, say.TriggerVetoed(number)
        for verifier in state.terms.verifiers:
            yield verifier.name, say.TriggerWithdrawn(number, "an error")


def filing(state: State) -> Iterator[Move]:
    """Evidence: fresh and clean, about to go stale, not assessed, none of the condition."""
    if state.phase not in (Phase.PAUSED, Phase.LIFT_REVIEW, Phase.RESUME_STAGED):
        return
    almost = state.time - state.terms.timers.freshness + 1
    for verifier in state.terms.verifiers:
        yield verifier.name, say.EvidenceFiled(ONE, format_time(state.time), NOT_ASSESSED)
        if state.phase == Phase.LIFT_REVIEW:
            continue
        yield verifier.name, say.EvidenceFiled(ONE, format_time(state.time), {})
        yield verifier.name, say.EvidenceFiled(ONE, format_time(state.time), {"V1": "pass"})
        yield verifier.name, say.EvidenceFiled(ONE, format_time(almost), {"V1": "pass"})
        yield verifier.name, say.EvidenceFiled(ONE, format_time(almost - 1), {"V1": "pass"})
        yield verifier.name, say.EvidenceFiled(ONE, format_time(state.time + 1), {"V1": "pass"})


def lifting(state: State) -> Iterator[Move]:
    """Votes on the evidence under review and on other evidence, objections."""
    if state.lift is None:
        return
    for name in [*state.terms.blocs, *(one.name for one in state.terms.verifiers)]:
        yield name, say.LiftVoted(state.lift.number, ONE)
        yield name, say.LiftVoted(state.lift.number, TWO)
    for panelist in state.terms.panel:
        yield panelist.name, say.LiftObjected(state.lift.number, "too early")


def asking(state: State) -> Iterator[Move]:
    """One party asks one of the other bloc, and all that may come of it."""
    parties = list(state.terms.blocs)
    asker, about = parties[0], parties[-1]
    yield asker, say.ClarificationAsked(about, ONE, "what is this?")
    yield asker, say.ClarificationAsked(about, ONE, "what is this?", urgent=True)
    for question in state.questions:
        number = question.number
        yield about, say.ClarificationAnswered(number, "a test")
        yield asker, say.ClarificationClosed(number)
        yield asker, say.ChallengeRaised(number)
        yield about, say.AccessGranted(number)
        for party in parties:
            yield party, say.ChallengeBlocked(number)
        for verifier in state.terms.verifiers:
            for finding in ("clean", "violation", "not-assessed"):
                yield verifier.name, say.InspectionReported(number, finding, ONE)  # type: ignore[arg-type]


def judging(state: State) -> Iterator[Move]:
    """The panel decides and reinstates."""
    for case in state.cases:
        for panelist in state.terms.panel:
            yield panelist.name, say.PanelDecided(case.number, "upheld")
            yield panelist.name, say.PanelDecided(case.number, "dismissed")
    for name in sorted(state.suspended | state.struck):
        for panelist in state.terms.panel:
            yield panelist.name, say.ReinstatementVoted(name)


def alleging(state: State) -> Iterator[Move]:
    """Verifiers allege a breach of the first party."""
    about = state.terms.parties[0].name
    for verifier in state.terms.verifiers:
        yield verifier.name, say.BreachAlleged(about, ONE)


def beating(state: State) -> Iterator[Move]:
    """Meters are heard, or not."""
    for meter in state.terms.meters:
        yield meter.name, Heartbeat("hall", meter.name, 0)


def leaving(state: State) -> Iterator[Move]:
    """A notice of exit in one bloc, a revoked key in the other."""
    first, last = state.terms.parties[0].name, state.terms.parties[-1].name
    yield first, say.ExitNoticed("it must be")
    yield last, say.KeyRevoked(last)


def adjusting(state: State) -> Iterator[Move]:
    """One adjustment of a timer and one of a quorum, voted on by all."""
    if not state.counts.adjustments:
        first = state.terms.parties[0].name
        yield first, say.AdjustmentProposed({"timers.objection": "2ms"})
    for one in state.adjustments:
        for party in state.terms.blocs:
            yield party, say.AdjustmentVoted(one.number)


def renewing(state: State) -> Iterator[Move]:
    """Votes to go on with a pause that would end by itself: of this one, and of another."""
    if state.sunset and state.phase in (Phase.PAUSED, Phase.LIFT_REVIEW, Phase.RESUME_STAGED):
        for party in state.terms.blocs:
            yield party, say.RenewalVoted(state.counts.triggers - 1)
        yield next(iter(state.terms.blocs)), say.RenewalVoted(state.counts.triggers)


def together(*parts: Moves) -> Moves:
    """All of these."""

    def moves(state: State) -> Iterator[Move]:
        for part in parts:
            yield from part(state)

    return moves


def only(speakers: Callable[[State, str], bool], moves: Moves) -> Moves:
    """Those of the moves whose speakers speak at all."""

    def chosen(state: State) -> Iterator[Move]:
        return (move for move in moves(state) if speakers(state, move[0]))

    return chosen


# Where it begins


def fresh(agreement: Terms) -> State:
    """Nothing was said."""
    return begin(agreement, "a1", time=1_000)


def paused(agreement: Terms) -> State:
    """A pause has begun."""
    state = fresh(agreement)
    from tachograph.brake.machine.pausing import take_effect
    from tachograph.brake.machine.state import Counts, Trigger

    state = replace(state, trigger=Trigger(0, "verifiers", state.time), counts=Counts(triggers=1))
    return take_effect(state)
