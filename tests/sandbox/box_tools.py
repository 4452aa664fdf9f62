"""What several of the sandbox's tests use."""

from __future__ import annotations

import os
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tachograph.sandbox import Box, Failed, Finished, Level, Limits, Program
from tachograph.sandbox.levels import LevelError

SYSTEM_PYTHON = Path("/usr/bin/python3")


def python_for(level: Level) -> Path:
    """An interpreter that level B can read when root asks for it."""
    return SYSTEM_PYTHON if level == "B" and os.getuid() == 0 else Path(sys.executable)


def boxed(level: Level, limits: Limits) -> Iterator[Box]:
    """An open box; the test is skipped where the level cannot be had."""
    try:
        opened = Box.open(level=level, python=python_for(level), limits=limits)
    except LevelError as error:
        pytest.skip(f"{error.message}; {error.hint}")
    with opened:
        yield opened


def program(source: str, **others: str) -> Program:
    """A program whose `f` is called; further files by name."""
    files = {"candidate.py": textwrap.dedent(source)}
    return Program(files=files | others, entry="candidate:f")


def run(box: Box, source: str, **inputs: Any) -> Finished | Failed:
    """One call of a source's `f`, and its end."""
    outcome = box.run(program(source), inputs)
    box.settle()
    return outcome


def output(box: Box, source: str, **inputs: Any) -> Any:
    """What a call hands back; the test fails where it fails."""
    outcome = run(box, source, **inputs)
    assert isinstance(outcome, Finished), outcome
    return outcome.output


def failure(box: Box, source: str, **inputs: Any) -> Failed:
    """How a call fails; the test fails where it does not."""
    outcome = run(box, source, **inputs)
    assert isinstance(outcome, Failed), outcome
    return outcome


def comes_true(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Whether `condition` holds before the time is up."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
