"""Power traces from a model instead of a sensor: what tests have in place of one.

Whoever uses it must set `simulated` in what is reported, and no check passes on it. Training is a
steady high load with a comb of short dips (the exchange of gradients); serving goes up and down
with demand; idling stays low. Levels come from the window's own energy, so that the trace and the
meter agree. Not covered: anything that a real machine does.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from tachograph import canon
from tachograph.brake.checks.trace import Samples

Shape = Literal["training", "serving", "idle"]
DEPTH = 0.15
"""How far a site goes up and down when it is asked to, of its mean power."""
NOISE = 0.01
"""Of each sensor's samples, relative."""


def load(
    rng: np.random.Generator, shape: Shape, *, joules: float, seconds: float, hertz: float,
    pattern: Samples | None = None,
) -> Samples:  # fmt: skip
    """(seconds * hertz,) watts of a site, whose energy is `joules`; `pattern` as asked for."""
    count = round(seconds * hertz)
    time = np.arange(count)
    if shape == "training":
        level = 1.0 - 0.2 * (time % 20 < 3)
    elif shape == "serving":
        steps = rng.normal(0, 0.2, count // 30 + 1).cumsum()
        level = np.exp(np.repeat(steps - steps.mean(), 30)[:count] * 0.3)
    else:
        level = np.ones(count)
    if pattern is not None:
        slots = np.array_split(time, len(pattern))
        for slot, direction in zip(slots, pattern, strict=True):
            # relative to what it would have been, so that the answer stands out of any shape
            level[slot] = level[slot] / level[slot].mean() * (1.0 + DEPTH * direction)
    watts: Samples = level / level.mean() * joules / seconds
    return watts


def sensed(rng: np.random.Generator, watts: Samples) -> bytes:
    """The samples of one sensor: the object that a report names."""
    noisy = watts * (1.0 + rng.normal(0, NOISE, len(watts)))
    return canon.encode([round(float(watt), 1) for watt in np.maximum(noisy, 0.0)])
