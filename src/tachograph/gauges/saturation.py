"""Saturation: has a benchmark room left, or does it no longer measure?

The frontier of dated scores (entries that reach or pass all before them) is fitted by a logistic
curve with a free ceiling. Frontier entries are there because they passed all before them, so their
errors lean upwards: the fit takes each as cut off below what it had to pass (stats/records.py), and
assumes nothing of the entries that passed nothing. Of all entries the fit is by least squares
(stats/ceiling.py). Either interval is the profile's. With `best` the highest
score and d the smallest difference between two entries that is more than their noise (1.96 sqrt(2)
standard errors at 0.95), the benchmark

    no longer measures   where even the interval's upper end lies less than d above best
    still measures       where its lower end lies at least d above best, or where the frontier rose
                         by at least d in the last 180 days that the entries cover
    cannot tell          otherwise

Source: the ceiling's model and its comparison with a line and with full marks by AICc are the usual
growth curves (D. M. Bates and D. G. Watts, Nonlinear Regression Analysis, 1988); the rule above is
this project's. Proven by tests/gauges/test_saturation.py. Not covered: wrong labels, which put the
true ceiling below full marks, and entries tuned to the benchmark.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tachograph.errors import UsageError
from tachograph.gauges.gauge import Gauge, Inputs, option
from tachograph.gauges.read.rows import LARGEST, Row, read_rows
from tachograph.gauges.reading import Estimate, GridRow, Reading, Series, Verdict, Window, number
from tachograph.gauges.stats.ceiling import Ceiling, fit_ceiling
from tachograph.gauges.stats.intervals import normal_quantile
from tachograph.gauges.stats.records import fit_records

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tachograph.gauges.picture import Theme

Array = NDArray[np.float64]
QUESTION = "Has the benchmark room left, or does it no longer measure?"
FEWEST = 6
"""Frontier points below which no ceiling is fitted."""
FEWEST_DAYS = 4
FEWEST_SCORES = 3
"""Without a climb there is no curve, and no error to be told from it."""
MOST = 2000
"""Points above which the fit would take gigabytes."""
RECENT_DAYS = 180
DAYS_A_YEAR = 365.25
POINTS = ("frontier", "all")
STILL, NO_LONGER = "still measures", "no longer measures"


@dataclass(frozen=True)
class Options:
    """Which columns, and on which scale."""

    score: str = option("score", "column of the scores")
    name: str = option("", "column of the names [default: name, agent or model]")
    date: str = option("date", "column of the days")
    se: str = option("", "column of the scores' standard errors")
    noise: float = option(0.0, "standard error of one score, where there is no column")
    full_marks: float = option(1.0, "the highest score that can be had")
    points: str = option("frontier", "entries that the ceiling is fitted to", choices=POINTS)
    level: float = option(0.95, "confidence level of the intervals")

    def __post_init__(self) -> None:
        if self.full_marks <= 0 or self.noise < 0 or not 0 < self.level < 1:
            raise UsageError("full marks must be above 0, noise not below, a level from 0 to 1",
                             hint="tacho gauge saturation --help")  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One entry; score and error as shares of full marks."""

    day: date
    name: str
    score: float
    error: float | None


@dataclass(frozen=True)
class Room:
    """What the verdict rests on; shares of full marks."""

    ceiling: Ceiling
    best: float
    difference: float
    """Smallest difference between two entries that is more than noise."""
    recent: float
    """How far the frontier rose in the last RECENT_DAYS."""


def read(inputs: Inputs, options: Options) -> list[Entry]:
    """Entries by day. Raises FormatError, NotFoundError."""
    found = []
    for path in inputs.files:
        for row in read_rows(path):
            found.append(_entry(row, options))
    return sorted(found, key=lambda entry: (entry.day, -entry.score, entry.name))


