"""The bottleneck: what speeding up some stages of the work does to the whole, and what binds next.

Stages with shares f of the time before, each now s times as fast, make the whole faster by
S = (sum f s^rho)^(1/rho). rho = -1 is Amdahl's law: stages follow each other and none replaces
another. Towards minus infinity the slowest stage decides alone; 0 is the geometric mean. A stage's
part of the time now, f s^rho / sum f s^rho, is also its elasticity: 1 % more speed there gains that
part of 1 %. A stage that AI output makes heavier (`load`: work per unit of output, 1 as before)
counts with s / load.

Source: G. M. Amdahl, AFIPS 30 (1967), pp. 483-485; the CES form: K. Arrow et al., Review of
Economics and Statistics 43 (1961), pp. 225-250. Intervals come from draws of the measured speed-ups
and shares, log-normal between the ends that the table gives. Proven by
tests/gauges/test_bottleneck.py. Not covered: stages that overlap or change their order, and work
that is not done any more.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tachograph.errors import UsageError
from tachograph.gauges.gauge import Gauge, Inputs, option
from tachograph.gauges.read import Row, read_rows
from tachograph.gauges.reading import Estimate, GridRow, Reading, Series, Verdict, join, number
from tachograph.gauges.stats.bootstrap import percentile_interval
from tachograph.gauges.stats.intervals import normal_quantile

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tachograph.gauges.picture import Theme

Array = NDArray[np.float64]
QUESTION = "What do faster stages do to the whole, and which stage binds next?"
AMDAHL = -1.0
GRID = (-2.0, AMDAHL, -0.5, 0.0, 0.2)
"""Substitution between stages, from nearly none to more than anyone has measured."""
SURE = 0.95
"""Share of the draws in which one stage must lead to be named alone."""
SUM_TOLERANCE = 0.005


@dataclass(frozen=True)
class Options:
    """How the stages are put together."""

    substitution: float = option(AMDAHL, "rho of the CES sum; -1 is Amdahl's law, below 1")
    draws: int = option(10_000, "draws for the intervals")
    seed: int = option(0, "of the draws")
    level: float = option(0.95, "confidence level of the intervals")

    def __post_init__(self) -> None:
        if not self.substitution < 1:
            raise UsageError(
                f"substitution is {self.substitution:g}", hint="below 1; -1 is Amdahl's law"
            )
        if not 0 < self.level < 1 or not 100 <= self.draws <= 1_000_000:
            raise UsageError("level not between 0 and 1, or draws not 100 to 1,000,000",
                             hint="tacho gauge bottleneck --help")  # fmt: skip


@dataclass(frozen=True)
class Measured:
    """A positive number and the ends of its 95 % interval; without ends it is taken as exact."""

    value: float
    low: float | None = None
    high: float | None = None

    def draw(self, count: int, rng: np.random.Generator) -> Array:
        """Draws, shape (count,), log-normal around the value."""
        if self.low is None or self.high is None:
            return np.full(count, self.value)
        width = math.log(self.high / self.low) / (2 * normal_quantile(0.95))
        return self.value * np.exp(width * rng.standard_normal(count))


@dataclass(frozen=True)
class Stage:
    """One stage of the work."""

    name: str
    share: Measured
    """Of the time before, 0 to 1."""
    speedup: Measured | None
    """Time before divided by time now for the same work; None: nobody measured it."""
    load: float
    """Work per unit of output now, 1 as before."""
    human: bool
    """Whether people do it: review, decisions, waiting for them."""


@dataclass(frozen=True)
class Period:
    """All stages at one time."""

    label: str
    """As the table says; empty where it has no column `period`."""
    stages: tuple[Stage, ...]


def read(inputs: Inputs, options: Options) -> tuple[Period, ...]:
    """Stages from tables, in the order of their periods' first rows. Raises FormatError."""
    rows = [row for path in inputs.files for row in read_rows(path)]
    if not rows:
        raise UsageError("no table of stages was named", hint=GAUGE.example)
    periods: dict[str, list[Row]] = {}
    for row in rows:
        periods.setdefault(row.maybe("period", row.text) or "", []).append(row)
    return tuple(_period(label, group) for label, group in periods.items())


