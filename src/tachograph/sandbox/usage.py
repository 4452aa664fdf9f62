"""What runs in a workspace, looked at from outside against its limits.

Memory and tasks at every look; the disk whenever the last look at it is long enough ago that
looking costs little, and when a command has ended. Between two looks a command can pass a limit by
what it manages in that time.
Proven by tests/sandbox/test_workspace.py.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from tachograph.sandbox.watch import family, scratch_use, thread_count

TICK_SECONDS = 0.05
DISK_SHARE = 0.02
"""Of the time, at most this is spent on looking at the disk."""
LONG_LOOK_SECONDS = 0.25
"""A look that takes longer is left out when a command has ended."""


class Bounds(Protocol):
    """The limits that are looked at."""

    @property
    def memory_mib(self) -> int: ...
    @property
    def tasks(self) -> int: ...
    @property
    def disk_mib(self) -> int: ...
    @property
    def entries(self) -> int: ...


class Usage:
    """Looks at one workspace. What the folders hold at the start is not counted."""

    def __init__(self, folders: Sequence[Path], limits: Bounds) -> None:
        self.folders = tuple(folders)
        self.limits = limits
        self.lock = threading.Lock()
        self.entries, self.mib = 0, 0.0
        self.entries, self.mib = self.grown(1 << 62)
        self.excused: tuple[int, float] = (0, 0.0)
        """Entries and MiB that were there when a limit had been passed and all was killed: what
        then only removes some of it is let do so."""
        self.disk_next = 0.0
        self.disk_seconds = 0.0
        self.next = 0.0

    def grown(self, most: int) -> tuple[int, float]:
        """Entries and MiB that have come to the folders."""
        entries, mib = -self.entries, -self.mib
        for folder in self.folders:
            if folder.is_dir():
                more = scratch_use(folder, most)
                entries, mib = entries + more[0], mib + more[1]
        return entries, mib

    def complaint(self, leader: int) -> str:
        """The limit that is passed by `leader` and all below it; empty while none is."""
        now = time.monotonic()
        with self.lock:  # commands that run at once share the looks
            if now < self.next:
                return ""
            self.next = now + TICK_SECONDS / 2
            return self.of_processes(leader) or self.of_disk(now)

    def in_the_end(self) -> str:
        """The limit of the disk that a command has passed before it ended; empty: none."""
        with self.lock:
            if self.disk_seconds < LONG_LOOK_SECONDS:
                self.disk_next = 0.0
            return self.of_disk(time.monotonic())

    def excuse(self) -> None:
        """All was killed: let what there is too much of be removed. Once, until it has been."""
        with self.lock:
            if self.excused == (0, 0.0):
                self.excused = self.grown(1 << 62)

    def of_processes(self, leader: int) -> str:
        """Memory and tasks."""
        found = family(leader)
        tasks = sum(thread_count(pid) for pid in found)
        if tasks > self.limits.tasks:
            return f"tasks: {tasks} at once, {self.limits.tasks} allowed"
        used = sum(resident_mib(pid) for pid in found)
        if used > self.limits.memory_mib:
            return f"memory: {used:.0f} MiB used, {self.limits.memory_mib} allowed"
        return ""

    def of_disk(self, now: float) -> str:
        """Entries and bytes."""
        if now < self.disk_next:
            return ""
        most_entries = max(self.limits.entries, self.excused[0])
        most_mib = max(self.limits.disk_mib, self.excused[1])
        entries, mib = self.grown(self.entries + most_entries)
        self.disk_seconds = time.monotonic() - now
        self.disk_next = now + self.disk_seconds / DISK_SHARE
        if entries <= self.limits.entries and mib <= self.limits.disk_mib:
            self.excused = (0, 0.0)
        if entries > most_entries:
            return f"disk: more than {self.limits.entries} files came"
        if mib > most_mib:
            return f"disk: {mib:.0f} MiB written, {self.limits.disk_mib} allowed"
        return ""


def resident_mib(pid: int) -> float:
    """Resident memory that is no file's, shared or not; 0 where the process has gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_bytes().splitlines()
    except OSError:
        return 0.0
    kib = [int(line.split()[1]) for line in lines if line.startswith((b"RssAnon:", b"RssShmem:"))]
    return sum(kib) / 1024
