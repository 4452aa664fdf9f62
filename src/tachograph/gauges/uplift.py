"""Uplift: what a randomised trial says AI does to the time that tasks take.

Tasks are assigned to "AI allowed" or not by chance. The model is ln(minutes) on treatment and,
where people said before how long the task would take without AI, the logarithm of that. exp(b) - 1
is the change in time: above 0, AI made people slower. Intervals by clusters of subjects or by
tasks, with the degrees of freedom that few of them leave (stats/regression.py).

Source: J. Becker et al., "Measuring the Impact of Early-2025 AI on Experienced Open-Source
Developer Productivity" (arXiv:2507.09089), whose figures it meets to the printed digits
(tests/gauges/test_uplift.py). Review time that was not logged is imputed by its arm's mean, as
there. Not covered: tasks that people keep back because they want AI for them (the column `refused`
counts those that were recorded), and time that runs on several tasks at once.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING, cast

import numpy as np

from tachograph.errors import UsageError
from tachograph.gauges.gauge import Gauge, Inputs, option
from tachograph.gauges.read import Row, read_rows
from tachograph.gauges.read.rows import LARGEST
from tachograph.gauges.reading import MEASURED, Estimate, GridRow, Reading, Series, Verdict, number
from tachograph.gauges.stats.intervals import normal_quantile
from tachograph.gauges.stats.regression import Fit, Kind, ols

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tachograph.gauges.picture import Theme

QUESTION = "Does AI make people faster, by a randomised trial?"
COVARIANCES: tuple[Kind, ...] = ("CR2", "cluster", "HC2", "HC3", "classic")
BY_SUBJECT = ("CR2", "cluster")
REVIEWS = ("arm-mean", "drop", "left-out")
"""What to do with review time: impute what is missing, drop those tasks, or leave all of it out."""
POWER = 0.8
FEW_SUBJECTS = 20
PUBLISHED = {
    "subject": "dev_id", "treatment": "ai_treatment", "minutes": "initial_implementation_time",
    "review_minutes": "post_review_implementation_time", "forecast_without": "predicted_time_no_ai",
    "forecast_with": "predicted_time_ai_allowed",
}  # fmt: skip
"""Our columns, as the published trial's file names them."""
OURS = {name: name for name in (*PUBLISHED, "refused")}


@dataclass(frozen=True)
class Options:
    """How the trial is analysed."""

    covariance: str = option("CR2", "by clusters of subjects (CR2, or cluster as published), or "
                             "by tasks (HC2; HC3 as published)", choices=COVARIANCES)  # fmt: skip
    quantile: str = option("t", "of the interval; the published one is normal",
                           choices=("t", "normal"))  # fmt: skip
    review: str = option("arm-mean", "missing review time", choices=REVIEWS)
    unadjusted: bool = option(False, "leave out people's own forecasts")
    level: float = option(0.95, "confidence level of the intervals")

    def __post_init__(self) -> None:
        if not 0 < self.level < 1:
            raise UsageError("a level lies between 0 and 1", hint="--level 0.95")


@dataclass(frozen=True)
class Task:
    """One task of the trial."""

    subject: str
    treated: bool
    """Whether AI was allowed."""
    minutes: float
    """Without review; above 0."""
    review_minutes: float | None
    """None: not logged."""
    forecast_without: float | None
    """Minutes that the subject expected without AI, said before the draw."""
    forecast_with: float | None


@dataclass(frozen=True)
class Trial:
    """All tasks that were done, and how many were kept back."""

    tasks: tuple[Task, ...]
    refused: int


def read(inputs: Inputs, options: Options) -> Trial:
    """Tasks from tables, ours or the published trial's. Raises FormatError."""
    tasks: list[Task] = []
    refused = 0
    for path in inputs.files:
        rows = read_rows(path)
        names = PUBLISHED if PUBLISHED["subject"] in rows[0] else OURS
        for row in rows:
            if names is OURS and row.maybe("refused", row.truth):
                refused += 1
            else:
                tasks.append(_task(row, names))
    return Trial(tuple(tasks), refused)


def _task(row: Row, names: Mapping[str, str]) -> Task:
    def positive(column: str) -> float | None:
        return row.maybe(names[column], row.positive)

    return Task(
        subject=row.text(names["subject"]),
        treated=row.whole_up_to(names["treatment"], 1) == 1,
        minutes=row.positive(names["minutes"]),
        review_minutes=row.maybe(names["review_minutes"],
                                 lambda column: row.number(column, 0, LARGEST)),
        forecast_without=positive("forecast_without"),
        forecast_with=positive("forecast_with"),
    )  # fmt: skip


