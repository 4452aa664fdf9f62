"""The team: who sits where, and whose turn it is next, from which parent, in which direction.

`choose` is a pure function of the archive's prefix, the team and the numbers of turn and seat, so
that every choice of a run can be derived again from its ledger (loop/rederive.py). Proven by
tests/loop/test_team.py. Not covered: how turns are held (turn.py, seats.py).
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from tachograph.errors import UsageError
from tachograph.loop import bandit
from tachograph.loop.archive import Archive
from tachograph.loop.choose import Place, find_policy
from tachograph.loop.propose.protocol import Proposer

MOST_SEATS = 64
JUDGES_SEAT = 0
"""Of proposers that think on the judge's thread, in a team where others do not."""


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
    pause_seconds: float = 0.0
    """What a seat waits after a failed turn; four times as long after each further one in a row."""
    here: tuple[str, ...] = ()
    """Proposers that think on the judge's thread, where others do not: they have its own seat."""
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
        return asdict(self) | {"directions": list(self.directions), "here": list(self.here)}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Team:
        """From what the ledger holds; what is missing there is as it was before there were teams.

        Raises UsageError.
        """
        known = {field.name for field in fields(cls)}
        given = {name: value for name, value in plain.items() if name in known}
        for name in ("directions", "here"):
            given[name] = tuple(plain.get(name, ()))
        return cls(**given)

    def direction(self, seat: int) -> str:
        """Of that seat; empty where it has none."""
        return self.directions[seat - 1] if 1 <= seat <= len(self.directions) else ""

    def sitting(self, proposers: Sequence[str], seat: int) -> list[str]:
        """Those who may have a turn in that seat."""
        if not self.here:
            return list(proposers)
        return [name for name in proposers if (name in self.here) == (seat == JUDGES_SEAT)]


def seated(team: Team, proposers: Sequence[Proposer]) -> Team:
    """The team with the judge's own seat for those that think here, where others do not."""
    here = tuple(proposer.name for proposer in proposers if proposer.thinks_here)
    return replace(team, here=here if len(here) < len(proposers) else ())


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
    willing = [name for name in team.sitting(proposers, seat) if not is_retired(archive, team, name)
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
