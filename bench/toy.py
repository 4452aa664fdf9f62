"""A task that costs next to nothing, and a proposer that never runs out: what a benchmark of the
loop itself needs. The evaluation is to import the program and to call f(2).
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from pathlib import Path

from tachograph.loop.propose.protocol import Brief, Desk, Proposal
from tachograph.task import Candidate, Task, load

CHECK = """
def draw(rng):
    return {"x": 2}


def expected(inputs):
    return 2 * inputs["x"]
"""
TASK = """
name = "toy"
goal = "Double x."
editable = ["toy.py"]
entry = "toy:f"
[metric]
kind = "check"
"""


def write_task(folder: Path) -> Task:
    """The toy task, in a folder made for it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "task.toml").write_text(TASK)
    (folder / "check.py").write_text(CHECK)
    (folder / "toy.py").write_text(program("the seed"))
    return load(folder)


def program(name: str) -> str:
    """A right program; another name makes another candidate."""
    return f"def f(x):\n    return x + x  # {name}\n"


class Numbered:
    """Proposes right programs, a new one each time, and notes when it was asked."""

    name = "numbered"

    thinks_here = True

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self.now = now
        self.asked: list[float] = []

    def propose(self, brief: Brief, desk: Desk) -> Proposal:
        """The first number that was not tried."""
        self.asked.append(self.now())
        for number in itertools.count(len(brief.tried)):
            candidate = Candidate({"toy.py": program(str(number))})
            if candidate.id not in brief.tried:
                return Proposal(candidate, f"number {number}", "")
        raise AssertionError("numbers do not end")


class Turns(Numbered):
    """The same from a seat of its own: each turn has its own program, so that none is repeated."""

    name = "turns"
    thinks_here = False

    def propose(self, brief: Brief, desk: Desk) -> Proposal:
        """That of the turn."""
        self.asked.append(self.now())
        return Proposal(Candidate({"toy.py": program(f"turn {brief.turn}")}), "", "")
