"""The survey: by what factor people say AI multiplies what they get done.

Each respondent gives a multiplier, 1 for no change, to one or more questions: `speed` (how much
faster the same work is done) and `value` (how much more is worth having at the end), which differ
and are never mixed; and for one or more times, such as `past`, `now` and `forecast`. The headline
is the median with its exact interval by order statistics (stats/intervals.py), which needs no
assumption on the form of the answers.

Practice: METR's survey of May 2026 asks value and speed apart, in retrospect and as a forecast.
Proven by tests/gauges/test_survey.py. Not covered: who did not answer, and whether people can know.
Where people were timed as well (the gauge `uplift`), they had been too hopeful by far.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, median
from typing import TYPE_CHECKING, cast

from tachograph.errors import FormatError, UsageError
from tachograph.gauges.gauge import Gauge, Inputs, option
from tachograph.gauges.read import Row, read_rows
from tachograph.gauges.reading import MEASURED, Estimate, GridRow, Reading, Series, Verdict, number
from tachograph.gauges.stats.intervals import median_interval, t_interval

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tachograph.gauges.picture import Theme

QUESTION = "By what factor do people say that AI multiplies what they get done?"
ASKED = ("value", "speed")
NOW = "now"
DROPS = ("none", "faster-than-worth", "extreme")
"""Answers left out: none; of people whose value exceeds their speed; below 1/EXTREME or above."""
EXTREME = 20.0
Cell = tuple[str, str]
"""Question and time."""


@dataclass(frozen=True)
class Options:
    """Which answers count."""

    drop: str = option("none", "answers to leave out, a rule stated before looking", choices=DROPS)
    level: float = option(0.95, "confidence level of the intervals")

    def __post_init__(self) -> None:
        if not 0 < self.level < 1:
            raise UsageError("a level lies between 0 and 1", hint="--level 0.95")


@dataclass(frozen=True)
class Answer:
    """One respondent's multiplier to one question about one time."""

    respondent: str
    asked: str
    when: str
    multiplier: float
    group: str
    """Of the respondent: a team, a role; may be empty."""


def read(inputs: Inputs, options: Options) -> tuple[Answer, ...]:
    """Answers from tables. Raises FormatError, also where somebody answered twice."""
    seen: dict[tuple[str, str, str], Row] = {}
    answers = []
    for row in (row for path in inputs.files for row in read_rows(path)):
        answer = _answer(row)
        key = (answer.respondent, answer.asked, answer.when)
        if key in seen:
            raise row.fault("respondent", f"answered {answer.asked} {answer.when} twice: "
                            f"{answer.respondent!r}", f"see line {seen[key].line}")  # fmt: skip
        seen[key] = row
        answers.append(answer)
    if not answers:
        raise FormatError("no table of answers was named", hint=GAUGE.example)
    return tuple(answers)


def _answer(row: Row) -> Answer:
    return Answer(
        respondent=row.text("respondent"),
        asked=row.choice("asked", ASKED),
        when=row.maybe("when", row.text) or NOW,
        multiplier=row.positive("multiplier"),
        group=row.maybe("group", row.text) or "",
    )


def compute(answers: tuple[Answer, ...], options: Options) -> Reading:
    """The median of every question and time, value first, the present first."""
    kept = keep(answers, options.drop)
    found = {cell: estimate(cell, values, options) for cell, values in cells(kept).items()}
    headline = next(iter(found.values()))
    verdict = MEASURED
    if headline.value is None:
        verdict = Verdict.cannot_tell(headline.reason)
    elif headline.low is None:
        verdict = Verdict.cannot_tell(f"no interval reaches {options.level:.0%}: too few answers")
    return Reading(
        gauge=GAUGE.name,
        version=GAUGE.version,
        question=QUESTION,
        verdict=verdict,
        sentence=_sentence(found),
        estimates=tuple(found.values()),
        n={"respondents": len({a.respondent for a in answers}), "answers": len(kept),
           "left out": len(answers) - len(kept)},
        caveats=tuple(_caveats(answers, kept, options)),
        grid=tuple(_grid(answers, next(iter(found)), options)),
        series=(Series("medians", {
            "asked": tuple(asked for asked, _ in found),
            "when": tuple(when for _, when in found),
            "median": tuple(each.value for each in found.values()),
            "low": tuple(each.low for each in found.values()),
            "high": tuple(each.high for each in found.values()),
        }),),
    )  # fmt: skip


def keep(answers: Sequence[Answer], drop: str) -> list[Answer]:
    """The answers that the rule leaves."""
    if drop == "extreme":
        return [a for a in answers if 1 / EXTREME <= a.multiplier <= EXTREME]
    if drop == "faster-than-worth":
        odd = inconsistent(answers)
        return [a for a in answers if (a.respondent, a.when) not in odd]
    return list(answers)


def inconsistent(answers: Sequence[Answer]) -> set[tuple[str, str]]:
    """(respondent, time) where more value is claimed than speed: of the same hours, that is odd."""
    said = {(a.respondent, a.when, a.asked): a.multiplier for a in answers}
    return {
        (who, when)
        for who, when, asked in said
        if asked == "value" and said[who, when, asked] > said.get((who, when, "speed"), math.inf)
    }


def cells(answers: Sequence[Answer]) -> Mapping[Cell, list[float]]:
    """Multipliers by question and time; value before speed, the present before other times."""
    found: dict[Cell, list[float]] = {}
    for answer in answers:
        found.setdefault((answer.asked, answer.when), []).append(answer.multiplier)
    order = sorted(found, key=lambda cell: (cell[1] != NOW, cell[1], ASKED.index(cell[0])))
    return {cell: found[cell] for cell in order} or {("value", NOW): []}