def _period(label: str, rows: Sequence[Row]) -> Period:
    names = [row.text("stage") for row in rows]
    for row, name in zip(rows, names, strict=True):
        if names.count(name) > 1:
            raise row.fault("stage", f"twice in one period: {name!r}", "give it one row a period")
    total = math.fsum(row.positive("share") for row in rows)
    if abs(total - 1) > SUM_TOLERANCE:
        where = f" of {label}" if label else ""
        raise rows[0].fault("share", f"the shares{where} sum to {total:.4g}, not 1",
                            "give parts of the whole time before")  # fmt: skip
    return Period(label, tuple(_stage(row) for row in rows))


def _stage(row: Row) -> Stage:
    return Stage(
        name=row.text("stage"),
        share=_measured(row, "share"),
        speedup=_measured(row, "speedup") if "speedup" in row else None,
        load=row.maybe("load", row.positive) or 1.0,
        human=bool(row.maybe("human", row.truth)),
    )


def _measured(row: Row, column: str) -> Measured:
    value = row.positive(column)
    low, high = (row.maybe(f"{column}_{end}", row.positive) for end in ("low", "high"))
    if (low is None) != (high is None):
        raise row.fault(column, "an interval with one end", f"give {column}_low and {column}_high")
    if low is not None and high is not None and not low <= value <= high:
        raise row.fault(column, f"{value:g} is not between {low:g} and {high:g}")
    return Measured(value, low, high)


def together(shares: Array, speeds: Array, rho: float) -> Array:
    """S for shares and speeds, both shape (..., stages); an infinite speed is allowed."""
    if rho == 0:
        return np.asarray(np.exp((shares * np.log(speeds)).sum(axis=-1)))
    with np.errstate(divide="ignore"):
        return np.asarray(((shares * speeds**rho).sum(axis=-1)) ** (1 / rho))


def parts(shares: Array, speeds: Array, rho: float) -> Array:
    """Each stage's part of the time now, which is its elasticity: shape (..., stages), sum 1."""
    weight = shares * speeds**rho
    return np.asarray(weight / weight.sum(axis=-1, keepdims=True))


@dataclass(frozen=True)
class Drawn:
    """One period: the point in row 0, draws below it; both arrays of shape (1 + draws, stages)."""

    shares: Array
    speeds: Array


def drawn(period: Period, options: Options, unmeasured: float = 1.0) -> Drawn:
    """Draws of a period; `unmeasured` is the speed-up of a stage that has none."""
    rng = np.random.default_rng(options.seed)
    shares, speeds = [], []
    for stage in period.stages:
        measured = stage.speedup or Measured(unmeasured)
        shares.append([stage.share.value, *stage.share.draw(options.draws, rng)])
        speeds.append([measured.value, *measured.draw(options.draws, rng)])
    loads = np.array([stage.load for stage in period.stages])
    share = np.array(shares).T
    return Drawn(share / share.sum(axis=1, keepdims=True), np.array(speeds).T / loads)


def compute(periods: tuple[Period, ...], options: Options) -> Reading:
    """The last period's whole, its parts, what binds, and the grid over substitution."""
    period = periods[-1]
    found = drawn(period, options)
    missing = [stage.name for stage in period.stages if stage.speedup is None]
    whole = total(period, found, options, missing)
    binding = leaders(found, period, options)
    verdict = Verdict(told=True, words=f"{join(binding, 'or')} binds")
    if len(binding) > 1:
        verdict = replace(verdict, words=f"cannot distinguish whether {verdict.words}")
    if missing:
        verdict = Verdict.cannot_tell(whole.reason)
    return Reading(
        gauge=GAUGE.name,
        version=GAUGE.version,
        question=QUESTION,
        verdict=verdict,
        sentence=sentence(period, whole, binding, options),
        estimates=(whole, *people(period, found, options), *times(period, found, options),
                   *doubled(period, found, options)),
        n={"stages": len(period.stages), "periods": len(periods)},
        caveats=tuple(caveats(period, options)),
        grid=tuple(grid(period, options)) if not missing else (),
        series=tuple(series(periods, options)),
    )  # fmt: skip


def total(period: Period, found: Drawn, options: Options, missing: Sequence[str]) -> Estimate:
    """How much faster the whole is; bounds alone where a stage's speed-up is not known."""
    name = "the whole" + (f" in {period.label}" if period.label else "")
    if missing:
        most = drawn(period, options, unmeasured=math.inf)
        low, high = (float(together(d.shares, d.speeds, options.substitution)[0])
                     for d in (found, most))  # fmt: skip
        return Estimate(name=name, value=None, low=low, high=high if math.isfinite(high) else None,
                        unit="x", reason=f"no speed-up is known for {join(missing)}")  # fmt: skip
    return ranged(name, together(found.shares, found.speeds, options.substitution), "x", options)


