"""The form of a trend: does a measured value grow exponentially, faster, with a break, to a limit?

The values' base-2 logarithms are fitted by four forms (stats/forms.py), which are compared by AICc,
by leaving out each point, and by forecasting each point from those before it. The exponential is
rejected only by a test whose false alarms are known; another form is named only where it is more
than 2 AICc ahead of every other and does not forecast worse than the exponential; the exponential
only where it is so far ahead and the doubling time is known to have changed by less than a factor
of 2 within the window. Everything else is "cannot distinguish". The doubling time of the
exponential is given with its interval all the same.

Source: E. J. Wagenmakers and S. Farrell, Psychonomic Bulletin & Review 11 (2004) on AICc; R. J.
Hyndman and G. Athanasopoulos, Forecasting (2021), section 5.10 on rolling origin. Proven by
tests/gauges/test_trend.py. Not covered: what comes after the last point. No form is drawn beyond
it, as forms that fit equally well there part company at once.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tachograph.errors import FormatError, UsageError
from tachograph.gauges.gauge import Gauge, Inputs, option
from tachograph.gauges.read.days import read_days
from tachograph.gauges.read.rows import Row, read_rows
from tachograph.gauges.reading import (
    Estimate,
    GridRow,
    Reading,
    Series,
    Verdict,
    Window,
    join,
)
from tachograph.gauges.stats.bootstrap import percentile_interval
from tachograph.gauges.stats.forms import (
    EXPONENTIAL,
    FORMS,
    Fitted,
    Form,
    exponential_rejected,
    fit,
    leading_shares,
    leave_one_out,
    rolling_origin,
)
from tachograph.gauges.stats.growth import doubling, frontier
from tachograph.gauges.stats.regression import ols

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tachograph.gauges.picture import Theme

Array = NDArray[np.float64]
QUESTION = "Which form does the growth have, and how fast is it?"
DAYS_A_YEAR = 365.25
MOST = 500
"""Points above which every one is not left out and forecast in reasonable time."""
FEWEST = 8
"""Points below which forms with four parameters say nothing."""
AHEAD = 2.0
"""AICc by which a form must lead."""
SIGNIFICANT = 0.05
MOST_REFITS = 200
"""Joint resamples to which the richer forms are fitted anew."""
LARGEST_VALUE = 1e100
"""Of a value: operations of a computer are counted in tens of powers."""
UNDISTINGUISHED = "cannot distinguish"


@dataclass(frozen=True)
class Options:
    """Which rows and columns, and how it is resampled."""

    value: str = option("", "column of the values [default: value, p50 or score]")
    name: str = option("", "column of the names [default: name, agent or model]")
    date: str = option("", "column of the days [default: date or release_date]")
    unit: str = option("", "unit of the values")
    frontier: bool = option(False, "only values that reach or pass all before them")
    since: str = option("", "first day, as 2023-01-01")
    until: str = option("", "last day")
    exclude: tuple[str, ...] = option((), "a name to leave out; repeatable")
    rows: Path | None = option(None, "joint resamples: a table with a column for each name")
    floor: float = option(0.0, "resampled values below this are missing")
    dates: Path | None = option(None, "days by name, where the table has none")
    level: float = option(0.95, "confidence level of the intervals")
    seed: int = option(0, "of the test")

    def __post_init__(self) -> None:
        if not 0 < self.level < 1:
            raise UsageError("a level lies between 0 and 1", hint="--level 0.95")
        for day in filter(None, (self.since, self.until)):
            try:
                date.fromisoformat(day)
            except ValueError:
                raise UsageError(f"not a day: {day!r}", hint="write it as 2025-02-24") from None


@dataclass(frozen=True)
class Data:
    """Values by day, oldest first."""

    names: tuple[str, ...]
    days: tuple[date, ...]
    values: tuple[float, ...]
    joint: Array | None = None
    """Joint resamples (rows, n): one world a row; NaN where a value is missing."""

    def part(self, at: Sequence[int]) -> Data:
        """Only these places."""
        joint = None if self.joint is None else self.joint[:, list(at)]
        return Data(tuple(self.names[p] for p in at), tuple(self.days[p] for p in at),
                    tuple(self.values[p] for p in at), joint)  # fmt: skip

    def worlds(self) -> Array | None:
        """log2 of the joint resamples in which no value is missing; None where there are none."""
        if self.joint is None:
            return None
        whole = self.joint[(self.joint > 0).all(axis=1)]
        return np.asarray(np.log2(whole)) if len(whole) else None

    @property
    def years(self) -> Array:
        """Years since the first day."""
        return np.array([(day - self.days[0]).days / DAYS_A_YEAR for day in self.days])

    @property
    def logs(self) -> Array:
        """log2 of the values."""
        return np.asarray(np.log2(np.array(self.values)))


def read(inputs: Inputs, options: Options) -> Data:
    """Values above 0 with their days. Raises FormatError, NotFoundError."""
    days = read_days(options.dates) if options.dates else {}
    found = []
    for path in inputs.files:
        for row in read_rows(path):
            name = row.text(column(row, options.name, ("name", "agent", "model", "alias")))
            if name in options.exclude:
                continue
            when = days.get(name) or row.day(column(row, options.date, ("date", "release_date")))
            value = row.positive(
                column(row, options.value, ("value", "p50", "score")), LARGEST_VALUE
            )
            if (options.since or "0") <= when.isoformat() <= (options.until or "9"):
                found.append((when, name, value))
    found.sort()
    data = Data(tuple(n for _, n, _ in found), tuple(d for d, _, _ in found),
                tuple(v for _, _, v in found))  # fmt: skip
    return read_joint(options.rows, data, options.floor) if options.rows else data


def column(row: Row, given: str, usual: tuple[str, ...]) -> str:
    """The column named, else the first usual one that the row has."""
    return given or next((name for name in usual if name in row), usual[0])


def read_joint(path: Path, data: Data, floor: float = 0.0) -> Data:
    """Add joint resamples: columns named as the rows are, with or without `_p50` at the end."""
    rows = read_rows(path)
    columns = []
    for name in data.names:
        label = f"{name}_p50" if f"{name}_p50" in rows[0] else name
        columns.append([row.maybe(label, row.number) for row in rows])
        if label not in rows[0]:
            raise FormatError(f"{path}: no column {name!r}", hint="name the columns as the rows")
    joint = np.array([[math.nan if x is None else x for x in each] for each in columns]).T
    # Below a thousandth of the smallest value a resample is a fit that ran away, not a value.
    joint[joint < max(floor, min(data.values) * 1e-3)] = math.nan
    return Data(data.names, data.days, data.values, joint)


@dataclass(frozen=True)
class Score:
    """How one form does."""

    fitted: Fitted
    left_out: float | None
    """Root mean square error of points left out, doublings."""
    rolling: Array | None
    """Errors of forecasts, doublings."""

    @property
    def form(self) -> Form:
        return self.fitted.form

    @property
    def rolling_error(self) -> float | None:
        """Root mean square of the forecasts' errors, doublings."""
        return None if self.rolling is None else float(np.sqrt(np.mean(self.rolling**2)))


