"""Budgets: bounds, and what is left of them."""

from __future__ import annotations

import pytest

from tachograph.errors import UsageError
from tachograph.loop.budget import Budget, Spending


@pytest.mark.parametrize("name", ["trials", "wall_seconds", "cpu_seconds"])
@pytest.mark.parametrize("value", [0, -1, float("nan")])
def test_a_budget_is_above_zero(name: str, value: float):
    """A run that may spend nothing is a mistake."""
    with pytest.raises(UsageError, match=name):
        Budget(**{name: value})


def test_an_empty_budget_is_never_spent():
    """None means unbounded."""
    spending = Spending(Budget(), trials=10**9, wall_seconds=1e9)
    spending.cpu_seconds = 1e9
    assert spending.exhausted() == ""
    assert spending.wall_left is None


@pytest.mark.parametrize(
    ("budget", "name"),
    [
        (Budget(trials=3), "trials"),
        (Budget(wall_seconds=5.0), "wall_seconds"),
        (Budget(cpu_seconds=2.0), "cpu_seconds"),
    ],
)
def test_a_spent_budget_is_named(budget: Budget, name: str):
    """The reason for an end says which bound it was."""
    spending = Spending(budget)
    assert spending.exhausted() == ""
    spending = Spending(budget, trials=3, wall_seconds=5.0)
    spending.cpu_seconds = 2.0
    assert spending.exhausted() == name


def test_earlier_sittings_count():
    """What a run spent before it was killed is not given back."""
    spending = Spending(Budget(wall_seconds=60.0), trials=0, wall_seconds=45.0)
    assert spending.wall_left is not None
    assert spending.wall_left <= 15.0


def test_wall_time_left_is_never_negative():
    """An overrun leaves nothing."""
    assert Spending(Budget(wall_seconds=1.0), wall_seconds=9.0).wall_left == 0.0


def test_a_budget_reads_back_as_it_was_recorded():
    """The ledger's plain form makes the same budget."""
    budget = Budget(trials=3, wall_seconds=1.5)
    assert Budget(**budget.plain()) == budget
