"""What is missing is said in advance, and doing it brings the step about."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from machine_explorer import statement
from machine_scenes import ONE, fresh, paused, terms
from machine_worlds import clean_now, resuming, right_votes

from tachograph.brake.agreed.described import describe_state
from tachograph.brake.agreed.terms import Terms
from tachograph.brake.machine import State, step, tick
from tachograph.brake.machine.wanting import wanting
from tachograph.brake.said import governance as say


def missing(state: State) -> dict[str, str]:
    """By step."""
    return {one.to: "; ".join(one.missing) for one in wanting(state)}


def test_from_a_pause_to_a_lift() -> None:
    """Time, evidence, votes, blocs, verifiers, the panel's time: until nothing is missing."""
    state = paused(terms(5))
    assert "shortest pause" in missing(state)["LIFT_REVIEW"]
    assert "fresh evidence by 1 verifier with V1 passed" in missing(state)["LIFT_REVIEW"]
    state = tick(state, state.time + 1)
    for by, said in clean_now(state):
        state, _ = step(state, state.time, statement(state, by, said))
    assert state.name == "LIFT_REVIEW"
    wanted = missing(state)["RESUME_STAGED"]
    for part in ("4 more votes", "2 more of bloc a", "2 more of bloc b", "1 more verifier"):
        assert part in wanted
    for by, said in list(right_votes(state)):
        state, _ = step(state, state.time, statement(state, by, said))
    assert missing(state)["RESUME_STAGED"].startswith("the panel's time to object")
    state = tick(state, state.time + 1)
    assert state.name == "RESUME_STAGED" and "this window" in missing(state)["the next step"]


@pytest.mark.parametrize("begin", [fresh, paused, resuming])
def test_every_state_is_described(begin: Callable[[Terms], State]) -> None:
    """With its name first, and a line for each timer and each step."""
    state = begin(terms(5, meters=1))
    lines = describe_state(state)
    assert lines[0] == state.name and len(lines) >= 2


def test_questions_cases_and_exits_are_described() -> None:
    """Each with what would end it."""
    state = fresh(terms(5))
    for by, said in (
        ("a0", say.ClarificationAsked("b0", ONE, "what?")), ("a1", say.ExitNoticed("")),
        ("a2", say.HoldDeclared("")),
    ):  # fmt: skip
        state, _ = step(state, state.time, statement(state, by, said))
    text = "\n".join(describe_state(state))
    assert "an answer of b0" in text and "EXITING: a1" in text and "holding: a2" in text
    state = tick(state, state.time + 4)
    assert "1 panelist alike" in "\n".join(describe_state(state))
