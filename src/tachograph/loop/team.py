"""The team: who sits where, and whose turn it is next, from which parent, in which direction.

`choose` is a pure function of the archive's prefix, the team and the numbers of turn and seat, so
that every choice of a run can be derived again from its ledger (loop/rederive.py). Proven by
tests/loop/test_team.py. Not covered: how turns are held (turn.py, seats.py).
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from tachograph.errors import UsageError
from tachograph.loop import bandit
from tachograph.loop.archive import Archive
from tachograph.loop.choose import Place, find_policy

MOST_SEATS = 64


@dataclass(frozen=True)
class Team:
    """How a run's proposers work together. As it is recorded when the run opens."""

    seats: int = 1
    """Turns that may be thought about at once."""
    policy: str = "best"
    directions: tuple[str, ...] = ()
    """One for each seat; a seat beyond them has none."""
    patience: int = 5
    """A proposer that brought nothing new this many turns in a row gets no further one."""
    turn_seconds: float = 3600.0
    """A turn that takes longer, the judge's time not counted, is given up."""
    until: str = ""
    """What ends the run when the best has it (loop/until.py); empty: nothing but budgets."""

    def __post_init__(self) -> None:
        if not 1 <= self.seats <= MOST_SEATS:
            raise UsageError(f"{self.seats} seats", hint=f"give 1 to {MOST_SEATS}")
        if not self.turn_seconds > 0:
            raise UsageError(f"a turn of {self.turn_seconds} seconds", hint="give more than 0")
        find_policy(self.policy)

    def plain(self) -> dict[str, Any]:
        """As the ledger holds it."""
        return asdict(self) | {"directions": list(self.directions)}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Team:
        """From what the ledger holds; what is missing there is as it was before there were teams.

        Raises UsageError.
        """
        known = {field.name for field in fields(cls)}
        given = {name: value for name, value in plain.items() if name in known}
        return cls(**given | {"directions": tuple(plain.get("directions", ()))})

    def direction(self, seat: int) -> str:
        """Of that seat; empty where it has none."""
        return self.directions[seat - 1] if seat <= len(self.directions) else ""


@dataclass(frozen=True)
class Choice:
    """Whose turn it is."""

    proposer: str
    parent: str
    direction: str


def choose(archive: Archive, team: Team, proposers: Sequence[str], turn: int,
           seat: int) -> Choice | None:  # fmt: skip
    """The proposer, parent and direction of this turn; None where nobody has more to try."""
    opened = archive.opened
    assert opened is not None
    rng = random.Random(f"{opened.random_seed}:{turn}")
    place = Place(seat, team.seats)
    parents = list(find_policy(team.policy)(archive, opened.seed_candidate, place, rng))
    willing = [name for name in proposers if not is_retired(archive, team, name)
               and any((name, parent) not in archive.exhausted for parent in parents)]  # fmt: skip
    if not willing:
        return None
    proposer = bandit.choose(archive, willing, rng)
    parent = next(p for p in parents if (proposer, p) not in archive.exhausted)
    return Choice(proposer, parent, team.direction(seat))


def is_retired(archive: Archive, team: Team, proposer: str) -> bool:
    """Whether it has tried the team's patience. With more seats, more turns may go wrong at once:
    an outage of a minute must not look like a proposer that never works.
    """
    return archive.barren.get(proposer, 0) >= max(team.patience, 2 * team.seats)


def why_retired(archive: Archive, team: Team, proposers: Sequence[str]) -> str:
    """One sentence for each that is; empty where none is."""
    return "; ".join(
        f"{name} retired after {archive.barren[name]} turns without anything new, the last: "
        f"{archive.last_barren[name]}"
        for name in proposers
        if is_retired(archive, team, name)
    )
