"""What the loop costs per candidate when the evaluation costs nothing.

The whole path of a trial: propose, record the proposal durably and its files with it, fork a box,
load the program, call f(2), check, record the verdict durably. Level A and level D.

    python bench/overhead.py
    python bench/overhead.py --quick --level D

CPU is that of the judge, the zygote and all boxes, the start of the zygote left out. A trial waits
for the disk once, for its verdict, which takes the proposal along; the rows `ledger in memory` show
what is left without that wait.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bars import Bar, report
from tachograph.cli import COLLECT_EVERY
from tachograph.ledger import Ledger
from tachograph.loop.bench import open_bench
from tachograph.loop.budget import Budget
from tachograph.loop.run import Run
from tachograph.loop.turn import Loop
from tachograph.sandbox import Level
from tachograph.task import Task
from toy import Numbered, write_task

MEMORY = Path("/dev/shm")
MEDIAN_MS = {"A": 25.0, "D": 6.0}
PEERS = (
    ("OpenEvolve 0.4.0, its own process, no walls", 10.1, 0.007, 142),
    ("GEPA 0.1.4 with run_dir, in process, no walls", 3.4, 0.0005, 22),
    ("ShinkaEvolve 0.0.7, light evaluator, no walls", 815.0, 0.30, 480),
    ("CORAL 0af5127, no walls", 1600.0, None, None),
)
"""Median ms, CPU seconds, peak MB of the same trivial evaluation, taken in November 2026 on another
machine of 2 cores under load: published figures for scale, not a race."""


@dataclass(frozen=True)
class Cost:
    """Of one sitting."""

    turn_ms: list[float]
    cpu_seconds: float
    """Per candidate."""
    own_peak_mib: float
    box_peak_mib: float
    """Of the largest process in or under a box."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="60 candidates instead of 200")
    parser.add_argument("--level", choices=("A", "D"), help="only this one")
    options = parser.parse_args(arguments)
    gc.set_threshold(COLLECT_EVERY)  # as the command does
    gc.freeze()
    count = 60 if options.quick else 200
    levels: tuple[Level, ...] = (options.level,) if options.level else ("A", "D")
    bars = []
    print(f"{'':48} {'median':>8} {'90 %':>8} {'CPU s':>8} {'peak MiB':>9}")
    for level in levels:
        median = show(f"tachograph, level {level}, durable", sitting(level, count, None))
        if MEMORY.is_dir():
            show(f"tachograph, level {level}, ledger in memory", sitting(level, count, MEMORY))
        bar = MEDIAN_MS[level]
        bars.append(Bar(f"a trivial candidate at level {level}, median", f"<= {bar:g} ms",
                        f"{median:.1f} ms", median <= bar))  # fmt: skip
    print(f"one wait for this disk takes {disk_ms():.2f} ms")
    for name, milliseconds, cpu, megabytes in PEERS:
        print(f"{name:48} {milliseconds:6.1f}ms {'':8} {cpu or '':>8} {megabytes or '':>9}")
    return report(bars)


def show(name: str, cost: Cost) -> float:
    """Print a row; the median in ms."""
    median = statistics.median(cost.turn_ms)
    late = statistics.quantiles(cost.turn_ms, n=10)[-1]
    peak = cost.own_peak_mib + cost.box_peak_mib
    print(f"{name:48} {median:6.1f}ms {late:6.1f}ms {cost.cpu_seconds:8.4f} {peak:9.0f}")
    return median


def disk_ms() -> float:
    """Median ms to append a page to a file and have it on the disk."""
    took = []
    with tempfile.TemporaryFile() as file:
        for _ in range(20):
            file.write(bytes(4096))
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            took.append(1e3 * (time.perf_counter() - began))
    return statistics.median(took)


def sitting(level: Level, count: int, where: Path | None) -> Cost:
    """One sitting of the loop with `count` candidates, its ledger below `where`."""
    with tempfile.TemporaryDirectory(prefix="tacho-bench-", dir=where) as temporary:
        folder = Path(temporary)
        task = write_task(folder / "task")
        idle = cpu_of(task, level, folder / "idle", 0)[0]
        spent, turns = cpu_of(task, level, folder / "ledger", count)
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    box = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return Cost(turns, max(0.0, spent - idle) / count, own, box)


def cpu_of(task: Task, level: Level, folder: Path, count: int) -> tuple[float, list[float]]:
    """CPU seconds of everything, and ms from one proposal to the next."""
    before = cpu_seconds()
    numbered = Numbered()
    with Ledger.open(folder, create=True) as ledger, open_bench(task, level=level) as bench:
        budget = Budget(trials=max(count, 1))
        run = Run.open(ledger, folder, task, budget, bench.rules, box=bench.description,
                       proposers=[numbered.name])  # fmt: skip
        if count:
            Loop(run, bench, [numbered], budget).drive()
        asked = [*numbered.asked, time.perf_counter()]
    assert len(run.archive.kept) == count, "not every right program was kept"
    turns = [1e3 * (b - a) for a, b in itertools.pairwise(asked)]
    return cpu_seconds() - before, turns


def cpu_seconds() -> float:
    """User and system time of this process and of all its children that have ended."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


if __name__ == "__main__":
    sys.exit(main())
