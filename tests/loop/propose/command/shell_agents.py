"""Agents that are shell scripts, and a run with one of them as its proposer."""

from __future__ import annotations

from pathlib import Path

from loop_toys import begin

from tachograph.loop.budget import Budget
from tachograph.loop.propose.command import Command
from tachograph.loop.propose.protocol import Brief, Desk, Proposal
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


class SoManyTurns:
    """A proposer that has nothing more to try after some turns."""

    thinks_here = False

    def __init__(self, proposer: Command, turns: int) -> None:
        self.proposer = proposer
        self.name = proposer.name
        self.left = turns

    def propose(self, brief: Brief, desk: Desk) -> Proposal | None:
        self.left -= 1
        return self.proposer.propose(brief, desk) if self.left >= 0 else None


def drive(bench, ledger, folder: Path, spec: str, *, turns: int = 1,
          budget: Budget | None = None, command: Command | None = None) -> Run:  # fmt: skip
    """A run whose proposer has this many turns; the run as the ledger has it."""
    run = begin(ledger, folder, bench, budget)
    proposer = command or Command(spec, level="A", hidden=[folder])
    Loop(run, bench, [SoManyTurns(proposer, turns)], budget or Budget()).drive()
    return Run.read(ledger, run.id, folder)
