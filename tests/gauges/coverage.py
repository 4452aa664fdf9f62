"""How often an interval holds the truth, by simulation; each draw from its own seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

Ends = tuple[float | None, float | None]


def coverage(simulate: Callable[[np.random.Generator], tuple[float, Ends]], draws: int) -> float:
    """Share of draws whose interval holds the truth; an open end holds everything."""
    return float(np.mean([holds(*simulate(rng)) for rng in generators(draws)]))


def holds(truth: float, ends: Ends) -> bool:
    low, high = ends
    return (low is None or low <= truth) and (high is None or truth <= high)


def generators(draws: int) -> Iterator[np.random.Generator]:
    return (np.random.default_rng([20261125, seed]) for seed in range(draws))


def assert_nominal(share: float, draws: int) -> None:
    """95 % nominal: 93 to 97 %, and a simulation fine enough to say so."""
    assert draws >= 1000, "the error of the simulation itself must stay below 0.7 points"
    assert 0.93 <= share <= 0.97, f"covers {share:.1%}"
