"""The time horizon: how long the tasks are that an agent finishes with a given probability.

For each agent, P(success) = 1 / (1 + e^-(a + b log2(human minutes))), fitted by weighted, penalised
maximum likelihood; the horizon at probability p is 2^((ln(p / (1 - p)) - a) / b) minutes. Intervals
come from leaving out one family of tasks at a time (stats/jackknife.py), which covers; the
published bootstrap of families, then tasks, then runs, which does not, is one option away. The
doubling time is that of the frontier: agents that at their release reached or passed all before
them.

Source: METR, "Measuring AI Ability to Complete Long Tasks" (arXiv:2503.14499), and its published
analysis code as of January 2026, whose point fits it meets (test_horizon_reference.py). That code's
optimiser stops short of the minimum, by up to 0.5 % of a horizon and more for agents that hardly
ever succeed; `--solver lbfgs` stops there too. Different here: the default interval; no number
outside the measured lengths; resamples without a horizon widen the interval instead of being
dropped; agents that always fail have no horizon instead of 0. Not covered: wrong human times, and
tasks unlike the work that one cares about.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tachograph.errors import UsageError
from tachograph.gauges.curves import CURVES, SOLVERS, Horizon, Method, horizon, replicates
from tachograph.gauges.gauge import Gauge, Inputs, option
from tachograph.gauges.read.days import read_days
from tachograph.gauges.read.outcomes import Outcome, read_outcomes
from tachograph.gauges.reading import (
    MEASURED,
    Choice,
    Estimate,
    GridRow,
    Reading,
    Series,
    Verdict,
    Window,
    number,
)
from tachograph.gauges.stats.bootstrap import percentile_interval
from tachograph.gauges.stats.growth import Doubling, doubling, frontier
from tachograph.gauges.stats.jackknife import jackknife_interval
from tachograph.gauges.suite import LEVELS, WEIGHTINGS, Suite, build, families_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tachograph.gauges.picture import Theme

Array = NDArray[np.float64]
MOST_REPLICATES = 100_000
FEWEST_FRONTIER = 3
"""Dated frontier agents below which no doubling time is given."""
QUESTION = "How long are the tasks that agents finish, and how fast does that grow?"
DOUBLING = "doubling time"
PUBLISHED = "nested, as published"
"""How nested resamples stand in the grid: beside an interval that covers they are no other one."""


@dataclass(frozen=True)
class Options:
    """How the horizon is taken; the point's defaults are METR's of March 2026."""

    share: tuple[float, ...] = option((0.5, 0.8), "success probability of a horizon; repeatable")
    penalty: float = option(1e-5, "ridge penalty on the slope")
    weighting: str = option("invsqrt", "weights of the tasks", choices=WEIGHTINGS)
    curve: str = option("logistic", "form of the curve", choices=CURVES)
    solver: str = option("newton", "to the minimum, or lbfgs to where METR's code stops",
                         choices=SOLVERS)  # fmt: skip
    resample: str = option("jackknife", "leave one family out, which is calibrated; or as "
                           "published, which is not", choices=LEVELS)  # fmt: skip
    replicates: int = option(1000, "resamples, where nested")
    seed: int = option(0, "of the resamples, where nested")
    level: float = option(0.95, "confidence level of the intervals")
    reference: str = option("human", "agent that is no candidate for the frontier")
    tasks: Path | None = option(None, "lengths of tasks: a table of task, human_minutes, family")
    scorer: str = option("", "score of an .eval log to go by [default: its first]")
    dates: Path | None = option(None, "release dates: a table, or lines `agent: 2025-02-24`")

    def __post_init__(self) -> None:
        if not all(0 < share < 1 for share in (*self.share, self.level)):
            raise UsageError("shares and levels lie between 0 and 1", hint="--share 0.5")
        if self.penalty < 0 or not 100 <= self.replicates <= MOST_REPLICATES:
            raise UsageError("penalty below 0, or replicates not 100 to 100,000", hint="--help")

    @property
    def method(self) -> Method:
        """The choices that a curve rests on."""
        return Method(self.penalty, self.weighting, self.curve, self.solver)


@dataclass(frozen=True)
class Data:
    """Runs, and release days from elsewhere."""

    outcomes: tuple[Outcome, ...]
    days: Mapping[str, date]


@dataclass(frozen=True)
class Found:
    """Horizons of all agents of a suite."""

    points: Mapping[tuple[int, float], Horizon]
    """By (agent, share)."""
    resampled: Mapping[int, Array]
    """log2 minutes by agent: shape (shares, replicates)."""


def read(inputs: Inputs, options: Options) -> Data:
    """Runs from every file. Raises FormatError, NotFoundError."""
    days = read_days(options.dates) if options.dates else {}
    return Data(tuple(read_outcomes(inputs.files, options.tasks, options.scorer or None)), days)


def compute(data: Data, options: Options) -> Reading:
    """All agents' horizons, the frontier's doubling time, and the grid of the longest horizon."""
    suite = build(data.outcomes, data.days)
    found = find(suite, options)
    ranked = rank(suite, found, options)
    order = [*ranked, *(a for a in range(len(suite.agents)) if a not in ranked)]
    estimates = [estimate(suite, found, options, a, s) for a in order for s in options.share]
    growth = grow(suite, found, options)
    verdict = MEASURED if ranked else Verdict.cannot_tell(_why_none(estimates))
    return Reading(
        gauge=GAUGE.name,
        version=GAUGE.version,
        question=QUESTION,
        verdict=verdict,
        sentence=_sentence(suite, estimates, ranked, growth, options),
        estimates=(*estimates, growth_estimate(growth, options)),
        n={"runs": int(suite.runs.sum()), "tasks": len(suite.tasks),
           "families": len(set(suite.families)), "agents": len(suite.agents)},
        window=_window(suite),
        caveats=tuple(_caveats(data, suite, estimates, options)),
        grid=tuple(_grid(data, options, estimates[0], suite.agents[ranked[0]])) if ranked else (),
        series=tuple(_series(suite, found, growth, options)),
    )  # fmt: skip


def find(suite: Suite, options: Options) -> Found:
    """Point estimates and resamples of every agent."""
    agents = range(len(suite.agents))
    points = {(a, s): horizon(suite, a, options.method, s) for a in agents for s in options.share}
    if options.curve != "logistic":
        return Found(points, {})
    drawn = replicates(suite, options.method, options.share, options.replicates, options.seed,
                       options.resample)  # fmt: skip
    return Found(points, dict(enumerate(drawn)))


def rank(suite: Suite, found: Found, options: Options) -> list[int]:
    """Agents with a horizon at the first share, the longest first; the reference is none."""
    share = options.share[0]
    values = {a: found.points[a, share].value for a in range(len(suite.agents))
              if suite.agents[a] != options.reference}  # fmt: skip
    told = {a: value for a, value in values.items() if value is not None}
    return sorted(told, key=lambda a: -told[a])


def estimate(suite: Suite, found: Found, options: Options, agent: int, share: float) -> Estimate:
    """One agent's horizon with its interval; an end outside the measured lengths is None."""
    point = found.points[agent, share]
    low = high = None
    if agent in found.resampled and suite.score[agent].any():
        rows = found.resampled[agent][options.share.index(share)]
        minutes = suite.human_minutes[suite.runs[agent] > 0]
        if options.resample == "nested":
            low, high = ends(rows, minutes, options.level)
        elif point.log_minutes is not None:
            without = rows[families_of(suite, [agent])]
            around = jackknife_interval(point.log_minutes, without, options.level)
            low, high = measured(*around, minutes)
    if point.value is None:
        # Of a horizon beyond the tasks, only the end below is worth saying.
        low, high = (low, None) if point.beyond else (None, None)
    name = f"{share:.0%} horizon of {suite.agents[agent]}"
    return Estimate(name=name, value=point.value, low=low, high=high, level=options.level,
                    unit="min", reason=point.reason)  # fmt: skip