def estimate(cell: Cell, values: Sequence[float], options: Options) -> Estimate:
    """The median and its exact interval; no interval where the answers are too few for one."""
    name = f"median multiplier of {cell[0]}, {cell[1]}"
    if not values:
        return Estimate(name=name, value=None, unit="x", reason="no answer is left")
    interval = median_interval(values, options.level)
    low, high = interval if interval else (None, None)
    return Estimate(name=name, value=median(values), low=low, high=high, level=options.level,
                    unit="x")  # fmt: skip


def _sentence(found: Mapping[Cell, Estimate]) -> str:
    told = {cell: e for cell, e in found.items() if e.value is not None and cell[1] == NOW}
    told = told or {cell: e for cell, e in found.items() if e.value is not None}
    if not told:
        return "The survey cannot tell: no answer is left."
    parts = []
    for (asked, when), each in told.items():
        assert each.value is not None
        ends = "" if each.low is None or each.high is None else \
            f" [{number(each.low)}, {number(each.high)}]"  # fmt: skip
        time = "" if when == NOW else f" ({when})"
        parts.append(f"its {asked} by {number(each.value)}{ends}{time}")
    return f"The median answer is that AI multiplies people's work: {' and '.join(parts)}."


def _caveats(answers: Sequence[Answer], kept: Sequence[Answer],
             options: Options) -> Iterator[str]:  # fmt: skip
    asked = {answer.asked for answer in answers}
    if len(asked) == 1:
        missing = next(each for each in ASKED if each not in asked)
        yield f"Only {next(iter(asked))} was asked; {missing} may differ much and should be too."
    odd = len(inconsistent(answers))
    if odd:
        yield f"In {odd} answers more value is claimed than speed."
    if len(kept) < len(answers):
        yield f"{len(answers) - len(kept)} answers were left out by the rule '{options.drop}'."
    thin = [f"{cell[0]} {cell[1]}" for cell, values in cells(kept).items()
            if median_interval(values, options.level) is None]  # fmt: skip
    if thin:
        yield f"Too few answers for an interval: {', '.join(thin)}."
    yield ("People's own word: in a randomised trial, developers who believed to be a fifth faster "
           "were a fifth slower (arXiv:2507.09089).")  # fmt: skip
    yield "Who did not answer is not in it; those who use AI more may answer more often."


def _grid(answers: Sequence[Answer], cell: Cell, options: Options) -> Iterator[GridRow]:
    """The headline question under other rules, summaries and parts."""
    base = {"rule": options.drop, "summary": "median", "group": "all"}
    for drop in (options.drop, *(d for d in DROPS if d != options.drop)):
        values = cells(keep(answers, drop)).get(cell, [])
        yield GridRow(base | {"rule": drop}, estimate(cell, values, options), drop == options.drop)
    kept = keep(answers, options.drop)
    values = cells(kept).get(cell, [])
    yield GridRow(base | {"summary": "geometric mean"}, _geometric(cell, values, options))
    groups = sorted({a.group for a in answers if a.group})
    for group in groups if len(groups) > 1 else ():
        values = cells([a for a in kept if a.group == group]).get(cell, [])
        yield GridRow(base | {"group": group}, estimate(cell, values, options))


def _geometric(cell: Cell, values: Sequence[float], options: Options) -> Estimate:
    name = f"geometric mean of {cell[0]}, {cell[1]}"
    if len(values) < 2:
        return replace(estimate(cell, [], options), name=name, reason="fewer than two answers")
    logs = [math.log(value) for value in values]
    low, high = t_interval(logs, options.level)
    return Estimate(name=name, value=math.exp(fmean(logs)), low=math.exp(low), high=math.exp(high),
                    level=options.level, unit="x")  # fmt: skip


def plot(reading: Reading, theme: Theme) -> Figure:
    """One line a question and time, on a log axis; the line at 1 is no change."""
    from tachograph.gauges import picture

    rows = [row for row in reading.table("medians").rows("asked", "when", "median", "low", "high")
            if row[2] is not None]  # fmt: skip
    if not rows:
        return picture.nothing_to_show(theme, reading.verdict.reason)
    figure, axes = picture.canvas(theme, height=1.1 + 0.34 * len(rows))
    axes.axvline(1, color=theme.muted, linewidth=1)
    for place, (asked, _, middle, low, high) in enumerate(rows):
        colour = theme.colours[ASKED.index(str(asked))]
        ends = [cast(float, middle if end is None else end) for end in (low, high)]
        axes.plot(ends, [place, place], color=colour, linewidth=1.6)
        axes.plot([cast(float, middle)], [place], picture.MARKERS[ASKED.index(str(asked))],
                  color=colour, markersize=5.5)  # fmt: skip
    axes.set_yticks(range(len(rows)), [f"{asked}, {when}" for asked, when, *_ in rows])
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", color=theme.grid, linewidth=0.6)
    axes.set_xlabel("median multiplier (1: no change)")
    picture.factor_axis(axes, [cast(float, x) for row in rows for x in row[2:] if x is not None])
    return figure


GAUGE = Gauge(
    name="survey",
    version="1",
    question=QUESTION,
    needs="answers with respondent, asked (value or speed) and multiplier; may have when (now, "
          "past, forecast), group (.csv, .jsonl)",
    example="tacho gauge survey answers.csv --plot survey.svg",
    options=Options,
    read=read,
    compute=compute,
    plot=plot,
)  # fmt: skip
