"""Best first: the best so far, until the proposers have nothing more to try from it.

Then the stepping stones, candidates that passed the check and were not shown to be worse, the
best first, because a change that gains nothing by itself may make room for one that does. Then
the seed. The greediest policy, and the cheapest: all seats climb the same hill.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from tachograph.loop.archive import Archive
from tachograph.loop.choose.policy import STONES, Place, without_repeats


def best(archive: Archive, seed: str, place: Place, rng: random.Random) -> Iterator[str]:
    """The best, then the stepping stones, then the seed. Draws nothing."""
    return without_repeats(in_order(archive, seed))


def in_order(archive: Archive, seed: str) -> Iterator[str]:
    """With repeats."""
    yield archive.best.id if archive.best else seed
    stones = [r for r in archive.trials if r.verdict in STONES and r.merit is not None]
    stones.sort(key=lambda r: r.merit or 0.0, reverse=True)
    for record in stones:
        yield record.id
    yield seed
