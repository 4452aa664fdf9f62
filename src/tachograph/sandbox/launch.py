"""Processes of ours beside the judge: a zygote or a keeper, started with a line to it.

They run in the task's own interpreter, where Tachograph need not be installed: a few lines of boot
code show them the folder inside/ as a package, and nothing else of this one.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tachograph.errors import BoxError
from tachograph.sandbox.levels import Level, LevelError
from tachograph.sandbox.memory import MemoryFile

PACKAGE = Path(__file__).resolve().parents[1]
START_SECONDS = 120.0
STOP_SECONDS = 5.0
COMPLAINT_BYTES = 16_384

BOOT = """
import sys, types
sys.path[:] = [p for p in sys.path if p]
for name, path in (("tachograph", {0!r}), ("tachograph.sandbox", {0!r} + "/sandbox")):
    module = sys.modules[name] = types.ModuleType(name)
    module.__path__ = [path]
from tachograph.sandbox.inside.{1} import main
main()
"""


class Launched:
    """A process and the line to it."""

    def __init__(self, process: subprocess.Popen[bytes], line: socket.socket) -> None:
        self.process = process
        self.line = line

    def stop(self) -> None:
        """Hang up, and wait until it has ended; whatever it had forked ends with it."""
        self.line.close()
        if self.process.returncode is None:
            end_session(self.process.pid)
        self.process.wait()


def launch(module: str, *, level: Level, python: Path, config: Mapping[str, Any],
           environment: Mapping[str, str]) -> Launched:  # fmt: skip
    """Start `main` of an inside module, and wait until it is ready behind its walls.

    Raises LevelError where a wall would not stand, BoxError where the interpreter is at fault.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    # the configuration goes over the line: what is in a command anyone may read
    ours.send(json.dumps({**config, "level": level}).encode())
    command = [str(python), "-s", "-B", "-c", BOOT.format(str(PACKAGE), module),
               str(theirs.fileno())]  # fmt: skip
    with theirs, MemoryFile.bounded("complaints", COMPLAINT_BYTES) as complaints:
        try:
            process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=complaints.descriptor,
                pass_fds=[theirs.fileno()], cwd="/", start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            ours.close()
            raise BoxError(f"{python} cannot be started: {error.strerror}") from None
        theirs.close()
        launched = Launched(process, ours)
        try:
            await_ready(launched, level, python, complaints)
        except BoxError:
            launched.stop()
            raise
        return launched


def await_ready(launched: Launched, level: Level, python: Path, complaints: MemoryFile) -> None:
    """Wait until it is warm and behind its walls. Raises BoxError."""
    launched.line.settimeout(START_SECONDS)
    try:
        answer = json.loads(launched.line.recv(65536) or b"{}")
    except OSError:
        answer = {"error": f"no answer within {START_SECONDS:g} s"}
    if "ready" in answer:
        return
    if "wall" in answer:
        raise LevelError(level, answer["wall"])
    if "library" in answer:
        raise BoxError(
            f"{python} cannot import a library of the task: {answer['library']}",
            hint="install it there, or name another python in task.toml",
        )
    reason = answer.get("error") or (complaints.text().strip().splitlines() or ["no reason"])[-1]
    raise BoxError(f"{python} cannot serve as a box's interpreter: {reason}",
                   hint="it must be CPython 3.9 or newer")  # fmt: skip


def end_session(leader: int) -> None:
    """Wait until a child that was told to end has ended, and kill what is left of its session.

    Its number stays the session's own until it is waited for, which is left to the caller.
    """
    handle = os.pidfd_open(leader)
    select.select([handle], [], [], STOP_SECONDS)
    os.close(handle)
    for group in {leader, *groups_of(leader)}:
        with contextlib.suppress(OSError):
            os.killpg(group, signal.SIGKILL)


def groups_of(session: int) -> set[int]:
    """The process groups of a session."""
    found = set()
    for process in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = process.read_bytes().rpartition(b")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session:
            found.add(int(fields[2]))
    return found
