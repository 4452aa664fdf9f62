"""Where the trials of a scored run stand: the data behind its picture.

Every trial stands where the visible draws, which are the same for all, have put it: at its gap
recovered where the task knows floor and ceiling, else at its score. What fresh and sealed draws
said of the best stands beside them, so that a gain of the visible draws alone is seen to be one.
Proven by tests/loop/score/test_score_picture.py. Not covered: drawing (loop/plot.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from tachograph.ledger.kinds import CandidateScored
from tachograph.loop.archive import Archive, Record
from tachograph.loop.score.compare import gap_recovered
from tachograph.loop.score.interval import Interval, mean_interval
from tachograph.loop.score.words import seed_marks


@dataclass(frozen=True)
class Beside:
    """What another split said of one candidate."""

    label: str
    found: Interval


def height(scored: CandidateScored) -> Interval:
    """Gap recovered on these draws, or the score where there is no gap to speak of."""
    return gap_recovered(scored.scores, scored.floors, scored.ceilings) or mean_interval(
        scored.scores
    )


def height_of(record: Record) -> Interval | None:
    """Of a trial, on the visible draws; None where it has no score."""
    visible = record.marks("visible")
    return height(visible) if visible else None


def seed_height(archive: Archive) -> float:
    """Of the seed; 0 before it was scored, when nothing else was either."""
    seed = seed_marks(archive)
    return height(seed).value if seed else 0.0


def measures_gap(archive: Archive) -> bool:
    """Whether heights are gaps recovered, so that 0 is the floor and 1 the ceiling."""
    seed = seed_marks(archive)
    return bool(seed and gap_recovered(seed.scores, seed.floors, seed.ceilings))


def beside(archive: Archive) -> list[Beside]:
    """Fresh and sealed draws on the best."""
    best, held = archive.best, archive.holdout
    found = []
    if best and (fresh := best.confirmed):
        found.append(Beside("fresh", height(fresh)))
    if held and (sealed := archive.records[held.candidate].marks("sealed")):
        found.append(Beside("hold-out", height(sealed)))
    return found