@dataclass(frozen=True)
class Analysed:
    """The regression, or why there is none."""

    fit: Fit | None
    tasks: int
    reason: str = ""


def analyse(trial: Trial, options: Options) -> Analysed:
    """Regress ln(minutes) on treatment, and on the forecast where all have one."""
    rows = [(task, total) for task, total in totals(trial.tasks, options.review) if total]
    treated = [task.treated for task, _ in rows]
    subjects = [task.subject for task, _ in rows]
    if treated.count(True) < 2 or treated.count(False) < 2:
        return Analysed(None, len(rows), "fewer than two tasks in one of the arms")
    columns = [np.ones(len(rows)), np.array(treated, dtype=float)]
    if adjusts(trial, options):
        columns.append(np.log([task.forecast_without or 1.0 for task, _ in rows]))
    design = np.column_stack(columns)
    if len(rows) <= design.shape[1] + 1 or np.linalg.matrix_rank(design) < design.shape[1]:
        return Analysed(None, len(rows), "too few different tasks for the regression")
    by_subject = options.covariance in BY_SUBJECT
    if by_subject and len(set(subjects)) < 3:
        return Analysed(None, len(rows), "fewer than three subjects to cluster by")
    kind: Kind = options.covariance  # type: ignore[assignment]
    response = np.log([total for _, total in rows])
    if np.ptp(response) == 0:
        return Analysed(None, len(rows), "times that do not vary")
    return Analysed(ols(design, response, kind, subjects if by_subject else None), len(rows))


def totals(tasks: Sequence[Task], review: str) -> Iterator[tuple[Task, float | None]]:
    """Each task with its minutes, review counted as `review` says; None: dropped."""
    logged = {arm: [t.review_minutes for t in tasks if t.treated == arm and t.review_minutes
                    is not None] for arm in (True, False)}  # fmt: skip
    for task in tasks:
        if review == "left-out":
            yield task, task.minutes
        elif task.review_minutes is not None:
            yield task, task.minutes + task.review_minutes
        elif not any(logged.values()):
            yield task, task.minutes
        elif review == "arm-mean" and logged[task.treated]:
            yield task, task.minutes + fmean(logged[task.treated])
        else:
            yield task, None


def adjusts(trial: Trial, options: Options) -> bool:
    """Whether the forecasts take part: all tasks have one, and nobody said to leave them out."""
    return not options.unadjusted and all(task.forecast_without for task in trial.tasks)


def compute(trial: Trial, options: Options) -> Reading:
    """The change in time, the subjects' own forecast, what could have been seen, and the grid."""
    found = analyse(trial, options)
    change = change_of(found, options)
    verdict = MEASURED if found.fit else Verdict.cannot_tell(found.reason)
    if found.fit and change.low is not None and change.high is not None:
        told = change.low > 0 or change.high < 0
        verdict = replace(verdict, words="a difference" if told else "no difference resolved")
    return Reading(
        gauge=GAUGE.name,
        version=GAUGE.version,
        question=QUESTION,
        verdict=verdict,
        sentence=_sentence(change),
        estimates=(change, *_others(trial, found, options)),
        n={"tasks": found.tasks, "with AI": sum(t.treated for t in trial.tasks),
           "subjects": len({t.subject for t in trial.tasks}), "refused": trial.refused},
        caveats=tuple(_caveats(trial, options)),
        grid=tuple(_grid(trial, options)),
        series=(_series(trial, options),),
    )  # fmt: skip


def change_of(found: Analysed, options: Options) -> Estimate:
    """exp(b) - 1 in per cent."""
    name = "change in time with AI"
    if found.fit is None:
        return Estimate(name=name, value=None, unit="%", level=options.level, reason=found.reason)
    low, high = found.fit.interval(1, options.level, normal=options.quantile == "normal")
    value = float(found.fit.coefficients[1])
    return Estimate(name=name, value=100 * math.expm1(value), low=100 * math.expm1(low),
                    high=100 * math.expm1(high), level=options.level, unit="%")  # fmt: skip


def _others(trial: Trial, found: Analysed, options: Options) -> Iterator[Estimate]:
    both = [math.log(t.forecast_with / t.forecast_without) for t in trial.tasks
            if t.forecast_with and t.forecast_without]  # fmt: skip
    if both:
        yield Estimate(name="change that the subjects expected", unit="%",
                       value=100 * math.expm1(fmean(both)))  # fmt: skip
    if found.fit is not None:
        scale = normal_quantile(options.level) + normal_quantile(2 * POWER - 1)
        yield Estimate(name=f"smallest change seen with {POWER:.0%} power", unit="%",
                       value=100 * math.expm1(scale * found.fit.error(1)))  # fmt: skip
    if trial.refused:
        asked = trial.refused + len(trial.tasks)
        yield Estimate(name="tasks kept back", value=100 * trial.refused / asked, unit="%")