def ends(rows: Array, minutes: Array, level: float) -> tuple[float | None, float | None]:
    """Percentile interval of resampled log2 horizons, in minutes, cut to the measured lengths."""
    known = rows[~np.isnan(rows)]
    return measured(*percentile_interval(known, level, undefined=len(rows) - len(known)), minutes)


def measured(
    low: float | None, high: float | None, minutes: Array
) -> tuple[float | None, float | None]:
    """Ends of log2 minutes in minutes; None for one outside the measured lengths."""
    shortest, longest = np.log2(minutes.min()), np.log2(minutes.max())
    inside = [None if end is None or not shortest <= end <= longest else 2.0**end
              for end in (low, high)]  # fmt: skip
    return inside[0], inside[1]


@dataclass(frozen=True)
class Growth:
    """The frontier and its doubling time."""

    agents: tuple[int, ...]
    line: Doubling | None
    reason: str = ""


def grow(suite: Suite, found: Found, options: Options) -> Growth:
    """The doubling time over the dated frontier, or why there is none."""
    dated = [a for a in rank(suite, found, options) if suite.agents[a] in suite.days]
    days = [suite.days[suite.agents[a]] for a in dated]
    values = [found.points[a, options.share[0]].value or 0.0 for a in dated]
    at = frontier(days, values)
    chosen = tuple(dated[place] for place in at)
    if len(at) < FEWEST_FRONTIER or len({days[place] for place in at}) < FEWEST_FRONTIER:
        return Growth(chosen, None, f"fewer than {FEWEST_FRONTIER} dated agents at the frontier")
    rows = None
    if found.resampled:
        rows = 2.0 ** np.array([np.clip(found.resampled[a][0], -60, 60) for a in chosen]).T
        if options.resample == "jackknife":
            rows = rows[families_of(suite, chosen)]
    line = doubling([days[p] for p in at], [values[p] for p in at], rows, options.level,
                    jackknife=options.resample == "jackknife")  # fmt: skip
    return Growth(chosen, line, "" if line.days else "the frontier does not rise")


