"""CPU time of a process with all that it started, as the kernel counts it.

Linux only: what is living is read from /proc, and what has ended is in the figure of whoever waited
for it. Exact to the kernel's tick (10 ms) for each process. Proven by
tests/sandbox/test_cpu_time.py. Not covered: children that ended and that nobody waited for, and
those that left their parents behind.
"""

from __future__ import annotations

import os
from pathlib import Path

from tachograph.sandbox.watch import family

TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")


def tree_cpu_seconds(leader: int) -> float | None:
    """User and system time of `leader`, of its descendants, and of those that they waited for.

    None where the system does not tell.
    """
    used = [own_and_waited(pid) for pid in (leader, *family(leader))]
    known = [seconds for seconds in used if seconds is not None]
    return sum(known) if known else None


def own_and_waited(pid: int) -> float | None:
    """CPU seconds of one process and of the ended children it waited for; None: it has gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return sum(map(int, fields[11:15])) * TICK_SECONDS
    except (OSError, ValueError):
        return None
