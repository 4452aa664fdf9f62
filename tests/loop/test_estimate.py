"""What a run may cost, said before it starts."""

from __future__ import annotations

from loop_toys import make_task

from tachograph.loop.budget import Budget
from tachograph.loop.estimate import estimate
from tachograph.loop.propose.protocol import Forecast
from tachograph.loop.propose.recipes import Recipes


class Paid:
    """A proposer that knows what it costs."""

    name = "model:x"
    thinks_here = False

    def __init__(self, usd):
        self.usd = usd

    def propose(self, brief, desk):
        return None

    def forecast(self, task):
        return Forecast(1200, self.usd, f"{len(task.goal)} characters of goal")


def test_what_costs_nothing_is_not_spoken_of(tmp_path):
    """Recipes have no forecast."""
    assert list(estimate([Recipes()], make_task(tmp_path / "task"), Budget())) == []


def test_the_trials_and_the_bounds_are_in_it(tmp_path):
    """And what it assumes."""
    task = make_task(tmp_path / "task")
    (line,) = estimate([Paid(0.02)], task, Budget(trials=30, money_usd=1.5))
    assert line.startswith("estimate: model:x: about 1,200 tokens a turn, about 0.02 USD")
    assert "30 trials of its own: about 36,000 tokens, 0.6 USD" in line
    assert "never more than 1.5 USD" in line
    assert line.endswith(f"(assumes {len(task.goal)} characters of goal)")


def test_an_unknown_price_is_not_zero(tmp_path):
    """It is said to be unknown, and that nothing bounds it."""
    (line,) = estimate([Paid(None)], make_task(tmp_path / "task"), Budget(wall_seconds=60))
    assert "at a price that is not known" in line
    assert "no bound" in line
