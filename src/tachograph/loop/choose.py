"""Choosing a parent: a policy is one function of the archive, and this is the one there is.

`best_first`: the best so far, until the proposer has nothing more to try from it; then the
stepping stones, candidates that passed the check and were not shown to be slower, the fastest
first, because a change that gains nothing by itself may make room for one that does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from tachograph.loop.archive import Archive

STONES = ("same", "not-resolved", "faster-unconfirmed", "better-unconfirmed")


class Policy(Protocol):
    """Parents in the order in which they are to be tried."""

    def __call__(self, archive: Archive, seed: str) -> Iterator[str]:
        """Candidate ids; at least one. `seed` stands in where nothing was kept."""
        ...


def best_first(archive: Archive, seed: str) -> Iterator[str]:
    """The best, then the stepping stones, then the seed."""
    best = archive.best
    yield best.id if best else seed
    stones = [r for r in archive.trials if r.verdict in STONES and r.merit is not None]
    stones.sort(key=lambda r: r.merit or 0.0, reverse=True)
    for record in stones:
        yield record.id
    if best:
        yield seed