def growth_estimate(growth: Growth, options: Options) -> Estimate:
    """The doubling time as an estimate."""
    line = growth.line
    if line is None or line.days is None:
        return Estimate(name=DOUBLING, value=None, unit="d", level=options.level,
                        reason=growth.reason)  # fmt: skip
    return Estimate(name=DOUBLING, value=line.days, low=line.low, high=line.high,
                    level=options.level, unit="d")  # fmt: skip


def _why_none(estimates: Sequence[Estimate]) -> str:
    reasons = dict.fromkeys(each.reason for each in estimates if each.reason)
    return "no agent has a horizon: " + "; ".join(reasons) if reasons else "there is no agent"


def _sentence(suite: Suite, estimates: Sequence[Estimate], ranked: Sequence[int], growth: Growth,
              options: Options) -> str:  # fmt: skip
    if not ranked:
        return "The data cannot tell how long the tasks are that these agents finish."
    best = estimates[0]
    others = len(ranked) - 1
    text = (f"{suite.agents[ranked[0]]} finishes {options.share[0]:.0%} of the tasks that take "
            f"people {best.text()}")  # fmt: skip
    if others:
        text += f", the longest horizon of {others + 1} agents"
    doubled = growth_estimate(growth, options)
    if doubled.value is not None:
        text += f"; at the frontier the horizon doubled every {doubled.text()}"
    return text + "."


def _window(suite: Suite) -> Window | None:
    days = sorted(suite.days.values())
    return Window(days[0].isoformat(), days[-1].isoformat()) if days else None


