"""Faults planted in the machine: the explorer finds each, and names the property that it breaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import machine_worlds as worlds
import pytest
from machine_explorer import PropertyError

from tachograph.brake.agreed import quorum
from tachograph.brake.machine import cases, lifting, pausing, questions, standing
from tachograph.brake.machine.state import State

Patch = pytest.MonkeyPatch


def lift_off_by_one(patch: Patch) -> None:
    """A lift takes one party less."""
    right = quorum.in_force
    patch.setattr(quorum, "in_force", lambda t, n: replace(right(t, n), lift=right(t, n).lift - 1))


def one_bloc_lifts(patch: Patch) -> None:
    """No bloc's majority is asked for."""
    patch.setattr(quorum, "majority_everywhere", lambda voters, counted, blocs: True)


def one_bloc_triggers(patch: Patch) -> None:
    """Callers may all be of one bloc."""
    patch.setattr(quorum, "spans_blocs", lambda voters, blocs: True)


def half_vetoes(patch: Patch) -> None:
    """Half of the parties stop a trigger."""
    patch.setattr(standing, "vetoes", lambda state, voters: 2 * len(voters) >= 3)


def stale_evidence(patch: Patch) -> None:
    """Evidence never ages."""
    patch.setattr(lifting, "is_fresh", lambda state, gathered: True)


def not_assessed_passes(patch: Patch) -> None:
    """Only a failure fails."""
    right = lifting.file

    def file(state: State, by: str, said: Any) -> Any:
        passed = {name: "pass" for name in state.terms.pause.conditions if
                  said.outcomes.get(name) != "fail"}  # fmt: skip
        return right(state, by, replace(said, outcomes=passed))

    _rule(patch, "EvidenceFiled", file)


def last_ballot_counts(patch: Patch) -> None:
    """A second, different ballot replaces the first."""
    right = lifting.vote

    def vote(state: State, by: str, said: Any) -> Any:
        if state.lift is not None:
            votes = tuple(one for one in state.lift.votes if one[0] != by)
            state = replace(state, lift=replace(state.lift, votes=votes))
        return right(state, by, said)

    _rule(patch, "LiftVoted", vote)


def inspections_are_passed_over(patch: Patch) -> None:
    """An open inspection blocks no lift."""
    patch.setattr(State, "challenged", False)


def objections_are_passed_over(patch: Patch) -> None:
    """The panel's majority stops nothing."""
    patch.setattr(lifting, "_objected", lambda state, lift: False)


def pause_waits_for_assent(patch: Patch) -> None:
    """A trigger's timer does nothing."""
    patch.setattr(pausing, "take_effect", lambda state: replace(
        state, trigger=replace(state.trigger, effect=state.time + 2)))  # fmt: skip


def panel_silence_acquits(patch: Patch) -> None:
    """A case that ends by time is dismissed."""
    patch.setattr(cases, "ended", lambda state, case: cases._dismiss(state, case))


def questions_never_end(patch: Patch) -> None:
    """An unanswered question is asked again."""
    patch.setattr(questions, "ended", lambda state, question: questions._put(
        state, replace(question, due=state.time + 2)))  # fmt: skip


def windows_need_no_evidence(patch: Patch) -> None:
    """Not assessed is clean, in a resumption."""
    right = lifting.clean_evidence
    patch.setattr(lifting, "clean_evidence", lambda state, since=0:
                  ("", since) if since else right(state))  # fmt: skip


def numbers_change_in_a_round(patch: Patch) -> None:
    """Adjustments come into force whatever runs."""
    patch.setattr(State, "quiet", True)


def leavers_vote(patch: Patch) -> None:
    """Who has given notice keeps its vote."""
    patch.setattr(standing, "counted", lambda state: frozenset(state.terms.blocs))


def refusals_say_nothing(patch: Patch) -> None:
    """A refusal that names nothing."""
    from tachograph.brake.machine.state import Refusal

    _rule(patch, "TriggerVetoed", lambda state, by, said: Refusal("veto", ""))


MUTANTS: list[tuple[Callable[[Patch], None], str, str]] = [
    (lift_off_by_one, "a strict lift", "S1"),
    (one_bloc_lifts, "three verifiers, three panelists", "S2"),
    (one_bloc_triggers, "triggers", "S2"),
    (half_vetoes, "triggers", "S2"),
    (stale_evidence, "lifts", "S4"),
    (not_assessed_passes, "lifts", "S11"),
    (last_ballot_counts, "lifts", "S3"),
    (inspections_are_passed_over, "challenges in a pause", "S5"),
    (objections_are_passed_over, "three verifiers, three panelists", "S1"),
    (pause_waits_for_assent, "triggers", "L1"),
    (panel_silence_acquits, "breaches", "S5"),
    (questions_never_end, "questions", "L2"),
    (windows_need_no_evidence, "there and back", "S11"),
    (numbers_change_in_a_round, "adjustments", "S9"),
    (leavers_vote, "exits", "(S7|L3)"),
    (refusals_say_nothing, "triggers", "A2"),
]


@pytest.mark.parametrize(("plant", "name", "broken"), MUTANTS, ids=lambda one: getattr(
    one, "__name__", str(one)))  # fmt: skip
def test_a_planted_fault_is_found(
    plant: Callable[[Patch], None], name: str, broken: str, monkeypatch: Patch
) -> None:
    """The explorer stops at the fault, with the shortest way to it."""
    n = 5 if plant is one_bloc_triggers else 3
    (world,) = (one for one in (*worlds.worlds(n), *worlds.the_others()) if one.name == name)
    plant(monkeypatch)
    with pytest.raises(PropertyError, match=f"{broken}: ") as found:
        worlds.run(world, most=30_000)
    assert "\n" in str(found.value) or plant is refusals_say_nothing


def _rule(patch: Patch, what: str, handler: Callable[..., Any]) -> None:
    from tachograph.brake.machine import transitions
    from tachograph.brake.said import governance as said_governance

    kind = getattr(said_governance, what)
    roles, _ = transitions.RULES[kind]
    patch.setitem(transitions.RULES, kind, (roles, handler))
