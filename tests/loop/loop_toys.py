"""Small tasks for tests of the loop, and proposers that say what they are told to say."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tachograph.ledger import Entry, Ledger
from tachograph.loop.bench import Bench
from tachograph.loop.budget import Budget
from tachograph.loop.check import Answer, Draw, Examiner
from tachograph.loop.draws import Secret, Series
from tachograph.loop.handover import ECHO
from tachograph.loop.propose.protocol import Brief, Desk, Proposal
from tachograph.loop.run import Run
from tachograph.loop.turn import Loop
from tachograph.sandbox import Failed, Finished, MemoryFile, Program
from tachograph.task import Candidate, Task, load

CHECK = '''
from pathlib import Path

LATE = Path(__file__).with_name("late")


def draw(rng):
    """`late` is true from the moment that a test makes the file: the world has changed."""
    return {"x": int(rng.integers(1, 1000)), "late": LATE.exists()}


def expected(inputs):
    return 2 * inputs["x"]
'''
TASK = """
name = "toy"
goal = "Double x, quickly."
editable = ["toy.py"]
entry = "toy:answer"
source_kib = 4
[limits]
wall_seconds = {wall_seconds}
memory_mib = {memory_mib}
processes = {processes}
disk_mib = 16
[metric]
kind = "{metric}"
"""
SPIN = """
def answer(x, late):
    for _ in range({loops}):
        pass
    return 2 * x{tail}
"""
SEED_LOOPS = 120_000
LOOPS = re.compile(r"range\((.*)\)")


def program(loops: int = SEED_LOOPS, tail: str = "") -> Candidate:
    """A right candidate that spends its time; `tail` follows the result's expression."""
    return Candidate({"toy.py": SPIN.format(loops=loops, tail=tail)})


def raw(body: str) -> Candidate:
    """A candidate whose function has this body."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return Candidate({"toy.py": f"def answer(x, late):\n{lines}"})


SEED = program()
FAST = program(SEED_LOOPS // 6)
FASTER = program(SEED_LOOPS // 40)
EQUAL = program(tail="  # the same again")
SLOW = program(SEED_LOOPS * 40)
WRONG = program(10, tail=" + 1")
FAILING = raw("raise ValueError('no')")


def make_task(
    folder: Path,
    *,
    metric: str = "time",
    wall_seconds: float = 5.0,
    memory_mib: int = 512,
    processes: int = 1,
    seed: Candidate = SEED,
) -> Task:
    """A task in a new folder."""
    folder.mkdir(parents=True)
    (folder / "task.toml").write_text(TASK.format(
        metric=metric, wall_seconds=wall_seconds, memory_mib=memory_mib, processes=processes,
    ))  # fmt: skip
    (folder / "check.py").write_text(CHECK)
    (folder / "toy.py").write_text(seed.files["toy.py"])
    return load(folder)


class Scripted:
    """Proposes these candidates, those already tried left out, whatever the parent."""

    thinks_here = True

    def __init__(self, candidates: Iterable[Candidate], name: str = "scripted") -> None:
        self.candidates = list(candidates)
        self.name = name
        self.briefs: list[Brief] = []

    def propose(self, brief: Brief, desk: Desk) -> Proposal | None:
        """The next one."""
        self.briefs.append(brief)
        for number, candidate in enumerate(self.candidates):
            if candidate.id not in brief.tried:
                return Proposal(candidate, f"number {number}", "as scripted")
        return None


def make_steady(examiner: Examiner) -> None:
    """From now on a call takes 1 µs for each loop of its source, give or take 1 %, by both clocks,
    and one that only hands over 1 µs.

    Boxes, inputs and checks stay real. For tests of what the judge and the loop do with times: no
    load of the machine can change a verdict.
    """
    really, run, noise = examiner.examine, examiner.run, random.Random(5)

    def examine(candidate: Candidate, draw: Draw, *, warm: bool = False) -> Answer:
        answer = really(candidate, draw, warm=warm)
        if answer.wall_seconds is None:
            return answer
        loops = LOOPS.search(candidate.files["toy.py"])
        count = eval(loops[1], {"late": draw.inputs["late"]}) if loops else 0
        seconds = 1e-6 * (100 + count) * noise.lognormvariate(0, 0.01)
        return replace(answer, wall_seconds=seconds, cpu_seconds=seconds)

    def timed_run(program: Program, inputs: MemoryFile, *, warm: bool = False) -> Finished | Failed:
        outcome = run(program, inputs, warm=warm)
        if program is ECHO and isinstance(outcome, Finished):
            return replace(outcome, wall_seconds=1e-6, cpu_seconds=1e-6)
        return outcome

    examiner.examine = examine  # type: ignore[method-assign]
    examiner.run = timed_run  # type: ignore[method-assign]


def fresh() -> Series:
    """Draws of no run."""
    return Secret.fresh().series()


def correct(count: int) -> list[Candidate]:
    """Different right candidates for tasks of metric `check`."""
    return [program(10, tail=f"  # {number}") for number in range(count)]


@contextmanager
def opened(folder: Path) -> Iterator[Ledger]:
    """A real ledger."""
    with Ledger.open(folder, create=True) as ledger:
        yield ledger


def begin(ledger: Ledger, folder: Path, bench: Bench, budget: Budget | None = None,
          entries: list[Entry] | None = None) -> Run:  # fmt: skip
    """A new run on this bench; every entry it sees goes to `entries`."""
    return Run.open(
        ledger, folder, bench.task, budget or Budget(), bench.rules, box=bench.description,
        proposers=["scripted"], random_seed=7,
        listen=None if entries is None else entries.append,
    )  # fmt: skip


def drive(run: Run, bench: Bench, candidates: Iterable[Candidate],
          budget: Budget | None = None) -> str:  # fmt: skip
    """One sitting with these candidates; why it ended."""
    return Loop(run, bench, [Scripted(candidates)], budget or Budget()).drive()


def verdicts(run: Run) -> list[str]:
    """Of finished trials, in the order in which they ended."""
    return [record.verdict for record in run.archive.trials]
