"""The red team: every cheat is caught as the table says, every honest twin is left alone."""

from __future__ import annotations

import pytest

from .table import ROWS, Case, Honest, load
from .trial import try_case, try_honest, try_twin

TABLE = load()
WRITTEN = sorted({case.row for case in TABLE.cases})


@pytest.mark.parametrize("case", TABLE.cases, ids=lambda case: f"{case.row}-{case.name}")
def test_a_cheat_is_caught_and_nobody_else_is_blamed(case: Case):
    """By every check that should, for the one who cheats."""
    tried = try_case(case, seed=1000 + case.row)
    assert not tried.missed, tried.reasons
    assert not tried.framed, tried.reasons


@pytest.mark.parametrize("honest", TABLE.twins, ids=lambda twin: f"{twin.row}-{twin.name}")
def test_an_honest_twin_is_left_alone(honest: Honest):
    """It looks like a cheat, and nothing fails."""
    tried = try_twin(honest, seed=2000 + honest.row)
    assert not tried.failed, tried.reasons


@pytest.mark.parametrize("seed", range(6))
def test_an_honest_world_is_left_alone(seed: int):
    """Nothing fails."""
    tried = try_honest(seed)
    assert not tried.failed, tried.reasons


def test_every_row_that_has_a_cheat_has_a_twin():
    """No row without its honest lookalike."""
    assert set(WRITTEN) <= {twin.row for twin in TABLE.twins}
    assert set(WRITTEN) <= set(ROWS)
