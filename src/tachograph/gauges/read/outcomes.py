"""Runs of agents on tasks whose length in human time is known, from every form they come in.

A table (.csv, .jsonl) has one row a run, or one row for the runs of an agent on a task:

| column | also | what |
| --- | --- | --- |
| agent | alias, model | who ran |
| task | task_id | what |
| family | task_family | tasks that resemble each other; the task itself where there is none |
| human_minutes | | how long people need, above 0 |
| success | score_binarized, score | 0 to 1: of one run |
| runs, successes | n_runs, n_successes | instead of `success`: of several runs |
| release_date | | optional: of the agent |
| human_source | | optional: "baseline" says that people were timed, all else that nobody was |
| cheated | | optional: the run passed by cheating, or tried |

That takes METR's runs.jsonl as it is. An Inspect log (.eval) has human_minutes, and task_family, in
each sample's metadata; where it has not, a table of tasks says them. Proven by
tests/gauges/test_read_outcomes.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tachograph.gauges.read.days import column
from tachograph.gauges.read.eval_log import read_eval_log
from tachograph.gauges.read.rows import Row, read_rows

AGENT = ("agent", "alias", "model")
TASK = ("task", "task_id")
FAMILY = ("family", "task_family")
SCORE = ("success", "score_binarized", "score")
RUNS = ("runs", "n_runs")
SUCCESSES = ("successes", "n_successes")
TIMED = "baseline"
MOST_RUNS = 10**9
"""Of one agent on one task: more is a mistake of columns."""
MOST_MINUTES = 1e8
"""About two centuries: what is longer is a mistake of units."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one run, or of several alike."""

    agent: str
    task: str
    family: str
    human_minutes: float
    runs: int
    score: float
    """Successes among the runs; a fraction for one run with a partial score."""
    release_date: date | None = None
    timed: bool | None = None
    """Whether people were timed on the task; None where nothing is said."""
    cheated: bool = False


def read_outcomes(
    paths: Sequence[Path], tasks: Path | None = None, scorer: str | None = None
) -> list[Outcome]:
    """All runs of all files. Raises FormatError naming file and line, NotFoundError.

    `tasks` is a table of task, human_minutes and family for runs that do not say them; `scorer`
    names the score of an .eval log to go by, where it is not the first. A task with two lengths or
    two families, or an agent with two release dates, is refused.
    """
    known = {row.text(column(row, TASK)): row for row in read_rows(tasks)} if tasks else {}
    found: list[Outcome] = []
    lengths: dict[str, tuple[float, str]] = {}
    days: dict[str, date | None] = {}
    for path in paths:
        for row in read_eval_log(path, scorer) if path.suffix == ".eval" else read_rows(path):
            outcome = outcome_of(row, known)
            said = (outcome.human_minutes, outcome.family)
            if lengths.setdefault(outcome.task, said) != said:
                before = lengths[outcome.task]
                raise row.fault(outcome.task, f"length and family {said}, elsewhere {before}",
                                "give each task one length and one family")  # fmt: skip
            day = days.setdefault(outcome.agent, outcome.release_date)
            if day != outcome.release_date:
                raise row.fault(outcome.agent, "two different release dates")
            found.append(outcome)
    return found


def outcome_of(row: Row, tasks: Mapping[str, Row]) -> Outcome:
    """The run that this row tells of. Raises FormatError."""
    task = row.text(column(row, TASK))
    told = row if "human_minutes" in row else tasks.get(task, row)
    runs, score = _counts(row)
    source = told.maybe("human_source", told.text)
    return Outcome(
        agent=row.text(column(row, AGENT)),
        task=task,
        family=told.maybe(column(told, FAMILY), told.text) or task,
        human_minutes=_minutes(told),
        runs=runs,
        score=score,
        release_date=row.maybe("release_date", row.day),
        timed=None if source is None else source == TIMED,
        cheated=bool(row.maybe("cheated", row.truth)),
    )


def _minutes(row: Row) -> float:
    minutes = row.positive("human_minutes")
    if minutes > MOST_MINUTES:
        raise row.fault(
            "human_minutes", f"longer than {MOST_MINUTES:g}: {minutes:g}", "give minutes"
        )
    return minutes


def _counts(row: Row) -> tuple[int, float]:
    many = column(row, RUNS)
    if many in row:
        runs = row.whole(many, low=1)
        if runs > MOST_RUNS:
            raise row.fault(many, f"more than {MOST_RUNS:,}: {runs:,}")
        return runs, row.whole_up_to(column(row, SUCCESSES), runs)
    name = column(row, SCORE)
    value = row.raw(name)
    return 1, float(value) if isinstance(value, bool) else row.number(name, 0.0, 1.0)