def compute(data: Data, options: Options) -> Reading:
    """Compare the forms; the doubling time of the exponential."""
    used = data.part(frontier(data.days, data.values)) if options.frontier else data
    why = too_little(used)
    if why:
        return Reading(
            gauge=GAUGE.name, version=GAUGE.version, question=QUESTION,
            verdict=Verdict.cannot_tell(why), sentence=f"The data cannot tell how it grows: {why}.",
            n={"points": len(used.values)}, series=(_points(used),),
        )  # fmt: skip
    scores = score_all(used)
    p_value = exponential_rejected(used.years, used.logs, seed=options.seed)
    verdict = judge(scores, p_value, steady(used))
    doubled = doubling_estimate(used, options)
    return Reading(
        gauge=GAUGE.name,
        version=GAUGE.version,
        question=QUESTION,
        verdict=verdict,
        sentence=_sentence(verdict, doubled, used),
        estimates=(doubled, *_estimates(used, scores, p_value, options)),
        n={"points": len(used.values), "resamples": 0 if used.joint is None else len(used.joint)},
        window=Window(used.days[0].isoformat(), used.days[-1].isoformat()),
        caveats=tuple(_caveats(used, options)),
        grid=tuple(_grid(data, options)),
        series=(_points(used), _table(scores), *_curves(used, scores)),
    )


def too_little(data: Data) -> str:
    """Why these points cannot tell; empty where they can."""
    if len(data.values) > MOST:
        return f"{len(data.values)} points, more than {MOST} are not compared: take --frontier"
    if len(data.values) < FEWEST:
        return f"{len(data.values)} points, at least {FEWEST} are needed"
    if len(set(data.days)) < 5:
        return "fewer than 5 different days"
    return ""


def score_all(data: Data) -> list[Score]:
    """Every form that the points allow, the exponential first."""
    found = []
    for form in FORMS:
        fitted = fit(form, data.years, data.logs)
        if fitted is None or math.isinf(fitted.aicc):
            continue
        errors = leave_one_out(form, data.years, data.logs)
        left_out = None if errors is None else float(np.sqrt(np.mean(errors**2)))
        found.append(Score(fitted, left_out, rolling_origin(form, data.years, data.logs)))
    return found


