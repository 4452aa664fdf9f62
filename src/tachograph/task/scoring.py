"""How a scored task is scored: the keys of `[metric]` where `kind = "score"`.

    [metric]
    kind = "score"
    direction = "higher"
    draws = 8
    floor = 0.10
    ceiling = 0.95

docs/reference/task-toml.md says what each key means. Proven by tests/task/test_scoring.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

from tachograph.task.read import Table

Direction = Literal["higher", "lower"]
Split = Literal["visible", "fresh", "sealed"]
SPLITS: tuple[Split, ...] = ("visible", "fresh", "sealed")
"""What proposers are told of, what confirms a gain, the hold-out: no item may be in two of them."""

LEAST_DRAWS = 3
"""With fewer, an interval over draws says next to nothing."""


@dataclass(frozen=True)
class Scoring:
    """Fixed by the task, so that no run can be more lenient than another."""

    direction: Direction = "higher"
    draws: int = 5
    """Draws in a look: the visible ones, and as many fresh ones to confirm."""
    sealed_draws: int = 10
    """Draws of the hold-out."""
    margin: float = 0.005
    """What an improvement must exceed; no interval is believed that is narrower than this."""
    query_budget: int = 1000
    """Answers that may be scored in a run."""
    precision: float | None = None
    """What is told of scores is rounded to this; None: to the seed's standard error."""
    floor: float | None = None
    ceiling: float | None = None
    """Where check.py does not measure them on each draw."""
    human: float | None = None
    """What people have reached, for comparison."""

    @property
    def sign(self) -> float:
        """Scores times this are the higher the better."""
        return 1.0 if self.direction == "higher" else -1.0

    @property
    def trial_queries(self) -> int:
        """Queries that a whole trial may take: a look, then candidate and best on fresh draws."""
        return 3 * self.draws


KEYS = ("kind", *Scoring.__dataclass_fields__)


def read_scoring(table: Table) -> Scoring:
    """The scoring that this `[metric]` asks for. Raises TaskError."""
    plain = Scoring()
    draws = table.whole("draws", plain.draws)
    for key, value in (("draws", draws), ("sealed_draws", table.whole("sealed_draws", 10))):
        if value < LEAST_DRAWS:
            raise table.fault(key, f"{value} draws", f"give {LEAST_DRAWS} or more")
    scoring = Scoring(
        direction=cast(Direction, table.choice("direction", ("higher", "lower"))),
        draws=draws,
        sealed_draws=table.whole("sealed_draws", plain.sealed_draws),
        margin=table.number("margin", plain.margin),
        query_budget=table.whole("query_budget", plain.query_budget),
        precision=table.number("precision", 1.0) if "precision" in table else None,
        floor=table.any_number("floor"),
        ceiling=table.any_number("ceiling"),
        human=table.any_number("human"),
    )
    if (scoring.floor is None) != (scoring.ceiling is None):
        raise table.fault("floor", "floor and ceiling go together", "give both, or neither")
    floor, ceiling = scoring.floor or 0.0, scoring.ceiling or 0.0
    if scoring.floor is not None and scoring.sign * (ceiling - floor) <= 0:
        raise table.fault("ceiling", "no better than the floor", "mend direction or values")
    if scoring.query_budget < scoring.draws + scoring.trial_queries:
        least = scoring.draws + scoring.trial_queries
        raise table.fault("query_budget", "not enough for one trial", f"give {least} or more")
    return scoring
