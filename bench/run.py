"""Every benchmark, one after the other, and one table of what was promised and what was met.

    python bench/run.py --quick
    python bench/run.py --only ledger overhead

A benchmark is a file of this folder with a `main` that takes `--quick`, prints its bars with
`bars.report`, and ends with 0 where all are met. They run one at a time, because they measure.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bars import Bar, parse

HERE = Path(__file__).parent
PARTS = ("bars", "fuzz_targets", "interop_tools", "run", "searchers", "toy")
ARGUMENTS = {"recipes": ["pairwise"]}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run them and print the table; 1 where a bar is missed or a benchmark breaks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="fewer repeats everywhere")
    parser.add_argument("--only", nargs="+", choices=names(), metavar="NAME", help=str(names()))
    options = parser.parse_args(arguments)
    gathered: list[tuple[str, Bar]] = []
    for name in options.only or names():
        gathered += [(name, bar) for bar in bars_of(name, options.quick)]
    print("\n" + table(gathered))
    missed = sum(not bar.met for _, bar in gathered)
    print(f"\n{len(gathered) - missed} of {len(gathered)} bars met, "
          f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")  # fmt: skip
    return int(missed > 0)


def names() -> list[str]:
    """All benchmarks."""
    return sorted(path.stem for path in HERE.glob("*.py") if path.stem not in PARTS)


def bars_of(name: str, quick: bool) -> list[Bar]:
    """Run one, showing what it prints; its bars, and one more where it breaks without a bar."""
    print(f"\n== {name}", flush=True)
    command = [sys.executable, str(HERE / f"{name}.py"), *ARGUMENTS.get(name, [])]
    began = time.monotonic()
    with subprocess.Popen(command + ["--quick"] * quick, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        found = []
        for line in run.stdout:
            print(line, end="", flush=True)
            bar = parse(line)
            if bar:
                found.append(bar)
    print(f"({time.monotonic() - began:.0f} s)")
    if run.returncode and all(bar.met for bar in found):
        found.append(Bar("runs to its end", "exit code 0", str(run.returncode), met=False))
    return found


def table(gathered: Sequence[tuple[str, Bar]]) -> str:
    """As Markdown."""
    rows = ["| bench | what | bar | figure | |", "|---|---|---|---|---|"]
    rows += [
        f"| {name} | {bar.what} | {bar.bar} | {bar.figure} | {'met' if bar.met else '**missed**'} |"
        for name, bar in gathered
    ]
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main())
