"""A folder in which commands run behind walls: for coding agents, and for what they run.

    with Workspace.open(folder, level="A") as workspace:
        ended = workspace.exec(["python", "-m", "pytest", "-q"], timeout_seconds=60)
        print(ended.status, ended.stdout.decode())
        source = workspace.read("train.py")

Where a Box makes one call of one candidate and is timed, a workspace lives for a while: commands
may start processes, and what they leave running is killed at `clear` or `close`. It shows them the
folder, the system's programs, the interpreter, what the caller names, and nothing of the judge.
The levels are those of levels.py, never lowered in silence; macOS has none for workspaces but D.

Proven by tests/sandbox/test_workspace.py and test_workspace_walls.py. Not covered: timing.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tachograph.errors import BoxError, UsageError
from tachograph.sandbox import ownership, standstill
from tachograph.sandbox.inside import reports, view
from tachograph.sandbox.launch import PACKAGE, Launched, launch
from tachograph.sandbox.levels import CHAIN, HERE, Level, LevelError
from tachograph.sandbox.memory import MemoryFile
from tachograph.sandbox.pump import TOO_SLOW, Ended, Pump
from tachograph.sandbox.spare import SpareUid
from tachograph.sandbox.staging import Staging
from tachograph.sandbox.usage import Usage
from tachograph.sandbox.watch import children

REQUEST_BYTES = 4 << 20
END_SECONDS = 20.0
READ_MIB = 100
FILE_SECONDS = 60.0
FILE_MODE = 0o644
STOPPED = "stopped"
__all__ = ["Ended", "Workspace", "WorkspaceLimits"]


@dataclass(frozen=True)
class WorkspaceLimits:
    """What all that runs in one workspace may use together."""

    wall_seconds: float = 600.0
    """For one command, where the call names no time of its own."""
    memory_mib: int = 4096
    """Resident memory, private and shared."""
    tasks: int = 512
    """Processes and threads at once."""
    disk_mib: int = 2048
    """What folder, scratch and writable paths may grow by; the size of any one file."""
    entries: int = 100_000
    """Files and folders by which they may grow."""
    output_kib: int = 10_240
    """stdout and stderr, each; what a command writes beyond is dropped."""


class Workspace:
    """Use it in a `with`. Threads may run commands in it at once."""

    def __init__(self, folder: Path, *, level: Level, limits: WorkspaceLimits,
                 python: Path, environment: Mapping[str, str]) -> None:  # fmt: skip
        self.folder = folder
        self.level: Level = level
        self.limits = limits
        self.python = python
        self.added = dict(environment)
        self.keeper: Launched | None = None
        self.spare: SpareUid | None = None
        self.lock = threading.Lock()
        self.ground = Staging()
        self.scratch = self.ground.path / "scratch"

    @classmethod
    def open(cls, folder: Path, *, level: Level = "A", limits: WorkspaceLimits | None = None,
             python: Path | None = None, shown: Sequence[Path] = (),
             writable: Sequence[Path] = (), hidden: Sequence[Path] = (),
             hidden_packages: Sequence[str] = (),
             sockets: Mapping[str, Path] | None = None, network: bool = False,
             environment: Mapping[str, str] | None = None) -> Workspace:  # fmt: skip
        """A workspace on `folder`, which its commands may write to.

        `shown`: paths that they may read as well, at their own place; `writable`: and write to;
        `hidden`: folders that stay out of sight wherever they lie; `hidden_packages`: of the
        interpreter's, those that do. `sockets`: Unix sockets of the
        judge's (level A only), by the name that they get in /run. `network`: the machine's own,
        its loopback included; else an empty one. `environment`: all that commands see of it,
        besides a few variables of ours.

        As root, folder and writable paths belong to a spare uid for the time. Raises BoxError
        where the level cannot be had here, UsageError where a path is not there.
        """
        if level not in HERE or (level == "C"):
            raise LevelError(level, f"a workspace is not made for {sys.platform}")
        if sockets and level == "B":
            raise LevelError(level, "no wall of it can let one Unix socket in and no other")
        made = cls(folder.resolve(), level=level, limits=limits or WorkspaceLimits(),
                   python=python or Path(sys.executable),
                   environment=environment or {})  # fmt: skip
        paths = {
            "shown": absolute(shown), "writable": absolute(writable),
            "masks": [str(PACKAGE), *absolute(hidden)],
            "hidden_packages": list(hidden_packages),
            "sockets": {name: str(path.resolve()) for name, path in (sockets or {}).items()},
        }  # fmt: skip
        check_there([made.folder, *shown, *writable, *(sockets or {}).values()])
        try:
            made.start(paths, network)
        except BoxError:
            made.close()
            raise
        return made

    @classmethod
    def open_best(cls, folder: Path, level: Level | None = None, **options: Any) -> tuple[
        Workspace, list[str]]:  # fmt: skip
        """A workspace at `level`, or where that is None at the best that can be had here, with one
        sentence for each higher level given up: show them to the user. Raises as `open` does.
        """
        given_up: list[str] = []
        for wanted in (level,) if level else CHAIN:
            try:
                return cls.open(folder, level=wanted, **options), given_up
            except LevelError as error:
                if level:
                    raise
                given_up.append(f"{error.message} ({error.hint})")
        raise BoxError("no sandbox level is available: " + "; ".join(given_up),
                       hint="only where you trust all that runs: ask for level D")  # fmt: skip

    def start(self, paths: dict[str, Any], network: bool) -> None:
        """Give the paths away, where that is needed, and start the keeper."""
        uid = os.getuid()
        for name in view.SCRATCH.values():
            (self.scratch / name).mkdir(parents=True)
        (self.ground.path / "root").mkdir()
        if uid == 0 and self.level != "D":
            self.spare = SpareUid()
            uid = self.spare.uid
            self.ground.path.chmod(0o711)
        self.theirs = [self.folder, *map(Path, paths["writable"])]
        self.owners = [ownership.of(path) for path in self.theirs]
        self.uid = uid
        for path in (*self.theirs, self.scratch):
            ownership.give(path, uid, uid if self.spare else -1)
        for path in paths["sockets"].values():
            ownership.give(Path(path), uid, -1)
        self.usage = Usage((*self.theirs, self.scratch), self.limits)
        config = paths | {
            "root": str(self.ground.path / "root"), "scratch": str(self.scratch),
            "folder": str(self.folder), "spare_uid": uid, "network": network,
            "limits": asdict(self.limits) | {"processes": self.limits.tasks},
        }  # fmt: skip
        self.keeper = launch("keeper", level=self.level, python=self.python, config=config,
                             environment={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"})  # fmt: skip

    @property
    def root(self) -> str:
        """Where commands see the folder."""
        return view.FOLDER if self.level == "A" else str(self.folder)

    def environment(self) -> dict[str, str]:
        """All that commands see of the environment."""
        home, temporary = (
            (view.HOME, "/tmp") if self.level == "A"
            else (str(self.scratch / "home"), str(self.scratch / "tmp"))
        )  # fmt: skip
        return {
            "PATH": f"{self.python.parent}:/usr/local/bin:/usr/bin:/bin", "HOME": home,
            "TMPDIR": temporary, "LANG": "C.UTF-8", "TZ": "UTC", "TERM": "dumb", "USER": "box",
            "LOGNAME": "box", "SHELL": "/bin/sh", "GIT_CONFIG_NOSYSTEM": "1",
        } | self.added  # fmt: skip

    def exec(self, command: Sequence[str], *, input: bytes = b"", folder: str = "",  # noqa: A002
             environment: Mapping[str, str] | None = None,
             timeout_seconds: float | None = None, output_kib: int | None = None,
             stopping: threading.Event | None = None) -> Ended:  # fmt: skip
        """Run a command; `folder` is where, below the workspace's own, and `environment` is added.

        It ends with its own process, or is killed when `stopping` is set; what it left running runs
        on. `output_kib`: instead of the limits' own. Raises BoxError when the workspace, not the
        command, is at fault.
        """
        if not command or any("\0" in word for word in command):
            raise UsageError("a command is one or more words without null characters")
        request = {
            "do": "exec", "arguments": list(command),
            "environment": self.environment() | dict(environment or {}),
            "folder": os.path.join(self.root, folder),  # noqa: PTH118 - inside, not here
        }  # fmt: skip
        return self.ask(request, input, timeout_seconds or self.limits.wall_seconds,
                        (output_kib or self.limits.output_kib) << 10, stopping)  # fmt: skip

    def read(self, path: str, *, limit_bytes: int = READ_MIB << 20) -> bytes:
        """A regular file's bytes, read behind the walls. Raises the fitting OSError; EFBIG where
        it has more than `limit_bytes`.
        """
        ended = self.file({"do": "read", "path": path}, b"", limit_bytes)
        if ended.cut:
            raise OSError(errno.EFBIG, f"more than {limit_bytes} bytes", path)
        return ended.stdout

    def write(self, path: str, data: bytes, *, mode: int = FILE_MODE) -> None:
        """Write a file behind the walls, with the folders above it. Raises the fitting OSError."""
        self.file({"do": "write", "path": path, "mode": mode}, data, 0)

    def file(self, request: dict[str, Any], data: bytes, limit_bytes: int) -> Ended:
        """Ask the keeper to read or write a file."""
        if "\0" in request["path"]:
            raise UsageError("a path has no null characters")
        request["path"] = os.path.join(self.root, request["path"])  # noqa: PTH118 - inside
        ended = self.ask(request, data, FILE_SECONDS, limit_bytes)
        if ended.complaint:
            raise OSError(errno.EIO, ended.complaint, request["path"])
        if ended.status:
            raise OSError(ended.status, os.strerror(ended.status), request["path"])
        return ended

    def ask(self, request: dict[str, Any], data: bytes, seconds: float, most: int,
            stopping: threading.Event | None = None) -> Ended:  # fmt: skip
        """Have the keeper start something, and stay with it until it has ended."""
        if self.keeper is None:
            raise BoxError("the workspace is closed")
        text = json.dumps(request).encode()
        if len(text) > REQUEST_BYTES:
            raise UsageError("command and environment are too long", hint="use stdin or a file")

        reads = request["do"] == "read"

        def look() -> str:
            if stopping and stopping.is_set():
                return STOPPED
            return "" if reads else self.look()

        with MemoryFile.filled("request", text) as asked, Pump(data, most, self.uid) as pump:
            line, far_line = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with line:
                with far_line:
                    descriptors = [*pump.theirs, far_line.fileno(), asked.descriptor]
                    self.send(b'{"do": "start"}', descriptors)
                pump.started()
                complaint = pump.run(line, seconds, look) or (
                    "" if reads else self.usage.in_the_end()
                )
                if complaint:
                    self.end(line, everything=not complaint.startswith((TOO_SLOW, STOPPED)))
                report = pump.report(line, END_SECONDS)
            status, user, system = reports.COMMAND.unpack(report)
            return pump.ended(os.waitstatus_to_exitcode(status), complaint, user + system)

    def look(self) -> str:
        """The limit that is passed; empty while none is."""
        assert self.keeper is not None
        return self.usage.complaint(self.keeper.process.pid)

    def send(self, message: bytes, descriptors: Sequence[int] = ()) -> None:
        """One message to the keeper. Raises BoxError where it is gone."""
        assert self.keeper is not None
        try:
            socket.send_fds(self.keeper.line, [message], descriptors)
        except OSError as error:
            raise BoxError(f"the workspace's keeper is gone: {error.strerror}") from None

    def end(self, line: socket.socket, *, everything: bool) -> None:
        """Kill a command, or all that runs here."""
        if everything:
            self.clear()
            self.usage.excuse()
        else:
            with contextlib.suppress(OSError):  # it may have ended meanwhile
                line.send(b"K")

    def clear(self) -> None:
        """Kill everything that runs in the workspace, and wait until it has gone."""
        assert self.keeper is not None
        with self.lock:
            self.send(b'{"do": "clear"}')
            self.keeper.line.settimeout(END_SECONDS)
            try:
                gone = self.keeper.line.recv(64)
            except OSError:
                gone = b""
        if not gone:
            raise BoxError("processes of the workspace could not be killed")

    def pause(self) -> None:
        """Stop all that runs here where it stands, until `resume`. Its time goes on."""
        if self.keeper is not None:
            leader = self.keeper.process.pid
            # at level A the keeper is that process's child, and the commands are the keeper's own
            standstill.stop_below(leader, children(leader) if self.level == "A" else ())

    def resume(self) -> None:
        """Let it go on."""
        if self.keeper is not None:
            standstill.continue_below(self.keeper.process.pid)

    def close(self) -> None:
        """Kill everything, and give back what was given away."""
        if self.keeper is not None:
            self.keeper.stop()
            self.keeper = None
            if self.spare:
                for path, (uid, gid) in zip(self.theirs, self.owners, strict=True):
                    ownership.give(path, uid, gid)
        if self.spare is not None:
            self.spare.close()
            self.spare = None
        self.ground.close()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def absolute(paths: Sequence[Path]) -> list[str]:
    """As the keeper wants them: links resolved, for walls know true paths only."""
    return [str(path.resolve()) for path in paths]


def check_there(paths: Iterator[Path] | Sequence[Path]) -> None:
    """Raises UsageError for a path that is not there."""
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path} is not there")
