"""What a run may cost, said before it starts, with what that assumes.

A forecast is one proposer's own, from its prices and from the sizes of the task's texts. It is no
bound: bounds are the budget's. Proven by tests/loop/test_estimate.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tachograph.loop.budget import Budget
from tachograph.loop.propose.protocol import Forecast, Forecasting, Proposer
from tachograph.task import Task


def estimate(proposers: Sequence[Proposer], task: Task, budget: Budget) -> Iterator[str]:
    """Lines for people; none where nobody is paid."""
    for proposer in proposers:
        if isinstance(proposer, Forecasting):
            yield line(proposer.name, proposer.forecast(task), budget)


def line(name: str, forecast: Forecast, budget: Budget) -> str:
    """One proposer's turns, and as many as the trials allow."""
    cost = "at a price that is not known" if forecast.turn_usd is None else \
        f"about {forecast.turn_usd:.2g} USD"  # fmt: skip
    said = f"estimate: {name}: about {forecast.turn_tokens:,} tokens a turn, {cost}"
    if budget.trials is not None:
        tokens = forecast.turn_tokens * budget.trials
        said += f"; {budget.trials} trials of its own: about {tokens:,} tokens"
        if forecast.turn_usd is not None:
            said += f", {forecast.turn_usd * budget.trials:.2g} USD"
    bounds = [f"{budget.tokens:,} tokens" if budget.tokens else "",
              f"{budget.money_usd:g} USD" if budget.money_usd else ""]  # fmt: skip
    bounded = " and ".join(filter(None, bounds))
    said += (
        f"; never more than {bounded}" if bounded else "; no bound: --money or --tokens sets one"
    )
    return f"{said} (assumes {forecast.assumes})"