def _sentence(change: Estimate) -> str:
    if change.value is None:
        return f"The trial cannot tell what AI does to the time: {change.reason}."
    assert change.low is not None and change.high is not None
    ends = f"[{number(change.low)} %, {number(change.high)} %]"
    if change.low <= 0 <= change.high:
        return f"With AI, tasks took {number(change.value)} % more time {ends}; that may be chance."
    if change.value > 0:
        return f"With AI, tasks took {number(change.value)} % more time {ends}."
    ends = f"[{number(-change.high)} %, {number(-change.low)} %]"
    return f"With AI, tasks took {number(-change.value)} % less time {ends}."


def _caveats(trial: Trial, options: Options) -> Iterator[str]:
    subjects = len({task.subject for task in trial.tasks})
    if subjects < FEW_SUBJECTS and options.covariance == "cluster":
        yield f"With {subjects} subjects the plain interval by clusters may be too narrow; see CR2."
    missing = sum(task.review_minutes is None for task in trial.tasks)
    if missing and missing < len(trial.tasks) and options.review == "arm-mean":
        yield f"For {missing} tasks review time was not logged; its arm's mean stands in."
    if not options.unadjusted and not adjusts(trial, options):
        yield "Not adjusted for difficulty: not every task has a forecast without AI."
    if trial.refused:
        yield f"{trial.refused} tasks were kept back; those may be the ones that AI helps with."
    else:
        yield "Tasks that people kept back are not counted; such tasks may be those AI helps with."
    yield "It holds for these people, their tools and their tasks at that time."


def _grid(trial: Trial, options: Options) -> Iterator[GridRow]:
    """The change under other analyses, one choice changed at a time."""
    variants = [options]
    variants += [replace(options, covariance=c) for c in COVARIANCES if c != options.covariance]
    if any(task.review_minutes is not None for task in trial.tasks):
        variants += [replace(options, review=r) for r in REVIEWS if r != options.review]
    if adjusts(trial, options):
        variants.append(replace(options, unadjusted=True))
    for place, chosen in enumerate(variants):
        choices = {"covariance": chosen.covariance, "review": chosen.review,
                   "forecasts": "used" if adjusts(trial, chosen) else "left out"}  # fmt: skip
        yield GridRow(choices, change_of(analyse(trial, chosen), chosen), place == 0)


def _series(trial: Trial, options: Options) -> Series:
    rows = [(task, total) for task, total in totals(trial.tasks, options.review) if total]
    return Series("tasks", {
        "treated": tuple(int(task.treated) for task, _ in rows),
        "minutes": tuple(total for _, total in rows),
        "forecast": tuple(task.forecast_without for task, _ in rows),
    })  # fmt: skip


def plot(reading: Reading, theme: Theme) -> Figure:
    """The change under every analysis of the grid; the line at 0 is no change."""
    from tachograph.gauges import picture

    rows = [row for row in reading.grid if row.estimate.value is not None]
    if not rows:
        return picture.nothing_to_show(theme, reading.verdict.reason)
    figure, axes = picture.canvas(theme, height=1.1 + 0.3 * len(rows))
    axes.axvline(0, color=theme.muted, linewidth=1)
    for place, row in enumerate(rows):
        each, colour = row.estimate, theme.colours[0] if row.headline else theme.muted
        middle, low, high = (cast(float, x) for x in (each.value, each.low, each.high))
        axes.plot([low, high], [place, place], color=colour, linewidth=1.6)
        axes.plot([middle], [place], "o", color=colour, markersize=5)
    axes.set_yticks(range(len(rows)), [_label(row, rows[0]) for row in rows])
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", color=theme.grid, linewidth=0.6)
    axes.set_xlabel("change in time with AI, % (above 0: slower)")
    return figure


def _label(row: GridRow, first: GridRow) -> str:
    if row.headline:
        return "as asked"
    return ", ".join(f"{name} {value}" for name, value in row.choices.items()
                     if value != first.choices[name])  # fmt: skip


GAUGE = Gauge(
    name="uplift",
    version="2",
    question=QUESTION,
    needs="tasks of a randomised trial with subject, treatment (1: AI allowed) and minutes; may "
          "have review_minutes, forecast_without, forecast_with, refused (.csv, .jsonl)",
    example="tacho gauge uplift trial.csv --plot uplift.svg",
    options=Options,
    read=read,
    compute=compute,
    plot=plot,
)  # fmt: skip
