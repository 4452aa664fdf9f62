"""What must hold, written a second time and without the machine's own rules.

Each check names the property of docs/concepts/pause.md that it shows. They look at transitions of
the production machine, never at how it came to them.
"""

from __future__ import annotations

from collections import Counter

from machine_explorer import STILL, Change, PropertyError, changes, quietly, statement
from machine_scenes import Scene

from tachograph.brake.machine import State, next_due, step, tick
from tachograph.brake.machine.permission import permission
from tachograph.brake.machine.state import PAUSING, Phase, value
from tachograph.brake.said import governance as say
from tachograph.brake.times import parse_time


def check_change(change: Change) -> None:
    """Everything that one transition can violate."""
    _lift_needs_certificate(change)
    _sunset_moves_by_renewal(change)
    _leavers_are_bound(change)
    _trigger_needs_two_blocs(change)
    _only_time_pauses(change)
    _cancel_needs_all_blocs(change)
    _ballots_count_once(change)
    _review_needs_clean_evidence(change)
    _numbers_change_in_quiet_only(change)
    _refusals_say_what_is_missing(change)
    _only_the_guilty_are_struck(change)
    _voice_is_lost_at_once(change)
    _window_needs_clean_evidence(change)
    _panel_silence_keeps_the_pause(change)


def check_state(state: State) -> None:
    """Everything that a state and the time alone can violate."""
    _silence_pauses(state)
    _pause_binds(state)
    _silent_meters_are_alleged(state)
    _sunset_ends(state)
    _all_can_renew(state)
    _everything_ends(state)
    _time_is_a_function(state)
    _something_is_due(state)
    _honest_votes_lift(state)


def demand(holds: object, name: str, message: str) -> None:
    """Raise PropertyError unless it holds."""
    if not holds:
        raise PropertyError(f"{name}: {message}")


# Arithmetic of its own


def counted(state: State) -> list[str]:
    """The parties in n."""
    gone = {*state.suspended, *state.departed, *(party for party, _ in state.exiting)}
    return [party.name for party in state.terms.parties if party.name not in gone]


def every_bloc(state: State, voters: set[str]) -> bool:
    """More than half of each bloc that still counts, and two blocs at least."""
    blocs = state.terms.blocs
    sizes = Counter(blocs[name] for name in counted(state))
    votes = Counter(blocs[name] for name in voters)
    return len(sizes) >= 2 and all(votes[bloc] * 2 > size for bloc, size in sizes.items())


def q_lift(state: State) -> int:
    """For all: as agreed. For fewer: above (n + f) / 2, as low as n - f - s allows."""
    n, faults = len(counted(state)), state.terms.faults
    if n == len(state.terms.parties):
        return state.terms.quorums.lift
    least = next(q for q in range(1, 99) if 2 * q > n + faults.byzantine)
    return max(least, 2, min(state.terms.quorums.lift, n - faults.byzantine - faults.silent))


def k_verifiers(state: State, names: set[str]) -> bool:
    """Whether k verifiers with weight are among them."""
    good = {one.name for one in state.terms.verifiers} - state.struck - revoked(state)
    return len(good & names) >= state.terms.quorums.verifiers


def revoked(state: State) -> set[str]:
    """Those without a good key."""
    return {name for name, key in state.keys if key == ""}


def challenged(state: State) -> bool:
    """An inspection runs, or is before the panel."""
    return any(q.stage == "challenge" for q in state.questions) or any(
        case.ground == "challenge" for case in state.cases
    )


# S1, S2, S4, S5, S7: lifts


