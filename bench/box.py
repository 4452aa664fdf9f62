"""What one call in a box costs, piece by piece: run `python bench/box.py [--quick] [--json]`.

A trivial function, called in an open box at each level that can be had. The pieces are read by the
judge's clock: asking for the box to the walls standing, loading to ready, GO to the sealed result,
and killing, reaping and clearing up. Medians; the 90th percentile of the whole beside them.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from dataclasses import dataclass
from typing import Any

from tachograph.errors import BoxError
from tachograph.sandbox import Box, Finished, Level, Program

LEVELS: tuple[Level, ...] = ("A", "B", "D")
CALLS, CALLS_QUICK = 300, 60
TRIVIAL = Program(files={"trivial.py": "def call(x): return x"}, entry="trivial:call")


@dataclass(frozen=True)
class Costs:
    """Milliseconds per call at one level."""

    level: Level
    calls: int
    open_ms: float
    setup_ms: float
    """From asking for the box until it is ready, with the candidate loaded."""
    wall_ms: float
    """From GO to the sealed result: what a trivial call is said to take."""
    teardown_ms: float
    """The rest: kill, reap, clear up, decode."""
    total_ms: float
    total_p90_ms: float


def measure(level: Level, calls: int) -> Costs:
    """The costs at a level. Raises BoxError where it cannot be had."""
    began = time.perf_counter()
    with Box.open(level=level) as box:
        open_ms = 1000 * (time.perf_counter() - began)
        pieces = [one_call(box) for _ in range(calls)]
    setup, wall, total = (list(column) for column in zip(*pieces, strict=True))
    rest = [t - s - w for s, w, t in pieces]
    return Costs(
        level, calls, open_ms, statistics.median(setup), statistics.median(wall),
        statistics.median(rest), statistics.median(total), statistics.quantiles(total, n=10)[8],
    )  # fmt: skip


def one_call(box: Box) -> tuple[float, float, float]:
    """Milliseconds of set-up, of the call itself, and of all."""
    began = time.perf_counter()
    outcome = box.run(TRIVIAL, {"x": 1})
    total = time.perf_counter() - began
    assert isinstance(outcome, Finished), outcome
    return 1000 * outcome.setup_seconds, 1000 * outcome.wall_seconds, 1000 * total


def main(arguments: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help=f"{CALLS_QUICK} calls a level")
    parser.add_argument("--json", action="store_true", help="numbers for machines")
    asked = parser.parse_args(arguments)
    rows: list[Costs] = []
    missing: dict[str, str] = {}
    for level in LEVELS:
        try:
            rows.append(measure(level, CALLS_QUICK if asked.quick else CALLS))
        except BoxError as error:
            missing[level] = error.message
    if asked.json:
        answer: dict[str, Any] = {"levels": [vars(row) for row in rows], "missing": missing,
                                  "load": os.getloadavg()[0]}  # fmt: skip
        print(json.dumps(answer, indent=2))
        return 0
    print(f"ms per call, medians; load {os.getloadavg()[0]:.1f}")
    print("level  calls   open  set-up   call  tear-down  total    p90")
    for row in rows:
        print(f"{row.level:5}  {row.calls:5}  {row.open_ms:5.0f}  {row.setup_ms:6.2f}  "
              f"{row.wall_ms:5.2f}  {row.teardown_ms:9.2f}  {row.total_ms:5.2f}  "
              f"{row.total_p90_ms:5.2f}")  # fmt: skip
    for name, reason in missing.items():
        print(f"{name}      {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