def judge(scores: Sequence[Score], p_value: float, is_steady: bool) -> Verdict:
    """Name a form, or say between which the data cannot distinguish."""
    ordered = sorted(scores, key=lambda score: score.fitted.aicc)
    near = [s for s in ordered if s.fitted.aicc < ordered[0].fitted.aicc + AHEAD]
    best, plain = ordered[0], next(s for s in scores if s.form is EXPONENTIAL)
    if p_value > SIGNIFICANT:
        if near == [plain] and is_steady:
            return Verdict(told=True, words="exponential")
        if near == [plain]:
            return Verdict.cannot_tell(
                f"the exponential is not rejected (p = {p_value:.2g}), but within the window the "
                "doubling time may have changed by more than a factor of 2", UNDISTINGUISHED,
            )  # fmt: skip
        others = join([s.form.name for s in near if s is not plain])
        return Verdict.cannot_tell(
            f"the exponential is not rejected (p = {p_value:.2g}) and does not lead: within "
            f"{AHEAD:g} AICc of the best {'are' if len(near) > 2 else 'is'} {others}",
            UNDISTINGUISHED,
        )  # fmt: skip
    rejected = f"the exponential is rejected (p = {p_value:.2g})"
    if len(near) > 1:
        names = join([s.form.name for s in near])
        return Verdict.cannot_tell(f"{rejected}, but {names} are within {AHEAD:g} AICc",
                                   UNDISTINGUISHED)  # fmt: skip
    if forecasts_worse(best, plain):
        return Verdict.cannot_tell(f"{rejected}, but {best.form.name} forecasts worse than it",
                                   UNDISTINGUISHED)  # fmt: skip
    return Verdict(told=True, words=best.form.name)


def steady(data: Data) -> bool:
    """Whether the slope at the last day is known to be within a factor of 2 of that at the first.

    The slope of a parabola changes by 2 c T over the window T; its interval must lie within a third
    of the mean slope to both sides, as (1 + 1/3) / (1 - 1/3) is 2.
    """
    t = data.years
    parabola = ols(np.column_stack([np.ones(len(t)), t, t * t]), data.logs)
    mean_slope = float(parabola.coefficients[1] + parabola.coefficients[2] * t[-1])
    change = parabola.interval(2)
    most = max(abs(change.low), abs(change.high)) * float(t[-1])
    return mean_slope > 0 and most <= mean_slope / 3


def forecasts_worse(one: Score, other: Score) -> bool:
    """Whether the squared forecast errors of `one` are larger by more than their standard error."""
    if one.rolling is None or other.rolling is None or len(one.rolling) < 3:
        return False
    apart = one.rolling**2 - other.rolling**2
    return bool(apart.mean() > apart.std(ddof=1) / math.sqrt(len(apart)))


def doubling_estimate(data: Data, options: Options, name: str = "doubling time") -> Estimate:
    """Of the exponential: by joint resamples where there are any, else by Student's t."""
    found = doubling(data.days, data.values, data.joint, options.level)
    low, high = found.low, found.high
    if data.joint is None:
        line = ols(np.column_stack([np.ones(len(data.days)), data.years]), data.logs)
        slope = line.interval(1, options.level)
        low, high = _days(slope.high), _days(slope.low)
    reason = "" if found.days else "it does not grow"
    if reason:
        low = high = None
    return Estimate(name=name, value=found.days, low=low, high=high, level=options.level, unit="d",
                    reason=reason)  # fmt: skip


def _days(doublings_a_year: float) -> float | None:
    return DAYS_A_YEAR / doublings_a_year if doublings_a_year > 0 else None


def _estimates(
    data: Data, scores: Sequence[Score], p_value: float, options: Options
) -> Iterator[Estimate]:
    worlds = data.worlds()
    for score in scores[1:]:
        yield _at_the_last_point(data, score, worlds, options)
    if worlds is not None:
        for name, share in leading_shares(data.years, worlds).items():
            yield Estimate(name=f"share of joint resamples in which it leads, {name}", value=share)
    yield Estimate(name="p-value of the exponential", value=p_value, level=options.level)
    for score in scores:
        yield Estimate(name=f"AICc, {score.form.name}", value=score.fitted.aicc)
        for label, error in (("left out", score.left_out), ("forecast", score.rolling_error)):
            if error is not None:
                yield Estimate(name=f"error of points {label}, {score.form.name}", value=error,
                               unit="doublings")  # fmt: skip


def _at_the_last_point(
    data: Data, score: Score, worlds: Array | None, options: Options
) -> Estimate:
    """The form's doubling time there; its interval needs joint resamples."""
    last, form = float(data.years[-1]), score.form
    name = f"doubling time at the last point, {form.name}"
    days = _days(score.fitted.slope(last))
    if days is None:
        return Estimate(name=name, value=None, level=options.level, unit="d",
                        reason="it does not grow at the last point")  # fmt: skip
    low = high = None
    if worlds is not None:
        found = [fit(form, data.years, row) for row in worlds[:MOST_REFITS]]
        slopes = [fitted.slope(last) for fitted in found if fitted is not None]
        slow, fast = percentile_interval(slopes, options.level)
        low = None if fast is None else _days(fast)
        high = None if slow is None else _days(slow)
    return Estimate(name=name, value=days, low=low, high=high, level=options.level, unit="d")


