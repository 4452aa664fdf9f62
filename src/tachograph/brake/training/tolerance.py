"""How far a replay on another machine may stray: a function of how far honest replays do.

Whoever calibrates (replay.py) and whoever audits (checks/reexecution.py) take it from here, so that
a tolerance that does not follow from its own distances counts for nothing. Proven by
tests/brake/test_check_reexecution.py and test_brake_replay.py. Not covered: distances that a
verifier made up.

>>> tolerance_of([7e-16, 1e-15]), tolerance_of([3e-5])
(1e-12, 0.00030000000000000003)
"""

from __future__ import annotations

import math
from collections.abc import Sequence

SAFETY = 10.0
"""The tolerance is so many times the largest distance between honest replays."""
SMALLEST_TOLERANCE = 1e-12
"""Some thousand roundings of a float64: below it machines that agree by luck would seem to differ
for ever."""
LARGEST_TOLERANCE = 1e-2
"""Beyond it a tolerance would let a whole swapped batch pass (0.1, bench/reexecution.py): training
so chaotic that honest replays stray further cannot be checked by distance."""


def tolerance_of(distances: Sequence[float]) -> float:
    """Return what is allowed where honest replays strayed from the first by these distances.

    Infinite where there are none: one replay says nothing of how far another may be.
    """
    if not distances or not all(0.0 <= one < math.inf for one in distances):
        return math.inf
    return max(SAFETY * max(distances), SMALLEST_TOLERANCE)
