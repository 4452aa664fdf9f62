"""The seat's own folder in a box: `tacho`, the two files behind it, and seat.json.

It lies outside of the workspace and is shown to be read only. An agent may put another `tacho`
before it on its path, or answer itself in the judge's place: it deceives nobody but itself.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from tachograph.loop.propose.command.door import Door
from tachograph.sandbox.workspace import Workspace
from tachograph.task import Task

INSIDE = Path(__file__).parent / "inside"
FILES = ("client.py", "tools.py")
SEAT = "seat.json"
SCRIPT = '#!/bin/sh\nexec {python} -I -S {folder}/client.py "$@"\n'
"""Without site packages and without the user's variables: it starts in hundredths of a second."""


@dataclass(frozen=True)
class Installed:
    """The folder, at the same place in the box and outside of it."""

    folder: Path
    door: Door
    task: Task

    def point(self, workspace: Workspace) -> None:
        """Write seat.json, once the box's own places are known."""
        seat = {
            "version": 1, "socket": f"/run/{self.door.path.name}", "port": self.door.port,
            "token": self.door.token, "workspace": workspace.root,
            "editable": list(self.task.seed.files), "most_bytes": self.task.source_kib << 10,
        }  # fmt: skip
        path = self.folder / SEAT
        path.touch(mode=0o600)
        path.write_text(json.dumps(seat))
        if os.getuid() == 0:
            os.chown(path, workspace.uid, -1)


def install(door: Door, task: Task, python: Path | None = None) -> Installed:
    """Put the client beside the door."""
    folder = door.ground.path / "seat"
    folder.mkdir()
    for name in FILES:
        (folder / name).write_text((INSIDE / name).read_text())
    script = folder / "tacho"
    script.write_text(SCRIPT.format(python=python or Path(sys.executable), folder=folder))
    script.chmod(0o755)
    folder.chmod(0o755)
    return Installed(folder, door, task)
