"""Budgets: what a run may spend, and what is left.

Trials, wall time and CPU time are looked at before each turn. A turn that has begun is finished, so
a run may overrun by one trial; a race never begins a pair after the wall budget has run out. Tokens
and money are held before the call of a model that may cost them, and never passed, where the bound
that was held was one. Proven by tests/loop/test_budget.py.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass

from tachograph.errors import UsageError
from tachograph.loop.propose.protocol import RefusedError


@dataclass(frozen=True)
class Budget:
    """Upper bounds; None: unbounded."""

    trials: int | None = None
    wall_seconds: float | None = None
    cpu_seconds: float | None = None
    """Of code in boxes; each sitting counts its own."""
    tokens: int | None = None
    """Read and written by models, in all sittings."""
    money_usd: float | None = None
    """Paid for models, in all sittings."""

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if value is not None and not value > 0:
                raise UsageError(f"budget {name} is {value}", hint="give a number above 0")

    def plain(self) -> dict[str, float | int | None]:
        """As the ledger holds it."""
        return asdict(self)


class Spending:
    """What one sitting of a run has spent so far."""

    def __init__(self, budget: Budget, trials: int = 0, wall_seconds: float = 0.0,
                 tokens: int = 0, money_usd: float = 0.0) -> None:  # fmt: skip
        self.budget = budget
        self.trials = trials
        self.cpu_seconds = 0.0
        self.tokens = tokens
        self.money_usd = money_usd
        self.held_tokens = 0
        self.held_usd = 0.0
        self.holding = threading.Lock()
        self.began = time.monotonic() - wall_seconds

    @property
    def wall_seconds(self) -> float:
        """Since the run began, its earlier sittings counted."""
        return time.monotonic() - self.began

    @property
    def wall_left(self) -> float | None:
        """Seconds; None: unbounded."""
        allowed = self.budget.wall_seconds
        return None if allowed is None else max(0.0, allowed - self.wall_seconds)

    def left(self) -> dict[str, float | None]:
        """What is left of each budget, held amounts taken off; None: unbounded."""
        spent = {"trials": self.trials, "wall_seconds": self.wall_seconds,
                 "cpu_seconds": self.cpu_seconds, "tokens": self.tokens + self.held_tokens,
                 "money_usd": self.money_usd + self.held_usd}  # fmt: skip
        allowed = asdict(self.budget)
        return {name: None if bound is None else max(0.0, bound - spent[name])
                for name, bound in allowed.items()}  # fmt: skip

    def exhausted(self, pending: int = 0) -> str:
        """Name of the budget that is spent, once `pending` trials are; empty while none is."""
        for name, spent in (("trials", self.trials + pending), ("wall_seconds", self.wall_seconds),
                            ("cpu_seconds", self.cpu_seconds), ("tokens", self.tokens),
                            ("money_usd", self.money_usd)):  # fmt: skip
            allowed = getattr(self.budget, name)
            if allowed is not None and spent >= allowed:
                return name
        return ""

    # -- models ----------------------------------------------------------------------------------

    def reserve(self, tokens: int, money_usd: float | None) -> AbstractContextManager[None]:
        """Hold this much until the block ends; what was really spent comes by `spend`.

        `money_usd` None: the price is not known. Raises RefusedError, at once, where the bound does
        not leave as much.
        """
        cost = money_usd or 0.0
        with self.holding:
            if self.budget.money_usd is not None and money_usd is None:
                raise RefusedError("the model's price is not known, so no money budget can hold it")
            for name, spent, allowed in (
                ("tokens", self.tokens + self.held_tokens + tokens, self.budget.tokens),
                ("money_usd", self.money_usd + self.held_usd + cost, self.budget.money_usd),
            ):
                if allowed is not None and spent > allowed:
                    raise RefusedError(f"the call might pass the budget of {allowed:g} {name}")
            self.held_tokens += tokens
            self.held_usd += cost
        return self._held(tokens, cost)

    @contextmanager
    def _held(self, tokens: int, money_usd: float) -> Iterator[None]:
        try:
            yield
        finally:
            with self.holding:
                self.held_tokens -= tokens
                self.held_usd -= money_usd

    def spend(self, tokens: int, money_usd: float) -> None:
        """A model was paid."""
        with self.holding:
            self.tokens += tokens
            self.money_usd += money_usd
