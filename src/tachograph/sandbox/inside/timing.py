"""Steps 3 and 4 of a call, timed: GO, the answer, the seal; and a process that does nothing else.

The judge's process times a call itself as long as it has one thread. Beside others, Python may hand
the interpreter to them between the answer and the clock's stop, milliseconds before it comes back.
`main` is what a process of ours runs that has one thread and no candidate in it (../stopwatch.py).

Unlike the rest of this folder it never runs in a box. It is here because it shares its rules: the
standard library only, for any Python from 3.9 on.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import socket
import sys
import time
from typing import Any, Callable, List, Tuple

SETTLE_SECONDS = 0.002
MESSAGE_BYTES = 16_384
STATE_BYTES = 512
"""Of a thread's line in /proc: far more than stands before its state."""


class NotThereError(Exception):
    """It ended before GO."""


class SlowError(Exception):
    """No answer in time."""


def time_call(
    line: socket.socket, output: int, inputs: int, child: int, wait: Callable[[], bytes]
) -> Tuple[bytes, bool, float, float, float, bool]:
    """GO and the answer: message, whether `output` could be sealed, wall seconds, CPU seconds
    before and after, and whether the child was at rest after.

    `wait()` returns the child's next message; what it raises goes through. The clock stops when
    the output is sealed, so that nothing can be written to it in time that is not counted.
    """
    cpu_before, _ = process_seconds(child)
    began = time.perf_counter()
    try:
        socket.send_fds(line, [b"G"], [inputs])
    except OSError:
        raise NotThereError from None
    message = wait()
    sealed = seal(output)
    wall = time.perf_counter() - began
    cpu, at_rest = process_seconds(child)
    return message, sealed, wall, cpu_before, cpu, at_rest


def seal(descriptor: int) -> bool:
    """No more writing, by anyone. False where someone still holds it mapped for writing."""
    if sys.platform == "linux":
        seals = fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_WRITE
        try:
            fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
        except OSError:
            return False
        return True
    else:  # noqa: RET505 - one branch a platform, so that each is checked on its own
        return False


def process_seconds(pid: int) -> Tuple[float, bool]:
    """CPU time of a process, read from outside (Linux: its process-wide scheduler clock).

    The kernel adds a running thread's time only at ticks, so this waits, for a moment at most,
    until all threads sleep, as they do before GO and after D. False where they do not.
    """
    deadline = time.monotonic() + SETTLE_SECONDS
    try:
        while True:
            at_rest = asleep(pid)
            if at_rest or time.monotonic() >= deadline:
                return time.clock_gettime((~pid << 3) | 2), at_rest
            # its answer may have woken this process on its own core, where it now waits for us
            os.sched_yield()
    except OSError:
        return 0.0, False


def asleep(pid: int) -> bool:
    """Whether every thread of the process sleeps. Raises OSError where it has gone."""
    # This is asked over and over while the judge waits, so it is the bare calls.
    threads = "/proc/%d/task" % pid
    for thread in os.listdir(threads):
        file = os.open(threads + "/" + thread + "/stat", os.O_RDONLY | os.O_CLOEXEC)
        try:
            state = os.read(file, STATE_BYTES)
        finally:
            os.close(file)  # it may be gone by now, which reading says, not opening
        # after the last bracket: before it stands a name that the candidate chooses
        if not state.rpartition(b")")[2].startswith(b" S "):
            return False
    return True


# -- the process -------------------------------------------------------------------------------


def main() -> None:
    """Time one call after the other, as the line asks, until it hangs up."""
    ours = socket.socket(fileno=int(sys.argv[1]))
    ours.recv(MESSAGE_BYTES)  # a configuration, of which nothing is needed
    ours.send(json.dumps({"ready": True}).encode())
    while True:
        asked, descriptors, _, _ = socket.recv_fds(ours, MESSAGE_BYTES, 3)
        if not asked:
            return
        number, child, seconds = json.loads(asked)
        answer = [number, *timed(descriptors, child, seconds)]
        try:
            ours.send(json.dumps(answer).encode())
        except OSError:
            return


def timed(descriptors: List[int], child: int, seconds: float) -> List[Any]:
    """One call: what ended it (`answer`, `slow`, `gone`), and what `time_call` found."""
    handle, output, inputs = descriptors
    line = socket.socket(fileno=handle)
    poller = select.poll()
    poller.register(line, select.POLLIN)

    def wait() -> bytes:
        if not poller.poll(1000 * seconds):
            raise SlowError
        try:
            return line.recv(MESSAGE_BYTES)
        except OSError:
            return b""

    try:
        message, *found = time_call(line, output, inputs, child, wait)
        return ["answer" if message else "died", message.hex(), *found]
    except NotThereError:
        return ["gone"]
    except SlowError:
        return ["slow"]
    finally:
        line.close()
        os.close(output)
        os.close(inputs)