def _caveats(
    data: Data, suite: Suite, estimates: Sequence[Estimate], options: Options
) -> Iterator[str]:
    shortest, longest = float(suite.human_minutes.min()), float(suite.human_minutes.max())
    yield (f"Tasks took people {number(shortest)} to {number(longest)} min; a horizon or an end "
           "outside what the agent was tried on is not given.")  # fmt: skip
    beyond = [
        e.name for e in estimates if e.low is not None and (e.value is None or e.high is None)
    ]
    if beyond:
        yield f"Longer tasks are needed to bound from above: {', '.join(beyond)}."
    guessed = len({o.task for o in data.outcomes if o.timed is False})
    if guessed:
        yield f"Of {len(suite.tasks)} tasks, {guessed} have a human time that nobody was timed for."
    families = len(set(suite.families))
    if families < 10 and options.resample == "nested":
        yield f"With {families} task families the intervals are too narrow."
    if options.resample == "nested":
        yield ("Nested resampling is the published method and gives no calibrated interval: it "
               "counts what differs between runs more than once, and its 95 % hold the truth in 98 "
               "to 99 of 100 simulations, those of --resample jackknife in 94 to 96.")  # fmt: skip
    elif options.curve == "logistic" and (bare := [
        e.name for e in estimates if e.value and e.low is None and e.high is None
    ]):  # fmt: skip
        yield (f"Cannot tell how far off: {', '.join(bare)}; an interval needs more families, or "
               "tasks of other lengths.")  # fmt: skip
    cheated = sum(o.runs for o in data.outcomes if o.cheated)
    if cheated:
        yield f"{cheated} runs are marked as cheated and count as their score says; see the grid."
    yield "Success on tasks with a clear, automatic check says less about work that has none."


def _grid(data: Data, options: Options, headline: Estimate, agent: str) -> Iterator[GridRow]:
    """The headline agent's horizon under other choices, one changed at a time."""
    own = replace(options, share=options.share[:1])
    mine = [o for o in data.outcomes if o.agent == agent]
    for chosen in _alternatives(own):
        value = headline if chosen == own else _alone(mine, chosen, agent)
        yield GridRow(_named(chosen, "all"), value, headline=chosen == own)
    for name, kept in subsets(mine):
        yield GridRow(_named(own, name), _alone(kept, own, agent))


def _alternatives(options: Options) -> Iterator[Options]:
    """The options themselves, then each with one defensible choice made otherwise."""
    yield options
    others: tuple[tuple[str, Sequence[Any]], ...] = (
        ("resample", LEVELS), ("penalty", (1e-5, 0.1)), ("weighting", WEIGHTINGS),
        ("curve", CURVES), ("solver", (options.solver, "newton")),
    )  # fmt: skip
    for name, values in others:
        for value in values:
            if value != getattr(options, name):
                yield replace(options, **{name: value})


def _named(options: Options, tasks: str) -> dict[str, Choice]:
    names = ("curve", "penalty", "weighting", "resample", "solver")
    shown = {"resample": PUBLISHED} if options.resample == "nested" else {}
    return {name: getattr(options, name) for name in names} | shown | {"tasks": tasks}


def _alone(outcomes: Sequence[Outcome], options: Options, agent: str) -> Estimate:
    """The agent's horizon from these runs only."""
    suite = build(outcomes)
    return estimate(suite, find(suite, options), options, suite.agents.index(agent),
                    options.share[0])  # fmt: skip


def subsets(outcomes: Sequence[Outcome]) -> Iterator[tuple[str, list[Outcome]]]:
    """Defensible parts of an agent's runs, by name; only those that leave something out."""
    sizes: dict[str, set[str]] = {}
    for o in outcomes:
        sizes.setdefault(o.family, set()).add(o.task)
    largest = max(sizes, key=lambda name: (len(sizes[name]), name))
    longest = max(o.human_minutes for o in outcomes)
    parts = {
        "without the largest family": [o for o in outcomes if o.family != largest],
        "up to half the longest": [o for o in outcomes if o.human_minutes <= longest / 2],
        "with people timed": [o for o in outcomes if o.timed is not False],
        "without cheated runs": [o for o in outcomes if not o.cheated],
        "cheated runs as failed": [replace(o, score=0.0) if o.cheated else o for o in outcomes],
    }
    for name, kept in parts.items():
        if kept != list(outcomes) and kept:
            yield name, kept


