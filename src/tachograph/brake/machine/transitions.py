"""The machine: `step` for a statement, `tick` for time. Total: no statement makes it raise.

State is a pure function of the register's prefix and the time: `tick` may be called as often as one
likes, the outcome is the same. A statement at the very moment of a timer comes after it. Every
statement that is in its place uses its number up, also one that is refused; a refusal names what
was missing. Which statement is whose, and what follows by itself:

    questions.py  CLARIFY, CHALLENGE         lifting.py  LIFT_REVIEW, RESUME_STAGED
    pausing.py    TRIGGER_PENDING, PAUSED    changes.py  SELF_HOLD, EXITING, keys, numbers
    cases.py      BREACH_REVIEW, the panel   timers.py   all that time does

Explored exhaustively by tests/brake/machine, figures by bench/pause_states.py; the rules are those
of docs/concepts/pause.md. Not covered: whether the statement is its speaker's (register.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

from tachograph.brake.machine import cases, changes, lifting, pausing, questions, standing
from tachograph.brake.machine.calls import live
from tachograph.brake.machine.state import Refusal, State, moved, value, with_value
from tachograph.brake.machine.timers import timers
from tachograph.brake.said import governance as say
from tachograph.brake.said.records import Record
from tachograph.brake.said.speakers import SPEAKERS
from tachograph.brake.said.statement import Statement, contradiction

Handler = Callable[[State, str, Any], State | Refusal]
"""What a statement does: state, speaker, what is said."""

RULES: dict[type, Handler] = {
    say.ClarificationAsked: questions.ask,
    say.ClarificationAnswered: questions.answer,
    say.ClarificationClosed: questions.close,
    say.ChallengeRaised: questions.insist,
    say.ChallengeBlocked: questions.block,
    say.AccessGranted: questions.grant,
    say.InspectionReported: questions.report,
    say.TriggerCalled: pausing.call,
    say.TriggerVetoed: pausing.veto,
    say.TriggerWithdrawn: pausing.withdraw,
    say.EvidenceFiled: lifting.file,
    say.LiftVoted: lifting.vote,
    say.LiftObjected: lifting.object_to,
    say.RenewalVoted: pausing.renew,
    say.BreachAlleged: pausing.allege,
    say.EquivocationShown: changes.show,
    say.PanelDecided: cases.decide,
    say.ReinstatementVoted: changes.reinstate,
    say.HoldDeclared: changes.hold,
    say.HoldEnded: changes.end_hold,
    say.ExitNoticed: changes.leave,
    say.KeyRevoked: changes.revoke,
    say.AdjustmentProposed: changes.propose,
    say.AdjustmentVoted: changes.vote,
}
"""What each does; who may say it is in said/speakers.py. Records of work are in `RECORDS`."""

RECORDS = frozenset(get_args(Record))
"""What is said about work: it changes no state, but a meter that speaks is there."""

SETTLING: tuple[Callable[[State], State], ...] = (
    changes.settle,
    cases.settle,
    questions.settle,
    pausing.settle_trigger,
    pausing.settle_calls,
    lifting.settle,
)
"""What follows by itself, in this order, until nothing does. Each returns the same object then."""


def step(state: State, time: int, statement: Statement) -> tuple[State, Refusal | None]:
    """Return the state after a statement that was posted at `time`, and why it had no effect.

    The signature must have been checked with `standing.key_of`. Raises nothing.
    """
    if time < state.time:
        return state, Refusal("time", "the register's clock went backwards")
    state = tick(state, time)
    refusal = _admit(state, statement)
    if refusal is not None:
        if refusal.rule == "equivocation":
            state = _settled(changes.strike(state, statement.by))
        return state, refusal
    state = moved(state, last=with_value(state.last, statement.by, statement))
    outcome = _apply(state, statement)
    if isinstance(outcome, State):
        return tick(_settled(outcome), time), None  # a timer that begins now may be overdue
    if outcome.rule == "equivocation":
        return _settled(changes.strike(state, statement.by)), outcome
    return state, outcome


def convict(state: State, time: int, statement: Statement) -> tuple[State, Refusal | None]:
    """Return the state after a statement that contradicts an older one of the same number.

    `step` knows every speaker's newest statement; who keeps them all, as a register does, finds
    older ones. Raises nothing.
    """
    if time < state.time:
        return state, Refusal("time", "the register's clock went backwards")
    why = f"{statement.by} made another statement {statement.number}"
    state = changes.strike(tick(state, time), statement.by)
    return _settled(state), Refusal("equivocation", why)


def tick(state: State, time: int) -> State:
    """Return the state at `time`, where nothing is said until then; an earlier time: the same."""
    while True:
        waiting = timers(state)
        if not waiting or waiting[0].due > time:
            break
        state = moved(state, time=max(state.time, waiting[0].due))
        state = _settled(waiting[0].fire(state))
    return state if time <= state.time else _pruned(moved(state, time=time))


def _admit(state: State, statement: Statement) -> Refusal | None:
    """Whether a statement is in its place: its agreement, its speaker, its number."""
    if statement.agreement != state.agreement:
        return Refusal("agreement", "it is about another agreement")
    role = state.terms.roles.get(statement.by)
    if role is None:
        return Refusal("speaker", f"the agreement does not name {statement.by}")
    if not standing.key_of(state, statement.by):
        return Refusal("key", f"the key of {statement.by} is revoked")
    last = value(state.last, statement.by)
    due = 0 if last is None else last.number + 1
    if statement.number > due:
        return Refusal("number", f"statement {due} of {statement.by} has not been posted")
    if statement.number == due:
        return None
    if last is not None and contradiction(last, statement) is not None:
        return Refusal("equivocation", f"{statement.by} made another statement {last.number}")
    return Refusal("number", f"{statement.by} has used {statement.number}; its next is {due}")


def _apply(state: State, statement: Statement) -> State | Refusal:
    by, kind = statement.by, type(statement.said)
    role, roles = state.terms.roles[by], SPEAKERS[kind]
    if role not in roles:
        return Refusal("role", f"{by} is a {role}; this takes a {' or a '.join(sorted(roles))}")
    if kind in RECORDS:
        if role == "meter":
            return moved(state, heard=with_value(state.heard, by, state.time))
        return state
    if by in state.departed:
        return Refusal("standing", f"{by} has left the agreement")
    return RULES[kind](state, by, statement.said)


def _settled(state: State) -> State:
    """The state once nothing more follows by itself."""
    while True:
        for rule in SETTLING:
            after = rule(state)
            if after is not state:
                state = after
                break
        else:
            return _pruned(state)


def _pruned(state: State) -> State:
    """Without what is over for good: old calls, stale evidence, quotas of last year."""
    calls = state.calls and tuple(live(state))
    filings = tuple(f for f in state.filings if lifting.is_fresh(state, f.gathered))
    asked = tuple(one for one in state.asked if one[2] + questions.YEAR > state.time)
    if (calls, filings, asked) == (state.calls, state.filings, state.asked):
        return state
    return moved(state, calls=calls, filings=filings, asked=asked)