def _lift_needs_certificate(change: Change) -> None:
    before, after = change.before, change.after
    if before.phase not in STILL or after.phase in STILL:
        return
    if after.phase == Phase.NORMAL and before.sunset:
        _ends_by_itself(change)
        return
    demand(after.phase == Phase.RESUME_STAGED, "S1", f"from {before.name} to {after.name}")
    demand(before.phase == Phase.LIFT_REVIEW, "S1", "no review went before")
    lift = before.lift
    assert lift is not None
    votes = dict(lift.votes)
    if change.move is not None and isinstance(change.move[1], say.LiftVoted):
        by, said = change.move
        demand(said.lift == lift.number, "S1", "a vote of another round")
        votes.setdefault(by, said.evidence)
    voters = {name for name, evidence in votes.items() if evidence == lift.evidence}
    voters -= after.struck | revoked(after)
    yes = voters.intersection(counted(after))
    demand(len(yes) >= q_lift(after), "S1", f"{len(yes)} votes where {q_lift(after)} are needed")
    demand(every_bloc(after, yes), "S2", "a bloc has no majority for it")
    demand(k_verifiers(after, voters), "S1", "too few verifiers support it")
    demand(after.time - lift.gathered < after.terms.timers.freshness, "S4", "stale evidence")
    demand(after.time >= lift.objections_end, "S1", "the panel had no time to object")
    demand(2 * len(lift.objections - after.struck) <= len(after.terms.panel), "S1", "panel objects")
    demand(not challenged(after), "S5", "an inspection is open")
    demand(not after.breached, "S1", "a breach is open")
    demand(after.time >= before.paused + after.terms.timers.minimum, "S1", "too early")
    demand(after.certificate is not None and after.certificate.lift == lift.number, "S1",
           "no certificate was kept")  # fmt: skip


def _ends_by_itself(change: Change) -> None:
    """A pause ends without a certificate only at the time agreed, or once no breach holds it up."""
    before, after = change.before, change.after
    decided = change.move is not None and isinstance(change.move[1], say.PanelDecided)
    by_time = change.move is None or (decided and before.breached)
    demand(by_time, "S1", "a statement ended a pause without a certificate")
    demand(after.time >= before.sunset, "S1", "a pause ended by itself before its time")
    demand(not after.breached, "S1", "a pause ended by itself in a breach")


def _sunset_moves_by_renewal(change: Change) -> None:
    """S2: q_trig parties of two blocs put off the end of a pause, and nobody else does."""
    before, after = change.before, change.after
    lasts = after.terms.timers.sunset
    if after.phase not in STILL:
        return
    if before.phase not in STILL:
        due = after.paused + lasts if lasts else 0
        demand(after.sunset == due, "S1", "a pause begins, and not for the time agreed")
        return
    if after.sunset == before.sunset:
        return
    topic = f"renew:{before.counts.triggers - 1}"
    wait = before.terms.timers.call
    voters = {c.by for c in before.calls if c.topic == topic and c.posted + wait > after.time}
    if change.move is not None and isinstance(change.move[1], say.RenewalVoted):
        voters.add(change.move[0])  # who has its voice back has its call back, too
    voters &= set(counted(after)) - after.struck - revoked(after)
    demand(len(voters) > after.terms.faults.byzantine, "S2", "f parties renew a pause")
    demand(len(voters) >= after.terms.quorums.trigger or len(counted(after)) <
           len(after.terms.parties), "S2", "too few renew a pause")  # fmt: skip
    demand(len({after.terms.blocs[v] for v in voters}) > 1, "S2", "one bloc renews a pause")
    demand(after.sunset == after.time + lasts, "S1", "renewed for another time than agreed")


def _leavers_are_bound(change: Change) -> None:
    """S7: who leaves is bound until its notice has run out, and nothing said makes it shorter."""
    before, after = change.before, change.after
    for party in after.departed - before.departed:
        due = value(before.exiting, party)
        demand(change.move is None and due is not None and due <= after.time, "S7",
               f"{party} is gone before its notice ran out")  # fmt: skip
    if change.move is not None and isinstance(change.move[1], say.ExitNoticed):
        due = value(after.exiting, change.move[0])
        full = after.time + after.terms.timers.notice
        demand(change.refusal is not None or due == full, "S7", "another notice than agreed")


