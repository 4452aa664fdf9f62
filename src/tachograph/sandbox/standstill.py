"""Processes that stand still for a while, and go on: whoever runs beside a clock.

By signals, since cgroups are seldom ours to make. A process that forks while it is stopped may
leave a child that was not seen, so one looks again until nothing new is found. Proven by
tests/sandbox/test_standstill.py. Not covered: what a stopped program makes of its own clocks.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Collection

from tachograph.sandbox.watch import family

ROUNDS = 100


def stop_below(leader: int, but: Collection[int] = ()) -> None:
    """Stop every descendant of `leader`, except those named. What has gone meanwhile is no fault.

    A bomb that forks faster than it is stopped is left to the limit on tasks after ROUNDS.
    """
    stopped = set(but)
    for _ in range(ROUNDS):
        fresh = [pid for pid in family(leader) if pid not in stopped]
        if not fresh:
            return
        for pid in fresh:
            send(pid, signal.SIGSTOP)
        stopped.update(fresh)


def continue_below(leader: int) -> None:
    """Let every descendant of `leader` go on."""
    for pid in family(leader):
        send(pid, signal.SIGCONT)


def send(pid: int, number: signal.Signals) -> None:
    """A signal to a process that may have gone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)
