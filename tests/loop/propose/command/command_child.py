"""A process that drives a run whose proposer is a coding agent: to be killed, and started again."""

from __future__ import annotations

import sys
from pathlib import Path

from tachograph.ledger import Ledger
from tachograph.loop.bench import open_bench
from tachograph.loop.budget import Budget
from tachograph.loop.propose.command import Command
from tachograph.loop.run import Run, run_ids
from tachograph.loop.turn import Loop
from tachograph.task import load


def main(folder: Path, task: Path, agent: Path) -> None:
    """One sitting: a new run, or the one that is there."""
    loaded = load(task)
    proposer = Command(str(agent), level="A", hidden=[folder])
    with Ledger.open(folder, create=True) as ledger, open_bench(loaded, level="A") as bench:
        if run_ids(ledger):
            run = Run.read(ledger, "last", folder)
            run.resume()
        else:
            run = Run.open(ledger, folder, loaded, Budget(), bench.rules, box=bench.description,
                           proposers=[proposer.name])  # fmt: skip
        Loop(run, bench, [proposer], Budget(trials=2)).drive()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
