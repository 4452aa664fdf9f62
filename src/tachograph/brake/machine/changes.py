"""Holds, exits, keys, voices and numbers: what changes who counts and what is counted by.

Adjusted numbers come into force only while no round runs, so they never apply to one that has
begun. Proven by tests/brake/machine. Not covered: changing who takes part: that takes a new
agreement.
"""

from __future__ import annotations

from dataclasses import replace

from tachograph.brake.agreed.text import adjusted
from tachograph.brake.machine import standing
from tachograph.brake.machine.calls import callers, join, topics
from tachograph.brake.machine.state import Adjustment, Refusal, State, with_value, without
from tachograph.brake.said.governance import (
    AdjustmentProposed,
    AdjustmentVoted,
    EquivocationShown,
    ExitNoticed,
    HoldDeclared,
    HoldEnded,
    KeyRevoked,
    ReinstatementVoted,
)
from tachograph.brake.said.statement import equivocation, peek
from tachograph.errors import FormatError, ProofError
from tachograph.merkle.note import parse_verifier_key

WAITING = 2
"""Most adjustments of one party that wait for votes."""


def hold(state: State, by: str, said: HoldDeclared) -> State | Refusal:
    """SELF_HOLD: always allowed."""
    if by in state.holding:
        return Refusal("hold", f"{by} holds already")
    return replace(state, holding=state.holding | {by})


def end_hold(state: State, by: str, said: HoldEnded) -> State | Refusal:
    """A party ends its own hold; a pause binds on."""
    if by not in state.holding:
        return Refusal("hold", f"{by} does not hold")
    return replace(state, holding=state.holding - {by})


def leave(state: State, by: str, said: ExitNoticed) -> State | Refusal:
    """Any state -> EXITING(p). Bound until the notice has run out, and without a voice at once."""
    if by in state.departed or any(party == by for party, _ in state.exiting):
        return Refusal("exit", f"{by} has given notice already")
    due = state.time + state.terms.timers.notice
    return replace(state, exiting=with_value(state.exiting, by, due))


def left(state: State, party: str) -> State:
    """A notice has run out."""
    return replace(
        state,
        exiting=without(state.exiting, party),
        departed=state.departed | {party},
        cases=tuple(case for case in state.cases if case.about != party),
        questions=tuple(q for q in state.questions if q.about != party),
    )


def revoke(state: State, by: str, said: KeyRevoked) -> State | Refusal:
    """A speaker revokes its own key at once; the panel may revoke and replace anybody's."""
    if said.of not in state.terms.roles:
        return Refusal("speaker", f"the agreement does not name {said.of}")
    if by == said.of and not said.replacement:
        return replace(state, keys=with_value(state.keys, by, ""))
    if state.terms.roles[by] != "panel":
        return Refusal("role", "a key is replaced by the panel, whoever asks it to")
    if said.replacement:
        try:
            fresh = parse_verifier_key(said.replacement)
        except (FormatError, ProofError):
            return Refusal("key", "the replacement is no verifier key")
        if fresh.public in _publics(state):
            return Refusal("key", "the replacement is or was in use")
    return join(state, by, f"key:{said.of}:{said.replacement}")


def _publics(state: State) -> set[bytes]:
    """Public keys that signed or sign for anybody or any log here, whatever name they go by."""
    terms = state.terms
    logs = [terms.register, *(party.log for party in terms.parties)]
    keys = {*terms.keys.values(), *(key for _, key in state.keys), *logs}
    return {parse_verifier_key(key).public for key in keys if key}


def show(state: State, by: str, said: EquivocationShown) -> State | Refusal:
    """Two envelopes that contradict each other take their speaker's weight, whoever shows them.

    Only the speaker's key of now convicts it: whoever has stolen one that was revoked since could
    make such envelopes at will.
    """
    try:
        statement = peek(said.first)
        key = parse_verifier_key(standing.key_of(state, statement.by))
        found = equivocation(said.first, said.second, key)
    except (FormatError, ProofError) as error:
        return Refusal("proof", error.message)
    if statement.agreement != state.agreement or statement.by in state.struck:
        return Refusal("proof", f"{statement.by} is struck already, or it is another agreement")
    if found is None:
        return Refusal("proof", "the two do not contradict each other")
    return strike(state, statement.by)


