"""A gain over the best that does not show against the seed is no gain."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

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
    blurred = about(1.5, 1.3), about(2.0, 1.3), about(2.0, 1.3)
    assert agree(*blurred)


def test_half_widths_add_as_squares() -> None:
    """Three equal ones of 10 % hide 10 % times the square root of three, and no more."""
    assert agree(about(1.17, 1.1), about(2.0, 1.1), about(2.0, 1.1))
    assert not agree(about(1.19, 1.1), about(2.0, 1.1), about(2.0, 1.1))
