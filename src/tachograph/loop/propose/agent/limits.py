"""What one turn of an agent may take."""

from __future__ import annotations

from dataclasses import dataclass

from tachograph.errors import UsageError


@dataclass(frozen=True)
class AgentLimits:
    """Upper bounds of one turn; the run's budgets hold beside them."""

    calls: int = 40
    """Calls of the model."""
    trials: int = 10
    """Trials that it may ask for."""
    tokens: int | None = None
    """Read and written in the turn, by the provider's count; None: the run's budget alone."""
    seconds: float = 1800.0
    """Until the last call begins; waiting for the judge counts."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value is not None and not value > 0:
                raise UsageError(f"agent {name} is {value}", hint="give a number above 0")
