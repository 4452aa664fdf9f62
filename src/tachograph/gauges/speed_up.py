"""Speed-up: how much faster proposers make code, over runs, tasks and model versions.

A run's result is the speed-up of its best candidate against the seed, which the judge raced again
before it counted; a run in which nothing beat the seed has 1, which is a result. Over runs of one
task and one proposer the figure is the geometric mean, and its interval is Student's on the
logarithms: it says how another run would fare, which the interval of one race does not.

Reads the ledger's timed runs, or tables with the same columns. A run with several proposers counts
for all of them together, under their joined name: who made the last step did not make it alone.
Proven by tests/gauges/test_speed_up.py. Not covered: whether the tasks are like one's own work.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import fmean
from typing import TYPE_CHECKING, cast

from tachograph.errors import FormatError, UsageError
from tachograph.gauges.gauge import Gauge, Inputs, option
from tachograph.gauges.read import Row, read_rows
from tachograph.gauges.reading import (
    MEASURED,
    Estimate,
    GridRow,
    Reading,
    Series,
    Verdict,
    Window,
    number,
)
from tachograph.gauges.stats.intervals import t_interval
from tachograph.ledger import Ledger
from tachograph.ledger.kinds import (
    CandidateDropped,
    CandidateKept,
    ClockTested,
    RunClosed,
    RunOpened,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tachograph.gauges.picture import Theme

QUESTION = "How much faster do proposers make code?"
Group = tuple[str, str]
"""Task and proposer."""


@dataclass(frozen=True)
class Options:
    """What it is compared with."""

    human: float = option(0.0, "speed-up that people reached on the task; 0: not known")
    human_hours: float = option(0.0, "hours that they took for it")
    level: float = option(0.95, "confidence level of the intervals")

    def __post_init__(self) -> None:
        if not 0 < self.level < 1 or self.human < 0 or self.human_hours < 0:
            raise UsageError("level not between 0 and 1, or a figure below 0",
                             hint="tacho gauge speed-up --human 4 --human-hours 6")  # fmt: skip


@dataclass(frozen=True)
class Result:
    """What one run came to."""

    task: str
    proposer: str
    ratio: float
    """Of the best against the seed; 1 where nothing beat it."""
    low: float | None
    """Lower end of the race's own interval; None where there was none."""
    high: float | None
    day: date | None


def read(inputs: Inputs, options: Options) -> tuple[Result, ...]:
    """Runs from tables, else from the ledger. Raises FormatError."""
    found = [_result(row) for path in inputs.files for row in read_rows(path)]
    if inputs.ledger is not None:
        found += of_ledger(inputs.ledger)
    if not found:
        raise FormatError("there is no finished timed run", hint="tacho run pairwise makes one")
    return tuple(found)


def _result(row: Row) -> Result:
    ratio = row.positive("ratio")
    low, high = (row.maybe(end, row.positive) for end in ("low", "high"))
    if low is not None and high is not None and not low <= ratio <= high:
        raise row.fault("ratio", f"{ratio:g} is not between {low:g} and {high:g}")
    return Result(row.text("task"), row.text("proposer"), ratio, low, high,
                  row.maybe("date", row.day))  # fmt: skip


@dataclass
class _Run:
    """One run while the ledger is read."""

    opened: RunOpened
    day: date
    kept: dict[str, CandidateKept]
    """Those that stand, in the order of keeping."""
    timed: bool = False
    """Whether its clock was tested: the run got as far as to time something."""
    closed: bool = False


def of_ledger(ledger: Ledger) -> list[Result]:
    """Every closed run that was timed, the oldest first. Raises DamagedError."""
    runs: dict[str, _Run] = {}
    for entry in ledger.entries():
        body = entry.body
        if isinstance(body, RunOpened):
            runs[body.run] = _Run(body, date.fromisoformat(entry.time[:10]), {})
        run = runs.get(getattr(body, "run", ""))
        if run is None:
            continue
        if isinstance(body, ClockTested):
            run.timed = True
        elif isinstance(body, CandidateKept):
            run.kept.pop(body.candidate, None)
            run.kept[body.candidate] = body
        elif isinstance(body, CandidateDropped):
            run.kept.pop(body.candidate, None)
        elif isinstance(body, RunClosed):
            run.closed = True
    return [result for run in runs.values() if (result := _of_run(run)) is not None]


