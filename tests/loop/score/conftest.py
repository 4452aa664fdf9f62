"""A bench at level A on the small scored task, and a run on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from score_toys import make_task

from tachograph.errors import BoxError
from tachograph.ledger import Ledger
from tachograph.loop.archive import Record
from tachograph.loop.bench import Bench, open_bench
from tachograph.loop.budget import Budget
from tachograph.loop.run import Run
from tachograph.loop.score.judge import ScoreJudge
from tachograph.task import Candidate


@dataclass
class Sitting:
    """A run, its bench and its judge."""

    bench: Bench
    run: Run
    judge: ScoreJudge

    def propose(self, candidate: Candidate) -> None:
        """Record it as a proposal, if it is none yet."""
        if candidate.id not in self.run.archive.records:
            self.run.record_candidate(candidate, [], "test", "a candidate", "")

    def tried(self, candidate: Candidate) -> Record:
        """What became of a trial against the best so far."""
        self.propose(candidate)
        best = self.run.archive.best
        against = self.run.candidate(best.id) if best else self.bench.task.seed
        self.judge.try_candidate(candidate, against, self.run.record_about)
        return self.run.archive.records[candidate.id]

    def kinds(self) -> list[str]:
        """Of the run's entries, in order."""
        return [entry.kind for entry in self.run.ledger.entries(run=self.run.id)]

    def again(self) -> Sitting:
        """The same run, read anew from its ledger by another judge."""
        run = Run.read(self.run.ledger, self.run.id, self.run.folder)
        return Sitting(self.bench, run, ScoreJudge(run, self.bench))


SittingMaker = Callable[..., Sitting]


@pytest.fixture
def sit(tmp_path: Path) -> Iterator[SittingMaker]:
    """Opens a run on a new toy task; arguments are those of `make_task`."""
    with ExitStack() as stack:

        def make(*, parallel: int = 1, ledger: Ledger | None = None, **toy: Any) -> Sitting:
            number = len(list(tmp_path.iterdir()))
            task = make_task(tmp_path / f"task-{number}", **toy)
            try:
                bench = stack.enter_context(open_bench(task, level="A", parallel=parallel))
            except BoxError as error:
                pytest.skip(f"no box at level A: {error.message}")
            folder = tmp_path / f"ledger-{number}"
            ledger = ledger or stack.enter_context(Ledger.open(folder, create=True))
            folder.mkdir(exist_ok=True)
            run = Run.open(ledger, folder, task, Budget(), bench.rules, box=bench.description,
                           proposers=["test"])  # fmt: skip
            return Sitting(bench, run, ScoreJudge(run, bench))

        yield make
