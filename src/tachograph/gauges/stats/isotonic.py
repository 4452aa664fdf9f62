"""A falling curve with no other form: weighted isotonic regression by pooling adjacent violators.

Source: M. Ayer et al., Annals of Mathematical Statistics 26 (1955), pp. 641-647. Proven by
tests/gauges/stats/test_isotonic.py (against a quadratic program's conditions).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def fall(x: Array, means: Array, weights: Array) -> tuple[Array, Array]:
    """The falling step function nearest to `means` at `x`, all of shape (n,), weights above 0.

    Returns the weighted centre and the height of each step, x rising, heights strictly falling.
    """
    blocks: list[tuple[float, float, float]] = []
    for at, mean, weight in sorted(zip(x.tolist(), means.tolist(), weights.tolist(), strict=True)):
        centre, height, mass = at, mean, weight
        while blocks and blocks[-1][1] <= height:
            before_centre, before_height, before_mass = blocks.pop()
            total = before_mass + mass
            centre = (before_centre * before_mass + centre * mass) / total
            height = (before_height * before_mass + height * mass) / total
            mass = total
        blocks.append((centre, height, mass))
    centres, heights, _ = zip(*blocks, strict=True)
    return np.array(centres), np.array(heights)


def crossing(centres: Array, heights: Array, share: float) -> float | None:
    """Where the line through the steps' centres falls to `share`; None where it never does."""
    above = heights >= share
    if above.all() or not above.any():
        return None
    last = int(np.flatnonzero(above)[-1])
    if heights[last] == share:
        return float(centres[last])
    part = (heights[last] - share) / (heights[last] - heights[last + 1])
    return float(centres[last] + part * (centres[last + 1] - centres[last]))