def _of_run(run: _Run) -> Result | None:
    if not run.closed or not run.timed:
        return None  # it may still find more, or there was nothing to time
    best = next(reversed(run.kept.values()), None)
    name = " + ".join(run.opened.proposers) or "by hand"
    if best is None:
        return Result(run.opened.task, name, 1.0, None, None, run.day)
    return Result(run.opened.task, name, cast(float, best.ratio), best.low, best.high, run.day)


def groups(results: Sequence[Result]) -> Mapping[Group, list[Result]]:
    """Results by task and proposer, those with most runs first."""
    found: dict[Group, list[Result]] = {}
    for result in results:
        found.setdefault((result.task, result.proposer), []).append(result)
    return dict(sorted(found.items(), key=lambda item: (-len(item[1]), item[0])))


def mean(name: str, results: Sequence[Result], level: float) -> Estimate:
    """Geometric mean over runs, with Student's interval on the logarithms; one run has its own."""
    logs = [math.log(result.ratio) for result in results]
    value = math.exp(fmean(logs))
    if len(results) == 1:
        low, high = results[0].low, results[0].high
        return Estimate(name=f"{name}, one run", value=value, low=low, high=high, unit="x")
    name = f"{name}, {len(results)} runs"
    if len(set(logs)) == 1:  # for example found nothing in any run
        return Estimate(name=name, value=value, level=level, unit="x")
    ends = t_interval(logs, level)
    return Estimate(name=name, value=value, low=math.exp(ends.low), high=math.exp(ends.high),
                    level=level, unit="x")  # fmt: skip


def compute(results: tuple[Result, ...], options: Options) -> Reading:
    """One figure for each task and proposer, and how it stands to people's."""
    by_group = groups(results)
    found = {group: mean(f"{group[1]} on {group[0]}", runs, options.level)
             for group, runs in by_group.items()}  # fmt: skip
    head = next(iter(found))
    several = len(by_group[head]) > 1
    verdict = MEASURED if several else Verdict.cannot_tell("no proposer has two runs on one task")
    days = sorted(result.day for result in results if result.day)
    return Reading(
        gauge=GAUGE.name,
        version=GAUGE.version,
        question=QUESTION,
        verdict=verdict,
        sentence=_sentence(head, found[head], by_group[head], options),
        estimates=(*found.values(), *_against_people(found, options)),
        n={"runs": len(results), "tasks": len({r.task for r in results}),
           "proposers": len({r.proposer for r in results})},
        window=Window(days[0].isoformat(), days[-1].isoformat()) if days else None,
        caveats=tuple(_caveats(results, by_group, options)),
        grid=tuple(_grid(head, by_group[head], options)),
        series=(_series(results, found),),
    )  # fmt: skip


def _sentence(group: Group, each: Estimate, runs: Sequence[Result], options: Options) -> str:
    task, proposer = group
    if len(runs) == 1:
        return (f"The one run of {proposer} on {task} made it {each.text()} as fast; how another "
                "run would fare cannot be told.")  # fmt: skip
    assert each.value is not None
    text = f"Over {len(runs)} runs, {proposer} made {task} {number(each.value)} times as fast"
    if each.low is None or each.high is None:
        text += ", every run alike, so that nothing says how another would fare"
    else:
        text += f" [{number(each.low)}, {number(each.high)}]"
    if options.human:
        hours = f" in {number(options.human_hours)} hours" if options.human_hours else ""
        text += f"; people reached {number(options.human)} times{hours}"
    return text + "."


def _against_people(found: Mapping[Group, Estimate], options: Options) -> Iterator[Estimate]:
    if not options.human:
        return
    yield Estimate(name="people's", value=options.human, unit="x")
    for (task, proposer), each in found.items():
        low, high = (None if end is None else end / options.human for end in (each.low, each.high))
        yield Estimate(name=f"{proposer} on {task}, over people's", low=low, high=high, unit="x",
                       value=cast(float, each.value) / options.human, level=each.level)  # fmt: skip


