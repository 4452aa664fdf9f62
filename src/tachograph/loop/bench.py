"""The bench: a task's boxes, warm, with the clock's rules; what trials are made on.

One box belongs to the clock. With `parallel` > 1 there are more, on other cores, and they check
candidates side by side; they stand still whenever the clock runs, so no race shares the machine
with another trial of its own run.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from typing import Any

from tachograph.errors import BoxError, UsageError
from tachograph.loop.check import Answer, Examiner
from tachograph.loop.clock import Rules
from tachograph.loop.draws import Secret, Series
from tachograph.loop.opening import Opening, open_box
from tachograph.sandbox import Level
from tachograph.sandbox.box import usable_cores
from tachograph.task import Candidate, Task
from tachograph.task.scorer import check_of


class Bench:
    """Use `open_bench`."""

    def __init__(self, task: Task, rules: Rules, examiners: Sequence[Examiner],
                 given_up: Sequence[str]) -> None:  # fmt: skip
        self.task = task
        self.rules = rules
        self.examiners = examiners
        self.given_up = tuple(given_up)
        """Why a higher box level could not be had; empty at the highest or the one asked for."""

    @property
    def examiner(self) -> Examiner:
        """The one whose box the clock uses."""
        return self.examiners[0]

    @property
    def parallel(self) -> int:
        """Candidates that can be checked at once."""
        return len(self.examiners)

    @property
    def cpu_seconds(self) -> float:
        """CPU time of candidates so far."""
        return sum(examiner.cpu_seconds for examiner in self.examiners)

    @property
    def description(self) -> dict[str, Any]:
        """As the ledger holds it: level, why no higher one, limits, cores."""
        box = self.examiner.box
        return {"level": box.level, "given_up": list(self.given_up), "limits": asdict(box.limits),
                "cores": list(box.cores), "parallel": self.parallel}  # fmt: skip

    def ask_first(self, check_call: Callable[[], None]) -> None:
        """Whatever is called in a box from now on, `check_call` is called before; it may raise."""
        for examiner in self.examiners:
            examiner.check_call = check_call

    def time_apart(self, apart: bool) -> None:
        """Whether calls are timed by processes of their own: where this one has busy threads.

        Raises BoxError.
        """
        for examiner in self.examiners:
            examiner.box.time_apart(apart)

    def check_all(self, candidates: Sequence[Candidate], secret: Secret) -> Mapping[str, Answer]:
        """Check several candidates side by side, each on its own draw; id to answer.

        A candidate whose box broke, or that may not be tried, is missing: the judge takes it up.
        """
        allowed = [c for c in candidates if not self.task.refusal(c)]
        if self.task.metric == "score":
            return {}  # its trials take all boxes themselves
        if self.parallel == 1 or len(allowed) < 2:
            return {}
        with ThreadPoolExecutor(self.parallel) as pool:
            series = [secret.series() for _ in allowed]
            answers = pool.map(check_one, self.examiners, allowed, series)
            return {c.id: a for c, a in zip(allowed, answers, strict=False) if a}


def check_one(examiner: Examiner, candidate: Candidate, series: Series) -> Answer | None:
    """One check in one box; None where the box broke."""
    try:
        with examiner.draw(series) as draw:
            return examiner.examine(candidate, draw)
    except BoxError:
        return None


@contextmanager
def open_bench(task: Task, *, level: Level | None = None, parallel: int = 1,
               rules: Rules | None = None,
               opening: Opening | None = None) -> Iterator[Bench]:  # fmt: skip
    """Open the task's boxes. `level` None: the highest that can be had here, reasons in `given_up`.
    `opening`: of the first one, where that has begun; it is at that level then.

    Raises BoxError where an explicit level cannot be had, UsageError where cores do not suffice.
    """
    threads = task.limits.threads
    cores = len(usable_cores())
    room = max(cores // threads, 1)
    if not 1 <= parallel <= room:
        raise UsageError(f"--parallel {parallel}: this machine has room for {room} at once",
                         hint=f"give 1 to {room}")  # fmt: skip
    check = check_of(task)
    rules = rules or Rules(threads=threads)
    with ExitStack() as stack:
        examiners: list[Examiner] = []
        given_up: list[str] = []
        for number in range(parallel):
            if opening and number == 0:
                box, reasons = opening.take()
            else:
                box, reasons = open_box(task, level, number)
            examiners.append(Examiner(task, check, stack.enter_context(box)))
            given_up, level = given_up or reasons, box.level
        several = task.run or task.limits.processes > 1
        if sys.platform != "linux" or (level != "A" and several):
            # a process that nobody waits for hides its CPU time there, and other systems tell it
            # too coarsely, so only wall time may decide
            rules = replace(rules, threads=max(threads, 2))
        yield Bench(task, rules, examiners, given_up)