def _review_needs_clean_evidence(change: Change) -> None:
    """S11 and S4: what was not assessed has not passed."""
    before, after = change.before, change.after
    if change.move is not None and isinstance(change.move[1], say.EvidenceFiled):
        by, said = change.move
        passed = all(said.outcomes.get(c) == "pass" for c in after.terms.pause.conditions)
        filed = next((f for f in after.filings if f.by == by), None)
        if change.refusal is None and filed is not None and filed.evidence == said.evidence:
            demand(not filed.clean or passed, "S11", f"{said.outcomes} counts as clean")
            gathered = parse_time(said.gathered)
            assert gathered is not None
            demand(gathered <= after.time, "S4", "evidence from the future")
            demand(after.time - gathered < after.terms.timers.freshness, "S4", "stale evidence")
    if after.phase == Phase.LIFT_REVIEW and before.phase != Phase.LIFT_REVIEW:
        lift = after.lift
        assert lift is not None
        good = {f.by for f in after.filings if f.clean and f.evidence == lift.evidence}
        demand(k_verifiers(after, good), "S11", "a review without k clean filings")
        demand(not challenged(after), "S5", "a review while an inspection is open")
        demand(after.time >= after.paused + after.terms.timers.minimum, "S1", "a review too early")


# S2: triggers and vetoes


def _trigger_needs_two_blocs(change: Change) -> None:
    before, after = change.before, change.after
    if after.phase != Phase.TRIGGER_PENDING or before.phase == Phase.TRIGGER_PENDING:
        return
    assert after.trigger is not None
    live = [c for c in before.calls if c.posted + before.terms.timers.call > after.time]
    if after.trigger.ground == "parties":
        callers = {call.by for call in live if call.topic == "trigger:parties"}
        callers |= {change.move[0]} if change.move else set()
        callers &= set(counted(after)) - after.struck - revoked(after)
        demand(len(callers) >= after.terms.quorums.trigger or len(counted(after)) <
               len(after.terms.parties), "S2", "too few callers")  # fmt: skip
        demand(len(callers) > after.terms.faults.byzantine, "S2", "f callers suffice")
        demand(len({after.terms.blocs[c] for c in callers}) > 1, "S2", "one bloc triggers")
    else:
        topics: dict[str, set[str]] = {}
        for call in live:
            topics.setdefault(call.topic, set()).add(call.by)
        if change.move is not None and isinstance(change.move[1], say.TriggerCalled):
            said = change.move[1]
            topics.setdefault(f"trigger:{said.metric}:{said.evidence}", set()).add(change.move[0])
        demand(any(k_verifiers(after, names) for names in topics.values()), "S2",
               "fewer than k verifiers trigger")  # fmt: skip


def _only_time_pauses(change: Change) -> None:
    before, after = change.before, change.after
    if before.phase == Phase.TRIGGER_PENDING and after.phase == Phase.PAUSED and not before.ramp:
        demand(change.move is None, "L1", "a statement made the pause begin")
        assert before.trigger is not None
        demand(after.time >= before.trigger.effect, "L1", "the pause began early")


def _cancel_needs_all_blocs(change: Change) -> None:
    before, after = change.before, change.after
    if before.phase != Phase.TRIGGER_PENDING or after.phase in {
        Phase.TRIGGER_PENDING, Phase.PAUSED
    }:  # fmt: skip
        return
    trigger = before.trigger
    assert trigger is not None
    demand(after.time < trigger.effect, "S2", "cancelled after its time")
    vetoes, withdrawn = set(trigger.vetoes), set(trigger.withdrawals)
    if change.move is not None:
        by, said = change.move
        vetoes |= {by} if isinstance(said, say.TriggerVetoed) else set()
        withdrawn |= {by} if isinstance(said, say.TriggerWithdrawn) else set()
    vetoes &= set(counted(after)) - after.struck - revoked(after)
    vetoed = 4 * len(vetoes) >= 3 * len(counted(after)) and every_bloc(after, vetoes)
    taken_back = trigger.ground == "verifiers" and k_verifiers(after, withdrawn)
    demand(vetoed or taken_back, "S2", f"cancelled by {sorted(vetoes)}")


