"""The workshop: where proposers that think beside the clock run their own programs.

A box of its own, on cores that the clock does not use, opened when it is first needed. Where the
clock has every core, the workshop waits until no trial is on. Proven by tests/loop/test_seats.py.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping
from typing import Any

import numpy as np

from tachograph.errors import BoxError
from tachograph.loop.bench import Bench
from tachograph.loop.propose.protocol import ExecuteError
from tachograph.sandbox import Box, Failed, Finished, Program
from tachograph.sandbox.box import usable_cores

EXAMPLE_SEED = 20_260_101
"""Draws the public example input that proposers may run their programs on."""


def spare_cores(bench: Bench) -> set[int]:
    """Cores on which nothing is timed; empty where the clock has them all, or none is its own."""
    timed = {core for examiner in bench.examiners for core in examiner.box.cores}
    return set(usable_cores()) - timed


def leave_the_clock_alone(cores: set[int]) -> None:
    """Keep this thread, and the processes that it starts, to these cores; where there are any."""
    if cores and sys.platform == "linux":
        os.sched_setaffinity(0, cores)


def example(bench: Bench) -> dict[str, Any]:
    """The public example input: the same each time."""
    return bench.examiner.check.draw(np.random.default_rng(EXAMPLE_SEED))


def output_of(outcome: Finished | Failed) -> Any:
    """What came of it. Raises ExecuteError."""
    if isinstance(outcome, Failed):
        raise ExecuteError(f"{outcome.reason}: {outcome.detail}")
    return outcome.output


class Workshop:
    """Use `close` in the end. One program runs at a time."""

    def __init__(self, bench: Bench, clock: threading.Lock) -> None:
        self.bench = bench
        self.clock = clock
        """Held while a trial is on."""
        self.cores = spare_cores(bench)
        self.working = threading.Lock()
        self.box: Box | None = None
        self.cpu_seconds = 0.0

    def execute(self, files: Mapping[str, str], entry: str) -> Any:
        """Run `entry` of these files on the public example input. Raises ExecuteError.

        A box that breaks is no fault of the program, and is told to be none.
        """
        with self.working if self.cores else self.clock:
            try:
                outcome = self.opened().run(Program(files=files, entry=entry), example(self.bench))
            except BoxError as error:
                raise ExecuteError(f"the box broke, not the program: {error.message}") from error
            self.cpu_seconds += outcome.cpu_seconds
        return output_of(outcome)

    def opened(self) -> Box:
        """The box, on the last of the spare cores. Raises BoxError."""
        if self.box is None:
            task, clock = self.bench.task, self.bench.examiner.box
            self.box = Box.open(level=clock.level, python=task.python, libraries=task.libraries,
                                limits=task.limits,
                                core=max(self.cores) if self.cores else None)  # fmt: skip
        return self.box

    def close(self) -> None:
        """End the box."""
        with self.working:
            if self.box is not None:
                self.box.close()
                self.box = None
