"""Budgets: what a run may spend, and what is left.

A budget is looked at before each turn. A turn that has begun is finished, so a run may overrun by
one trial; a race never begins a pair after the wall budget has run out.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass

from tachograph.errors import UsageError


@dataclass(frozen=True)
class Budget:
    """Upper bounds; None: unbounded."""

    trials: int | None = None
    wall_seconds: float | None = None
    cpu_seconds: float | None = None
    """Of code in boxes; each sitting counts its own."""

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if value is not None and not value > 0:
                raise UsageError(f"budget {name} is {value}", hint="give a number above 0")

    def plain(self) -> dict[str, float | int | None]:
        """As the ledger holds it."""
        return asdict(self)


class Spending:
    """What one sitting of a run has spent so far."""

    def __init__(self, budget: Budget, trials: int = 0, wall_seconds: float = 0.0) -> None:
        self.budget = budget
        self.trials = trials
        self.cpu_seconds = 0.0
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

    def exhausted(self) -> str:
        """Name of the budget that is spent; empty while none is."""
        for name, spent in (("trials", self.trials), ("wall_seconds", self.wall_seconds),
                            ("cpu_seconds", self.cpu_seconds)):  # fmt: skip
            allowed = getattr(self.budget, name)
            if allowed is not None and spent >= allowed:
                return name
        return ""