# S3, A3: ballots


def _ballots_count_once(change: Change) -> None:
    before, after = change.before, change.after
    if change.move is None or before.lift is None or after.lift is None:
        return
    by, said = change.move
    if before.lift.number != after.lift.number or not isinstance(said, say.LiftVoted):
        return
    old, new = value(before.lift.votes, by), value(after.lift.votes, by)
    if old is not None:
        demand(new == old, "S3", "a second ballot replaced the first")
        demand(change.refusal is not None, "S3", "a second ballot was taken")
        if said.evidence != old:
            demand(by in after.struck, "S3", "conflicting ballots keep their weight")


def _only_the_guilty_are_struck(change: Change) -> None:
    fresh = change.after.struck - change.before.struck
    if fresh:
        demand(change.move is not None and fresh == {change.move[0]}, "A3", "struck by others")
        demand(change.refusal is not None and change.refusal.rule == "equivocation", "A3",
               "struck without a contradiction")  # fmt: skip


# S7, S8: who counts


def _voice_is_lost_at_once(change: Change) -> None:
    before = change.before
    if change.move is None or change.refusal is not None:
        return
    by, said = change.move
    votes = (
        say.LiftVoted, say.TriggerCalled, say.TriggerVetoed, say.ChallengeBlocked,
        say.AdjustmentProposed, say.AdjustmentVoted, say.RenewalVoted,
    )  # fmt: skip
    if isinstance(said, votes) and by in before.terms.blocs:
        demand(by in counted(before), "S7", f"{by} votes without counting")
    demand(value(before.keys, by) != "", "S8", f"{by} speaks with a revoked key")


# S9: adjustments


def _numbers_change_in_quiet_only(change: Change) -> None:
    if change.after.terms is not change.before.terms:
        rounds = (change.after.questions, change.after.cases)
        quiet = change.after.phase == Phase.NORMAL and rounds == ((), ())
        demand(quiet, "S9", "numbers changed while a round runs")
        demand(not change.after.calls, "S9", "calls from before count under other numbers")


# The resumption, and the panel's silence


def _window_needs_clean_evidence(change: Change) -> None:
    before, after = change.before, change.after
    if before.phase != Phase.RESUME_STAGED or before.ramp is None or after.breached:
        return
    stage = before.ramp.stage
    up = after.phase == Phase.NORMAL or (
        after.phase == Phase.RESUME_STAGED and after.ramp is not None and after.ramp.stage > stage
    )
    if up:
        began = before.ramp.began
        good = {f.by for f in before.filings if f.clean and f.gathered >= began}
        demand(k_verifiers(after, good), "S11", "a step up without evidence of its window")
        demand(not before.breached and not challenged(before), "S1", "a step up in a breach")


def _panel_silence_keeps_the_pause(change: Change) -> None:
    """A presumed case that ends by time suspends, and never lifts."""
    before, after = change.before, change.after
    if change.move is not None:
        return
    for case in before.cases:
        if case.due <= after.time and case not in after.cases:
            guilty = case.ground != "challenge" or case.detail in ("violation", "denied")
            if guilty and case.about not in after.departed:
                demand(case.about in after.suspended, "S5", "the panel's silence acquits")
            ended = before.sunset and before.sunset <= after.time
            if guilty and before.phase in PAUSING and not ended:
                demand(after.phase in STILL, "S1", "the panel's silence lifts")


# A2


def _refusals_say_what_is_missing(change: Change) -> None:
    if change.refusal is not None:
        demand(change.refusal.rule and len(change.refusal.missing) > 8, "A2", "an empty refusal")
        before, after = quietly(change.before), quietly(change.after)
        if change.refusal.rule != "equivocation":
            demand(before == after, "A2", f"refused ({change.refusal}) and yet something changed")


