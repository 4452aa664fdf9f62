"""What each state allows a party."""

from __future__ import annotations

from dataclasses import replace

import pytest
from machine_explorer import statement
from machine_scenes import fresh, paused, terms
from machine_worlds import resuming

from tachograph.brake.agreed.terms import PauseRules
from tachograph.brake.machine import State, step, tick
from tachograph.brake.machine.permission import permission
from tachograph.brake.said import governance as say

FIVE = terms(5)


def said(state: State, by: str, what: say.Governance) -> State:
    """After a statement that has an effect."""
    after, refusal = step(state, state.time, statement(state, by, what))
    assert refusal is None, refusal
    return after


def test_nothing_is_forbidden_without_a_reason() -> None:
    """NORMAL, CLARIFY, CHALLENGE and TRIGGER_PENDING stop nobody."""
    state = said(fresh(FIVE), "a0", say.ClarificationAsked("b0", "1" * 64, "what?"))
    assert (permission(state, "b0", "training").allowed, state.name) == (True, "CLARIFY")
    state = tick(state, state.time + 2)
    assert (permission(state, "b0", "training").allowed, state.name) == (True, "CHALLENGE")
    pending = said(fresh(FIVE), "v0", say.TriggerCalled("metric", "1" * 64))
    answer = permission(pending, "a0", "training")
    assert answer.allowed and answer.state == "TRIGGER_PENDING" and answer.until == 1_002


@pytest.mark.parametrize("rule", ["goes-on", "stops"])
def test_a_pause_stops_training_and_what_was_agreed(rule: str) -> None:
    """Inference goes on, or stops."""
    rules = PauseRules(inference=rule, running="finish", ramp=(1.0,))  # type: ignore[arg-type]
    state = paused(replace(FIVE, pause=rules))
    answer = permission(state, "a0", "training")
    assert (answer.allowed, answer.state, answer.running) == (False, "PAUSED", "finish")
    assert permission(state, "a0", "inference").allowed == (rule == "goes-on")


def test_a_resumption_allows_a_share() -> None:
    """Step by step."""
    answer = permission(resuming(FIVE), "a0", "training")
    assert (answer.allowed, answer.share) == (True, 0.5)
    assert "50%" in answer.reason


def test_a_breach_stops_a_resumption_and_then_its_party_alone() -> None:
    """BREACH_REVIEW holds everybody; a suspension, whom the panel suspended, also afterwards."""
    state = said(resuming(FIVE), "v0", say.BreachAlleged("a0", "1" * 64))
    assert permission(state, "b0", "training").state == "BREACH_REVIEW"
    normal = replace(fresh(FIVE), suspended=frozenset({"a0"}))
    assert not permission(normal, "a0", "training").allowed
    assert permission(normal, "b0", "training").allowed
    assert permission(normal, "a0", "inference").allowed


def test_a_hold_is_ones_own_and_a_notice_binds() -> None:
    """SELF_HOLD and EXITING are of one party; who has left is free."""
    state = said(fresh(FIVE), "a0", say.HoldDeclared("a doubt"))
    assert permission(state, "a0", "training").state == "SELF_HOLD"
    assert permission(state, "a1", "training").allowed
    leaving = said(paused(FIVE), "a0", say.ExitNoticed("it must be"))
    assert not permission(leaving, "a0", "training").allowed
    assert permission(tick(leaving, leaving.time + 3), "a0", "training").allowed
    assert permission(said(fresh(FIVE), "a0", say.ExitNoticed("")), "a0", "training").state == (
        "EXITING"
    )
