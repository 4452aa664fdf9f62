"""Boxes on macOS: level C behind `sandbox-exec`, level D without walls.

No zygote: each call is a fresh interpreter, in a session of its own, walled in before it starts.
The walls were never run on a Mac. All the rest is proven on Linux by tests/sandbox/test_macos.py.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tachograph.errors import BoxError
from tachograph.sandbox.box import COMMAND_PROCESSES, Box
from tachograph.sandbox.call import CandidateError, failed
from tachograph.sandbox.inside import alone, child, frame, leftovers, warmth
from tachograph.sandbox.launch import PACKAGE, START_SECONDS
from tachograph.sandbox.levels import LevelError
from tachograph.sandbox.macos_call import MacCall
from tachograph.sandbox.memory import MemoryFile, sealed_inputs
from tachograph.sandbox.outcome import Failed, Finished
from tachograph.sandbox.program import Program
from tachograph.sandbox.seatbelt import profile

SANDBOX_EXEC = Path("/usr/bin/sandbox-exec")
ASK = """
import json, os, sys
found = [sys.prefix, sys.base_prefix, sys.exec_prefix, os.path.dirname(sys.executable)]
print(json.dumps([os.path.realpath(path) for path in found]))
"""
# the sources come along, because the walls hide the judge's folder from the start
BOOT = """
import json, sys, types
sys.path[:] = [path for path in sys.path if path]
sources, config = json.loads(sys.argv.pop()), json.loads(sys.argv.pop())
for name, source in sources:
    module = sys.modules[name] = types.ModuleType(name)
    module.__path__ = []
    parent, _, last = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], last, module)
    exec(compile(source, name, "exec"), module.__dict__)
module.main(config)
"""


class MacBox(Box, platform="darwin"):
    """A box whose every call is a fresh interpreter."""

    launcher = SANDBOX_EXEC
    folders: tuple[Path, ...] = ()
    """Where the interpreter lies."""

    def start(self) -> None:
        """Look whether level and interpreter can be had."""
        if self.level == "C" and not self.launcher.exists():
            raise LevelError("C", f"there is no {self.launcher}")
        # the profile knows true paths only, and macOS' temporary folder is reached by a link
        self.staging = self.ground.path.resolve()
        command = [str(self.python), "-s", "-B", "-c", ASK]
        try:
            said = subprocess.run(
                command, env=self.environment(), stdin=subprocess.DEVNULL, capture_output=True,
                check=True, timeout=START_SECONDS,
            )  # fmt: skip
            self.folders = tuple(sorted({Path(path) for path in json.loads(said.stdout)}))
        except OSError as error:
            raise BoxError(f"{self.python} cannot be started: {error.strerror}") from None
        except (subprocess.SubprocessError, ValueError) as error:
            raise BoxError(f"{self.python} cannot serve as a box's interpreter: {error}",
                           hint="it must be CPython 3.9 or newer") from None  # fmt: skip

    def wrapper(self, several: bool) -> list[str]:
        """What an interpreter is started through: the walls. Empty at level D."""
        if self.level == "D":
            return []
        text = profile(interpreter=self.folders, scratch=self.staging,
                       hidden=[PACKAGE, *self.hidden_folders()], several=several)  # fmt: skip
        return [str(self.launcher), "-p", text]

    def hidden_folders(self) -> list[Path]:
        """Where the packages lie that are not to be shown."""
        return [
            found.resolve() for folder in self.folders for name in self.hidden
            for found in sorted(folder.glob(f"lib/python*/site-packages/{name}"))
        ]  # fmt: skip

    def start_child(self, config: dict[str, Any], given: list[int],
                    log: int) -> subprocess.Popen[bytes]:  # fmt: skip
        """Start one call's interpreter. Raises BoxError."""
        config["libraries"] = self.libraries
        command = [*self.wrapper(config["limits"]["processes"] > 1), str(self.python), "-s", "-B",
                   "-c", BOOT, json.dumps(config), json.dumps(sources())]  # fmt: skip
        try:
            return subprocess.Popen(
                command, env=self.environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                pass_fds=given, cwd="/", start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise BoxError(f"{command[0]} cannot be started: {error.strerror}") from None

    def run(self, program: Program, inputs: Mapping[str, Any] | MemoryFile, *,
            warm: bool = False) -> Finished | Failed:  # fmt: skip
        """One call of `program` in a fresh box, on `inputs`. Raises BoxError as `Box.run` does."""
        files, has_kept = self.files_of(program)
        limits = self.limits
        if program.run and limits.processes == 1:
            limits = replace(limits, processes=COMMAND_PROCESSES)
        # twins, because a descriptor of an unnamed file gives the right to write it
        with sealed_inputs(inputs) as given, files.twin("files") as twin:
            try:
                with MacCall(program, twin, level=self.level, limits=limits, has_kept=has_kept,
                             warm=warm, scratch=self.staging,
                             start=self.start_child) as call:  # fmt: skip
                    try:
                        setup = call.begin()
                        if not has_kept and call.kept_bytes:
                            self.remember(program, call.left_behind())
                        return call.go(given, setup)
                    except CandidateError as ended:
                        return failed(ended, call.log_text(), call.end()[1])
            finally:
                self.empty()

    def load(self, program: Program, *, warm: bool = False) -> None:
        """Nothing is loaded ahead."""

    def empty(self) -> None:
        """Nothing of one call is there for the next. Raises BoxError."""
        try:
            leftovers.empty(str(self.staging))
        except OSError as error:
            raise BoxError(f"the scratch could not be emptied: {error}",
                           hint="open the box anew") from None  # fmt: skip

    def stop(self) -> None:
        """Nothing stays between calls."""


def sources() -> Sequence[tuple[str, str]]:
    """The child's modules, each after what it needs."""
    packages = ("tachograph", "tachograph.sandbox", "tachograph.sandbox.inside")
    return [(name, "") for name in packages] + [
        (module.__name__, Path(module.__file__ or "").read_text())
        for module in (frame, warmth, child, alone)
    ]
