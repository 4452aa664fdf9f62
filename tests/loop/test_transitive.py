"""A gain over the best that does not show against the seed is no gain."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import pytest

from tachograph.loop.clock import Comparison, Rules, Timing, race
from tachograph.loop.transitive import agree


@dataclass(frozen=True)
class Told:
    """A speed-up's interval."""

    low: float
    high: float


def about(ratio: float, times: float = 1.05) -> Told:
    """An interval that reaches so many times to both sides."""
    return Told(ratio / times, ratio * times)


@pytest.mark.parametrize(
    ("gain", "now", "agrees"),
    [(1.5, 3.0, True), (1.5, 3.4, True), (1.5, 2.85, True), (1.5, 2.0, False), (3.0, 2.0, False)],
)
def test_the_product_is_asked_for(gain: float, now: float, *, agrees: bool) -> None:
    """Twice the seed's speed and 1.5 times that make three times, or more, but for noise."""
    assert agree(about(gain), about(now), before=about(2.0)) is agrees


def test_what_is_blurred_contradicts_nothing() -> None:
    """The wider the three intervals, the more must be missing."""
    missing = about(1.5), about(2.0), about(2.0)
    assert not agree(*missing)
    blurred = about(1.5, 1.5), about(2.0, 1.5), about(2.0, 1.5)
    assert agree(*blurred)


def test_half_widths_add_as_squares() -> None:
    """Three equal ones of 10 % hide 10 % times the square root of three, times the tolerance."""
    assert agree(about(1.11, 1.1), about(2.0, 1.1), about(2.0, 1.1))
    assert not agree(about(1.14, 1.1), about(2.0, 1.1), about(2.0, 1.1))


def raced(ratio: float, spread: float, rng: random.Random, rules: Rules) -> Comparison:
    """A race between made-up times: log-normal, one in ten disturbed."""

    def measure(side: str, pair: int, repetition: int) -> Timing:
        late = math.exp(abs(rng.gauss(0, 3 * spread))) if rng.random() < 0.1 else 1.0
        seconds = (1.0 if side == "reference" else 1.0 / ratio) * late
        seconds *= math.exp(rng.gauss(0, spread))
        return Timing(seconds, seconds, 0.001)

    return race(measure, rules, rng, stalled=lambda: None, now=lambda: 0.0)


def refused(shown: float, true: float, spread: float) -> float:
    """Share of confirmed gains of so much that are refused where the true gain is another."""
    rng, ends = random.Random(11), []
    figure = Rules(precision=1.1, max_pairs=12)
    for _ in range(60):
        gain = raced(shown, spread, rng, Rules())
        if gain.verdict == "faster":
            now = raced(2.0 * true, spread, rng, figure)
            known, anew = (raced(2.0, spread, rng, figure) for _ in range(2))
            ends.append(agree(gain, now, known) or agree(gain, now, anew))
    assert len(ends) > 30
    return 1 - sum(ends) / len(ends)


@pytest.mark.parametrize("spread", [0.02, 0.08])
def test_honest_gains_stand_and_feigned_ones_fall(spread: float) -> None:
    """Of gains that are what they show, hardly any is refused; of those that are none, most."""
    assert refused(1.5, true=1.5, spread=spread) <= 0.02
    assert refused(1.5, true=1.0, spread=spread) > 0.75
