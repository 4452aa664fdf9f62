"""One call in one box, seen from the judge's side: from the request to the last process gone.

1. The request goes to the zygote, which forks the child.
2. W: the walls stand. R: the candidate is loaded, without having seen any input.
3. GO carries the inputs; the clock starts.
4. D: the result is complete; the judge seals it, and only then stops the clock.
5. The zygote kills all that is in the box, waits for it and reports status and CPU time.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import struct
import time
from dataclasses import asdict
from typing import Any

from tachograph.errors import BoxError
from tachograph.sandbox.inside import frame
from tachograph.sandbox.inside.zygote import REPORT
from tachograph.sandbox.levels import Level, LevelError
from tachograph.sandbox.limits import Limits
from tachograph.sandbox.memory import MemoryFile, printable
from tachograph.sandbox.outcome import Failed, Finished, Reason
from tachograph.sandbox.program import Program
from tachograph.sandbox.watch import Watch

MESSAGE_BYTES = 16_384
KEPT_BYTES = 16 << 20
PEER = struct.Struct("iII")
CREDENTIALS_SPACE = socket.CMSG_SPACE(PEER.size)
WALLS_SECONDS = 20.0
END_SECONDS = 20.0
SETTLE_SECONDS = 0.002
HINT = "run `tacho box probe` to see what this machine allows"


class CandidateError(Exception):
    """The call is over: the candidate failed. Never leaves this folder: it becomes a Failed."""

    def __init__(self, reason: Reason, detail: str, loading: bool) -> None:
        super().__init__(reason)
        self.reason: Reason = reason
        self.detail = detail
        self.loading = loading


class Call:
    """The two lines to one box and its memory files. Use it in a `with`: leaving kills the box."""

    def __init__(self, zygote: socket.socket, program: Program, files: MemoryFile, *,
                 level: Level, has_kept: bool, warm: bool, limits: Limits,
                 watch: Watch) -> None:  # fmt: skip
        self.level = level
        self.limits = limits
        self.watch = watch
        self.usage: tuple[int, float, float, int] | None = None
        self.output = MemoryFile.bounded("output", limits.output_mib << 20)
        self.kept = MemoryFile.bounded("kept", KEPT_BYTES)
        self.log = MemoryFile.bounded("log", limits.log_kib << 10)
        self.report, far_report = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.line, far_line = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.line.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.child = 0
        request = {
            "entry": program.entry, "build": program.build, "run": program.run,
            "has_kept": has_kept, "warm": warm, "limits": asdict(limits),
        }  # fmt: skip
        with far_report, far_line:
            descriptors = [far_report.fileno(), far_line.fileno(), files.descriptor,
                           self.output.descriptor, self.log.descriptor,
                           self.kept.descriptor]  # fmt: skip
            try:
                socket.send_fds(zygote, [json.dumps(request).encode()], descriptors)
            except OSError as error:
                self.close()
                raise BoxError(f"the zygote is gone: {error.strerror}", hint=HINT) from None
        self.started = time.monotonic()

    # -- the steps -------------------------------------------------------------------------------

    def begin(self) -> float:
        """Steps 1 and 2; seconds from the request to READY. Raises CandidateError or BoxError."""
        try:
            kind, payload = self.receive(WALLS_SECONDS, loading=True)
        except CandidateError as error:
            # nothing of the candidate has run yet
            raise BoxError(f"the box ended before its walls stood: {error.detail}",
                           hint="raise limits.memory_mib") from None  # fmt: skip
        self.watch.begin(self.child)
        if kind == b"B":
            raise LevelError(self.level, payload.decode(errors="replace"))
        if kind != b"W":
            raise BoxError(f"the box spoke out of turn: {kind!r}", hint=HINT)
        left = self.limits.setup_seconds - (time.monotonic() - self.started)
        kind, payload = self.receive(left, loading=True)
        if kind != b"R" or len(payload) != 8:
            raise CandidateError("raised", text_of(kind, payload), loading=True)
        self.kept_bytes = int.from_bytes(payload, "little")
        return time.monotonic() - self.started

    def go(self, inputs: MemoryFile) -> tuple[float, float | None]:
        """Steps 3 and 4; wall and CPU seconds between them. Raises CandidateError or BoxError.

        CPU seconds are None where it went on, or ended, instead of waiting to be killed.
        """
        self.cpu_before, _ = process_seconds(self.child)
        began = time.perf_counter()
        try:
            socket.send_fds(self.line, [b"G"], [inputs.descriptor])
        except OSError:
            raise CandidateError("died", "it ended before GO", loading=True) from None
        kind, payload = self.receive(self.limits.wall_seconds, loading=False)
        sealed = self.output.seal()
        wall = time.perf_counter() - began
        cpu, at_rest = process_seconds(self.child)
        if kind != b"D" or len(payload) != 8:
            raise CandidateError("raised", text_of(kind, payload), loading=False)
        if not sealed:
            raise CandidateError("bad output", "it still held the output open", loading=False)
        if wall > self.limits.wall_seconds:
            raise CandidateError("too slow", f"over {self.limits.wall_seconds:g} s", loading=False)
        self.size = int.from_bytes(payload, "little")
        return wall, cpu - self.cpu_before if at_rest else None

    def result(self, setup: float, wall: float, cpu: float | None) -> Finished:
        """Step 5, then the decoded output. Raises CandidateError or BoxError."""
        _, user, system, peak_kib = self.end()
        if cpu is None or self.limits.processes > 1:
            # all that it used until its end, which is never less than what the result cost
            cpu = max(cpu or 0.0, user + system - self.cpu_before)
        try:
            output = self.output.value(self.size)
        except frame.FrameError as error:
            raise CandidateError("bad output", str(error), loading=False) from None
        return Finished(output=output, wall_seconds=wall, cpu_seconds=cpu, setup_seconds=setup,
                        peak_mib=peak_kib / 1024, log=self.log.text())  # fmt: skip

    def left_behind(self) -> dict[str, Any]:
        """What loading left in the working directory: path to [mode, bytes]; empty if nothing."""
        if not self.kept_bytes or not self.kept.seal():
            return {}
        try:
            value = self.kept.value(self.kept_bytes)
        except frame.FrameError:
            return {}
        return value if is_kept(value) else {}

    # -- the lines -------------------------------------------------------------------------------

    def receive(self, seconds: float, *, loading: bool) -> tuple[bytes, bytes]:
        """The child's next message: kind, payload. CandidateError where it dies or dawdles."""
        deadline = time.monotonic() + seconds
        poller = select.poll()
        poller.register(self.line, select.POLLIN)
        while True:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                slow: Reason = "set-up too slow" if loading else "too slow"
                raise CandidateError(slow, f"no answer within {seconds:g} s", loading)
            tick = self.watch.tick_seconds
            if poller.poll(1000 * min(remaining, tick if tick else remaining)):
                break
            complaint = self.watch.complaint()
            if complaint:
                raise CandidateError("over a limit", complaint, loading)
        try:
            message, credentials, _, _ = self.line.recvmsg(MESSAGE_BYTES, CREDENTIALS_SPACE)
        except OSError:
            message, credentials = b"", []
        if not message:
            raise self.died(loading)
        if not self.child:
            # W is sent before any candidate code runs; the kernel vouches for the sender's pid
            self.child = PEER.unpack(credentials[0][2])[0]
        return message[:1], message[1:]

    def receive_report(self, seconds: float) -> bytes:
        """The zygote's report."""
        poller = select.poll()
        poller.register(self.report, select.POLLIN)
        if poller.poll(1000 * seconds):
            try:
                message = self.report.recv(64)
            except ConnectionResetError:
                # it left our K unread, which the kernel reports first; its own report comes next
                message = self.report.recv(64)
            if message:
                return message
        raise BoxError("the zygote is gone or stuck", hint=HINT)

    def died(self, loading: bool) -> CandidateError:
        """The child's line broke: say how it ended."""
        status, *_ = self.end()
        code = os.waitstatus_to_exitcode(status)
        if code < 0:
            return CandidateError("died", f"killed by {signal_name(-code)}", loading)
        return CandidateError("died", f"ended by itself with exit code {code}", loading)

    def end(self) -> tuple[int, float, float, int]:
        """Kill what is left of the box and take the zygote's report. Raises BoxError."""
        if self.usage is None:
            with contextlib.suppress(OSError):  # it may have reported already, and gone on
                self.report.send(b"K")
            self.usage = REPORT.unpack(self.receive_report(END_SECONDS))
        return self.usage

    def close(self) -> None:
        """Let go of lines and memory."""
        for held in (self.report, self.line, self.output, self.kept, self.log):
            held.close()

    def __enter__(self) -> Call:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.end()
        finally:
            self.close()


