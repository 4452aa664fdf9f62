"""Islands: every seat climbs its own hill, and now and then learns where the highest one is.

A seat builds on the fastest sound candidate that was made in it, also where another seat's is
faster, so that one early winner does not draw everybody to the same hill. In one turn of
`MIGRATION` the whole run's best is its parent instead. The island model of parallel evolution
(Whitley, Rana and Heckendorn, 1999, "The island model genetic algorithm"), with islands of one.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from tachograph.loop.archive import Archive, Record
from tachograph.loop.choose.best import in_order
from tachograph.loop.choose.policy import Place, merits, without_repeats

MIGRATION = 5


def islands(archive: Archive, seed: str, place: Place, rng: random.Random) -> Iterator[str]:
    """The island's own, the fastest first, then all others as `best` has them."""
    return without_repeats(order(archive, seed, place, rng))


def order(archive: Archive, seed: str, place: Place, rng: random.Random) -> Iterator[str]:
    """With repeats."""
    if rng.randrange(MIGRATION) == 0:
        yield from in_order(archive, seed)
    known = merits(archive)
    own = [candidate for candidate in known if seat_of(archive, candidate) == place.seat]
    yield from sorted((c for c in own if known[c] >= 0), key=lambda c: known[c], reverse=True)
    yield seed  # a bay of one's own to begin from, before another's hill
    yield from in_order(archive, seed)


def seat_of(archive: Archive, candidate: str) -> int | None:
    """The seat in which it was made; None: by hand."""
    record: Record = archive.records[candidate]
    turn = archive.turns.get(record.proposed.turn or 0)
    return turn.begun.seat if turn else None
