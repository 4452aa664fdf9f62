"""Limits that no kernel counter holds for us: total memory of several processes, total scratch.

Looked at every few hundredths of a second while the judge waits, and only where they are needed:
one process behind level A's walls is held by rlimits and a sized scratch alone.
"""

from __future__ import annotations

from pathlib import Path

from tachograph.sandbox.limits import Limits

TICK_SECONDS = 0.03
PAGE_MIB = 4096 / (1 << 20)


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
        if self.limits.processes > 1:
            used = sum(resident_mib(pid) for pid in family(self.child))
            if used > self.limits.memory_mib:
                return f"memory: {used:.0f} MiB used, {self.limits.memory_mib} allowed"
        if self.scratch:
            used = scratch_mib(self.scratch)
            if used > self.limits.disk_mib:
                return f"disk: {used:.0f} MiB written, {self.limits.disk_mib} allowed"
        return ""


def family(pid: int) -> list[int]:
    """`pid` and its descendants."""
    found, waiting = [], [pid]
    while waiting:
        current = waiting.pop()
        found.append(current)
        for task in Path(f"/proc/{current}/task").glob("*/children"):
            try:
                waiting += [int(child) for child in task.read_text().split()]
            except OSError:
                continue
    return found


def resident_mib(pid: int) -> float:
    """Resident size less the pages shared with others; 0 where the process has gone."""
    try:
        fields = Path(f"/proc/{pid}/statm").read_text().split()
    except OSError:
        return 0.0
    return (int(fields[1]) - int(fields[2])) * PAGE_MIB


def scratch_mib(folder: Path) -> float:
    """Disk taken below `folder`."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.lstat().st_blocks * 512
        except OSError:
            continue
    return total / (1 << 20)
