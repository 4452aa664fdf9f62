"""Bars: what a benchmark promises, and whether it was met. One table for all of them.

A benchmark's `main` ends with `return report([Bar(...), ...])`, so that `bench/run.py` can gather
the rows from what it prints.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

MARK = "bar |"
"""Begins each row of a bar on stdout."""


@dataclass(frozen=True)
class Bar:
    """One promise."""

    what: str
    bar: str
    """The promise, with its unit: `<= 25 ms`."""
    figure: str
    """What was measured, with its unit."""
    met: bool

    def row(self) -> str:
        """On one line; `parse` reads it."""
        return " | ".join((MARK[:-2], self.what, self.bar, self.figure, "met" if self.met
                           else "MISSED"))  # fmt: skip


def parse(line: str) -> Bar | None:
    """The bar on this line; None where there is none."""
    parts = [part.strip() for part in line.split("|")]
    if not line.startswith(MARK) or len(parts) != 5:
        return None
    return Bar(parts[1], parts[2], parts[3], parts[4] == "met")


def report(bars: Iterable[Bar]) -> int:
    """Print a row for each; 1 where one is missed."""
    rows = list(bars)
    for bar in rows:
        print(bar.row(), flush=True)
    return int(not all(bar.met for bar in rows))