def _entry(row: Row, options: Options) -> Entry:
    names = [n for n in (options.name, "name", "agent", "model") if n and n in row]
    score = row.number(options.score)
    if not 0 <= score <= options.full_marks:
        raise row.fault(options.score, f"not between 0 and full marks ({options.full_marks:g}): "
                        f"{score:g}", "say what full marks are: --full-marks 100")  # fmt: skip
    error = row.maybe(options.se, lambda c: row.number(c, 0.0, LARGEST)) if options.se else None
    if error is None and options.noise:
        error = options.noise
    share = None if error is None else error / options.full_marks
    name = row.text(names[0]) if names else f"line {row.line}"
    return Entry(row.day(options.date), name, score / options.full_marks, share)


def compute(data: Sequence[Entry], options: Options) -> Reading:
    """The ceiling with its interval, and whether there is room below it."""
    points = list(data) if options.points == "all" else records(data)
    why = too_little(points)
    room = None if why else look(data, points, options)
    verdict = Verdict.cannot_tell(why) if room is None else judge(room, options)
    return Reading(
        gauge=GAUGE.name,
        version=GAUGE.version,
        question=QUESTION,
        verdict=verdict,
        sentence=_sentence(verdict, room, options),
        estimates=tuple(_estimates(data, room, why, options)),
        n={"entries": len(data), "frontier": len(records(data))},
        window=Window(data[0].day.isoformat(), data[-1].day.isoformat()) if data else None,
        caveats=tuple(_caveats(data, options)),
        grid=tuple(_grid(data, options)),
        series=tuple(_series(data, points, room, options)),
    )


def records(data: Sequence[Entry]) -> list[Entry]:
    """Entries that reach or pass all before them and all of their day."""
    best, found = -math.inf, []
    for entry in data:
        if entry.score >= best:
            best = entry.score
            found.append(entry)
    return found


def too_little(points: Sequence[Entry]) -> str:
    """Why these points have no ceiling; empty where they have."""
    if len(points) > MOST:
        return f"{len(points)} points, more than {MOST} are not fitted: take the frontier"
    if len(points) < FEWEST:
        return f"{len(points)} points, at least {FEWEST} are needed"
    if len({entry.day for entry in points}) < FEWEST_DAYS:
        return f"fewer than {FEWEST_DAYS} different days"
    if len({entry.score for entry in points}) < FEWEST_SCORES:
        return f"fewer than {FEWEST_SCORES} different scores"
    return ""


def fitted(points: Sequence[Entry], level: float) -> Ceiling:
    """The ceiling of these points."""
    first = points[0].day
    t = np.array([(entry.day - first).days / DAYS_A_YEAR for entry in points])
    return fit_ceiling(t, np.array([entry.score for entry in points]), level)


def look(data: Sequence[Entry], points: Sequence[Entry], options: Options) -> Room:
    """Ceiling, best score, noise and recent rise."""
    ceiling = fitted(points, options.level)
    error = noise(points, ceiling)
    if options.points == "frontier":
        ceiling, spread = as_records(data, points, ceiling, options.level)
        error = error if any(entry.error is not None for entry in points) else spread
    best = max(entry.score for entry in data)
    difference = normal_quantile(options.level) * math.sqrt(2) * error
    begin = data[-1].day - timedelta(days=RECENT_DAYS)
    before = [entry.score for entry in data if entry.day <= begin]
    return Room(ceiling, best, difference, best - max(before, default=best))


def as_records(
    data: Sequence[Entry], points: Sequence[Entry], ceiling: Ceiling, level: float
) -> tuple[Ceiling, float]:
    """The ceiling of points that are records among `data`, and one score's error about the curve"""
    first = points[0].day
    t = np.array([(entry.day - first).days / DAYS_A_YEAR for entry in points])
    bars = np.array([bar(data, entry) for entry in points])
    climb = fit_records(t, np.array([entry.score for entry in points]), bars, level)
    return replace(ceiling, value=climb.value, low=climb.low, high=climb.high, middle=climb.middle,
                   width=climb.width), climb.error  # fmt: skip


