"""The first box of a bench, opened in a thread: it warms up while its caller imports what it needs.

    with Opening(task, level) as opening:
        from tachograph.loop.bench import open_bench        # takes as long as a start of Python
        with open_bench(task, level=level, opening=opening) as bench:
            ...

Imports no more than a box needs, NumPy least of all. Proven by tests/loop/test_opening.py.
"""

from __future__ import annotations

import threading

from tachograph.errors import BoxError, TachographError
from tachograph.sandbox import Box, Level
from tachograph.sandbox.box import usable_cores
from tachograph.task import Task


class Opening:
    """Use it in a `with`: leaving closes a box that nobody took."""

    def __init__(self, task: Task, level: Level | None) -> None:
        self.task = task
        self.level = level
        self.found: tuple[Box, list[str]] | None = None
        self.error: TachographError | None = None
        # not as a daemon: its box must be closed whenever this process ends
        self.thread = threading.Thread(target=self.run)

    def run(self) -> None:
        """Open it."""
        try:
            self.found = open_box(self.task, self.level, 0)
        except TachographError as error:
            self.error = error

    def take(self) -> tuple[Box, list[str]]:
        """The box, which is the caller's to close, and why it is of no higher level.

        Raises what opening it raised.
        """
        self.thread.join()
        if self.error:
            raise self.error
        if self.found is None:
            raise BoxError("the box could not be opened", hint="tacho box probe")
        found, self.found = self.found, None
        return found

    def __enter__(self) -> Opening:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.thread.join()
        if self.found is not None:
            self.found[0].close()


def open_box(task: Task, level: Level | None, number: int) -> tuple[Box, list[str]]:
    """Box `number` of a task's bench, from 0, as `Box.open_best` gives it. Raises as that does."""
    cores, threads = len(usable_cores()), task.limits.threads
    return Box.open_best(level, python=task.python, libraries=task.libraries, limits=task.limits,
                         core=max(cores - threads * (number + 1), 0),
                         hidden=task.hidden)  # fmt: skip
