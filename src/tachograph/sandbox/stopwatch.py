"""A stopwatch of its own process, for a judge that has other threads (why: inside/timing.py).

Costs a process of about 10 MB and a tenth of a millisecond a call. Linux only. Proven by
tests/sandbox/test_stopwatch.py; bench/team.py shows what it is worth.
"""

from __future__ import annotations

import json
import select
import socket
import sys
from pathlib import Path
from typing import NamedTuple

from tachograph.errors import BoxError
from tachograph.sandbox.launch import Launched, launch

ANSWER_BYTES = 65_536
GRACE_SECONDS = 10.0
"""For the stopwatch itself, after the call's own time."""


class Timed(NamedTuple):
    """What came of GO."""

    ended: str
    """answer, died, gone (before GO) or slow; the rest is of an answer only."""
    message: bytes = b""
    sealed: bool = False
    wall_seconds: float = 0.0
    cpu_before: float = 0.0
    cpu_seconds: float = 0.0
    at_rest: bool = False


class Stopwatch:
    """Times calls of one box. Close it."""

    def __init__(self) -> None:
        """Raises BoxError where it cannot be started."""
        self.process: Launched = launch("timing", level="D", python=Path(sys.executable),
                                        config={}, environment={})  # fmt: skip
        self.number = 0
        self.poller = select.poll()
        self.poller.register(self.process.line, select.POLLIN)

    def go(self, line: socket.socket, output: int, inputs: int, child: int,
           seconds: float) -> None:  # fmt: skip
        """Have it send GO and start its clock. Raises BoxError."""
        self.number += 1
        request = json.dumps([self.number, child, seconds]).encode()
        try:
            socket.send_fds(self.process.line, [request], [line.fileno(), output, inputs])
        except OSError as error:
            raise gone() from error

    def read(self, seconds: float) -> Timed | None:
        """What came of the call, if it has come within so much time. Raises BoxError."""
        if not self.poller.poll(1000 * seconds):
            return None
        data = self.process.line.recv(ANSWER_BYTES)
        if not data:
            raise gone()
        number, ended, *found = json.loads(data)
        if number != self.number:
            return None  # of a call that was broken off
        if not found:
            return Timed(ended)
        message, *rest = found
        return Timed(ended, bytes.fromhex(message), *rest)

    def close(self) -> None:
        """End it."""
        self.process.stop()


def gone() -> BoxError:
    """The stopwatch has ended."""
    return BoxError("the stopwatch is gone", hint="tacho resume goes on")
