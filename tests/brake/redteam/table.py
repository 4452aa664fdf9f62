"""The table of evasions: each row a cheat, what must catch it, and honest twins that look alike.

    @cheat(30, "wrong key", caught_by="V1")
    def signed_by_another(world: World) -> str: ...      # who cheats: the subject of the failure

    @twin(30)
    def signed_after_a_change_of_keys(world: World) -> None: ...

A row that no check can see has `unseen` instead of `caught_by`: the name under which unseen.UNSEEN
has it. A row that only some bundles can show has `not_assessed`: the check that must then say so. A
cheat and a twin get a world that has not run; they may run it (`world.run()`) and tamper then.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .world import World

Cheat = Callable[[World], str]
"""Changes a world; who should be blamed: a party's name, or EVERYBODY."""
Twin = Callable[[World], None]
"""Changes a world honestly."""
ROWS = range(1, 54)


@dataclass(frozen=True)
class Case:
    """One way of cheating."""

    row: int
    """Number in the table, from 1."""
    name: str
    """What it does, in a few words."""
    cheat: Cheat
    caught_by: tuple[str, ...] = ()
    """Checks that must fail, all of them, for the cheater."""
    not_assessed: tuple[str, ...] = ()
    """Checks that must say that they could not tell, for the cheater; a pass is a miss."""
    unseen: str = ""
    """What of UNSEEN this is; the audit must name it, and nothing need fail."""
    paused: bool | None = None
    """Whether the world must pause; None: either."""


@dataclass(frozen=True)
class Honest:
    """One honest thing that looks like cheating."""

    row: int
    """Number in the table of what it looks like."""
    name: str
    """What it does, in a few words."""
    twin: Twin
    paused: bool | None = None
    """Whether the world must pause; None: either."""


@dataclass
class Table:
    """All of both kinds, in the order they were written."""

    cases: list[Case] = field(default_factory=list)
    twins: list[Honest] = field(default_factory=list)


TABLE = Table()


def cheat(
    row: int,
    name: str,
    *,
    caught_by: str = "",
    not_assessed: str = "",
    unseen: str = "",
    paused: bool | None = None,
) -> Callable[[Cheat], Cheat]:
    """Enter a way of cheating. Checks are named with spaces between: `V3 V12`."""
    assert row in ROWS and (caught_by or not_assessed or unseen), name

    def enter(function: Cheat) -> Cheat:
        TABLE.cases.append(
            Case(row, name, function, tuple(caught_by.split()), tuple(not_assessed.split()),
                 unseen, paused)
        )  # fmt: skip
        return function

    return enter


def twin(row: int, name: str, *, paused: bool | None = None) -> Callable[[Twin], Twin]:
    """Enter an honest thing that looks like a row."""
    assert row in ROWS, name

    def enter(function: Twin) -> Twin:
        TABLE.twins.append(Honest(row, name, function, paused))
        return function

    return enter


def load() -> Table:
    """The whole table: every file `rows_*.py` beside this one."""
    for path in sorted(Path(__file__).parent.glob("rows_*.py")):
        importlib.import_module(f"{__package__}.{path.stem}")
    return TABLE
