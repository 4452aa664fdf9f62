"""One table says who may say what, and all that can be said is in it."""

from __future__ import annotations

from typing import get_args

import pytest
from agreements import agreement

from tachograph.brake.agreed.terms import Faults, Meter, Quorums, Role
from tachograph.brake.machine import begin, step
from tachograph.brake.machine.transitions import RECORDS, RULES
from tachograph.brake.said import records as r
from tachograph.brake.said.speakers import SPEAKERS, spoken_by
from tachograph.brake.said.statement import SAID, Said, Statement

STAMP = "2026-11-25T12:00:00.000000Z"


def test_every_statement_has_a_speaker() -> None:
    """Else nobody could make it, and its check would never be assessed."""
    assert set(SPEAKERS) == set(SAID.values())
    assert all(SPEAKERS.values())
    assert set(RULES) | RECORDS == set(SPEAKERS) and not set(RULES) & RECORDS


@pytest.mark.parametrize("role", get_args(Role))
def test_each_role_has_its_own(role: Role) -> None:
    """Everybody may show a contradiction and give up its key, and has words of its own."""

    assert {SAID["EquivocationShown"], SAID["KeyRevoked"]} <= set(spoken_by(role))
    assert any(SPEAKERS[kind] == {role} for kind in spoken_by(role))


@pytest.mark.parametrize(
    ("by", "said", "refused"),
    [
        ("m", r.Heartbeat("hall", "m", 0), False),
        ("p0", r.Heartbeat("hall", "m", 0), True),
        ("judge", r.LoadModulationAsked("hall", 0, "b"), True),
        ("v0", r.BeaconPromised("b", "0" * 64), False),
        ("m", r.BeaconPromised("b", "0" * 64), True),
    ],
)
def test_the_machine_refuses_records_of_others(by: str, said: Said, refused: bool) -> None:
    """As it refuses their votes: with the rule `role`, and who may."""
    terms = agreement(3, Faults(0, 1), Quorums(2, 2, 3, 1), 1)
    object.__setattr__(terms, "meters", (Meter("m", "p0", "hall", "km"),))
    state = begin(terms, "a1", time=1_000)
    after, refusal = step(state, 1_000, Statement("a1", by, 0, STAMP, "", said))
    assert (refusal is not None and refusal.rule == "role") == refused
    assert bool(after.heard) == (by == "m" and not refused)