# Of states


def _silence_pauses(state: State) -> None:
    """L1: once triggered, the pause holds by T_effect, whoever is silent."""
    if state.phase == Phase.TRIGGER_PENDING:
        assert state.trigger is not None
        demand(state.trigger.effect - state.time <= state.terms.timers.effect, "L1", "too late")
        after = tick(state, state.trigger.effect)
        demand(after.phase in STILL or after.breached, "L1", "silence does not pause")


def _pause_binds(state: State) -> None:
    """S7: in a pause nobody trains, also who leaves, until it is gone."""
    if state.phase not in STILL:
        return
    for party in set(state.terms.blocs) - state.departed:
        allowed = permission(state, party, "training").allowed
        demand(not allowed, "S7", f"{party} may train in a pause")


def _silent_meters_are_alleged(state: State) -> None:
    """S1: while a pause binds, no meter is silent for longer than its grace without a case."""
    if state.phase not in PAUSING:
        return
    before_panel = {case.detail for case in state.cases if case.ground == "heartbeat"}
    for meter in state.terms.meters:
        if meter.party in state.suspended | state.departed or meter.name in before_panel:
            continue
        heard = max(value(state.heard, meter.name) or 0, state.paused)
        grace = state.terms.timers.heartbeat
        demand(state.time < heard + grace, "S1", f"{meter.name} is silent, and nobody is asked")


def _sunset_ends(state: State) -> None:
    """L4: where pauses end by themselves, one that nobody renews does."""
    if state.phase in STILL and state.sunset and not state.breached and not state.terms.meters:
        if state.lift is not None and state.lift.votes:
            return
        due = max(state.time, state.sunset, state.lift.due if state.lift else 0)
        after = tick(state, due + state.terms.timers.lift_review)
        demand(after.phase == Phase.NORMAL, "L4", "a pause that nobody renews does not end")


def _all_can_renew(state: State) -> None:
    """L1: a pause that all parties renew goes on, however it came about."""
    able = sorted(set(counted(state)) - state.struck - revoked(state))
    blocs = {state.terms.blocs[name] for name in able}
    enough = len(able) >= state.terms.quorums.trigger and len(blocs) > 1
    if state.phase not in STILL or not state.sunset or not enough:
        return
    after = state
    for name in able:
        said = say.RenewalVoted(state.counts.triggers - 1)
        after, _ = step(after, after.time, statement(after, name, said))
    due = state.time + state.terms.timers.sunset
    demand(after.sunset == due, "L1", "all renew a pause, and it ends")


def _everything_ends(state: State) -> None:
    """L2, S5: every question and every case ends within its bound, if nobody says anything."""
    timers = state.terms.timers
    bounds = {
        "clarify": timers.clarify, "answered": timers.fast_track,
        "challenge": max(timers.access, timers.report),
    }  # fmt: skip
    for question in state.questions:
        demand(question.due - state.time <= bounds[question.stage], "L2", "a stage is too long")
    for case in state.cases:
        demand(case.due - state.time <= timers.panel, "S5", "a case is too long")
    if state.questions or state.cases:
        bound = timers.clarify + timers.access + timers.report + timers.panel
        after = tick(state, state.time + bound)
        open_still = {q.number for q in after.questions} & {q.number for q in state.questions}
        demand(not open_still, "L2", "a question never ends")
        cases = {c.number for c in after.cases} & {c.number for c in state.cases}
        demand(not cases, "S5", "a case outlasts the panel's time")


def _time_is_a_function(state: State) -> None:
    """S6: however often one looks, the state at a time is the same."""
    due = next_due(state)
    if due is None:
        return
    end = max(due, state.time) + 3
    stepwise = state
    for moment in (due - 1, due, due, due + 1, end):
        stepwise = tick(stepwise, moment)
    demand(stepwise == tick(state, end), "S6", "the state hangs on how often one looks")
    demand(tick(state, state.time - 5) == tick(state, state.time), "S6", "time runs backwards")


