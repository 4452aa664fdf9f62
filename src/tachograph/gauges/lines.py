"""Lines: how many lines an engineer gets merged on a working day, by quarter.

An engineer is an address (after .mailmap) that made at least one commit in the quarter; automation
is none, and neither is an agent that commits under its own name, whose lines count all the same. A
working day is a Monday to Friday within the quarter and the history. Intervals are over engineers,
few of whom have most of the lines (stats/long_tail.py); where the tail is longer than their number
carries there is none. Whether and when the level changed is tested by shuffling quarters
(stats/change.py); releases of models are marks on the picture and no part of the test.

Lines are no value: this gauge says that output changed and not that it is worth more. Proven by
tests/gauges/test_lines.py. Not covered: work in other repositories, part-time, holidays.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tachograph.gauges import attribution
from tachograph.gauges.attribution import CODE, LARGE, has, merged, moment, quarter_of
from tachograph.gauges.gauge import Gauge, Inputs, option
from tachograph.gauges.git.paths import KINDS
from tachograph.gauges.git.rows import AUTHOR, BOT, History
from tachograph.gauges.read.days import read_days
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
from tachograph.gauges.stats.change import change_point
from tachograph.gauges.stats.long_tail import (
    LogMean,
    log_mean,
    mean_interval,
    ratio_interval,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tachograph.gauges.picture import Theme

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
QUESTION = "How many lines does an engineer get merged on a working day, and when did that change?"
FEWEST_ENGINEERS = 3
FEWEST_DAYS = 20
"""Working days below which a quarter is left out: it has just begun, or the history has."""
ALPHA = 0.05


@dataclass(frozen=True)
class Options:
    """Which lines count."""

    ref: str = option("HEAD", "branch, tag or commit whose history is read")
    code: str = option("production", "kind of files", choices=tuple(CODE))
    since: str = option("", "first day, as 2025-01-01")
    until: str = option("", "first day after it")
    releases: Path | None = option(None, "days of model releases: a table, or lines `name: day`")
    seed: int = option(0, "of the shuffles that test for a change")
    level: float = option(0.95, "confidence level of the intervals")
    fresh: bool = option(False, "read the history anew and keep nothing")

    def __post_init__(self) -> None:
        for name in ("since", "until"):
            if getattr(self, name):
                moment(getattr(self, name), name)

    @property
    def for_history(self) -> attribution.Options:
        """The same, as attribution reads histories."""
        return attribution.Options(self.ref, self.code, self.since, self.until, self.fresh)


@dataclass(frozen=True)
class Data:
    """One history, and releases by name."""

    history: History
    releases: Mapping[str, date]


@dataclass(frozen=True)
class Quarter:
    """One quarter: lines by engineer, and working days."""

    name: str
    lines: Array
    """Of each engineer that committed, shape (engineers,)."""
    by_agents: float
    """Lines that agents committed under their own names."""
    days: int

    @property
    def rate(self) -> float:
        """Lines per engineer and working day, agents' own lines shared out."""
        return (float(self.lines.sum()) + self.by_agents) / (len(self.lines) * self.days)


def read(inputs: Inputs, options: Options) -> Data:
    """Histories, and releases. Raises FormatError, NotFoundError, UsageError."""
    releases = read_days(options.releases) if options.releases else {}
    return Data(merged(attribution.read(inputs, options.for_history)), releases)


def quarters(history: History, kinds: Sequence[str], keep: Flags | None = None) -> list[Quarter]:
    """All quarters with enough days and engineers, the oldest first."""
    if not len(history):
        return []
    at = [KINDS.index(kind) for kind in kinds]
    added = history.added[:, at].sum(axis=1).astype(float)
    made = ~has(history, BOT) if keep is None else ~has(history, BOT) & keep
    labels = np.array([quarter_of(t) for t in history.time.tolist()], dtype=str)
    agents = has(history, AUTHOR)
    found = []
    first, last = (datetime.fromtimestamp(t, UTC).date()
                   for t in (history.time.min(), history.time.max()))  # fmt: skip
    for name in sorted(set(labels.tolist())):
        here = made & (labels == name)
        people = here & ~agents
        who, places = np.unique(history.author[people], return_inverse=True)
        lines = np.bincount(places, added[people], len(who)).astype(float)
        days = working_days(name, first, last)
        if len(who) >= FEWEST_ENGINEERS and days >= FEWEST_DAYS:
            found.append(Quarter(name, lines, float(added[here & agents].sum()), days))
    return found


