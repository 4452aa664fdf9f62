"""Benchmark stitching: one scale for models that took different benchmarks, most of them full.

Every score is read as 1 / (1 + e^-(a (C - D))) with the capability C of the model, the difficulty D
and the slope a of the benchmark (stats/item_response.py). One benchmark is the anchor: difficulty
0, slope 1. A model far above the benchmarks it took, or below, is told from others by little, and
its interval says so.

Source: A. Ho et al., "A Rosetta Stone for AI Benchmarks" (arXiv:2512.00193). With `--solver
published` the figures are those of its code to every digit (tests/gauges/test_stitching.py, on one
thread of linear algebra); the default goes on to the minimum, which moves a benchmark with few
scores by up to 0.002. Not covered: benchmarks that measure different things; one scale takes them
for the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tachograph.errors import UsageError
from tachograph.gauges.gauge import Gauge, Inputs, option
from tachograph.gauges.read.rows import Row, read_rows
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
from tachograph.gauges.stats.growth import frontier
from tachograph.gauges.stats.intervals import t_quantile
from tachograph.gauges.stats.item_response import Scale, Scores, fit, fit_as_published
from tachograph.gauges.stats.regression import ols

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tachograph.gauges.picture import Theme

Array = NDArray[np.float64]
QUESTION = "How able are models that took different benchmarks, on one scale?"
SOLVERS = ("newton", "published")
MODEL = ("model", "name", "agent")
BENCHMARK = ("benchmark", "benchmark_name", "eval")
SCORE = ("score", "performance")
FEWEST = 3
"""Models and benchmarks below which there is nothing to stitch."""
SHOWN = 10
"""Models whose capability is among the estimates."""
DAYS_A_YEAR = 365.25


@dataclass(frozen=True)
class Options:
    """How the scale is fitted; the defaults are the published ones."""

    anchor: str = option(
        "", "benchmark of difficulty 0 and slope 1 [default: that with most scores]"
    )
    penalty: float = option(0.1, "pull of all parameters towards 0")
    solver: str = option("newton", "to the minimum, or to where the published code stops",
                         choices=SOLVERS)  # fmt: skip
    level: float = option(0.95, "confidence level of the intervals")

    def __post_init__(self) -> None:
        if self.penalty <= 0 or not 0 < self.level < 1:
            raise UsageError("the penalty must be above 0, the level between 0 and 1",
                             hint="--penalty 0.1")  # fmt: skip


@dataclass(frozen=True)
class Given:
    """One score."""

    model: str
    benchmark: str
    score: float
    day: date | None = None


@dataclass(frozen=True)
class Stitched:
    """A scale with its names."""

    models: tuple[str, ...]
    benchmarks: tuple[str, ...]
    anchor: str
    scale: Scale


def read(inputs: Inputs, options: Options) -> list[Given]:
    """Scores from 0 to 1. Raises FormatError, NotFoundError."""
    found: list[Given] = []
    days: dict[str, date | None] = {}
    for path in inputs.files:
        for row in read_rows(path):
            given = _given(row)
            if days.setdefault(given.model, given.day) != given.day:
                raise row.fault("date", f"{given.model} has two different days")
            found.append(given)
    return found


def _given(row: Row) -> Given:
    def usual(names: tuple[str, ...]) -> str:
        return next((name for name in names if name in row), names[0])

    score = row.number(usual(SCORE), 0.0, 1.0)
    return Given(row.text(usual(MODEL)), row.text(usual(BENCHMARK)), score,
                 row.maybe("date", row.day))  # fmt: skip


def compute(data: Sequence[Given], options: Options) -> Reading:
    """The scale, the ablest models on it, and how fast its frontier rises."""
    why = too_little(data)
    if why:
        return Reading(
            gauge=GAUGE.name, version=GAUGE.version, question=QUESTION,
            verdict=Verdict.cannot_tell(why), n=_counts(data),
            sentence=f"The scores cannot be put on one scale: {why}.",
        )  # fmt: skip
    stitched = stitch(data, options)
    if not stitched.scale.settled:
        why = "the fit did not come to rest"
        return Reading(
            gauge=GAUGE.name, version=GAUGE.version, question=QUESTION,
            verdict=Verdict.cannot_tell(why), n=_counts(data),
            sentence=f"The scores cannot be put on one scale: {why}.",
        )  # fmt: skip
    days = {given.model: given.day for given in data if given.day}
    rise = rise_a_year(stitched, days, options)
    best = int(np.argmax(stitched.scale.capability))
    return Reading(
        gauge=GAUGE.name,
        version=GAUGE.version,
        question=QUESTION,
        verdict=MEASURED,
        sentence=_sentence(stitched, best, rise),
        estimates=tuple(_estimates(stitched, rise, options)),
        n=_counts(data),
        window=_window(days),
        caveats=tuple(_caveats(data, stitched)),
        grid=tuple(_grid(data, stitched, options)),
        series=tuple(_series(stitched, days, options)),
    )


def too_little(data: Sequence[Given]) -> str:
    """Why these scores make no scale; empty where they do."""
    counts = _counts(data)
    if counts["models"] < FEWEST or counts["benchmarks"] < FEWEST:
        return f"fewer than {FEWEST} models or benchmarks"
    if len({given.score for given in data}) == 1:
        return "scores that do not vary"
    apart = sorted({given.benchmark for given in data} - reached(data))
    if apart:
        return f"no chain of shared models links {data[0].benchmark} with {apart[0]}"
    return ""


def reached(data: Sequence[Given]) -> set[str]:
    """Benchmarks that a chain of shared models links with that of the first score."""
    models: set[str] = set()
    benchmarks = {data[0].benchmark}
    while True:
        more_models = {g.model for g in data if g.benchmark in benchmarks}
        more = {g.benchmark for g in data if g.model in more_models}
        if more <= benchmarks and more_models <= models:
            return benchmarks
        models, benchmarks = more_models, benchmarks | more


def stitch(data: Sequence[Given], options: Options) -> Stitched:
    """Fit the scale. Raises UsageError for an anchor that is no benchmark."""
    models = tuple(dict.fromkeys(given.model for given in data))
    benchmarks = tuple(dict.fromkeys(given.benchmark for given in data))
    held = {name: sum(given.benchmark == name for given in data) for name in benchmarks}
    anchor = options.anchor or max(benchmarks, key=lambda name: held[name])
    if anchor not in benchmarks:
        raise UsageError(f"no benchmark {anchor!r}", hint="one of " + ", ".join(benchmarks[:8]))
    model_at = {name: place for place, name in enumerate(models)}
    benchmark_at = {name: place for place, name in enumerate(benchmarks)}
    scores = Scores(
        np.array([model_at[given.model] for given in data]),
        np.array([benchmark_at[given.benchmark] for given in data]),
        np.array([given.score for given in data]),
        benchmark_at[anchor],
    )
    solve = fit_as_published if options.solver == "published" else fit
    return Stitched(models, benchmarks, anchor, solve(scores, options.penalty))


def rise_a_year(stitched: Stitched, days: Mapping[str, date], options: Options) -> Estimate:
    """By how much the frontier of dated models rises a year."""
    name = "rise of the frontier a year"
    dated = [place for place, model in enumerate(stitched.models) if model in days]
    when = [days[stitched.models[place]] for place in dated]
    values = [float(stitched.scale.capability[place]) for place in dated]
    at = frontier(when, values)
    if len({when[place] for place in at}) < FEWEST or len(at) < FEWEST + 1:
        return Estimate(name=name, value=None, level=options.level,
                        reason="too few dated models at the frontier")  # fmt: skip
    first = min(when)
    t = np.array([(when[place] - first).days / DAYS_A_YEAR for place in at])
    line = ols(np.column_stack([np.ones(len(t)), t]), np.array([values[place] for place in at]))
    low, high = line.interval(1, options.level)
    return Estimate(name=name, value=float(line.coefficients[1]), low=low, high=high,
                    level=options.level)  # fmt: skip


def _sentence(stitched: Stitched, best: int, rise: Estimate) -> str:
    text = (f"On a scale where {stitched.anchor} has difficulty 0, {stitched.models[best]} is the "
            f"ablest of {len(stitched.models)} models with "
            f"{number(float(stitched.scale.capability[best]))}")  # fmt: skip
    if rise.value is not None:
        text += f"; the frontier rises by {rise.text()} a year"
    return text + "."


def _estimates(stitched: Stitched, rise: Estimate, options: Options) -> Iterator[Estimate]:
    scale = stitched.scale
    wide = t_quantile(scale.freedom, options.level)
    order = np.argsort(-scale.capability)[:SHOWN]
    for place in order:
        value, half = float(scale.capability[place]), wide * float(scale.capability_error[place])
        yield Estimate(name=f"capability of {stitched.models[place]}", value=value,
                       low=value - half, high=value + half, level=options.level)  # fmt: skip
    yield rise
    for place in np.argsort(scale.difficulty):
        name = stitched.benchmarks[place]
        value, half = float(scale.difficulty[place]), wide * float(scale.difficulty_error[place])
        if name == stitched.anchor:
            yield Estimate(name=f"difficulty of {name}", value=0.0, level=options.level)
            continue
        yield Estimate(name=f"difficulty of {name}", value=value, low=value - half,
                       high=value + half, level=options.level)  # fmt: skip


def _counts(data: Sequence[Given]) -> dict[str, int]:
    return {"scores": len(data), "models": len({g.model for g in data}),
            "benchmarks": len({g.benchmark for g in data})}  # fmt: skip


def _window(days: Mapping[str, date]) -> Window | None:
    return Window(min(days.values()).isoformat(), max(days.values()).isoformat()) if days else None


def _caveats(data: Sequence[Given], stitched: Stitched) -> Iterator[str]:
    yield "Intervals are those of the linearised fit and take scores as independent of each other."
    taken = {name: sum(g.model == name for g in data) for name in stitched.models}
    thin = sum(count < 3 for count in taken.values())
    if thin:
        yield f"{thin} of {len(taken)} models took fewer than 3 of the benchmarks."
    held = {name: sum(g.benchmark == name for g in data) for name in stitched.benchmarks}
    few = [name for name, count in held.items() if count < 10]
    if few:
        yield f"Fewer than 10 scores stand behind: {', '.join(few)}."
    yield "Scores near 0 or 1 say little about how far a model is above or below a benchmark."


def _grid(data: Sequence[Given], stitched: Stitched, options: Options) -> Iterator[GridRow]:
    """The ablest model's distance to the median model under other choices, each at its minimum."""
    model = stitched.models[int(np.argmax(stitched.scale.capability))]
    yield GridRow(_choices("all", options), _above_median(stitched, model, options), headline=True)
    exact = replace(options, solver="newton")
    if options.solver != exact.solver:
        yield _grid_row(data, model, exact, "all")
    for penalty in (options.penalty / 10, options.penalty * 10):
        yield _grid_row(data, model, replace(exact, penalty=penalty), "all")
    largest = max({g.benchmark for g in data}, key=lambda n: sum(g.benchmark == n for g in data))
    rest = [g for g in data if g.benchmark != largest]
    without = replace(exact, anchor="" if options.anchor == largest else options.anchor)
    yield _grid_row(rest, model, without, f"without {largest}")
    clear = [g for g in data if 0.05 <= g.score <= 0.95]
    yield _grid_row(clear, model, exact, "between 5 and 95 %")