def _something_is_due(state: State) -> None:
    """L4: what is not NORMAL ends by time, or waits for evidence, as PAUSED does."""
    waiting = state.name == "PAUSED" and state.time >= state.paused + state.terms.timers.minimum
    waiting = waiting and not state.sunset
    if state.name != "NORMAL" and not waiting:
        demand(next_due(state) is not None, "L4", f"{state.name} ends by nothing")


def _honest_votes_lift(state: State) -> None:
    """L3: if all who can vote for the evidence under review, it lifts within T_lift."""
    lift = state.lift
    if state.phase != Phase.LIFT_REVIEW or lift is None or challenged(state):
        return
    demand(lift.due - lift.opened <= state.terms.timers.lift_review, "L3", "longer than T_lift")
    against = {name for name, evidence in lift.votes if evidence != lift.evidence}
    able = set(counted(state)) - state.struck - against
    able -= revoked(state)
    helpers = {one.name for one in state.terms.verifiers} - state.struck - against
    helpers -= revoked(state)
    good = {f.by for f in state.filings if f.clean and f.evidence == lift.evidence}
    possible = (
        len(able) >= q_lift(state) and every_bloc(state, able) and k_verifiers(state, helpers)
        and k_verifiers(state, good) and lift.objections_end < lift.due
        and 2 * len(lift.objections - state.struck) <= len(state.terms.panel)
    )  # fmt: skip
    if not possible:
        return
    meters = bool(state.terms.meters)
    after = state
    for name in sorted(able | helpers):
        if after.lift is not None and value(after.lift.votes, name) is None:
            said = say.LiftVoted(lift.number, lift.evidence)
            after, _ = step(after, after.time, statement(after, name, said))
    after = tick(after, max(after.time, lift.objections_end))
    lifted = after.phase == Phase.RESUME_STAGED or (meters and after.name == "BREACH_REVIEW")
    lifted = lifted or bool(after.cases) or challenged(after)
    demand(lifted, "L3", "everybody votes for it, and nothing is lifted")


# S10


def check_order(state: State, scene: Scene) -> None:
    """Ballots of one kind by different speakers of one role may come in any order."""
    ballots = [
        change.move
        for change in changes(state, scene)
        if change.move is not None and isinstance(change.move[1], COMMUTE)
    ]
    for i, (one, first) in enumerate(ballots):
        for other, second in ballots[i + 1 :]:
            roles = state.terms.roles
            if type(first) is not type(second) or one == other or roles[one] != roles[other]:
                continue
            outcomes, contradicted = [], False
            for order in (((one, first), (other, second)), ((other, second), (one, first))):
                after = state
                for by, said in order:
                    after, no = step(after, after.time, statement(after, by, said))
                    contradicted |= no is not None and no.rule == "equivocation"
                outcomes.append(_unordered(after))
            # A contradiction that comes after the round has no effect on it, and cannot have.
            demand(
                contradicted or outcomes[0] == outcomes[1],
                "S10",
                f"{one} and {other}, {type(first).__name__}",
            )


COMMUTE = (
    say.TriggerCalled, say.TriggerVetoed, say.TriggerWithdrawn, say.LiftVoted, say.LiftObjected,
    say.ChallengeBlocked, say.InspectionReported, say.PanelDecided, say.AdjustmentVoted,
    say.BreachAlleged, say.ReinstatementVoted,
)  # fmt: skip
"""Kinds whose order does not matter among themselves."""


def _unordered(state: State) -> State:
    """Without the names on the certificate: who came after it was issued is not on it."""
    from dataclasses import replace

    certificate = state.certificate
    if certificate is not None:
        certificate = replace(certificate, parties=(), verifiers=())
    return replace(quietly(state), certificate=certificate)