def bar(data: Sequence[Entry], entry: Entry) -> float:
    """What an entry had to reach: the best of all others until its day; -inf where it was first."""
    others = (e.score for e in data if e.day <= entry.day and e is not entry)
    return max(others, default=-math.inf)


def noise(points: Sequence[Entry], ceiling: Ceiling) -> float:
    """Standard error of one score: the median of those given, else the spread about the curve."""
    given = [entry.error for entry in points if entry.error is not None]
    if given:
        return median(given)
    first = points[0].day
    t = np.array([(entry.day - first).days / DAYS_A_YEAR for entry in points])
    missed = ceiling.at(t) - np.array([entry.score for entry in points])
    return float(np.sqrt((missed**2).sum() / max(len(points) - 3, 1)))


def judge(room: Room, options: Options) -> Verdict:
    """By the rule at the head of this file."""
    if room.ceiling.high - room.best < room.difference:
        return Verdict(told=True, words=NO_LONGER)
    if room.ceiling.low - room.best >= room.difference or room.recent >= room.difference > 0:
        return Verdict(told=True, words=STILL)
    ends = f"{_marks(room.ceiling.low, options)} to {_marks(room.ceiling.high, options)}"
    return Verdict.cannot_tell(
        f"the ceiling may lie anywhere from {ends}, the best score is "
        f"{_marks(room.best, options)}, and it did not rise of late"
    )


def _marks(share: float, options: Options) -> str:
    return number(share * options.full_marks)


def _sentence(verdict: Verdict, room: Room | None, options: Options) -> str:
    if room is None:
        return f"The data cannot tell whether the benchmark still measures: {verdict.reason}."
    ceiling = _ceiling_estimate(room, options).text()
    best = f"the best score is {_marks(room.best, options)} of {options.full_marks:g}"
    if verdict.words == NO_LONGER:
        return f"The benchmark no longer measures: its ceiling is {ceiling}, and {best}."
    if verdict.words == STILL:
        return f"The benchmark still measures: its ceiling is {ceiling}, and {best}."
    return f"The data cannot tell whether there is room left: the ceiling is {ceiling}, and {best}."


def _ceiling_estimate(room: Room, options: Options) -> Estimate:
    c = room.ceiling
    return Estimate(name="ceiling", value=c.value * options.full_marks,
                    low=c.low * options.full_marks, high=c.high * options.full_marks,
                    level=options.level)  # fmt: skip


def _estimates(
    data: Sequence[Entry], room: Room | None, why: str, options: Options
) -> Iterator[Estimate]:
    scale, level = options.full_marks, options.level
    if room is None:
        yield Estimate(name="ceiling", value=None, level=level, reason=why)
        return
    yield _ceiling_estimate(room, options)
    c = room.ceiling
    yield Estimate(name="best score", value=room.best * scale, level=level)
    yield Estimate(name="room left", value=max(0.0, c.value - room.best) * scale,
                   low=max(0.0, c.low - room.best) * scale,
                   high=max(0.0, c.high - room.best) * scale, level=level)  # fmt: skip
    yield Estimate(
        name="smallest difference that shows", value=room.difference * scale, level=level
    )
    yield Estimate(name=f"rise in the last {RECENT_DAYS} days", value=room.recent * scale)
    for name, value in (("straight line", c.aicc_linear), ("curve to full marks", c.aicc_full),
                        ("curve to a free ceiling", c.aicc_free)):  # fmt: skip
        if math.isfinite(value):
            yield Estimate(name=f"AICc, {name}", value=value)


def _caveats(data: Sequence[Entry], options: Options) -> Iterator[str]:
    yield "A ceiling below full marks may come from wrong labels as well as from what can be done."
    if all(entry.error is None for entry in data):
        yield "No standard errors were given: noise is the spread about the curve, as --noise says."
    if options.points == "frontier":
        yield ("Frontier entries were chosen for being high: their errors lean upwards, which the "
               "fit takes out, so that the ceiling may lie below the best score.")  # fmt: skip


