"""The order of the argument: which question each part of the report asks, and which gauges answer.

Proven by tests/gauges/report/test_page.py: every gauge has one place.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """One part of the report."""

    key: str
    """Anchor on the page."""
    question: str
    about: str
    """What its gauges have in common, and what they do not say."""
    gauges: tuple[str, ...]


PARTS = (
    Part("share", "How much of the work does AI do?",
         "Counts of merged work by who made it. They say nothing about its worth.",
         ("attribution", "lines")),
    Part("quality", "How well does AI do it?",
         "Success, gains and judgement, measured, judged or told. Told is not measured.",
         ("sessions", "speed-up", "gap", "next-step", "survey", "uplift")),
    Part("growth", "How fast does that grow?",
         "Trends over time and releases, and whether the yardsticks still measure.",
         ("horizon", "trend", "saturation", "stitching")),
    Part("limit", "Where is it stuck?",
         "What faster stages do to the whole, and which stage comes next.",
         ("bottleneck",)),
    Part("outlook", "What may follow?",
         "What declared priors imply. No forecast, and no better than the priors.",
         ("outlook",)),
)  # fmt: skip
"""In the order in which each question needs the answer of those before it."""


def place(gauge: str) -> Part:
    """The part in which a gauge stands. Raises AssertionError for a gauge without one."""
    found = [part for part in PARTS if gauge in part.gauges]
    assert len(found) == 1, f"{gauge} needs one place in PARTS"
    return found[0]
