"""The way out of a pause. Nothing lifts it but a certificate: silence is no assent (green light).

    PAUSED --k verifiers file the same fresh, clean evidence; shortest pause over; no challenge-->
    LIFT_REVIEW --certificate--> RESUME_STAGED --clean windows, step by step--> NORMAL
    LIFT_REVIEW --T_lift, stale evidence, or the panel objects--> PAUSED
    RESUME_STAGED --a window without clean evidence--> PAUSED

A certificate takes, at one moment after the panel's time to object: q_lift parties whose votes in
this lift name its evidence, with a majority of each bloc; k verifiers that vote so, and k whose
newest filing still says so; evidence younger than F; no inspection and no breach open; no majority
of the panel against it. Proven by tests/brake/machine. Not covered: whether the evidence is true,
which is the audit's (audit.py).
"""

from __future__ import annotations

from dataclasses import replace

from tachograph.brake.machine import standing
from tachograph.brake.machine.cases import back_to_pause, next_sunset
from tachograph.brake.machine.pausing import to_normal
from tachograph.brake.machine.state import (
    Certificate,
    Filing,
    Lift,
    Phase,
    Ramp,
    Refusal,
    State,
    value,
    with_value,
)
from tachograph.brake.said.governance import EvidenceFiled, LiftObjected, LiftVoted
from tachograph.brake.times import parse_time

CLEAN = "pass"
"""The one outcome that counts. What was not assessed has not passed."""


def file(state: State, by: str, said: EvidenceFiled) -> State | Refusal:
    """A verifier's word on the conditions; its newest is what counts."""
    if state.phase not in (Phase.PAUSED, Phase.LIFT_REVIEW, Phase.RESUME_STAGED):
        return Refusal("phase", f"evidence for a lift is of no use in {state.name}")
    gathered = parse_time(said.gathered)
    if gathered is None or gathered > state.time:
        return Refusal("time", "evidence cannot be gathered after it is filed")
    if not is_fresh(state, gathered):
        return Refusal("freshness", "the evidence is older than the agreement allows")
    clean = all(said.outcomes.get(one) == CLEAN for one in state.terms.pause.conditions)
    others = [filing for filing in state.filings if filing.by != by]
    filings = sorted([*others, Filing(by, said.evidence, gathered, clean)], key=lambda f: f.by)
    return replace(state, filings=tuple(filings))


def vote(state: State, by: str, said: LiftVoted) -> State | Refusal:
    """A ballot. It counts where it names the evidence of the review."""
    lift = _open(state, said.lift)
    if isinstance(lift, Refusal):
        return lift
    role = state.terms.roles[by]
    if role == "party" and by not in standing.parties(state, [by]):
        return Refusal("standing", f"the vote of {by} has no weight")
    before = value(lift.votes, by)
    if before == said.evidence:
        return Refusal("ballot", f"{by} has voted already")
    if before is not None:
        return Refusal("equivocation", f"{by} voted on other evidence before")
    return replace(state, lift=replace(lift, votes=with_value(lift.votes, by, said.evidence)))


def object_to(state: State, by: str, said: LiftObjected) -> State | Refusal:
    """A panelist's objection."""
    lift = _open(state, said.lift)
    if isinstance(lift, Refusal):
        return lift
    return replace(state, lift=replace(lift, objections=lift.objections | {by}))


def is_fresh(state: State, gathered: int) -> bool:
    """Whether evidence of this age may carry a lift now (F)."""
    return state.time < gathered + state.terms.timers.freshness


def is_ready(state: State) -> bool:
    """Whether a review may begin, but for its evidence: time, inspections, breaches."""
    over = state.time >= state.paused + state.terms.timers.minimum
    return over and not state.challenged and not state.breached


