"""The stopwatch's own process: the same answers, the same failures, and no other thread's time."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator

import pytest

from tachograph.errors import BoxError
from tachograph.sandbox import Box, Failed, Finished, Program
from tachograph.sandbox.limits import Limits

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="timed apart on Linux only")

SPEND = """
import time

def work(loops):
    total = 0
    for number in range(loops):
        total += number
    return total

def ends(loops):
    import os
    os._exit(3)

def sleeps(loops):
    time.sleep(60)

def raises(loops):
    raise ValueError("no")

def lets_go(loops):
    import os, threading
    threading.Thread(target=lambda: os.write(1, b"x")).start()
    return loops
"""
LIMITS = Limits(wall_seconds=1.0)


def program(entry: str) -> Program:
    return Program(files={"spend.py": SPEND}, entry=f"spend:{entry}")


@pytest.fixture
def box() -> Iterator[Box]:
    try:
        opened = Box.open(level="A", limits=LIMITS)
    except BoxError as error:
        pytest.skip(f"no box at level A: {error.message}")
    with opened:
        yield opened


@pytest.fixture
def apart(box: Box) -> Box:
    box.time_apart(True)
    return box


def test_a_call_that_is_timed_apart_gives_what_it_gives(box: Box) -> None:
    """Output, wall and CPU time; on, off and on again."""
    for wanted in (True, False, True):
        box.time_apart(wanted)
        assert (box.stopwatch is not None) == wanted
        outcome = box.run(program("work"), {"loops": 200_000})
        assert isinstance(outcome, Finished)
        assert outcome.output == sum(range(200_000))
        assert 0 < outcome.cpu_seconds <= outcome.wall_seconds * 1.5


@pytest.mark.parametrize(
    ("entry", "reason"), [("ends", "died"), ("sleeps", "too slow"), ("raises", "raised")]
)
def test_failures_are_what_they_are(apart: Box, entry: str, reason: str) -> None:
    """By the same words; the next call goes on."""
    for _ in range(2):
        outcome = apart.run(program(entry), {"loops": 1})
        assert isinstance(outcome, Failed)
        assert outcome.reason == reason
    assert isinstance(apart.run(program("work"), {"loops": 10}), Finished)


def test_limits_are_looked_at_meanwhile() -> None:
    """Where no kernel counter holds one, the judge ends the call, and the next is not mistaken."""
    grows = """
import os, time
def work(loops):
    for _ in range(12):
        if os.fork() == 0:
            time.sleep(30)
            os._exit(0)
    time.sleep(30)
"""
    limits = Limits(wall_seconds=20.0, processes=4)
    try:
        opened = Box.open(level="A", limits=limits)
    except BoxError as error:
        pytest.skip(f"no box at level A: {error.message}")
    with opened as box:
        box.time_apart(True)
        outcome = box.run(Program(files={"grow.py": grows}, entry="grow:work"), {"loops": 1})
        assert isinstance(outcome, Failed)
        again = box.run(program("work"), {"loops": 10})
        assert isinstance(again, Finished)
        assert again.output == 45


def test_a_stopwatch_that_is_gone_is_no_fault_of_the_candidate(apart: Box) -> None:
    """The box says so, and does not judge; the next call has a new one."""
    assert apart.stopwatch is not None
    os.kill(apart.stopwatch.process.process.pid, signal.SIGKILL)
    with pytest.raises(BoxError, match="stopwatch"):
        apart.run(program("work"), {"loops": 10})
    assert isinstance(apart.run(program("work"), {"loops": 10}), Finished)