def _sentence(verdict: Verdict, doubled: Estimate, data: Data) -> str:
    span = f"over {len(data.values)} points from {data.days[0]} to {data.days[-1]}"
    if doubled.value is None:
        return f"Read as an exponential, the value does not grow {span}."
    text = f"Read as an exponential, the value doubled every {doubled.text()} {span}"
    if verdict.told:
        return f"{text}; of the forms compared, the data single out the {verdict.words} one."
    return f"{text}; the data cannot distinguish the form of the growth."


def _caveats(data: Data, options: Options) -> Iterator[str]:
    yield "Nothing is said about days after the last point: forms that fit alike part there."
    if data.joint is None:
        yield ("No joint resamples were given: the interval takes the points' errors as "
               "independent, which points measured on the same tasks are not.")  # fmt: skip
    else:
        missing = int(np.isnan(data.joint).any(axis=1).sum())
        if missing:
            yield f"In {missing} of {len(data.joint)} resamples some value is missing."
    if options.frontier:
        yield "Frontier points were chosen for being high; their errors lean upwards."


def _grid(data: Data, options: Options) -> Iterator[GridRow]:
    """The exponential's doubling time on other sets of points."""
    at_frontier = data.part(frontier(data.days, data.values))
    parts = {"all": data, "frontier": at_frontier}
    for name, part in (("all", data), ("frontier", at_frontier)):
        middle = part.days[0] + (part.days[-1] - part.days[0]) / 2
        later = [place for place, day in enumerate(part.days) if day >= middle]
        parts[f"{name}, later half"] = part.part(later)
    for name, part in parts.items():
        headline = name == ("frontier" if options.frontier else "all")
        if len(set(part.days)) < 3:
            value = Estimate(name="doubling time", value=None, unit="d", reason="too few days")
        else:
            value = doubling_estimate(part, options)
        yield GridRow({"points": name, "n": len(part.values)}, value, headline)


def _points(data: Data) -> Series:
    return Series("points", {"name": data.names, "day": tuple(d.isoformat() for d in data.days),
                             "value": data.values})  # fmt: skip


def _table(scores: Sequence[Score]) -> Series:
    return Series("forms", {
        "form": tuple(s.form.name for s in scores),
        "parameters": tuple(s.form.parameters for s in scores),
        "aicc": tuple(s.fitted.aicc for s in scores),
        "left_out": tuple(s.left_out for s in scores),
        "rolling": tuple(s.rolling_error for s in scores),
    })  # fmt: skip


def _curves(data: Data, scores: Sequence[Score]) -> Iterator[Series]:
    steps = np.linspace(0.0, float(data.years[-1]), 60)
    first = data.days[0].toordinal()
    days = tuple(date.fromordinal(first + round(y * DAYS_A_YEAR)).isoformat() for y in steps)
    columns: dict[str, tuple[Any, ...]] = {"day": days}
    for score in scores:
        columns[score.form.name] = tuple(float(2.0**y) for y in score.fitted.at(steps))
    yield Series("curves", columns)


def plot(reading: Reading, theme: Theme) -> Figure:
    """The points on a log scale, and every form that was fitted."""
    from tachograph.gauges import picture

    points = reading.table("points")
    if not reading.has("curves"):
        return picture.nothing_to_show(theme, reading.verdict.reason)
    figure, axes = picture.canvas(theme)
    curves = reading.table("curves")
    days: Any = [date.fromisoformat(day) for day in curves.texts("day")]
    styles = ("-", "--", ":", "-.")
    for place, name in enumerate([n for n in curves.columns if n != "day"]):
        axes.plot(days, curves.numbers(name), label=name, linewidth=1.4,
                  color=theme.colours[place], linestyle=styles[place])  # fmt: skip
    when: Any = [date.fromisoformat(day) for day in points.texts("day")]
    axes.plot(when, points.numbers("value"), "o", color=theme.ink, markersize=4.5)
    axes.set_yscale("log")
    picture.log_ticks(axes)
    unit = reading.choices.get("unit")
    axes.set_ylabel(f"{reading.choices.get('value') or 'value'}" + (f", {unit}" if unit else ""))
    picture.day_axis(axes)
    picture.legend(axes, theme, loc="upper left")
    return figure


GAUGE = Gauge(
    name="trend",
    version="1",
    question=QUESTION,
    needs="dated values above 0: name, date, value (.csv, .jsonl); joint resamples as a second "
          "table with --rows",
    example="tacho gauge trend values.csv --frontier --plot trend.svg",
    options=Options,
    read=read,
    compute=compute,
    plot=plot,
)  # fmt: skip
