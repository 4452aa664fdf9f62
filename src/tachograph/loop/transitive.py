"""Whether three races tell one story: a gain over the best must show against the seed as well.

    agree(gain, now, before)       # best to candidate, seed to candidate, seed to best

Both sides of a pair get the same inputs, and what two boxes share no wall divides wholly: caches of
the processor, pages of files. So a best and a candidate of one mind could talk: the one answers for
the other, or slows down where it is told that it comes second. The seed is nobody's accomplice, and
what is reported is measured against it. Proven by tests/loop/test_transitive.py and
tests/exploits/test_accomplices.py. Not covered: a claim smaller than what the three races resolve.
"""

from __future__ import annotations

import math
from typing import Protocol

TOLERANCE = 0.7
"""Of the joint half width. The intervals hold at whatever moment a race ends, so they are wider
than one moment needs. In simulation this refuses 1 of 1,053 honest gains (with the whole width
none), and catches a feigned 1.5x at a spread of 8 % in 93 % of cases instead of 65 %
(docs/concepts/exploits.md; tests/loop/test_transitive.py has a smaller one)."""


class Figure(Protocol):
    """A speed-up with its interval; all above 0."""

    @property
    def low(self) -> float: ...

    @property
    def high(self) -> float: ...


def agree(gain: Figure, now: Figure, before: Figure) -> bool:
    """Whether `now` is not less than `before` times `gain`, as far as their intervals tell.

    The races are independent, so on the log scale their half widths add as squares.
    """
    missing = centre(before) + centre(gain) - centre(now)
    joint = math.hypot(half_width(gain), half_width(now), half_width(before))
    return missing <= TOLERANCE * joint


def centre(figure: Figure) -> float:
    """Of the interval, on the log scale."""
    return (math.log(figure.high) + math.log(figure.low)) / 2


def half_width(figure: Figure) -> float:
    """Of the interval, on the log scale."""
    return (math.log(figure.high) - math.log(figure.low)) / 2
