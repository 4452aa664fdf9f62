"""What this process has spent and not told yet: CPU time of the loop with all its boxes.

A process may have several runs, one after the other or side by side. Each run that closes tells
what was spent since the one before, so that the sum over a process's runs is what it spent.
Proven by tests/loop/test_spent.py.
"""

from __future__ import annotations

import os
import threading

from tachograph.sandbox.cpu_time import tree_cpu_seconds

_TELLING = threading.Lock()
_told: tuple[int, float] = (0, 0.0)
"""Process, and what it has told so far."""


def untold_cpu_seconds() -> float | None:
    """CPU seconds since this was last asked, or since the process began; None: nobody measures."""
    global _told
    with _TELLING:
        total = tree_cpu_seconds(os.getpid())
        if total is None:
            return None
        process, before = _told
        if process != os.getpid():
            before = 0.0
        _told = (os.getpid(), total)
        return round(max(0.0, total - before), 2)