def working_days(quarter: str, first: date, last: date) -> int:
    """Mondays to Fridays of a quarter that lie within first to last, both included."""
    year, part = int(quarter[:4]), int(quarter[5])
    begin = date(year, 3 * part - 2, 1)
    end = date(year + part // 4, 3 * part % 12 + 1, 1) - timedelta(1)
    begin, end = max(begin, first), min(end, last)
    return int(np.busday_count(begin, end + timedelta(1))) if begin <= end else 0


def rate(quarter: Quarter, options: Options) -> Estimate:
    """Lines per engineer and day, with the interval over engineers where their tail allows one."""
    found = mean_interval(quarter.lines.tolist(), options.level) or (None, None)
    shared = quarter.by_agents / len(quarter.lines)
    ends = [None if end is None else max(0.0, end + shared) / quarter.days for end in found]
    return Estimate(name=f"lines in {quarter.name}", value=quarter.rate, low=ends[0], high=ends[1],
                    level=options.level, unit="per engineer-day")  # fmt: skip


def compute(data: Data, options: Options) -> Reading:
    """The newest quarter, the growth since the oldest, the likeliest change, and all quarters."""
    found = quarters(data.history, CODE[options.code])
    each = [rate(quarter, options) for quarter in found]
    verdict = MEASURED if found else Verdict.cannot_tell(
        f"no quarter has {FEWEST_ENGINEERS} engineers and {FEWEST_DAYS} working days")  # fmt: skip
    change = _change(found, options)
    return Reading(
        gauge=GAUGE.name,
        version=GAUGE.version,
        question=QUESTION,
        verdict=verdict,
        sentence=_sentence(found, each, change, verdict),
        estimates=(*each[::-1][:1], *growth(found, options), change, *each[::-1][1:])
        if found else (_none(verdict),),
        n={"commits": len(data.history), "quarters": len(found),
           "engineers": len(np.unique(data.history.author)) if len(data.history) else 0},
        window=Window(found[0].name, found[-1].name) if found else None,
        caveats=tuple(_caveats(found, data)),
        grid=tuple(_grid(data, options)) if found else (),
        series=(_series(found, each), _releases(data)),
    )  # fmt: skip


def _none(verdict: Verdict) -> Estimate:
    return Estimate(name="lines per engineer-day", value=None, reason=verdict.reason)


def growth(found: Sequence[Quarter], options: Options) -> Iterator[Estimate]:
    """The newest quarter's rate over the oldest's."""
    if len(found) < 2 or not found[0].rate > 0 or not found[-1].rate > 0:
        return
    old, new = (_log_rate(quarter) for quarter in (found[0], found[-1]))
    ratio = found[-1].rate / found[0].rate
    low, high = ratio_interval(old, new, ratio, options.level) if old and new else (None, None)
    yield Estimate(name=f"{found[-1].name} over {found[0].name}", value=ratio, low=low, high=high,
                   level=options.level, unit="x")  # fmt: skip


def _log_rate(quarter: Quarter) -> LogMean | None:
    """The logarithm of a quarter's rate; agents' own lines have no error over engineers."""
    found = log_mean(quarter.lines.tolist())
    if found is None:
        return None
    mean, shared = math.exp(found.value), quarter.by_agents / len(quarter.lines)
    return LogMean(math.log((mean + shared) / quarter.days),
                   found.variance * (mean / (mean + shared)) ** 2, found.freedom)  # fmt: skip


def _heavy(quarter: Quarter) -> str:
    """Who has most of the lines of a quarter whose tail carries no interval."""
    count = max(1, round(len(quarter.lines) / 10))
    largest = np.sort(quarter.lines)[-count:].sum() / max(float(quarter.lines.sum()), 1.0)
    return (f"in {quarter.name} the largest {count} of {len(quarter.lines)} engineers hold "
            f"{largest:.0%} of the lines")  # fmt: skip


def _change(found: Sequence[Quarter], options: Options) -> Estimate:
    """Factor between the levels before and after the likeliest change, where it is no chance."""
    rates = [quarter.rate for quarter in found]
    name = "change of level"
    if not all(value > 0 for value in rates):
        return Estimate(name=name, value=None, reason="a quarter without any line")
    change = change_point([math.log(value) for value in rates], seed=options.seed)
    if change is None:
        return Estimate(name=name, value=None, reason="too few quarters")
    if change.p_value > ALPHA:
        reason = f"none that chance does not give (p = {change.p_value:.2f})"
        return Estimate(name=name, value=None, reason=reason)
    at = found[change.place].name
    return Estimate(name=f"{name}, from {at} on (p = {change.p_value:.3f})", unit="x",
                    value=math.exp(change.after - change.before))  # fmt: skip


def _sentence(found: Sequence[Quarter], each: Sequence[Estimate], change: Estimate,
              verdict: Verdict) -> str:  # fmt: skip
    if not found:
        return f"The history cannot tell how many lines an engineer-day has: {verdict.reason}."
    last = each[-1]
    assert last.value is not None
    if last.low is None and last.high is None:
        ends = f", how far off cannot be told ({_heavy(found[-1])})"
    else:
        ends = (
            " [" + ", ".join("?" if e is None else number(e) for e in (last.low, last.high)) + "]"
        )
    text = f"In {found[-1].name} an engineer got {number(last.value)} lines merged a day{ends}"
    if change.value is not None:
        since = change.name.split("from ")[1].split(" ")[0]
        text += f"; the level changed by a factor of {number(change.value)} from {since} on"
    elif len(found) > 1:
        text += "; no change of level can be told from chance"
    return text + "."


def _caveats(found: Sequence[Quarter], data: Data) -> Iterator[str]:
    yield "Lines are no value: more lines can be worse work, and agents write more of them."
    bare = [q for q in found if mean_interval(q.lines.tolist()) is None]
    if bare:
        yield (f"Cannot tell how far off: {'; '.join(map(_heavy, bare))}, a longer tail than so "
               "few carry. Several repositories together have more engineers.")  # fmt: skip
    if found:
        yield "Intervals take the engineers' lines as log-normal, unless their logarithms lean."
    if found and any(quarter.by_agents for quarter in found):
        yield "Lines that agents committed under their own names are shared among the engineers."
    yield "A trend looks like a change of level; the test takes quarters as independent."
    if not data.releases:
        yield "No releases of models were given (--releases), so none are marked."
    else:
        yield "That a change stands near a release does not show that the release made it."


def _grid(data: Data, options: Options) -> Iterator[GridRow]:
    """The newest quarter by other counts."""
    base = {"files": options.code, "summary": "mean", "commits": "all"}
    found = quarters(data.history, CODE[options.code])
    newest = found[-1]
    for code in (options.code, *(c for c in CODE if c != options.code)):
        same = [q for q in quarters(data.history, CODE[code]) if q.name == newest.name]
        if same:
            yield GridRow(base | {"files": code}, rate(same[0], options), code == options.code)
    middle = float(np.median(newest.lines)) / newest.days
    yield GridRow(base | {"summary": "median engineer"}, Estimate(
        name="lines", value=middle, unit="per engineer-day"))  # fmt: skip
    ordinary = np.asarray(data.history.added.sum(axis=1) <= LARGE)
    if not ordinary.all():
        kept = [q for q in quarters(data.history, CODE[options.code], ordinary)
                if q.name == newest.name]  # fmt: skip
        if kept:
            yield GridRow(base | {"commits": f"up to {LARGE:,} lines"}, rate(kept[0], options))


def _series(found: Sequence[Quarter], each: Sequence[Estimate]) -> Series:
    return Series("quarters", {
        "quarter": tuple(quarter.name for quarter in found),
        "engineers": tuple(len(quarter.lines) for quarter in found),
        "rate": tuple(estimate.value for estimate in each),
        "low": tuple(estimate.low for estimate in each),
        "high": tuple(estimate.high for estimate in each),
    })  # fmt: skip


def _releases(data: Data) -> Series:
    ordered = sorted(data.releases.items(), key=lambda item: item[1])
    return Series("releases", {
        "name": tuple(name for name, _ in ordered),
        "quarter": tuple(quarter_of(datetime.combine(day, datetime.min.time(), UTC).timestamp())
                         for _, day in ordered),
    })  # fmt: skip


def plot(reading: Reading, theme: Theme) -> Figure:
    """The rate by quarter with its interval; ticks at the top where models were released."""
    from tachograph.gauges import picture

    table = reading.table("quarters")
    names = table.texts("quarter")
    if not names:
        return picture.nothing_to_show(theme, reading.verdict.reason)
    figure, axes = picture.canvas(theme)
    rows = [("", "", *row) for row in table.rows("rate", "low", "high")]
    x = list(range(len(names)))
    picture.whiskers(axes, x, rows, colour=theme.colours[0], marker="o", label="")
    axes.plot(x, table.numbers("rate"), color=theme.colours[0], linewidth=1)
    released = [names.index(q) for q in reading.table("releases").texts("quarter") if q in names]
    if released:
        top = axes.get_ylim()[1]
        axes.plot(released, [top] * len(released), "v", color=theme.colours[1], markersize=6,
                  clip_on=False, label="a model was released")  # fmt: skip
        picture.legend(axes, theme, loc="upper left", bbox_to_anchor=(0, 1.16))
    step = max(1, -(-len(names) // 6))
    axes.set_xticks(x[::step], names[::step])
    axes.set_ylim(bottom=0)
    axes.set_ylabel("merged lines per engineer-day")
    return figure


GAUGE = Gauge(
    name="lines",
    version="3",
    question=QUESTION,
    needs="git clones with their whole history; may have days of model releases (--releases)",
    example="tacho gauge lines path/to/clone --releases releases.csv --plot lines.svg",
    options=Options,
    read=read,
    compute=compute,
    plot=plot,
    digests=attribution.digests,
    pack=lambda path, options: attribution.pack(path, options.for_history),
)  # fmt: skip
