"""Where every trial of a run stands against the seed: the data behind the picture.

Pure functions of the archive. A trial that was raced against the best of its time stands at that
best's speed-up times the ratio of the race; one of a scored run at what the visible draws say. A
trial that was neither has no height, and none is made up for it. Proven by tests/loop/test_plot.py.
Not covered: drawing (plot.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tachograph.loop.archive import Archive, Record
from tachograph.loop.score import progress as scored

Fate = Literal[
    "kept", "same", "not resolved", "slower", "worse", "wrong", "failed", "not raced", "no queries",
    "box broke",
]  # fmt: skip

FATES: dict[str, Fate] = {
    "kept": "kept",
    "same": "same",
    "slower": "slower",
    "worse": "worse",
    "not-resolved": "not resolved",
    "faster-unconfirmed": "not resolved",
    "better-unconfirmed": "not resolved",
    "no-queries": "no queries",
    "unpromising": "not raced",
    "too-costly": "not raced",
    "wrong": "wrong",
    "box-failed": "box broke",
}
"""What became of a trial, by the archive's word for it. Every other word is `failed`."""

RACED: frozenset[Fate] = frozenset({"kept", "same", "not resolved", "slower", "worse"})
"""Fates with a height. What won its first race and was wrong in the second has none."""

LABEL_CHARACTERS = 30
LAST_LATIN = 0x24F


@dataclass(frozen=True)
class Point:
    """One finished trial."""

    trial: int
    """From 1, in the order in which the trials ended."""
    candidate: str
    parent: str
    """Id of its first parent; empty where it has none."""
    label: str
    fate: Fate
    height: float | None
    """Speed-up against the seed, gap recovered, or score; None: neither raced nor scored."""
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Yardstick:
    """What heights mean in a run."""

    label: str
    seed: float
    """Where the seed stands."""
    is_ratio: bool
    """Speed-ups, which stand on a logarithmic scale."""
    lines: tuple[tuple[str, float], ...] = ()
    """Heights with a name of their own."""


def yardstick(archive: Archive) -> Yardstick:
    """Of this run."""
    if archive.scorer is None:
        return Yardstick("speed-up against the seed", 1.0, is_ratio=True)
    seed = scored.seed_height(archive)
    if scored.measures_gap(archive):
        return Yardstick("gap recovered", seed, is_ratio=False,
                         lines=(("floor", 0.0), ("ceiling", 1.0)))  # fmt: skip
    return Yardstick("score", seed, is_ratio=False)


def points(archive: Archive) -> list[Point]:
    """All finished trials, in the order in which they ended."""
    standing = {r.id: r.kept.ratio for r in archive.kept if r.kept and r.kept.ratio is not None}
    ended = sorted(archive.trials, key=lambda record: record.finished_at)
    return [point(number, record, standing) for number, record in enumerate(ended, start=1)]


def point(trial: int, record: Record, standing: dict[str, float]) -> Point:
    """One trial; `standing` holds the speed-up of each kept candidate, by id. The seed's is 1."""
    fate = FATES.get(record.verdict, "failed")
    height, low, high = None, None, None
    if record.compared:
        if fate in RACED and (found := scored.height_of(record)):
            height, low, high = found
    elif record.kept:
        height, low, high = record.kept.ratio, record.kept.low, record.kept.high
    elif fate in RACED and (raced := record.screen) is not None:
        scale = standing.get(raced.against, 1.0)
        height, low, high = raced.ratio * scale, raced.low * scale, raced.high * scale
    return Point(
        trial=trial,
        candidate=record.id,
        parent=record.proposed.parents[0] if record.proposed.parents else "",
        label=legible(record.proposed.label),
        fate=fate,
        height=height,
        low=low,
        high=high,
    )


def legible(text: str) -> str:
    """Untrusted text on one short line, in letters that every font has."""
    line = " ".join(text.split())
    shown = "".join(c if c.isprintable() and ord(c) <= LAST_LATIN else "?" for c in line)
    return shown if len(shown) <= LABEL_CHARACTERS else shown[: LABEL_CHARACTERS - 1] + "…"