def _choices(scores: str, options: Options) -> dict[str, Choice]:
    return {"scores": scores, "penalty": options.penalty, "solver": options.solver}


def _grid_row(data: Sequence[Given], model: str, options: Options, scores: str) -> GridRow:
    kept = {g.benchmark for g in data}
    value = _nothing(model, options)
    if data and not too_little(data) and (not options.anchor or options.anchor in kept):
        value = _above_median(stitch(data, options), model, options)
    return GridRow(_choices(scores, options), value)


def _nothing(model: str, options: Options) -> Estimate:
    return Estimate(name=f"{model} above the median model", value=None, level=options.level,
                    reason="these scores make no scale")  # fmt: skip


def _above_median(stitched: Stitched, model: str, options: Options) -> Estimate:
    nothing = _nothing(model, options)
    if model not in stitched.models or not stitched.scale.settled:
        return nothing
    capability = stitched.scale.capability
    apart = float(capability[stitched.models.index(model)] - np.median(capability))
    return replace(nothing, value=apart, reason="")


def _series(stitched: Stitched, days: Mapping[str, date], options: Options) -> Iterator[Series]:
    scale = stitched.scale
    wide = t_quantile(scale.freedom, options.level)
    yield Series("models", {
        "model": stitched.models,
        "day": tuple(days[m].isoformat() if m in days else None for m in stitched.models),
        "capability": tuple(map(float, scale.capability)),
        "half": tuple(float(wide * e) for e in scale.capability_error),
    })  # fmt: skip
    yield Series("benchmarks", {
        "benchmark": stitched.benchmarks,
        "difficulty": tuple(map(float, scale.difficulty)),
        "slope": tuple(map(float, scale.slope)),
        "half": tuple(float(wide * e) for e in scale.difficulty_error),
    })  # fmt: skip