def clean_evidence(state: State, since: int = 0) -> tuple[str, int] | None:
    """Root and age of what k verifiers' newest filings call clean; None: there is none."""
    weight = standing.verifiers(state, [filing.by for filing in state.filings])
    good = [
        filing
        for filing in state.filings
        if filing.clean and filing.by in weight and is_fresh(state, filing.gathered)
        and filing.gathered >= since
    ]  # fmt: skip
    for root in sorted({filing.evidence for filing in good}):
        ages = [filing.gathered for filing in good if filing.evidence == root]
        if len(ages) >= state.terms.quorums.verifiers:
            return root, min(ages)
    return None


def certificate(state: State, lift: Lift) -> Certificate | None:
    """What lifts the pause now; None: something is missing."""
    voters = [name for name, evidence in lift.votes if evidence == lift.evidence]
    voted = standing.parties(state, voters)
    supported = standing.verifiers(state, voters)
    enough = (
        state.time >= lift.objections_end
        and is_ready(state)
        and is_fresh(state, lift.gathered)
        and standing.lifts(state, voted)
        and len(supported) >= state.terms.quorums.verifiers
        and _still_supported(state, lift)
        and not _objected(state, lift)
    )
    if not enough:
        return None
    return Certificate(
        lift.number, lift.evidence, lift.gathered, state.time,
        tuple(sorted(voted)), tuple(sorted(supported)), tuple(sorted(standing.counted(state))),
    )  # fmt: skip


# What follows by itself


def settle(state: State) -> State:
    """Open a review, end it, or lift."""
    if state.phase == Phase.PAUSED and is_ready(state):
        found = clean_evidence(state)
        return state if found is None else _review(state, *found)
    if state.phase != Phase.LIFT_REVIEW or state.lift is None:
        return state
    if _objected(state, state.lift):
        return back_to_pause(state)
    issued = certificate(state, state.lift)
    return state if issued is None else _resume(state, issued)


def expire(state: State) -> State:
    """LIFT_REVIEW -> PAUSED: no certificate in time. The next review takes new evidence."""
    return back_to_pause(state)


def end_window(state: State, ramp: Ramp) -> State:
    """A step of the resumption is over: one up, the same again, or back to the pause.

    Not assessed is not clean: without evidence of this very window the pause comes back. While an
    inspection runs, the step is repeated, so that no single party can bring the pause back.
    """
    if state.challenged:
        return _stage(state, ramp.stage)
    if clean_evidence(state, since=ramp.began) is None:
        return back_to_pause(replace(state, paused=state.time, sunset=next_sunset(state)))
    if ramp.stage + 1 < len(state.terms.pause.ramp):
        return _stage(state, ramp.stage + 1)
    return to_normal(state)


def _review(state: State, evidence: str, gathered: int) -> State:
    timers = state.terms.timers
    lift = Lift(
        number=state.counts.lifts,
        evidence=evidence,
        gathered=gathered,
        opened=state.time,
        objections_end=state.time + timers.objection,
        due=min(state.time + timers.lift_review, gathered + timers.freshness),
    )
    return replace(
        state,
        phase=Phase.LIFT_REVIEW,
        since=state.time,
        lift=lift,
        counts=replace(state.counts, lifts=lift.number + 1),
    )


def _resume(state: State, issued: Certificate) -> State:
    return _stage(replace(state, certificate=issued, lift=None, phase=Phase.RESUME_STAGED), 0)


def _stage(state: State, stage: int) -> State:
    ramp = Ramp(stage, state.time, state.time + state.terms.timers.ramp)
    return replace(state, since=state.time, ramp=ramp, filings=(), trigger=None)


def _still_supported(state: State, lift: Lift) -> bool:
    same = [f.by for f in state.filings if f.clean and f.evidence == lift.evidence]
    return len(standing.verifiers(state, same)) >= state.terms.quorums.verifiers


def _objected(state: State, lift: Lift) -> bool:
    against = standing.all_panel(state, lift.objections)
    return len(against) >= standing.panel_majority(state)


def _open(state: State, number: int) -> Lift | Refusal:
    if state.phase != Phase.LIFT_REVIEW or state.lift is None:
        return Refusal("phase", "no lift is under review")
    if state.lift.number != number:
        return Refusal("lift", f"lift {state.lift.number} is under review, not {number}")
    return state.lift
