"""Questions: CLARIFY and CHALLENGE. An inspection goes ahead unless it is stopped (red light).

    asked --answered--> answered --asker insists--> challenge --clean report--> closed
      |                    |                           |  |
      +--unanswered--------|-------------------------->+  +--violation, no access, no report-->
                           +--time, or content--> closed       a case before the panel

Proven by tests/brake/machine. Not covered: what the panel makes of it (cases.py).
"""

from __future__ import annotations

from dataclasses import replace

from tachograph.brake.machine import standing
from tachograph.brake.machine.cases import open_case
from tachograph.brake.machine.state import Question, Refusal, State, value, with_value
from tachograph.brake.said.governance import (
    AccessGranted,
    ChallengeBlocked,
    ChallengeRaised,
    ClarificationAnswered,
    ClarificationAsked,
    ClarificationClosed,
    InspectionReported,
)

YEAR = 365 * 86_400_000
"""Milliseconds in which quotas are counted."""


def ask(state: State, by: str, said: ClarificationAsked) -> State | Refusal:
    """NORMAL -> CLARIFY: any one party, within its quota."""
    if by not in standing.counted(state):
        return Refusal("standing", f"{by} has no voice while suspended or leaving")
    if said.about not in state.terms.blocs or said.about in state.departed:
        return Refusal("party", f"{said.about} is no party that is bound")
    if said.about == by:
        return Refusal("party", "another party must be asked")
    if _spent(state, by, "question") >= state.terms.quotas.questions:
        return Refusal("quota", f"{by} has asked {state.terms.quotas.questions} in 365 days")
    timers = state.terms.timers
    time = timers.fast_track if said.urgent else timers.clarify
    fresh = Question(
        state.counts.questions, by, said.about, "clarify", state.time, state.time + time
    )
    return replace(
        state,
        questions=(*state.questions, fresh),
        asked=(*state.asked, (by, "question", state.time)),
        counts=replace(state.counts, questions=fresh.number + 1),
    )


def answer(state: State, by: str, said: ClarificationAnswered) -> State | Refusal:
    """The party answers; the asker then has time to insist."""
    question = _find(state, said.question)
    if isinstance(question, Refusal):
        return question
    if question.about != by:
        return Refusal("party", f"{question.about} must answer, not {by}")
    if question.stage != "clarify":
        return Refusal("stage", f"question {question.number} waits for no answer")
    due = state.time + state.terms.timers.fast_track
    return _put(state, replace(question, stage="answered", began=state.time, due=due))


def close(state: State, by: str, said: ClarificationClosed) -> State | Refusal:
    """The asker is content."""
    question = _find(state, said.question)
    if isinstance(question, Refusal):
        return question
    if question.asker != by:
        return Refusal("party", f"{question.asker} asked, not {by}")
    if question.stage == "challenge":
        return Refusal("stage", "an inspection ends with a report, not by its asker")
    return drop(state, question)


def insist(state: State, by: str, said: ChallengeRaised) -> State | Refusal:
    """CLARIFY -> CHALLENGE at the asker's wish, within its quota."""
    question = _find(state, said.question)
    if isinstance(question, Refusal):
        return question
    if question.asker != by:
        return Refusal("party", f"{question.asker} asked, not {by}")
    if question.stage != "answered":
        return Refusal("stage", "an answer, or the end of the time for it, must come first")
    if by not in standing.counted(state):
        return Refusal("standing", f"{by} has no voice while suspended or leaving")
    if _spent(state, by, "challenge") >= state.terms.quotas.challenges:
        return Refusal("quota", f"{by} has had {state.terms.quotas.challenges} in 365 days")
    spent = replace(state, asked=(*state.asked, (by, "challenge", state.time)))
    return _challenge(spent, question)


def block(state: State, by: str, said: ChallengeBlocked) -> State | Refusal:
    """A vote to stop an inspection, while the red light can still be shown."""
    question = _find(state, said.question)
    if isinstance(question, Refusal):
        return question
    if question.stage != "challenge":
        return Refusal("stage", f"question {question.number} is no inspection")
    if state.time >= question.began + state.terms.timers.red_light:
        return Refusal("time", "the time in which it could be stopped is over")
    if by not in standing.parties(state, [by]):
        return Refusal("standing", f"the vote of {by} has no weight")
    return _put(state, replace(question, blocks=question.blocks | {by}))


def grant(state: State, by: str, said: AccessGranted) -> State | Refusal:
    """The inspectors are let in: the time for their report runs."""
    question = _find(state, said.question)
    if isinstance(question, Refusal):
        return question
    if question.about != by:
        return Refusal("party", f"{question.about} can grant access, not {by}")
    if question.stage != "challenge" or question.access:
        return Refusal("stage", f"question {question.number} waits for no access")
    due = question.began + state.terms.timers.report
    return _put(state, replace(question, access=True, due=due))


def report(state: State, by: str, said: InspectionReported) -> State | Refusal:
    """A verifier's finding; k alike end the inspection."""
    question = _find(state, said.question)
    if isinstance(question, Refusal):
        return question
    if question.stage != "challenge":
        return Refusal("stage", f"question {question.number} is no inspection")
    finding = (said.finding, said.evidence)
    before = value(question.reports, by)
    if before == finding:
        return Refusal("ballot", f"{by} has reported that already")
    if before is not None:
        return Refusal("equivocation", f"{by} reported {before[0]} before")
    return _put(state, replace(question, reports=with_value(question.reports, by, finding)))


# What follows by itself


def ended(state: State, question: Question) -> State:
    """The timer of a question's stage ran out."""
    if question.stage == "clarify":
        return _challenge(state, question)
    if question.stage == "answered":
        return drop(state, question)
    return _to_panel(state, question, "not-assessed" if question.access else "denied")


def settle(state: State) -> State:
    """Stop what enough parties stop; end what enough verifiers reported on."""
    for question in state.questions:
        if question.stage != "challenge":
            continue
        if question.blocks and standing.vetoes(state, question.blocks):
            return drop(state, question)
        found = standing.agreed(state, question.reports)
        if found is not None:
            if found[0] == "clean":
                return drop(state, question)
            return _to_panel(state, question, found[0])
    return state


def drop(state: State, question: Question) -> State:
    """The question is closed."""
    return replace(state, questions=tuple(q for q in state.questions if q is not question))


def _challenge(state: State, question: Question) -> State:
    due = state.time + state.terms.timers.access
    return _put(state, replace(question, stage="challenge", began=state.time, due=due))


def _to_panel(state: State, question: Question, finding: str) -> State:
    return open_case(drop(state, question), question.about, "challenge", finding)


def _find(state: State, number: int) -> Question | Refusal:
    for question in state.questions:
        if question.number == number:
            return question
    return Refusal("question", f"question {number} is not open")


def _put(state: State, changed: Question) -> State:
    questions = (changed if q.number == changed.number else q for q in state.questions)
    return replace(state, questions=tuple(questions))


def _spent(state: State, by: str, what: str) -> int:
    return sum(
        1 for who, kind, at in state.asked if (who, kind) == (by, what) and at + YEAR > state.time
    )