def plot(reading: Reading, theme: Theme) -> Figure:
    """Capability by day, and the difficulties of the benchmarks as lines across."""
    from tachograph.gauges import picture

    if not reading.has("models"):
        return picture.nothing_to_show(theme, reading.verdict.reason)
    rows = [row for row in reading.table("models").rows("day", "capability") if row[0] is not None]
    figure, axes = picture.canvas(theme)
    if not rows:
        return _ranked(reading, theme)
    days: Any = [date.fromisoformat(str(day)) for day, _ in rows]
    values = [float(value) for _, value in rows if isinstance(value, float)]
    at = set(frontier(days, values))
    for wanted, colour, marker, label in (
        (False, theme.muted, "s", "others"), (True, theme.colours[0], "o", "frontier"),
    ):  # fmt: skip
        here = [place for place in range(len(values)) if (place in at) is wanted]
        axes.plot([days[p] for p in here], [values[p] for p in here], marker, color=colour,
                  markersize=4.5 if wanted else 2.5, label=label)  # fmt: skip
    axes.set_ylabel("capability")
    picture.day_axis(axes)
    picture.legend(axes, theme, loc="upper left")
    return figure


def _ranked(reading: Reading, theme: Theme) -> Figure:
    from tachograph.gauges import picture

    rows = reading.table("models").rows("model", "capability", "half")
    shown = sorted(rows, key=lambda row: float(row[1] or 0))[-15:]
    figure, axes = picture.canvas(theme, height=1.0 + 0.24 * len(shown))
    for place, (_, value, half) in enumerate(shown):
        middle, wide = float(value or 0), float(half or 0)
        axes.plot([middle - wide, middle + wide], [place, place], color=theme.colours[0])
        axes.plot([middle], [place], "o", color=theme.colours[0], markersize=4.5)
    axes.set_yticks(range(len(shown)), [picture.short(str(row[0])) for row in shown])
    axes.set_xlabel("capability")
    return figure


GAUGE = Gauge(
    name="stitching",
    version="1",
    question=QUESTION,
    needs="scores from 0 to 1 of several models on several benchmarks: model, benchmark, score, "
          "perhaps date (.csv, .jsonl)",
    example="tacho gauge stitching scores.csv --anchor Winogrande --plot stitching.svg",
    options=Options,
    read=read,
    compute=compute,
    plot=plot,
)  # fmt: skip
