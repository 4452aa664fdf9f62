"""A brief, made from the archive's prefix: what a proposer is told can be derived again, too."""

from __future__ import annotations

import itertools
import random

from tachograph.ledger.kinds import TurnBegun
from tachograph.loop.archive import Archive
from tachograph.loop.board import findings_of
from tachograph.loop.propose.protocol import Attempt, Brief
from tachograph.task import Candidate, Task

REPEATS_TOLD = 5


def brief_of(archive: Archive, task: Task, parent: Candidate, begun: TurnBegun) -> Brief:
    """All that the proposer of this turn may know."""
    assert archive.opened is not None
    return Brief(
        task=task, parent=parent,
        history=list(archive.attempts.values()),
        tried=frozenset(archive.records),
        rng=random.Random(f"{archive.opened.random_seed}:{begun.turn}:brief"),
        turn=begun.turn, direction=begun.direction, findings=findings_of(archive),
        repeated=repeated(archive, begun.proposer),
    )  # fmt: skip


def repeated(archive: Archive, proposer: str) -> list[Attempt]:
    """What this proposer made although it was there already, the latest last."""
    again = reversed(archive.repeats.get(proposer, []))
    found = (archive.attempts[candidate] for candidate in again if candidate in archive.attempts)
    return list(itertools.islice(found, REPEATS_TOLD))[::-1]