def _caveats(results: Sequence[Result], by_group: Mapping[Group, Sequence[Result]],
             options: Options) -> Iterator[str]:  # fmt: skip
    single = sum(len(runs) == 1 for runs in by_group.values())
    if single:
        yield f"{single} of {len(by_group)} figures rest on one run; their intervals are a race's."
    few = sum(1 < len(runs) < 5 for runs in by_group.values())
    if few:
        yield f"{few} figures rest on fewer than five runs."
    nothing = sum(result.ratio == 1 for result in results)
    if nothing:
        yield f"{nothing} runs found nothing faster; they count as 1."
    if not options.human:
        yield "People's own result on these tasks is not given (--human), so there is no yardstick."
    yield "Runs differ in budget and machine; compare only such as had the same."
    yield "A speed-up of a small program says less about programs that people have tuned for years."


def _grid(group: Group, runs: Sequence[Result], options: Options) -> Iterator[GridRow]:
    """The headline by other summaries and parts of its runs."""
    base = {"summary": "geometric mean", "runs": "all"}
    yield GridRow(base, mean("speed-up", runs, options.level), headline=True)
    ordered = sorted(run.ratio for run in runs)
    for summary, value in (("median", ordered[len(ordered) // 2]), ("best", ordered[-1]),
                           ("worst", ordered[0])):  # fmt: skip
        if len(runs) > 1:
            yield GridRow(base | {"summary": summary},
                          Estimate(name="speed-up", value=value, unit="x"))  # fmt: skip
    won = [run for run in runs if run.ratio != 1]
    if 0 < len(won) < len(runs):
        part = mean("speed-up", won, options.level)
        yield GridRow(base | {"runs": "that found something"}, part)


def _series(results: Sequence[Result], found: Mapping[Group, Estimate]) -> Series:
    return Series("runs", {
        "task": tuple(result.task for result in results),
        "proposer": tuple(result.proposer for result in results),
        "day": tuple(result.day.isoformat() if result.day else None for result in results),
        "ratio": tuple(result.ratio for result in results),
        "mean": tuple(found[result.task, result.proposer].value for result in results),
        "low": tuple(found[result.task, result.proposer].low for result in results),
        "high": tuple(found[result.task, result.proposer].high for result in results),
    })  # fmt: skip


def plot(reading: Reading, theme: Theme) -> Figure:
    """Every run a point, each task and proposer's mean with its interval, on a log axis."""
    from tachograph.gauges import picture

    rows = reading.table("runs").rows("task", "proposer", "ratio", "mean", "low", "high")
    names = list(dict.fromkeys(f"{proposer} on {task}" for task, proposer, *_ in rows))
    human = float(cast(float, reading.choices.get("human", 0.0)))
    figure, axes = picture.canvas(theme, height=1.2 + 0.36 * len(names))
    axes.axvline(1, color=theme.muted, linewidth=1)
    if human:
        axes.axvline(human, color=theme.colours[1], linewidth=1.2, linestyle="--", label="people")
    for task, proposer, ratio, middle, low, high in rows:
        place = names.index(f"{proposer} on {task}")
        axes.plot([cast(float, ratio)], [place + 0.18], ".", color=theme.muted, markersize=5)
        ends = [cast(float, middle if end is None else end) for end in (low, high)]
        axes.plot(ends, [place, place], color=theme.colours[0], linewidth=1.6)
        axes.plot([cast(float, middle)], [place], "o", color=theme.colours[0], markersize=5)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", color=theme.grid, linewidth=0.6)
    axes.set_xlabel("speed-up against the seed")
    shown = [float(x) for row in rows for x in row[2:] if isinstance(x, int | float)]
    picture.factor_axis(axes, [*shown, *([human] if human else [])])
    picture.legend(axes, theme)
    return figure


GAUGE = Gauge(
    name="speed-up",
    version="1",
    question=QUESTION,
    needs="finished timed runs in the ledger, or rows with task, proposer, ratio; may have low, "
          "high, date (.csv, .jsonl)",
    example="tacho gauge speed-up --human 4 --human-hours 6 --plot speed-up.svg",
    options=Options,
    read=read,
    compute=compute,
    plot=plot,
    takes_ledger=True,
    found_in=lambda ledger: bool(of_ledger(ledger)),
)  # fmt: skip