def _series(suite: Suite, found: Found, growth: Growth, options: Options) -> Iterator[Series]:
    share = options.share[0]
    agents = range(len(suite.agents))
    told = [estimate(suite, found, options, a, share) for a in agents]
    names = suite.agents
    yield Series("agents", {
        "agent": names,
        "day": tuple(suite.days[n].isoformat() if n in suite.days else None for n in names),
        "minutes": tuple(e.value for e in told),
        "low": tuple(e.low for e in told),
        "high": tuple(e.high for e in told),
        "frontier": tuple(int(a in growth.agents) for a in agents),
    })  # fmt: skip
    if growth.line and growth.line.days:
        line = growth.line
        days = sorted(suite.days[names[a]] for a in growth.agents)
        ends_at = (days[0], days[-1])
        yield Series("line", {
            "day": tuple(day.isoformat() for day in ends_at),
            "minutes": tuple(float(np.exp(line.intercept + line.slope * (day - line.first).days))
                             for day in ends_at),
        })  # fmt: skip


def plot(reading: Reading, theme: Theme) -> Figure:
    """Horizons by release day, or, where there are no days, one line an agent."""
    from tachograph.gauges import picture

    table = reading.table("agents")
    rows = [row for row in table.rows("agent", "day", "minutes", "low", "high", "frontier")
            if row[2] is not None]  # fmt: skip
    if not rows:
        return picture.nothing_to_show(theme, reading.verdict.reason or "no agent has a horizon")
    if sum(row[1] is not None for row in rows) >= 2:
        return _by_day(reading, theme, [row for row in rows if row[1] is not None])
    return _by_agent(reading, theme, rows)


def _by_day(reading: Reading, theme: Theme, rows: Sequence[tuple[Any, ...]]) -> Figure:
    from tachograph.gauges import picture

    figure, axes = picture.canvas(theme)
    for at_frontier, colour, marker, label in (
        (1, theme.colours[0], "o", "frontier"), (0, theme.muted, "s", "others"),
    ):  # fmt: skip
        here = [row for row in rows if row[5] == at_frontier]
        days = [date.fromisoformat(row[1]) for row in here]
        picture.whiskers(axes, days, here, colour=colour, marker=marker, label=label)
    if reading.has("line"):
        line = reading.table("line")
        between: Any = [date.fromisoformat(day) for day in line.texts("day")]
        axes.plot(between, line.numbers("minutes"), color=theme.colours[0], linewidth=1.2)
    picture.minutes_axis(axes, "y", [x for row in rows for x in row[2:5] if x is not None])
    axes.set_ylabel(f"human time at {_share(reading)} success")
    picture.day_axis(axes)
    picture.legend(axes, theme, loc="upper left")
    return figure


def _by_agent(reading: Reading, theme: Theme, rows: Sequence[tuple[Any, ...]]) -> Figure:
    from tachograph.gauges import picture

    ordered = sorted(rows, key=lambda row: row[2])
    figure, axes = picture.canvas(theme, height=1.0 + 0.28 * len(rows))
    for place, (_, _, value, low, high, _) in enumerate(ordered):
        colour = theme.colours[0]
        axes.plot([low or value, high or value], [place, place], color=colour, linewidth=1.4)
        axes.plot([value], [place], "o", color=colour, markersize=5)
        for end, toward in ((low, (-16, 0)), (high, (16, 0))):
            if end is None:
                picture.arrow(axes, value, place, colour, toward=toward)
    axes.set_yticks(range(len(rows)), [picture.short(str(row[0])) for row in ordered])
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", color=theme.grid, linewidth=0.6)
    picture.minutes_axis(axes, "x", [x for row in rows for x in row[2:5] if x is not None])
    axes.set_xlabel(f"human time at {_share(reading)} success")
    return figure


def _share(reading: Reading) -> str:
    return f"{float(str(reading.choices.get('share', '0.5')).split(',')[0]):.0%}"


GAUGE = Gauge(
    name="horizon",
    version="2",
    question=QUESTION,
    needs="runs with agent, task, human_minutes and success (.csv, .jsonl, METR's runs.jsonl, "
          "Inspect's .eval)",
    example="tacho gauge horizon runs.jsonl --dates release_dates.yaml --plot horizon.svg",
    options=Options,
    read=read,
    compute=compute,
    plot=plot,
)  # fmt: skip
