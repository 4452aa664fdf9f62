"""One call in one box, seen from the judge's side: from the request to the last process gone.

1. The zygote forks the child, which waits at its line for the request.
2. W: the walls stand. R: the candidate is loaded, without having seen any input.
3. GO carries the inputs; the clock starts.
4. D: the result is complete; the judge seals it, and only then stops the clock.
5. The zygote kills all that is in the box, waits for it and reports status and CPU time. The next
   child is forked after that; the judge need not wait for it.
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
from typing import Any, NamedTuple

from tachograph.errors import BoxError
from tachograph.sandbox.inside import frame, reports
from tachograph.sandbox.inside.timing import NotThereError, time_call
from tachograph.sandbox.levels import Level, LevelError
from tachograph.sandbox.limits import Limits
from tachograph.sandbox.memory import MemoryFile, printable
from tachograph.sandbox.outcome import Failed, Finished, Reason
from tachograph.sandbox.program import Program
from tachograph.sandbox.stopwatch import GRACE_SECONDS, Stopwatch, Timed
from tachograph.sandbox.watch import Watch

MESSAGE_BYTES = 16_384
KEPT_BYTES = 16 << 20
PEER = struct.Struct("iII")
STAMP = struct.Struct("qq")
SO_TIMESTAMPNS = 35
"""socket(7): the kernel says with each message when it was sent. Python has no name for it."""
BESIDES_SPACE = socket.CMSG_SPACE(PEER.size) + socket.CMSG_SPACE(STAMP.size)
WALLS_SECONDS = 20.0
END_SECONDS = 20.0
HINT = "run `tacho box probe` to see what this machine allows"


class CandidateError(Exception):
    """The call is over: the candidate failed. Never leaves this folder: it becomes a Failed."""

    def __init__(self, reason: Reason, detail: str, loading: bool) -> None:
        super().__init__(reason)
        self.reason: Reason = reason
        self.detail = detail
        self.loading = loading


class Usage(NamedTuple):
    """What the zygote reports of a child that has ended."""

    status: int
    """As wait4 gives it."""
    cpu_seconds: float
    """Of all that was in the box."""
    cold: bool
    """The zygote itself would be warmer after a moment without a child."""


class Line:
    """To a child that waits for its call, and to the zygote that watches over it."""

    def __init__(self, zygote: socket.socket) -> None:
        """Have the child forked. Raises BoxError."""
        self.report, far_report = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.child, far_child = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.child.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        with far_report, far_child:
            try:
                socket.send_fds(zygote, [b"F"], [far_report.fileno(), far_child.fileno()])
            except OSError as error:
                self.close()
                raise BoxError(f"the zygote is gone: {error.strerror}", hint=HINT) from None

    def close(self) -> None:
        """Hang up: a child that still waits ends."""
        self.report.close()
        self.child.close()


class Call:
    """One call, over the line to a child that waits for it. What was called is over once it was
    asked to end, and gone once `end` has returned.
    """

    def __init__(self, line: Line, program: Program, files: MemoryFile, *, level: Level,
                 has_kept: bool, warm: bool, limits: Limits, watch: Watch,
                 stopwatch: Stopwatch | None = None, ahead: bool = False) -> None:  # fmt: skip
        """`ahead`: this process may be late to hear that it is loaded. Raises BoxError where the
        child is gone.
        """
        self.program = program
        self.warm = warm
        self.has_kept = has_kept
        self.level = level
        self.limits = limits
        self.watch = watch
        self.stopwatch = stopwatch
        self.usage: Usage | None = None
        self.asked = False
        self.ahead = ahead
        self.report, self.line = line.report, line.child
        self.child = 0
        self.sent_seconds = 0.0
        """Since the request, when the latest message was sent. Only of a call ahead."""
        self.output = MemoryFile.bounded("output", limits.output_mib << 20)
        self.kept = MemoryFile.bounded("kept", KEPT_BYTES)
        self.log = MemoryFile.bounded("log", limits.log_kib << 10)
        request = {
            "entry": program.entry, "build": program.build, "run": program.run,
            "has_kept": has_kept, "warm": warm, "processes": limits.processes,
        }  # fmt: skip
        descriptors = [files.descriptor, self.output.descriptor, self.log.descriptor,
                       self.kept.descriptor]  # fmt: skip
        if ahead:
            self.line.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.started, self.started_ns = time.monotonic(), time.time_ns()
        try:
            socket.send_fds(self.line, [json.dumps(request).encode()], descriptors)
        except OSError as error:
            self.close()
            raise BoxError(f"the box is gone: {error.strerror}", hint=HINT) from None

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
        if not self.ahead:
            return time.monotonic() - self.started
        if self.sent_seconds > self.limits.setup_seconds:
            raise self.too_slow(self.limits.setup_seconds, loading=True)
        if self.watch.tick_seconds and (complaint := self.watch.complaint()):
            raise CandidateError("over a limit", complaint, loading=True)
        return self.sent_seconds

    def go(self, inputs: MemoryFile) -> tuple[float, float | None]:
        """Steps 3 and 4; wall and CPU seconds between them. Raises CandidateError or BoxError.

        CPU seconds are None where it went on, or ended, instead of waiting to be killed.
        """
        message, sealed, wall, self.cpu_before, cpu, at_rest = self.timed(inputs)
        kind, payload = message[:1], message[1:]
        if kind != b"D" or len(payload) != 8:
            raise CandidateError("raised", text_of(kind, payload), loading=False)
        if not sealed:
            raise CandidateError("bad output", "it still held the output open", loading=False)
        if wall > self.limits.wall_seconds:
            raise CandidateError("too slow", f"over {self.limits.wall_seconds:g} s", loading=False)
        self.size = int.from_bytes(payload, "little")
        return wall, cpu - self.cpu_before if at_rest else None

    def timed(self, inputs: MemoryFile) -> tuple[bytes, bool, float, float, float, bool]:
        """What inside/timing.py finds, here or in the stopwatch's process."""
        if self.stopwatch:
            found = self.timed_apart(self.stopwatch, inputs)
            return found[1:]
        try:
            return time_call(self.line, self.output.descriptor, inputs.descriptor, self.child,
                             lambda: b"".join(self.receive(self.limits.wall_seconds,
                                                           loading=False)))  # fmt: skip
        except NotThereError:
            raise self.not_there() from None

    def timed_apart(self, stopwatch: Stopwatch, inputs: MemoryFile) -> Timed:
        """Have the stopwatch do it, and look at the limits meanwhile."""
        allowed = self.limits.wall_seconds
        stopwatch.go(self.line, self.output.descriptor, inputs.descriptor, self.child, allowed)
        deadline = time.monotonic() + allowed + GRACE_SECONDS
        while time.monotonic() < deadline:
            found = stopwatch.read(self.watch.tick_seconds or allowed)
            if found is None:
                if complaint := self.watch.tick_seconds and self.watch.complaint():
                    raise CandidateError("over a limit", complaint, loading=False)
                continue
            if found.ended == "gone":
                raise self.not_there()
            if found.ended == "died":
                raise self.died(loading=False)
            if found.ended == "slow":
                raise CandidateError("too slow", f"no answer within {allowed:g} s", loading=False)
            return found
        raise BoxError("the stopwatch is stuck", hint="tacho resume goes on")

    def not_there(self) -> CandidateError:
        """It was not there any more when its time began."""
        return CandidateError("died", "it ended before GO", loading=True)

    def result(self, setup: float, wall: float, cpu: float | None) -> Finished:
        """The output, decoded while the zygote clears up. Raises CandidateError or BoxError."""
        self.ask_to_end()
        try:
            output = self.output.value(self.size)
        except frame.FrameError as error:
            raise CandidateError("bad output", str(error), loading=False) from None
        if cpu is None or self.limits.processes > 1:
            # all that it used until its end, which is never less than what the result cost
            cpu = max(cpu or 0.0, self.end().cpu_seconds - self.cpu_before)
        return Finished(output=output, wall_seconds=wall, cpu_seconds=cpu, setup_seconds=setup,
                        log=self.log.text())  # fmt: skip

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
            remaining = max(deadline - time.monotonic(), 0.0)
            tick = self.watch.tick_seconds
            if poller.poll(1000 * min(remaining, tick if tick else remaining)):
                break
            if not remaining:
                raise self.too_slow(seconds, loading=loading)
            complaint = self.watch.complaint()
            if complaint:
                raise CandidateError("over a limit", complaint, loading)
        try:
            message, besides, _, _ = self.line.recvmsg(MESSAGE_BYTES, BESIDES_SPACE)
        except OSError:
            message, besides = b"", []
        if not message:
            raise self.died(loading)
        said = {kind: data for _, kind, data in besides}
        if not self.child:
            # W is sent before any candidate code runs; the kernel vouches for the sender's pid
            self.child = PEER.unpack(said[socket.SCM_CREDENTIALS])[0]
        if self.ahead:
            self.sent_seconds = self.seconds_until(said.get(SO_TIMESTAMPNS))
        return message[:1], message[1:]

    def seconds_until(self, stamp: bytes | None) -> float:
        """From the request to a message with this stamp; to now where it has none.

        Stamps are of a clock that may be set meanwhile.
        """
        most = time.monotonic() - self.started
        if stamp is None:
            return most
        seconds, nanoseconds = STAMP.unpack(stamp)
        passed: float = (seconds * 10**9 + nanoseconds - self.started_ns) / 1e9
        return min(max(passed, 0.0), most)

    def too_slow(self, seconds: float, *, loading: bool) -> CandidateError:
        """It had so much time."""
        slow: Reason = "set-up too slow" if loading else "too slow"
        return CandidateError(slow, f"no answer within {seconds:g} s", loading)

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
        code = os.waitstatus_to_exitcode(self.end().status)
        if code < 0:
            return CandidateError("died", f"killed by {signal_name(-code)}", loading)
        return CandidateError("died", f"ended by itself with exit code {code}", loading)

    def end(self) -> Usage:
        """Kill what is left of the box and take the zygote's report. Raises BoxError."""
        self.ask_to_end()
        if self.usage is None:
            status, user, system, cold = reports.CALL.unpack(self.receive_report(END_SECONDS))
            self.usage = Usage(status, user + system, cold)
        return self.usage

    def ask_to_end(self) -> None:
        """Tell the zygote to kill what is left of the box; once."""
        if not self.asked:
            self.asked = True
            with contextlib.suppress(OSError):  # it may have reported already, and gone on
                self.report.send(b"K")

    def close(self) -> None:
        """Let go of lines and memory."""
        for held in (self.report, self.line, self.output, self.kept, self.log):
            held.close()


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