def ranged(name: str, rows: Array, unit: str, options: Options) -> Estimate:
    """The point in row 0 and the percentile interval of the draws; none where nothing varies."""
    low, high = percentile_interval(rows[1:], options.level)
    if low == high:
        low = high = None
    return Estimate(name=name, value=float(rows[0]), low=low, high=high, level=options.level,
                    unit=unit)  # fmt: skip


def leaders(found: Drawn, period: Period, options: Options) -> list[str]:
    """The stages that may hold the largest part of the time now: the fewest that lead in 95 %."""
    part = parts(found.shares, found.speeds, options.substitution)
    first = np.bincount(part[1:].argmax(axis=1), minlength=len(period.stages)) / len(part[1:])
    order = np.argsort(-first, kind="stable")
    needed = int(np.searchsorted(np.cumsum(first[order]), SURE - 1e-12)) + 1
    return [period.stages[place].name for place in order[:needed]]


def people(period: Period, found: Drawn, options: Options) -> Iterator[Estimate]:
    """What the stages that people do hold back: the whole if all others were instant."""
    human = np.array([stage.human for stage in period.stages])
    if not human.any() or human.all() or options.substitution >= 0:
        return
    rho = options.substitution
    yield ranged("ceiling that people's stages set",
                 together(found.shares[:, human], found.speeds[:, human], rho), "x",
                 options)  # fmt: skip
    yield ranged("the whole if people's stages were instant",
                 together(found.shares[:, ~human], found.speeds[:, ~human], rho), "x",
                 options)  # fmt: skip


def times(period: Period, found: Drawn, options: Options) -> Iterator[Estimate]:
    """Each stage's part of the time now, the largest first."""
    part = parts(found.shares, found.speeds, options.substitution)
    for place in np.argsort(-part[0], kind="stable"):
        name = f"part of the time now: {period.stages[place].name}"
        yield ranged(name, 100 * part[:, place], "%", options)


def doubled(period: Period, found: Drawn, options: Options) -> Iterator[Estimate]:
    """The whole with one stage twice as fast, the most rewarding first."""
    rho = options.substitution
    gains = {}
    for place, stage in enumerate(period.stages):
        faster = found.speeds.copy()
        faster[:, place] *= 2
        gains[stage.name] = together(found.shares, faster, rho)
    for name in sorted(gains, key=lambda name: -gains[name][0]):
        yield ranged(f"the whole with {name} twice as fast", gains[name], "x", options)


def sentence(period: Period, whole: Estimate, binding: Sequence[str], options: Options) -> str:
    """The answer in plain English."""
    when = f" in {period.label}" if period.label else ""
    if whole.value is None:
        return f"The data cannot tell how much faster the whole is{when}: {whole.reason}."
    law = "by Amdahl's law" if options.substitution == AMDAHL else \
        f"with substitution {number(options.substitution)}"  # fmt: skip
    text = f"The whole is {number(whole.value)} times as fast as before{when} {law}"
    if whole.low is not None and whole.high is not None:
        text += f" [{number(whole.low)}, {number(whole.high)}]"
    return f"{text}; most of the time now goes to {join(binding, 'or')}."


def caveats(period: Period, options: Options) -> Iterator[str]:
    """What a reader must know."""
    exact = [stage.name for stage in period.stages if stage.speedup and stage.speedup.low is None]
    if any(stage.speedup is None for stage in period.stages):
        yield "The bounds take stages without a speed-up as not slower than before."
    if exact:
        yield f"Taken as exact, for want of an interval: the speed-up of {join(exact)}."
    if all(stage.share.low is None for stage in period.stages):
        yield "The shares before are taken as exact."
    if not any(stage.human for stage in period.stages):
        yield "No stage is marked as people's (column `human`), so their ceiling is not known."
    heavier = [stage.name for stage in period.stages if stage.load > 1]
    if heavier:
        yield f"More work per unit of output than before: {join(heavier)}."
    if options.substitution > 0:
        yield "Stages that replace each other (substitution above 0) make the whole look faster."
    yield "Shares are of the time before: where the kind of work has changed, they no longer hold."


