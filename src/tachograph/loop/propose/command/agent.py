"""A coding agent that is installed here: its program, and the box that it is run in.

Proven by tests/loop/propose/command/test_proposer.py.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from tachograph.errors import UsageError
from tachograph.loop.propose.command.preset import PREFIX, preset_of
from tachograph.loop.propose.command.reach import shown_for
from tachograph.loop.propose.command.withheld import Withheld
from tachograph.loop.propose.protocol import Desk
from tachograph.sandbox import Level
from tachograph.sandbox.memory import printable
from tachograph.sandbox.workspace import Workspace

VERSION_SECONDS = 60.0
VERSION_CHARACTERS = 80
TURN_SECONDS = 3600.0


class Agent:
    """How one coding agent is run, whoever's turn it is. Several may run at once.

    Used in a `with`, it is tried first whether its box can be had and its program starts there.
    """

    def __init__(self, spec: str, *, level: Level | None = None, hidden: Sequence[Path] = (),
                 turn_seconds: float = TURN_SECONDS) -> None:  # fmt: skip
        """`spec`: what stands after `command:`. `hidden`: folders of the judge's, kept out of
        sight wherever they lie. `turn_seconds`: a turn is ended then, waiting for the judge
        included. Raises UsageError where the program or its preset is not there.
        """
        self.preset = preset_of(spec)
        self.program = self.preset.found()
        self.name = PREFIX + spec.removeprefix(PREFIX)
        self.level = level
        self.hidden = tuple(hidden)
        self.limits = self.preset.limits(turn_seconds)
        self.version: str | None = None
        passed = Withheld(self.preset.passed()).named(self.name)
        if passed:
            raise UsageError(
                f"the command line holds the value of {passed}, and would be recorded",
                hint="leave it out: the agent finds it in its environment",
            )
        if level == "B" and not self.preset.network:
            raise UsageError(f"{self.name}: at level B it has no way to ask the judge",
                             hint="level A; or a preset with network = true")  # fmt: skip

    def __enter__(self) -> Self:
        with tempfile.TemporaryDirectory() as folder, self.box(Path(folder)) as workspace:
            self.version = self.version_in(workspace)
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is held between turns."""

    def box(self, folder: Path, *, shown: Sequence[Path] = (), hidden: Sequence[Path] = (),
            packages: Sequence[str] = (), sockets: Mapping[str, Path] | None = None,
            ) -> Workspace:  # fmt: skip
        """A box round `folder`, with what the preset lets in. Raises BoxError."""
        preset = self.preset
        return Workspace.open(
            folder, level=self.level or "A", limits=self.limits,
            shown=[*shown, *shown_for(self.program), *(Path(p).expanduser() for p in preset.shows)],
            hidden=[*self.hidden, *hidden], hidden_packages=packages, sockets=sockets,
            network=preset.network, environment=dict(preset.settings) | preset.passed(),
        )  # fmt: skip

    def environment(self, workspace: Workspace, first: Sequence[Path] = ()) -> dict[str, str]:
        """The path in a box: what comes first, then the agent's own programs."""
        path = workspace.environment()["PATH"]
        own = (self.program.parent, self.program.resolve().parent)
        return {"PATH": ":".join(dict.fromkeys([*map(str, (*first, *own)), *path.split(":")]))}

    def version_in(self, workspace: Workspace) -> str:
        """What the program says of its version; empty where it says nothing. Raises UsageError
        where it cannot be started.
        """
        if not self.preset.version:
            return ""
        words = [str(self.program.resolve()), *self.preset.version]
        said = workspace.exec(words, environment=self.environment(workspace),
                              timeout_seconds=VERSION_SECONDS)  # fmt: skip
        lines = printable((said.stdout or said.stderr).decode("utf-8", "replace")).splitlines()
        line = next((line.strip() for line in lines if line.strip()), "")[:VERSION_CHARACTERS]
        if said.status:
            raise UsageError(f"{self.program} does not start in a box: {line or said.status}",
                             hint="a preset's `shows` names what else it reads")  # fmt: skip
        return line

    def opens(self) -> list[str]:
        """What it lets into the box, by name: shown when a run begins."""
        return self.preset.opens() + [f"{path} (to read)" for path in shown_for(self.program)]

    def bound(self, desk: Desk) -> float | None:
        """What it is told that it may spend; None: it takes no such word."""
        if not self.preset.money:
            return None
        left = desk.left().get("money_usd")
        return self.preset.turn_usd if left is None else min(left, self.preset.turn_usd)