def strike(state: State, speaker: str) -> State:
    """What the speaker says has no weight from here on."""
    return replace(state, struck=state.struck | {speaker})


def reinstate(state: State, by: str, said: ReinstatementVoted) -> State | Refusal:
    """A panelist's vote to give a voice back."""
    if said.about not in state.suspended | state.struck:
        return Refusal("voice", f"{said.about} has its voice")
    if by not in standing.bench(state, said.about, [by]):
        return Refusal("conflict", f"{by} does not decide on {said.about}")
    return join(state, by, f"voice:{said.about}")


def propose(state: State, by: str, said: AdjustmentProposed) -> State | Refusal:
    """A party proposes numbers that would make an agreement, and votes for them."""
    if by not in standing.parties(state, [by]):
        return Refusal("standing", f"the vote of {by} has no weight")
    if sum(one.by == by and not one.adopted for one in state.adjustments) >= WAITING:
        return Refusal("quota", f"{WAITING} adjustments of {by} are under vote")
    try:
        adjusted(state.terms, said.changes)
    except FormatError as error:
        return Refusal("terms", error.message)
    fresh = Adjustment(
        number=state.counts.adjustments,
        by=by,
        changes=tuple(sorted(said.changes.items())),
        votes=frozenset({by}),
        due=state.time + state.terms.timers.call,
    )
    return replace(
        state,
        adjustments=(*state.adjustments, fresh),
        counts=replace(state.counts, adjustments=fresh.number + 1),
    )


def vote(state: State, by: str, said: AdjustmentVoted) -> State | Refusal:
    """A party's vote for an adjustment."""
    if by not in standing.parties(state, [by]):
        return Refusal("standing", f"the vote of {by} has no weight")
    for one in state.adjustments:
        if one.number == said.adjustment and not one.adopted:
            return _put(state, replace(one, votes=one.votes | {by}))
    return Refusal("adjustment", f"adjustment {said.adjustment} is not under vote")


# What follows by itself


def settle(state: State) -> State:
    """Adopt, put into force, replace keys, give voices back."""
    for one in state.adjustments:
        if not one.adopted and standing.adjusts(state, one.votes):
            due = state.time + state.terms.timers.adjustment
            return _put(state, replace(one, adopted=True, due=due))
        if one.ripe and state.quiet:
            return _apply(state, one)
    for topic in topics(state, "voice:"):
        about = topic.removeprefix("voice:")
        if len(standing.bench(state, about, callers(state, topic))) >= standing.sits(state, about):
            return _restore(state, about, topic)
    for topic in topics(state, "key:"):
        _, name, key = topic.split(":", 2)
        called = standing.all_panel(state, callers(state, topic))
        if len(called) >= standing.panel_majority(state):
            calls = tuple(call for call in state.calls if call.topic != topic)
            return replace(state, keys=with_value(state.keys, name, key), calls=calls)
    return state


def ended(state: State, one: Adjustment) -> State:
    """The vote on an adjustment lapsed, or an adopted one may come into force."""
    return _put(state, replace(one, ripe=True)) if one.adopted else _drop(state, one)


def _apply(state: State, one: Adjustment) -> State:
    state = replace(_drop(state, one), calls=())
    try:
        return replace(state, terms=adjusted(state.terms, dict(one.changes)))
    except FormatError:  # another adjustment came in between, and both together make no agreement
        return state


def _restore(state: State, about: str, topic: str) -> State:
    heard = state.heard
    for meter in state.terms.meters:  # its silence while it did not count is no breach
        if meter.party == about:
            heard = with_value(heard, meter.name, state.time)
    return replace(
        state,
        heard=heard,
        suspended=state.suspended - {about},
        struck=state.struck - {about},
        calls=tuple(call for call in state.calls if call.topic != topic),
    )


def _put(state: State, changed: Adjustment) -> State:
    found = (changed if one.number == changed.number else one for one in state.adjustments)
    return replace(state, adjustments=tuple(found))


def _drop(state: State, one: Adjustment) -> State:
    return replace(state, adjustments=tuple(o for o in state.adjustments if o is not one))
