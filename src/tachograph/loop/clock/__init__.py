"""The clock: is the candidate faster, and by how much? It never loads candidate code.

>>> import random
>>> from tachograph.loop.clock import Rules, Timing, race
>>> noise = random.Random(1)
>>> def measure(side, pair, repetition):
...     seconds = (1.0 if side == "reference" else 0.8) * noise.lognormvariate(0, 0.02)
...     return Timing(wall_seconds=seconds, cpu_seconds=seconds)
>>> result = race(measure, Rules(), random.Random(2))
>>> result.verdict, result.pairs, result.low < 1.25 < result.high
('faster', 5, True)

docs/concepts/clock.md says what is assumed, what is promised, and what is not.
"""

from __future__ import annotations

from tachograph.loop.clock.pairs import Timing
from tachograph.loop.clock.pressure import stalled_seconds
from tachograph.loop.clock.race import Measure, SelfTest, race, self_test
from tachograph.loop.clock.verdict import Comparison, Rules

__all__ = [
    "Comparison",
    "Measure",
    "Rules",
    "SelfTest",
    "Timing",
    "race",
    "self_test",
    "stalled_seconds",
]
