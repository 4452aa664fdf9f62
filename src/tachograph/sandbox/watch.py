"""Limits that no kernel counter holds for us: what several processes use together, total scratch.

Looked at every few hundredths of a second while the judge waits, and only where they are needed:
one process behind level A's walls is held by rlimits and a sized scratch alone. Between two looks a
candidate can pass a limit by what it manages in that time. Proven by tests/sandbox/test_levels.py,
test_box.py and, with attacks on a real box, test_probe.py.
"""

from __future__ import annotations

import os
from pathlib import Path

from tachograph.sandbox.limits import Limits

TICK_SECONDS = 0.03
PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / (1 << 20)
ENTRIES = 8192
"""Files and folders in the scratch; level A's file system has as many inodes."""
THREADS_BESIDES = 64


class Watch:
    """Looks at one box from outside."""

    def __init__(self, limits: Limits, scratch: Path | None) -> None:
        self.limits = limits
        self.scratch = scratch
        """Where the box writes, if no file system of its own limits it."""
        self.child = 0

    @property
    def tick_seconds(self) -> float:
        """How often to look; 0: never."""
        return TICK_SECONDS if self.scratch or self.limits.processes > 1 else 0.0

    def begin(self, child: int) -> None:
        """From now on `child` is the box's first process."""
        self.child = child

    def complaint(self) -> str:
        """The limit that is passed, in words; empty while none is."""
        found = [self.child, *family(self.child)] if self.limits.processes > 1 else [self.child]
        if len(found) > self.limits.processes:
            return f"processes: {len(found)} at once, {self.limits.processes} allowed"
        threads = sum(thread_count(pid) for pid in found)
        if threads > self.limits.processes + THREADS_BESIDES:
            return f"threads: {threads} at once"
        if self.limits.processes > 1:
            used = sum(resident_mib(pid) for pid in found)
            if used > self.limits.memory_mib:
                return f"memory: {used:.0f} MiB used, {self.limits.memory_mib} allowed"
        if self.scratch:
            entries, used = scratch_use(self.scratch)
            if entries > ENTRIES:
                return f"disk: more than {ENTRIES} files"
            if used > self.limits.disk_mib:
                return f"disk: {used:.0f} MiB written, {self.limits.disk_mib} allowed"
        return ""


def children(pid: int) -> list[int]:
    """The children of `pid`; none where it has gone."""
    try:
        return [
            int(child)
            for task in Path(f"/proc/{pid}/task").glob("*/children")
            for child in task.read_text().split()
        ]
    except OSError:
        return []


def family(pid: int) -> list[int]:
    """The descendants of `pid`."""
    found, waiting = [], [pid]
    while waiting:
        below = children(waiting.pop())
        found += below
        waiting += below
    return found


def thread_count(pid: int) -> int:
    """Threads of a process; 0 where it has gone."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[17])
    except OSError:
        return 0


def resident_mib(pid: int) -> float:
    """Resident size less the pages shared with others; 0 where the process has gone."""
    try:
        fields = Path(f"/proc/{pid}/statm").read_text().split()
    except OSError:
        return 0.0
    return (int(fields[1]) - int(fields[2])) * PAGE_MIB


def scratch_use(folder: Path, most: int = ENTRIES) -> tuple[int, float]:
    """Entries below `folder`, counted up to one more than `most`, and MiB of disk they take.

    By a stack, not by recursion, so that deep folders cannot break it; what cannot be read, as a
    path longer than the system takes, counts as one entry.
    """
    entries, blocks = 0, 0
    waiting = [str(folder)]
    while waiting and entries <= most:
        try:
            with os.scandir(waiting.pop()) as listing:
                for entry in listing:
                    entries += 1
                    blocks += entry.stat(follow_symlinks=False).st_blocks
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    if entries > most:
                        break
        except OSError:
            entries += 1
    return entries, blocks * 512 / (1 << 20)
