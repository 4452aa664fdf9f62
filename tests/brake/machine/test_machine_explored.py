"""Every state that small agreements can reach, and the protocol's properties in each of them.

Which check shows which property: docs/concepts/pause.md. The figures of a full run:
bench/pause_states.py.
"""

from __future__ import annotations

import machine_worlds as worlds
import pytest
from machine_scenes import NUMBERS, strict_terms, terms

from tachograph.brake.agreed.quorum import check_quorums
from tachograph.brake.machine import State

QUICK = (
    "triggers", "questions", "breaches", "heartbeats", "adjustments", "there and back", "exits",
    "sunset",
)  # fmt: skip


@pytest.mark.parametrize("n", sorted(NUMBERS))
def test_the_worlds_are_sound_agreements(n: int) -> None:
    """What is explored could have been signed."""
    check_quorums(terms(n))
    check_quorums(terms(n, verifiers=3, panel=3))
    check_quorums(strict_terms())


@pytest.mark.parametrize("name", QUICK)
def test_small_worlds_hold_every_property(name: str) -> None:
    """Three parties, in the worlds that take a second."""
    (world,) = (one for one in worlds.worlds(3) if one.name == name)
    found = worlds.run(world, order=True)
    assert found.states > 20 and found.transitions > 3 * found.states
    assert len(found.names) > 2


@pytest.mark.long
@pytest.mark.parametrize("n", [3, 4, 5])
def test_every_world_holds_every_property(n: int) -> None:
    """All worlds of up to five parties, and every name of a state comes up."""
    names: set[str] = set()
    for world in (*worlds.worlds(n), *worlds.the_others()):
        names |= worlds.run(world, order=n == 3).names
    assert names == {
        "NORMAL", "CLARIFY", "CHALLENGE", "TRIGGER_PENDING", "PAUSED", "LIFT_REVIEW",
        "RESUME_STAGED", "BREACH_REVIEW",
    }  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize("n", [3, 4])
def test_names_within_a_bloc_make_no_difference(n: int) -> None:
    """What symmetry leaves out holds too: the same worlds with every name told apart."""
    for name in ("triggers", "questions", "breaches"):
        (whole,) = (one for one in worlds.worlds(n, symmetric=False) if one.name == name)
        (half,) = (one for one in worlds.worlds(n) if one.name == name)
        assert worlds.run(whole).names == worlds.run(half).names


@pytest.mark.long
def test_seven_parties_hold_every_property() -> None:
    """The protocol's own example, n = 7 with f = 1 and s = 1, by votes per bloc."""
    for world in worlds.worlds(7):
        assert worlds.run(world).states > 20


def test_coalitions_of_one_bloc_decide_nothing() -> None:
    """S2: with all others silent, and verifiers and panel on its side, a bloc lifts nothing."""
    for n in (3, 4, 5):
        for bloc in "ab":
            reached: set[str] = set()

            def speaks(state: State, name: str, bloc: str = bloc) -> bool:
                return state.terms.blocs.get(name, bloc) == bloc

            for begin, moves in worlds.of_a_coalition(n, speaks):
                reached |= worlds.run(worlds.Scene(f"bloc {bloc} of {n}", begin, moves, True)).names
            assert "LIFT_REVIEW" in reached and "RESUME_STAGED" not in reached


def test_a_bloc_alone_triggers_and_vetoes_nothing() -> None:
    """S2: with verifiers silent, one bloc's parties start no pause, and stop none."""
    for n in (3, 4, 5, 7):
        for bloc in "ab":
            begun, pending = worlds.bloc_against_triggers(n, bloc)
            assert worlds.run(begun).names == {"NORMAL"}
            assert "NORMAL" not in worlds.run(pending).names
