"""Faults planted in the machine: the explorer finds each, and names the property that it breaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from itertools import count
from typing import Any

import machine_worlds as worlds
import pytest
from machine_explorer import PropertyError

from tachograph.brake.agreed import quorum
from tachograph.brake.machine import (
    cases,
    changes,
    lifting,
    pausing,
    permission,
    questions,
    standing,
)
from tachograph.brake.machine.state import Phase, Refusal, State, value

Patch = pytest.MonkeyPatch

timers = import_module("tachograph.brake.machine.timers")  # its folder's face has its function


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
    _rule(patch, "TriggerVetoed", lambda state, by, said: Refusal("veto", ""))


def one_bloc_renews(patch: Patch) -> None:
    """Two parties of one bloc put off the end of a pause."""
    one_bloc_triggers(patch)


def suspended_parties_renew(patch: Patch) -> None:
    """Who lost its voice is still asked whether a pause goes on."""
    right = pausing.renew

    def renew(state: State, by: str, said: Any) -> Any:
        found = right(state, by, said)
        mute = isinstance(found, Refusal) and found.rule == "standing"
        return pausing.join(state, by, f"renew:{said.trigger}") if mute else found

    _rule(patch, "RenewalVoted", renew)


def sunset_in_a_breach(patch: Patch) -> None:
    """A pause ends by itself though the panel has a breach before it."""
    right = timers._phase

    def rows(state: State) -> Any:
        if state.phase == Phase.PAUSED and state.sunset:
            yield "sunset", state.sunset, "", pausing.end_by_sunset
        yield from right(state)

    patch.setattr(timers, "_phase", rows)


def pauses_never_end_by_themselves(patch: Patch) -> None:
    """The time agreed for a pause is passed over."""
    patch.setattr(cases, "next_sunset", lambda state: 0)
    patch.setattr(pausing, "next_sunset", lambda state: 0)
    patch.setattr(lifting, "next_sunset", lambda state: 0)


def sunset_is_slept_through(patch: Patch) -> None:
    """The time agreed for a pause stands in the state, and no timer looks at it."""
    right = timers._phase
    patch.setattr(timers, "_phase", lambda state: (
        row for row in right(state) if row[0] != "sunset"))  # fmt: skip


def a_pause_that_came_back_cannot_be_renewed(patch: Patch) -> None:
    """Only the trigger that began a pause may be named, and a lift that failed forgets it."""
    right = pausing.renew

    def renew(state: State, by: str, said: Any) -> Any:
        return right(state, by, said) if state.trigger else Refusal("trigger", "there is none")

    _rule(patch, "RenewalVoted", renew)


def silent_meters_are_passed_over(patch: Patch) -> None:
    """No meter has to be heard."""
    patch.setattr(timers, "_heartbeats", lambda state: iter(()))


def notices_run_out_at_once(patch: Patch) -> None:
    """Who says that it leaves is gone."""
    _rule(patch, "ExitNoticed", lambda state, by, said: changes.left(state, by))


def who_leaves_may_train(patch: Patch) -> None:
    """A notice, and no pause binds."""
    right = permission.stops
    patch.setattr(permission, "stops", lambda state, party:
                  None if value(state.exiting, party) else right(state, party))  # fmt: skip


def revoked_keys_speak(patch: Patch) -> None:
    """Keys are those of the agreement, for ever."""
    patch.setattr(standing, "key_of", lambda state, name: state.terms.keys.get(name, ""))


def the_machine_has_a_clock_of_its_own(patch: Patch) -> None:
    """What time does hangs on when one looks."""
    right, looks = pausing.take_effect, count()
    patch.setattr(pausing, "take_effect", lambda state: replace(
        right(state), paused=state.time + next(looks)))  # fmt: skip


def first_veto_closes_the_list(patch: Patch) -> None:
    """After a veto of one bloc, those of the other are refused."""
    right = pausing.veto

    def veto(state: State, by: str, said: Any) -> Any:
        blocs = state.terms.blocs
        if state.trigger and any(blocs[name] != blocs[by] for name in state.trigger.vetoes):
            return Refusal("veto", "another bloc was first")
        return right(state, by, said)

    _rule(patch, "TriggerVetoed", veto)


def nothing_lifts(patch: Patch) -> None:
    """There is no certificate, whoever votes."""
    patch.setattr(lifting, "certificate", lambda state, lift: None)


def windows_never_end(patch: Patch) -> None:
    """A step of the resumption has no timer."""
    right = timers._phase
    patch.setattr(timers, "_phase", lambda state: (
        row for row in right(state) if row[0] != "window"))  # fmt: skip


def another_is_struck(patch: Patch) -> None:
    """A contradiction takes the voice of the first party as well."""
    right = changes.strike
    patch.setattr(changes, "strike", lambda state, speaker: right(
        right(state, speaker), state.terms.parties[0].name))  # fmt: skip


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
    (one_bloc_renews, "sunset", "S2"),
    (suspended_parties_renew, "sunset", "S7"),
    (sunset_in_a_breach, "sunset", "S1"),
    (pauses_never_end_by_themselves, "sunset, there and back", "S1"),
    (sunset_is_slept_through, "sunset, there and back", "L4"),
    (a_pause_that_came_back_cannot_be_renewed, "sunset, there and back", "L1"),
    (silent_meters_are_passed_over, "heartbeats", "S1"),
    (notices_run_out_at_once, "exits", "S7"),
    (who_leaves_may_train, "exits", "S7"),
    (revoked_keys_speak, "exits", "S8"),
    (the_machine_has_a_clock_of_its_own, "triggers", "S6"),
    (first_veto_closes_the_list, "triggers", "S10"),
    (nothing_lifts, "lifts", "L3"),
    (windows_never_end, "there and back", "L4"),
    (another_is_struck, "lifts", "A3"),
]

AT_FIVE = (one_bloc_triggers, one_bloc_renews)
"""Need a bloc of more than q_trig - 1."""
ONE_STEP = (refusals_say_nothing, notices_run_out_at_once, who_leaves_may_train)
"""Found so soon that the way there may be empty."""


@pytest.mark.parametrize(("plant", "name", "broken"), MUTANTS, ids=lambda one: getattr(
    one, "__name__", str(one)))  # fmt: skip
def test_a_planted_fault_is_found(
    plant: Callable[[Patch], None], name: str, broken: str, monkeypatch: Patch
) -> None:
    """The explorer stops at the fault, with the shortest way to it."""
    n = 5 if plant in AT_FIVE else 3
    (world,) = (one for one in (*worlds.worlds(n), *worlds.the_others()) if one.name == name)
    plant(monkeypatch)
    with pytest.raises(PropertyError, match=f"{broken}: ") as found:
        worlds.run(world, order=plant is first_veto_closes_the_list, most=30_000)
    assert "\n" in str(found.value) or plant in ONE_STEP


def _rule(patch: Patch, what: str, handler: Callable[..., Any]) -> None:
    from tachograph.brake.machine import transitions
    from tachograph.brake.said import governance as said_governance

    kind = getattr(said_governance, what)
    patch.setitem(transitions.RULES, kind, handler)