def _grid(data: Sequence[Entry], options: Options) -> Iterator[GridRow]:
    """The ceiling on other sets of entries."""
    frontier = records(data)
    parts = {
        "frontier": frontier,
        "all": list(data),
        "frontier without its last": frontier[:-1],
        "frontier, later half": frontier[len(frontier) // 2 :],
    }
    for name, points in parts.items():
        why = too_little(points)
        value = Estimate(name="ceiling", value=None, level=options.level, reason=why or "-")
        if not why:
            chosen = replace(options, points="all" if name == "all" else "frontier")
            value = _ceiling_estimate(look(data, points, chosen), options)
        yield GridRow({"entries": name, "n": len(points)}, value, name == options.points)


def _series(
    data: Sequence[Entry], points: Sequence[Entry], room: Room | None, options: Options
) -> Iterator[Series]:
    scale = options.full_marks
    best = {id(entry) for entry in records(data)}
    yield Series("entries", {
        "name": tuple(e.name for e in data),
        "day": tuple(e.day.isoformat() for e in data),
        "score": tuple(e.score * scale for e in data),
        "frontier": tuple(int(id(e) in best) for e in data),
    })  # fmt: skip
    if room is not None:
        last = (points[-1].day - points[0].day).days
        days = np.linspace(0, last, 50)
        yield Series("curve", {
            "day": tuple((points[0].day + timedelta(days=round(d))).isoformat() for d in days),
            "score": tuple(float(s) * scale for s in room.ceiling.at(days / DAYS_A_YEAR)),
        })  # fmt: skip


def plot(reading: Reading, theme: Theme) -> Figure:
    """Scores by day, the fitted curve, the ceiling and its interval as a band."""
    from tachograph.gauges import picture

    entries = reading.table("entries")
    figure, axes = picture.canvas(theme)
    days: Any = [date.fromisoformat(day) for day in entries.texts("day")]
    scores, at_front = entries.numbers("score"), entries.numbers("frontier")
    for wanted, colour, marker, label in (
        (0, theme.muted, "s", "others"), (1, theme.colours[0], "o", "frontier"),
    ):  # fmt: skip
        here = [place for place, value in enumerate(at_front) if value == wanted]
        axes.plot([days[p] for p in here], [scores[p] for p in here], marker, color=colour,
                  markersize=4.5 if wanted else 3.5, label=label)  # fmt: skip
    if reading.has("curve"):
        curve = reading.table("curve")
        when: Any = [date.fromisoformat(day) for day in curve.texts("day")]
        axes.plot(when, curve.numbers("score"), color=theme.colours[0], linewidth=1.3)
        _draw_ceiling(axes, reading, theme)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("score")
    picture.day_axis(axes)
    picture.legend(axes, theme, loc="lower right")
    return figure


def _draw_ceiling(axes: Any, reading: Reading, theme: Theme) -> None:
    ceiling = reading.headline
    if ceiling is None or ceiling.value is None:
        return
    axes.axhline(ceiling.value, color=theme.colours[1], linewidth=1.2, linestyle="--",
                 label="ceiling and interval")  # fmt: skip
    if ceiling.low is not None and ceiling.high is not None:
        axes.axhspan(ceiling.low, ceiling.high, color=theme.colours[1], alpha=0.14, linewidth=0)


GAUGE = Gauge(
    name="saturation",
    version="2",
    question=QUESTION,
    needs="dated scores of one benchmark: name, date, score, perhaps a standard error "
          "(.csv, .jsonl)",
    example="tacho gauge saturation scores.csv --se score_se --plot saturation.svg",
    options=Options,
    read=read,
    compute=compute,
    plot=plot,
)  # fmt: skip
