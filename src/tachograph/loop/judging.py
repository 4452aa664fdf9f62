"""Which judge a task gets: the clock's or the scorer's. The loop knows of them what is here."""

from __future__ import annotations

from typing import Protocol

from tachograph.loop.bench import Bench
from tachograph.loop.check import Answer
from tachograph.loop.judge import Judge, Recorder
from tachograph.loop.run import Run
from tachograph.loop.score.judge import ScoreJudge
from tachograph.task import Candidate


class TaskJudge(Protocol):
    """Says what a candidate is worth; records nothing but through `say`."""

    def try_candidate(self, candidate: Candidate, best: Candidate, say: Recorder,
                      answer: Answer | None = None) -> None:  # fmt: skip
        """A whole trial; its last body is CandidateKept or CandidateDropped.

        Raises TaskError where the task is at fault, ReferenceRevoked where `best` is.
        """
        ...

    def allow(self, wall_seconds: float) -> None:
        """A trial may take this much time, where the judge can end one early."""
        ...

    def exhausted(self) -> str:
        """Name of a budget of the task's own that is spent; empty while none is."""
        ...


def judge_of(run: Run, bench: Bench) -> TaskJudge:
    """The judge for this run's trials."""
    if bench.task.metric == "score":
        return ScoreJudge(run, bench)
    return Judge(run.id, bench.task, bench.examiner, bench.rules, run.secret)
