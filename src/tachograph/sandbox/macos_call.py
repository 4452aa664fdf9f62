"""One call on macOS, seen from the judge's side: from an interpreter's start to the last process.

Steps 1 to 3 are those of call.py, but READY is counted from when the libraries are imported. Then:

4. D: the result is said to be complete; the judge kills the process group, waits for all of it
   and copies the output. Only then does it stop the clock: both sides of a race pay the same.

Judge and child share only descriptors of unnamed files, so there is no path for a candidate to
tamper with. Proven on Linux by tests/sandbox/test_macos.py. Not covered: a process that leaves its
group between two looks (only where several are allowed, or at level D) outlives the call; CPU time
before GO is known to a hundredth of a second only.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tachograph.errors import BoxError
from tachograph.sandbox.call import (
    HINT,
    KEPT_BYTES,
    MESSAGE_BYTES,
    CandidateError,
    is_kept,
    signal_name,
    text_of,
)
from tachograph.sandbox.census import Look, census, end_group
from tachograph.sandbox.inside import frame
from tachograph.sandbox.levels import Level, LevelError
from tachograph.sandbox.limits import Limits
from tachograph.sandbox.memory import MemoryFile, printable
from tachograph.sandbox.outcome import Finished, Reason
from tachograph.sandbox.program import Program

START_SECONDS = 120.0
TICK_SECONDS = 0.03

Start = Callable[[dict[str, Any], list[int], int], "subprocess.Popen[bytes]"]
"""Starts the child: its configuration, the descriptors it gets, and the one for its log."""


class MacCall:
    """One interpreter, the line to it and the files it shares. Leaving the `with` kills it."""

    def __init__(self, program: Program, files: MemoryFile, *, level: Level, limits: Limits,
                 has_kept: bool, warm: bool, scratch: Path, start: Start) -> None:  # fmt: skip
        self.level = level
        self.limits = limits
        self.usage: tuple[int, float] | None = None
        self.inbox = b""
        self.kept_bytes = 0
        self.output, self.kept, self.log = (MemoryFile.make(n) for n in ("output", "kept", "log"))
        self.line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        shared = {"line": theirs.fileno(), "files": files.descriptor,
                  "output": self.output.descriptor, "kept": self.kept.descriptor}  # fmt: skip
        config = shared | {
            "entry": program.entry, "build": program.build, "run": program.run,
            "has_kept": has_kept, "warm": warm, "limits": asdict(limits), "scratch": str(scratch),
        }  # fmt: skip
        with theirs:
            try:
                self.process = start(config, list(shared.values()), self.log.descriptor)
            except BoxError:
                self.close()
                raise
        self.look = Look(self.process.pid, limits, scratch)

    # -- the steps -------------------------------------------------------------------------------

    def begin(self) -> float:
        """Seconds from the walls, libraries imported, to READY. CandidateError or BoxError."""
        try:
            kind, payload = self.receive(START_SECONDS, loading=True)
        except CandidateError as error:
            # nothing of the candidate has run yet
            lines = self.log_text().strip().splitlines() or [error.detail]
            raise LevelError(self.level, f"the box ended before it stood: {lines[-1]}") from None
        text = printable(payload.decode(errors="replace"))
        if kind == b"L":
            raise BoxError(f"a library of the task cannot be imported: {text}",
                           hint="install it, or name another python in task.toml")  # fmt: skip
        if kind != b"W":
            raise BoxError(f"the box broke: {text}", hint=HINT)
        began = time.monotonic()
        self.look.start()
        kind, payload = self.receive(self.limits.setup_seconds, loading=True)
        if kind != b"R" or len(payload) != 8:
            raise CandidateError("raised", text_of(kind, payload), loading=True)
        self.kept_bytes = int.from_bytes(payload, "little")
        return time.monotonic() - began

    def go(self, inputs: MemoryFile, setup: float) -> Finished:
        """Steps 3 and 4. Raises CandidateError or BoxError."""
        before = sum(row.cpu_seconds for row in census() if row.pid == self.process.pid)
        began = time.perf_counter()
        try:
            socket.send_fds(self.line, [b"G"], [inputs.descriptor])
        except OSError:
            raise CandidateError("died", "it ended before GO", loading=True) from None
        kind, payload = self.receive(self.limits.wall_seconds, loading=False)
        if kind != b"D" or len(payload) != 8:
            raise CandidateError("raised", text_of(kind, payload), loading=False)
        _, cpu = self.end()
        data = contents(self.output, payload, self.limits.output_mib << 20)
        wall = time.perf_counter() - began
        if wall > self.limits.wall_seconds:
            raise CandidateError("too slow", f"over {self.limits.wall_seconds:g} s", loading=False)
        try:
            output = frame.decode(data)
        except frame.FrameError as error:
            raise CandidateError("bad output", str(error), loading=False) from None
        return Finished(output=output, wall_seconds=wall, cpu_seconds=max(cpu - before, 0.0),
                        setup_seconds=setup, log=self.log_text())  # fmt: skip

    def left_behind(self) -> dict[str, Any]:
        """What loading left in the working directory; empty if nothing or not well-formed."""
        try:
            size = self.kept_bytes.to_bytes(8, "little")
            value = frame.decode(contents(self.kept, size, KEPT_BYTES))
        except (CandidateError, frame.FrameError):
            return {}
        return value if is_kept(value) else {}

    # -- the line --------------------------------------------------------------------------------

    def receive(self, seconds: float, *, loading: bool) -> tuple[bytes, bytes]:
        """The child's next message: kind, payload. CandidateError where it dies or dawdles."""
        deadline = time.monotonic() + seconds
        poller = select.poll()
        poller.register(self.line, select.POLLIN)
        while True:
            complaint = self.look.found()
            if complaint:
                raise CandidateError("over a limit", complaint, loading)
            size = int.from_bytes(self.inbox[:4], "little")
            if len(self.inbox) >= 4 and not 0 < size <= MESSAGE_BYTES:
                raise CandidateError("raised", "it sent no message", loading)
            if len(self.inbox) >= 4 + size > 4:
                message, self.inbox = self.inbox[4 : 4 + size], self.inbox[4 + size :]
                return message[:1], message[1:]
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                slow: Reason = "set-up too slow" if loading else "too slow"
                raise CandidateError(slow, f"no answer within {seconds:g} s", loading)
            if poller.poll(1000 * min(remaining, TICK_SECONDS)):
                self.inbox += self.read_line(loading)

    def read_line(self, loading: bool) -> bytes:
        """Some bytes that have come. CandidateError where the line broke."""
        try:
            data = self.line.recv(MESSAGE_BYTES)
        except OSError:
            data = b""
        if data:
            return data
        code = os.waitstatus_to_exitcode(self.end()[0])
        how = f"killed by {signal_name(-code)}" if code < 0 else f"ended with exit code {code}"
        raise CandidateError("died", how, loading)

    def log_text(self) -> str:
        """The beginning of stdout and stderr, without control characters."""
        data = os.pread(self.log.descriptor, self.limits.log_kib << 10, 0)
        return printable(data.decode("utf-8", "replace"))

    def end(self) -> tuple[int, float]:
        """Kill the process group and wait for it; wait status, CPU seconds."""
        if self.usage is None:
            self.look.stop()
            with contextlib.suppress(OSError):
                os.killpg(self.process.pid, signal.SIGKILL)
            _, status, used = os.wait4(self.process.pid, 0)
            self.process.returncode = os.waitstatus_to_exitcode(status)
            self.usage = status, used.ru_utime + used.ru_stime
            end_group(self.process.pid)
        return self.usage

    def close(self) -> None:
        """Let go of line and files."""
        for held in (self.line, self.output, self.kept, self.log):
            held.close()

    def __enter__(self) -> MacCall:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.end()
        finally:
            if self.look.is_alive():
                self.look.join()
            self.close()


def contents(where: MemoryFile, size: bytes, limit: int) -> bytes:
    """A copy of a shared file's first `size` (8 bytes, little endian) bytes, within bounds."""
    count = int.from_bytes(size, "little")
    if not 0 < count <= min(where.size, limit):
        raise CandidateError("bad output", "a size beyond the limit", loading=False)
    data = bytearray()
    while len(data) < count:
        part = os.pread(where.descriptor, count - len(data), len(data))
        if not part:
            raise CandidateError("bad output", "it was cut short", loading=False)
        data += part
    return bytes(data)