def process_seconds(pid: int) -> tuple[float, bool]:
    """CPU time of a process, read from outside (Linux: its process-wide scheduler clock).

    The kernel adds a running thread's time only at ticks, so this waits, for a moment at most,
    until all threads sleep, as they do before GO and after D. False where they do not.
    """
    deadline = time.monotonic() + SETTLE_SECONDS
    try:
        while not (at_rest := asleep(pid)) and time.monotonic() < deadline:
            pass
        return time.clock_gettime((~pid << 3) | 2), at_rest
    except OSError:
        return 0.0, False


def asleep(pid: int) -> bool:
    """Whether every thread of the process sleeps. Raises OSError where it has gone."""
    # This is asked over and over while the judge waits, so it is the bare calls.
    threads = f"/proc/{pid}/task"
    for thread in os.listdir(threads):  # noqa: PTH208
        with open(f"{threads}/{thread}/stat", "rb", buffering=0) as file:  # noqa: PTH123
            state = file.read()
        # after the last bracket: before it stands a name that the candidate chooses
        if not state.rpartition(b")")[2].startswith(b" S "):
            return False
    return True


def signal_name(number: int) -> str:
    """`SIGKILL`; real-time signals have numbers only."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def text_of(kind: bytes, payload: bytes) -> str:
    """What the candidate said when it raised; or that it spoke out of turn."""
    if kind != b"X":
        return f"it spoke out of turn: {kind!r}"
    return printable(payload.decode("utf-8", "replace"))


def is_kept(value: Any) -> bool:
    """Whether the box's files to keep are of the form that the next box writes down."""
    return isinstance(value, dict) and all(
        isinstance(item, list) and len(item) == 2
        and isinstance(item[0], int) and isinstance(item[1], bytes)
        and not path.startswith("/") and ".." not in path.split("/")
        for path, item in value.items()
    )  # fmt: skip


def failed(ended: CandidateError, log: str, cpu_seconds: float) -> Failed:
    """The outcome that a CandidateError stands for."""
    return Failed(reason=ended.reason, detail=ended.detail, log=log, loading=ended.loading,
                  cpu_seconds=cpu_seconds)  # fmt: skip
