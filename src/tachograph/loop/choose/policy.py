"""What a policy is, and what policies share: who may be built upon, and what each is worth."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from tachograph.loop.archive import Archive, Record


@dataclass(frozen=True)
class Place:
    """For whom a parent is chosen."""

    seat: int
    """From 1."""
    seats: int
    """How many there are."""


class Policy(Protocol):
    """Parents in the order in which they are to be tried."""

    def __call__(self, archive: Archive, seed: str, place: Place,
                 rng: random.Random) -> Iterator[str]:  # fmt: skip
        """Candidate ids, each once; the seed's is among them.

        A pure function: `seed` is the id of the task as given, and `rng` all that it may draw from.
        """
        ...


STONES = ("same", "not-resolved", "faster-unconfirmed", "better-unconfirmed")
"""Verdicts of stepping stones: they passed the check and were not shown to be worse."""
SOUND = ("kept", *STONES, "slower", "worse")
"""Verdicts of all that passed the check and was timed or scored."""


def merits(archive: Archive) -> dict[str, float]:
    """What every sound candidate is better than the seed, the seed (0) not among them: in log
    speed-up, or in units of the score.

    That of a comparison with the best of its time stands on that best's own; where the best was
    revoked since, on the seed.
    """
    found: dict[str, float] = {}
    for record in archive.trials:
        if record.verdict in SOUND and (merit := merit_of(record, found)) is not None:
            found[record.id] = merit
    return found


def merit_of(record: Record, known: dict[str, float]) -> float | None:
    """Of one candidate, where those that came before it are known; None where there is none."""
    if record.kept and record.kept.ratio:
        return math.log(record.kept.ratio)
    if record.compared:
        last = record.compared[-1]
        return known.get(last.against, 0.0) + last.gain
    if record.screen is None or record.screen.ratio <= 0:
        return 0.0 if record.kept else None
    return known.get(record.screen.against, 0.0) + math.log(record.screen.ratio)


def without_repeats(candidates: Iterator[str]) -> Iterator[str]:
    """Each once, at its first place."""
    seen: set[str] = set()
    for candidate in candidates:
        if candidate not in seen:
            seen.add(candidate)
            yield candidate
