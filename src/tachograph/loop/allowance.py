"""What one candidate may cost: the seconds that its own runs may take in the races of one trial.

Every timed run loads the candidate anew, so a set-up of a minute makes a trial of half an hour. The
allowance bounds that, by the judge's own clock and whatever the runs spend their time on: loading,
compiling, the call. It is the candidate's alone: a reference that is slow to set up was kept within
an allowance of its own. Proven by tests/loop/test_allowance.py. Not covered: the check, which is
one call within the task's limits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class TooCostly(Exception):  # noqa: N818 - an answer, not a fault of the program
    """To judge this candidate takes more of its own time than a trial may have."""


class Allowance:
    """Of one trial."""

    def __init__(self, seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        self.left_seconds = seconds
        self._now = now

    @contextmanager
    def spending(self, runs_to_come: int = 0) -> Iterator[None]:
        """One run of the candidate, at least `runs_to_come` after it.

        Raises TooCostly before the run where nothing is left, and after it where what is left does
        not pay for those to come, if they take as long.
        """
        if self.left_seconds <= 0:
            raise TooCostly
        began = self._now()
        try:
            yield
        finally:
            spent = self._now() - began
            self.left_seconds -= spent
        if runs_to_come and spent * runs_to_come > self.left_seconds:
            raise TooCostly
