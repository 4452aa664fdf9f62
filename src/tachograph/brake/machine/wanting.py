"""What is missing for each next step: a state's refusals, asked for in advance.

Proven by tests/brake/machine/test_machine_wanting.py. Not covered: what time does (timers.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tachograph.brake.machine import lifting, standing
from tachograph.brake.machine.calls import callers
from tachograph.brake.machine.pausing import PARTIES, can_trigger
from tachograph.brake.machine.state import Lift, Phase, State
from tachograph.brake.times import format_time


@dataclass(frozen=True)
class NextStep:
    """A state that could come next, and what it takes."""

    to: str
    """Its name."""
    missing: tuple[str, ...]
    """In words; never empty: what lacks nothing has happened."""


def wanting(state: State) -> list[NextStep]:
    """All steps that statements could bring about, with what each lacks."""
    return [NextStep(to, tuple(missing)) for to, missing in _steps(state) if missing]


def some(count: int, word: str) -> str:
    """So many of them, in the singular or the plural."""
    if count == 1:
        return f"1 {word}"
    plural = {"more party": "more parties", "more veto": "more vetoes"}.get(word, f"{word}s")
    return f"{count} {plural}"


def _steps(state: State) -> Iterator[tuple[str, list[str]]]:
    if can_trigger(state):
        called = standing.parties(state, callers(state, PARTIES))
        needed = standing.quorums(state).trigger - len(called)
        k = state.terms.quorums.verifiers
        parties = f"{some(max(needed, 1), 'more party')}, so that two blocs call"
        yield "TRIGGER_PENDING", [f"{parties}, or one verdict of {some(k, 'verifier')}"]
    if state.phase == Phase.TRIGGER_PENDING and state.trigger is not None:
        weight = standing.parties(state, state.trigger.vetoes)
        veto = standing.quorums(state).veto
        more = some(max(veto - len(weight), 1), "more veto")
        yield "NORMAL", [f"{more}, with a majority of each bloc"]
    if state.phase == Phase.PAUSED:
        yield "LIFT_REVIEW", list(_for_review(state))
    if state.phase == Phase.LIFT_REVIEW and state.lift is not None:
        yield "RESUME_STAGED", list(_for_lift(state, state.lift))
    if state.ramp is not None and not lifting.clean_evidence(state, since=state.ramp.began):
        need = f"clean evidence of this window by {some(state.terms.quorums.verifiers, 'verifier')}"
        yield "the next step", [need]
    for case in state.cases:
        needed = standing.sits(state, case.about)
        yield f"the end of case {case.number} ({case.about})", [f"{some(needed, 'panelist')} alike"]
    for question in state.questions:
        missing = {
            "clarify": f"an answer of {question.about}",
            "answered": f"{question.asker} is content, or insists",
            "challenge": f"a report of {some(state.terms.quorums.verifiers, 'verifier')}"
            + ("" if question.access else f", and access by {question.about}"),
        }[question.stage]
        yield f"the end of question {question.number}", [missing]


def _for_review(state: State) -> Iterator[str]:
    over = state.paused + state.terms.timers.minimum
    if state.time < over:
        yield f"the shortest pause to be over, {format_time(over)[:19]}Z"
    yield from _open_matters(state)
    if lifting.clean_evidence(state) is None:
        by = some(state.terms.quorums.verifiers, "verifier")
        yield f"fresh evidence by {by} with {', '.join(state.terms.pause.conditions)} passed"


def _for_lift(state: State, lift: Lift) -> Iterator[str]:
    voters = [name for name, evidence in lift.votes if evidence == lift.evidence]
    voted, quorum = standing.parties(state, voters), standing.quorums(state).lift
    if len(voted) < quorum:
        yield some(quorum - len(voted), "more vote")
    blocs, counted = state.terms.blocs, standing.counted(state)
    for bloc in sorted({blocs[party] for party in counted}):
        size = sum(blocs[party] == bloc for party in counted)
        votes = sum(blocs[party] == bloc for party in voted)
        if 2 * votes <= size:
            yield f"{size // 2 + 1 - votes} more of bloc {bloc}"
    supported = len(standing.verifiers(state, voters))
    if supported < state.terms.quorums.verifiers:
        yield some(state.terms.quorums.verifiers - supported, "more verifier")
    if state.time < lift.objections_end:
        yield f"the panel's time to object to be over, {format_time(lift.objections_end)[:19]}Z"
    yield from _open_matters(state)


def _open_matters(state: State) -> Iterator[str]:
    if state.challenged:
        yield "an inspection to end"
    if state.breached:
        yield "the panel's decision on a breach"
