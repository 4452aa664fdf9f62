"""The run behind one sample: its ledger, its judge, and the verbs that the model's tools are.

A sample of a Tachograph task is a run of Tachograph's like any other, recorded as it happens: what
Inspect's log says can be found in the ledger, and `tacho show`, `replay` and `ledger verify` work
on it. Proven by tests/inspect/test_tasks.py.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tachograph.errors import HeldError, UsageError
from tachograph.inspect.provider import STILL
from tachograph.ledger import Ledger
from tachograph.loop.bench import open_bench
from tachograph.loop.budget import Budget
from tachograph.loop.hand_desk import HandDesk
from tachograph.loop.propose.command import Seat, goal
from tachograph.loop.report import run_data
from tachograph.loop.run import Run
from tachograph.loop.score.holdout import open_holdout
from tachograph.loop.turn import Loop
from tachograph.sandbox import Level
from tachograph.task import Task

LEDGER_VARIABLE, LEDGER = "TACHO_LEDGER", ".tacho"
HOW = """\
You work in a folder that holds these files, with tools to `read`, `write`, `edit` and `run`. Ask
for a verdict on the files as they lie there with the tool `trial`, as often as the budget allows; a
version that was tried before costs nothing. What lies in the folder when you end is tried too."""
ONE_AT_A_TIME = threading.Lock()
"""Held while a trial of this process is on: samples that run side by side share one clock."""


@dataclass(frozen=True)
class Options:
    """What a task is given by `-T name=value`."""

    trials: int = 20
    """The judge makes this many trials and no more."""
    level: Level | None = None
    """Of the judge's box; None: the best that can be had."""
    ledger: str = ""
    """Its folder; empty: TACHO_LEDGER, else .tacho."""

    @property
    def folder(self) -> Path:
        """The ledger's folder."""
        return Path(self.ledger or os.environ.get(LEDGER_VARIABLE) or LEDGER).resolve()


class Court:
    """One sample's run. Every method may be called from any thread."""

    def __init__(self, task: Task, model: str, options: Options) -> None:
        """Open box, ledger and run. Raises BoxError, StoreError, UsageError."""
        self.task = task
        self.options = options
        budget = Budget(trials=options.trials)
        name = f"inspect:{model}"
        with ExitStack() as stack:
            ledger = stack.enter_context(Ledger.open(options.folder, create=True))
            self.bench = stack.enter_context(open_bench(task, level=options.level))
            self.run = Run.open(ledger, options.folder, task, budget, self.bench.rules,
                                box=self.bench.description, proposers=[name])  # fmt: skip
            desk = HandDesk(Loop(self.run, self.bench, [], budget).office, name)
            brief = desk.now()
            self.words = goal(brief, HOW)
            self.seat = Seat(brief, desk, self.words, name)
            self.stack = stack.pop_all()
        self.closing = threading.Lock()
        self.ended = False

    def ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to a question of the model's: `trial` with files, `status` and others."""
        if question.get("verb") != "trial":
            return self.seat.answer(dict(question))
        with ONE_AT_A_TIME, STILL.still():
            return self.seat.answer(dict(question))

    def end(self, files: Mapping[str, str]) -> None:
        """Try what the sample has left, then end the run: hold-out, close, sign. Once.

        Raises BoxError, TaskError, StoreError; HeldError where the brake holds, and the run is
        closed with what it says: what the sample has left was not tried.
        """
        with self.closing:
            if self.ended:
                return
            left = {"verb": "trial", "files": dict(files), "label": "as it was left"}
            try:
                error = self.ask(left).get("error", {})
                if error.get("kind") == HeldError.kind:
                    raise HeldError(error["message"], hint="evaluate again when work may go on")
                with ONE_AT_A_TIME, STILL.still():
                    if self.task.metric == "score":
                        open_holdout(self.run, self.bench)
            except HeldError as refusal:
                self.finish(refusal.message)
                raise
            self.finish("the sample ended")

    def finish(self, reason: str) -> None:
        """Close the run and sign the head."""
        self.run.close(reason)
        self.run.ledger.sign_head()
        self.ended = True

    def close(self) -> None:
        """Let go of box and ledger; a run that was not ended is closed as interrupted."""
        with self.closing:
            if not self.ended:
                self.run.close("interrupted")
                self.ended = True
            self.stack.close()


def recorded(folder: Path, run: str) -> dict[str, Any]:
    """A run's plain data, from its ledger alone. Raises NotFoundError, DamagedError, StoreError."""
    if not run:
        raise UsageError("the sample has no run: it ended before its set-up")
    with Ledger.open(folder) as ledger:
        return run_data(Run.read(ledger, run, folder))