def grid(period: Period, options: Options) -> Iterator[GridRow]:
    """The whole under other substitution, without loads, and by the wrong, arithmetic mean."""
    found = drawn(period, replace(options, draws=100))
    chosen = options.substitution
    for rho in sorted({*GRID, chosen}):
        yield _grid_row(found.shares, found.speeds, rho, "as measured", rho == chosen)
    loads = np.array([stage.load for stage in period.stages])
    if (loads != 1).any():
        yield _grid_row(found.shares, found.speeds * loads, chosen, "left out", False)


def _grid_row(shares: Array, speeds: Array, rho: float, loads: str, headline: bool) -> GridRow:
    value = float(together(shares, speeds, rho)[0])
    return GridRow({"substitution": rho, "loads": loads},
                   Estimate(name="the whole", value=value, unit="x"), headline)  # fmt: skip


def series(periods: Sequence[Period], options: Options) -> Iterator[Series]:
    """Time by period and stage, in parts of the time before; the first period's shares before."""
    names = list(dict.fromkeys(stage.name for period in periods for stage in period.stages))
    rows: list[tuple[str, str, float]] = [
        ("before", stage.name, stage.share.value) for stage in periods[0].stages
    ]
    for period in periods:
        if all(stage.speedup for stage in period.stages):
            found = drawn(period, replace(options, draws=100))
            whole = together(found.shares, found.speeds, options.substitution)[0]
            part = parts(found.shares, found.speeds, options.substitution)[0] / whole
            rows += [(period.label or "now", stage.name, float(width))
                     for stage, width in zip(period.stages, part, strict=True)]  # fmt: skip
    yield Series("time", {
        "period": tuple(row[0] for row in rows),
        "stage": tuple(row[1] for row in rows),
        "time": tuple(row[2] for row in rows),
    })  # fmt: skip
    yield Series("stages", {"stage": tuple(names)})


def plot(reading: Reading, theme: Theme) -> Figure:
    """One bar a period: how long a unit of work takes now, cut into stages."""
    from tachograph.gauges import picture

    table = reading.table("time")
    periods = list(dict.fromkeys(table.texts("period")))
    stages = reading.table("stages").texts("stage")
    if len(periods) < 2:
        return picture.nothing_to_show(theme, reading.verdict.reason)
    height = 1.1 + 0.42 * len(periods) + 0.16 * math.ceil(len(stages) / 3)
    figure, axes = picture.canvas(theme, height=height)
    _bars(axes, theme, reading, periods, stages)
    axes.set_yticks(range(len(periods)), periods)
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", color=theme.grid, linewidth=0.6)
    axes.set_xlabel("time for the same work, before = 1")
    figure.legend(loc="outside upper left", ncols=3, frameon=False, labelcolor=theme.ink,
                  fontsize=picture.TEXT_POINTS - 0.5, handlelength=1.0)  # fmt: skip
    return figure


def _bars(axes: Axes, theme: Theme, reading: Reading, periods: Sequence[str],
          stages: Sequence[str]) -> None:  # fmt: skip
    from tachograph.gauges import picture

    rows = reading.table("time").rows("period", "stage", "time")
    width = {(str(p), str(s)): float(t) for p, s, t in rows if isinstance(t, int | float)}
    for place, period in enumerate(periods):
        left = 0.0
        for order, stage in enumerate(stages):
            part = width.get((period, stage), 0.0)
            axes.barh(place, part, left=left, height=0.62, linewidth=0.8, edgecolor=theme.paper,
                      color=picture.cycle(theme.colours, order),
                      label=stage if place == 0 else None)  # fmt: skip
            left += part
        if place:
            axes.text(left + 0.012, place, f"{number(1 / left)}x", va="center", color=theme.ink,
                      fontsize=picture.TEXT_POINTS)  # fmt: skip


GAUGE = Gauge(
    name="bottleneck",
    version="1",
    question=QUESTION,
    needs="stages with stage, share (of the time before, sum 1) and speedup; may have speedup_low, "
          "speedup_high, share_low, share_high, load, human, period (.csv, .jsonl)",
    example="tacho gauge bottleneck stages.csv --plot bottleneck.svg",
    options=Options,
    read=read,
    compute=compute,
    plot=plot,
)  # fmt: skip
