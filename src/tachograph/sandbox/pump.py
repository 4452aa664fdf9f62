"""stdin, stdout and stderr of one command, bounded, while the judge watches over it."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

from tachograph.errors import BoxError
from tachograph.sandbox.usage import TICK_SECONDS

CHUNK_BYTES = 1 << 16
TOO_SLOW = "too slow"


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    """Its exit code, or minus the signal that killed it. 126, 127: it could not be run."""
    stdout: bytes
    stderr: bytes
    """Untrusted bytes."""
    cut: bool
    """It wrote more than is kept; what came first is."""
    complaint: str
    """Why it was killed, in words: `too slow ...`, `stopped`, or the limit that was passed.
    Empty: it ended by itself."""
    wall_seconds: float
    cpu_seconds: float
    """Of its process and of those that it waited for."""


class Pump:
    """The judge's ends of three pipes. Use it in a `with`."""

    def __init__(self, data: bytes, most: int, uid: int) -> None:
        self.data = memoryview(data)
        self.most = most
        self.cut = False
        self.began = time.monotonic()
        far_in, self.source = os.pipe2(os.O_CLOEXEC)
        self.targets: dict[int, bytearray] = {}
        self.theirs = [far_in]
        self.outputs: list[bytearray] = []
        for _ in range(2):
            near, far = os.pipe2(os.O_CLOEXEC)
            self.theirs.append(far)
            self.outputs.append(bytearray())
            self.targets[near] = self.outputs[-1]
        for near in (self.source, *self.targets):
            os.set_blocking(near, False)
        if uid != os.getuid():
            for far in self.theirs:
                # so that the command may open /dev/stdout, which is a file of that owner
                os.fchown(far, uid, -1)

    def started(self) -> None:
        """The command has its ends of the pipes: let go of them here."""
        while self.theirs:
            os.close(self.theirs.pop())

    def run(self, line: socket.socket, seconds: float, look: Callable[[], str]) -> str:
        """Pass bytes until something comes on `line`; the reason to kill the command, if any."""
        deadline = self.began + seconds
        while True:
            poller = select.poll()
            poller.register(line, select.POLLIN)
            for near in self.targets:
                poller.register(near, select.POLLIN)
            if self.source >= 0:
                poller.register(self.source, select.POLLOUT)
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return f"{TOO_SLOW}: not ended within {seconds:g} s"
            ready = [which for which, _ in poller.poll(1000 * min(remaining, TICK_SECONDS))]
            for which in ready:
                self.move(which)
            if line.fileno() in ready:
                return ""
            complaint = look()
            if complaint:
                return complaint

    def move(self, which: int) -> None:
        """Pass on what is ready at one pipe."""
        if which == self.source:
            self.feed()
        elif which in self.targets:
            chunk = self.take(which)
            if chunk == b"":
                del self.targets[which]
                os.close(which)

    def feed(self) -> None:
        """Write some of stdin; close it when all is written, or nobody reads."""
        try:
            self.data = self.data[os.write(self.source, self.data[:CHUNK_BYTES]) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self.data = self.data[:0]
        if not self.data:
            os.close(self.source)
            self.source = -1

    def take(self, which: int) -> bytes | None:
        """Read some of an output, and keep what there is room for. None: nothing there now."""
        try:
            chunk = os.read(which, CHUNK_BYTES)
        except BlockingIOError:
            return None
        kept = self.targets[which]
        room = self.most - len(kept)
        kept += chunk[:room]
        self.cut |= len(chunk) > room
        return chunk

    def report(self, line: socket.socket, seconds: float) -> bytes:
        """What the keeper says of the command's end. Raises BoxError where it says nothing."""
        line.settimeout(seconds)
        try:
            message = line.recv(64)
        except ConnectionResetError:
            message = line.recv(64)  # it left our K unread, which the kernel reports first
        except OSError:
            message = b""
        if not message:
            raise BoxError("the workspace's keeper is gone or stuck")
        return message

    def ended(self, status: int, complaint: str, cpu_seconds: float) -> Ended:
        """The outcome, with what is in the pipes; who else holds them is not waited for."""
        for which in list(self.targets):
            while self.take(which):
                pass
        return Ended(status=status, stdout=bytes(self.outputs[0]), stderr=bytes(self.outputs[1]),
                     cut=self.cut, complaint=complaint,
                     wall_seconds=time.monotonic() - self.began,
                     cpu_seconds=cpu_seconds)  # fmt: skip

    def __enter__(self) -> Pump:
        return self

    def __exit__(self, *_: object) -> None:
        self.started()
        for near in (self.source, *self.targets):
            with contextlib.suppress(OSError):  # stdin may be closed already
                os.close(near)
