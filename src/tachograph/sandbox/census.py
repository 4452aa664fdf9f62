"""What runs, as `ps` tells it: for systems without /proc, where a box is watched from a thread.

A look takes some ten milliseconds and comes every tenth of a second: between two, a candidate can
pass a limit by what it manages in that time. Proven by tests/sandbox/test_macos.py on Linux.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tachograph.errors import BoxError
from tachograph.sandbox.limits import Limits
from tachograph.sandbox.watch import ENTRIES, scratch_use

COMMAND = ("/bin/ps", "-axo", "pid=,ppid=,pgid=,rss=,stat=,time=")
LOOK_SECONDS = 0.1
END_SECONDS = 20.0


@dataclass(frozen=True)
class Process:
    """One line of `ps`."""

    pid: int
    parent: int
    group: int
    resident_kib: int
    zombie: bool
    cpu_seconds: float
    """Whole seconds on Linux, hundredths on macOS."""


def census() -> list[Process]:
    """Every process. Raises BoxError where `ps` fails."""
    try:
        listed = subprocess.run(COMMAND, capture_output=True, check=True, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError) as error:
        raise BoxError(f"{COMMAND[0]} failed: {error}", hint="install it") from None
    rows = [line.split() for line in listed.stdout.decode("ascii", "replace").splitlines()]
    return [Process(int(row[0]), int(row[1]), int(row[2]), int(row[3]), row[4].startswith("Z"),
                    seconds(row[5])) for row in rows if len(row) == 6]  # fmt: skip


def seconds(text: str) -> float:
    """`[[days-]hours:]minutes:seconds[.hundredths]` as a number."""
    days, _, rest = text.rpartition("-")
    total = 0.0
    for part in rest.split(":"):
        total = total * 60 + float(part)
    return total + 86400 * int(days or 0)


def family(leader: int, rows: Sequence[Process]) -> list[Process]:
    """The living among the leader, its group and its descendants."""
    found = {row.pid: row for row in rows if leader in (row.pid, row.group)}
    size = 0
    while size < len(found):
        size = len(found)
        found |= {row.pid: row for row in rows if row.parent in found}
    return [row for row in found.values() if not row.zombie]


def end_group(leader: int) -> None:
    """Kill what is left of a group whose leader has been waited for, and wait until it has gone."""
    deadline = time.monotonic() + END_SECONDS
    while time.monotonic() < deadline:
        try:
            os.killpg(leader, signal.SIGKILL)
        except ProcessLookupError:
            return
        except PermissionError:  # macOS says so of a group of zombies
            pass
        if not any(row.group == leader and not row.zombie for row in census()):
            return
    raise BoxError("processes of the box could not be killed")


class Look(threading.Thread):
    """Looks at one box until it is over."""

    def __init__(self, leader: int, limits: Limits, scratch: Path) -> None:
        super().__init__(daemon=True)
        self.leader = leader
        self.limits = limits
        self.scratch = scratch
        self.over = threading.Event()
        self.complaint = ""
        self.broken: BoxError | None = None

    def run(self) -> None:
        """Look, until there is something to complain of."""
        try:
            while not self.complaint and not self.over.wait(LOOK_SECONDS):
                self.complaint = self.look()
        except BoxError as error:
            self.broken = error

    def found(self) -> str:
        """What a look complained of, if anything. Raises BoxError where looking failed."""
        if self.broken:
            raise self.broken
        return self.complaint

    def look(self) -> str:
        """The limit that is passed; empty while none is."""
        found = family(self.leader, census())
        strays = [row.pid for row in found if row.group != self.leader]
        if strays and not self.over.is_set():
            # said first: their parent may come to its end the moment that they do
            self.complaint = "processes: one left its group"
            for pid in strays:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            return self.complaint
        if len(found) > self.limits.processes:
            return f"processes: {len(found)} at once, {self.limits.processes} allowed"
        used = sum(row.resident_kib for row in found) / 1024
        if used > self.limits.memory_mib:
            return f"memory: {used:.0f} MiB used, {self.limits.memory_mib} allowed"
        entries, used = scratch_use(self.scratch)
        if entries > ENTRIES:
            return f"disk: more than {ENTRIES} files"
        if used > self.limits.disk_mib:
            return f"disk: {used:.0f} MiB written, {self.limits.disk_mib} allowed"
        return ""

    def stop(self) -> None:
        """Ask it to end; does not wait."""
        self.over.set()
