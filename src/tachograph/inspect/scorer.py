"""The score of a sample: what our judge found, as Inspect's logs and metrics hold it.

`improved` is 1 where a version was kept, 0 where the judge settled that none is better. Beside it
stands the figure, for samples that improved: `speed_up` or `gap_recovered`. What could not be
measured has no value at all, and says why: it is never 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from inspect_ai.scorer import (
    Metric,
    SampleScore,
    Score,
    Scorer,
    Target,
    mean,
    metric,
    scorer,
    stderr,
)
from inspect_ai.solver import TaskState

from tachograph.errors import TachographError
from tachograph.inspect.court import recorded
from tachograph.inspect.provider import in_thread
from tachograph.inspect.tools import COURTS, LEDGER, RUN, files_of

SPEED_UP, GAP = "speed_up", "gap_recovered"
UNSETTLED = ("box-failed", "unfinished")
NAN = math.nan
"""A figure that there is not: Inspect leaves it out of metrics."""


@metric
def geometric_mean() -> Metric:
    """Of ratios above 0: two samples of 2x and 8x make 4x."""

    def over(scores: list[SampleScore]) -> float:
        logs = [math.log(sample.score.as_float()) for sample in scores]
        return math.exp(sum(logs) / len(logs)) if logs else NAN

    return over


@scorer(metrics={"improved": [mean(), stderr()], SPEED_UP: [geometric_mean(), stderr()]})
def timed() -> Scorer:
    """For tasks that are timed."""
    return judged(SPEED_UP)


@scorer(metrics={"improved": [mean(), stderr()], GAP: [mean(), stderr()]})
def scored() -> Scorer:
    """For tasks that are scored."""
    return judged(GAP)


@scorer(metrics={"improved": [mean(), stderr()]})
def checked() -> Scorer:
    """For tasks that are done when a check passes."""
    return judged("")


def judged(figure: str) -> Scorer:
    """End the sample's run and say what it found; where it has ended, what its ledger says."""

    async def score(state: TaskState, target: Target) -> Score:
        run = state.store.get(RUN, "")
        try:
            if court := COURTS.get(run):
                files = await files_of(court)
                await in_thread(lambda: court.end(files))
            ledger = Path(state.store.get(LEDGER, ""))
            return score_of(await in_thread(lambda: recorded(ledger, run)), figure)
        except TachographError as error:
            return Score.unscored(reason="scoring_failed", explanation=error.message,
                                  metadata={"run": run, "hint": error.hint})  # fmt: skip

    return score


def scorer_for(metric_kind: str) -> Scorer:
    """By what the task says of its metric."""
    return {"time": timed, "score": scored, "check": checked}[metric_kind]()


def score_of(data: Mapping[str, Any], figure: str) -> Score:
    """The score that a run's plain data stands for."""
    best, trials = data["best"], data["trials"]
    if best is None and trials and all(trial["verdict"] in UNSETTLED for trial in trials):
        return Score.unscored(reason="scoring_failed", metadata=dict(data),
                              explanation="no trial could be settled: the box broke")  # fmt: skip
    interval = figure_of(data, figure)
    value: dict[str, float] = {"improved": float(best is not None)}
    if figure:
        value[figure] = interval["value"] if interval else NAN
    return Score(value=value, answer=best["candidate"] if best else None,
                 explanation=explanation(data), reason=None if best else reason(trials),
                 metadata={**data, "interval": interval})  # fmt: skip


def figure_of(data: Mapping[str, Any], figure: str) -> dict[str, float] | None:
    """Value, low and high of the run's figure; None where it has none."""
    if not data["best"]:
        return None
    if figure == SPEED_UP:
        against = data["best"]["against_seed"]
        return {"value": against["ratio"], "low": against["low"], "high": against["high"]}
    marks = (data["scoring"] or {}).get("best")
    found: dict[str, float] | None = marks["gap_recovered"] if marks and figure == GAP else None
    return found


def reason(trials: list[Mapping[str, Any]]) -> str:
    """Why nothing was kept: the last verdict, or that nothing new was tried."""
    return str(trials[-1]["verdict"]) if trials else "nothing-tried"


def explanation(data: Mapping[str, Any]) -> str:
    """One line a trial."""
    lines = [f"run {data['run']} on {data['task']}"]
    for trial in data["trials"]:
        ratio = trial["against_seed"]
        figure = f" {ratio['ratio']:.2f}x [{ratio['low']:.2f}, {ratio['high']:.2f}]" \
            if ratio and ratio["ratio"] is not None else ""  # fmt: skip
        lines.append(f"{trial['candidate']} {trial['verdict']}{figure}: {trial['label']}")
    return "\n".join(lines)
