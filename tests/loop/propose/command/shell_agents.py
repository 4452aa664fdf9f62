"""Agents that are shell scripts, and a run with one of them as its proposer."""

from __future__ import annotations

from pathlib import Path

from loop_toys import begin

from tachograph.loop.budget import Budget
from tachograph.loop.propose.command import Command
from tachograph.loop.run import Run
from tachograph.loop.turn import Loop

RIGHT = "def answer(x, late):\\n    return x + x  # %s\\n"


def script(folder: Path, text: str, name: str = "agent") -> Path:
    """An agent that does what this shell script does."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def write(comment: str) -> str:
    """A line of shell that leaves a right candidate, told apart by its comment."""
    return f"printf 'def answer(x, late):\\n    return x + x  # {comment}\\n' > toy.py"


def drive(bench, ledger, folder: Path, spec: str, *, turns: int = 1,
          budget: Budget | None = None, command: Command | None = None) -> Run:  # fmt: skip
    """A run whose proposer has this many turns; the run as the ledger has it."""
    run = begin(ledger, folder, bench, budget)
    proposer = command or Command(spec, level="A", hidden=[folder])
    loop = Loop(run, bench, [proposer], budget or Budget())
    for _ in range(turns):
        loop.take_turn(proposer, bench.task.seed.id)
        for record in run.archive.unfinished:
            loop.try_one(record.id)
    return Run.read(ledger, run.id, folder)
