"""From scores on the same draws to a verdict, and to the gap that was recovered. Pure functions.

The gain is the mean of the paired differences, its interval Student's over draws. Pairing takes out
what draws have in common: a hard draw is hard for both. A candidate is better when the whole
interval lies above the margin. Proven by tests/loop/score/test_score_compare.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tachograph.loop.score.interval import (
    Interval,
    mean_interval,
    ratio_interval,
    standard_error,
)

Verdict = Literal["better", "worse", "same", "not-resolved"]


@dataclass(frozen=True)
class Gain:
    """The comparison of one candidate with another."""

    verdict: Verdict
    """better: the whole interval lies above the margin. worse: below minus the margin. same: below
    the margin. not-resolved: none of these."""
    interval: Interval
    """Of the mean improvement, in the task's direction."""


def compare(scores: Sequence[float], against: Sequence[float], *, sign: float,
            margin: float) -> Gain:  # fmt: skip
    """Scores of both on the same draws, in the same order.

    The interval reaches half the margin to both sides at least: scores that differ by the same on a
    few draws have not shown that they always do.
    """
    differences = [sign * (a - b) for a, b in zip(scores, against, strict=True)]
    interval = mean_interval(differences, least_half=margin / 2)
    return Gain(name(interval, margin), interval)


def name(interval: Interval, margin: float) -> Verdict:
    """The verdict that an interval of gains allows."""
    if interval.low > margin:
        return "better"
    if interval.high < -margin:
        return "worse"
    if interval.high < margin:
        return "same"
    return "not-resolved"


def gap_recovered(scores: Sequence[float], floors: Sequence[float],
                  ceilings: Sequence[float]) -> Interval | None:  # fmt: skip
    """(score - floor) / (ceiling - floor), means over draws; 0 at the floor, 1 at the ceiling.

    Fieller's interval, so that it allows for the uncertainty of floor and ceiling where they were
    measured on each draw, and is Student's over the gap where they are constants. None where there
    are no bounds, or the gap cannot be told from 0. The direction cancels.
    """
    if not floors:
        return None
    recovered = [score - floor for score, floor in zip(scores, floors, strict=True)]
    whole = [ceiling - floor for ceiling, floor in zip(ceilings, floors, strict=True)]
    return ratio_interval(recovered, whole)


def precision_of(scores: Sequence[float], margin: float) -> float:
    """To what scores are rounded before a proposer is told: their standard error, made round.

    The next of 1, 2, 5 times a power of ten that is no smaller than it, and than half the margin.
    """
    wanted = max(standard_error(scores), margin / 2)
    power = 10.0 ** math.floor(math.log10(wanted))
    digit = next(d for d in (1, 2, 5, 10) if d * power >= wanted * (1 - 1e-9))
    return float(f"{digit * power:.1g}")


def rounded(value: float, precision: float) -> float:
    """To the nearest multiple of `precision`."""
    return multiple(round(value / precision), precision)


def widened(interval: Interval, precision: float) -> Interval:
    """The value to the nearest multiple of `precision`, both ends outwards to the next one."""
    value, low, high = (each / precision for each in interval)
    # what lies on a multiple but for a rounding error stays there
    ends = math.floor(low + 1e-9), math.ceil(high - 1e-9)
    return Interval(*(multiple(count, precision) for count in (round(value), *ends)))


def multiple(count: int, precision: float) -> float:
    """`count` times `precision`, without the noise of binary fractions."""
    digits = max(0, -math.floor(math.log10(precision)) + 1)
    return round(count * precision, digits) + 0.0
