"""The outlook: plateau, compounding gains or self-improvement, under declared priors.

Each draw from the priors (priors.py) is a future by the law of motion (feedback.py). It is named by
what one could observe in it, within the years asked for:

- self-improvement: people do less than 5 % of research and growth is more than 3 times what the
  same compute gives with the AI of today, both at one moment;
- plateau: not that, and at the end capability takes more than twice as long to double as today;
- compounding: neither.

These are not forecasts: they say what the priors imply, and which prior decides. Proven by
tests/gauges/test_outlook.py. Not covered: whether the priors are right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from tachograph.errors import UsageError
from tachograph.gauges.feedback import run
from tachograph.gauges.gauge import Gauge, Inputs, option, recorded
from tachograph.gauges.priors import DEFAULTS, PARAMETERS, Prior, draw_all, read_priors
from tachograph.gauges.reading import (
    MEASURED,
    Choice,
    Estimate,
    GridRow,
    Reading,
    Series,
    join,
    number,
)
from tachograph.gauges.stats.intervals import wilson

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tachograph.gauges.picture import Theme

Array = NDArray[np.float64]
Flags = NDArray[np.int64]
QUESTION = "Which of three futures do the priors imply, and what decides between them?"
SCENARIOS = ("plateau", "compounding", "self-improvement")
PLATEAU, COMPOUNDING, SELF_IMPROVEMENT = range(3)
SLOWER = 2.0
"""Growth below today's by this factor at the end is a plateau."""
FEW_PEOPLE = 0.05
GRID_YEARS = (3.0, 5.0, 10.0)
GRID_FACTORS = (2.0, 3.0, 5.0)
GRID_PRIORS = {"compute_growth": 1.0, "substitution": -1.0, "human_floor": 0.0, "input_growth": 2.0}
LEVEL = 0.8
"""Of the intervals over draws: they show the priors' spread, and 95 % would feign knowledge."""


@dataclass(frozen=True)
class Options:
    """How far to look, and what counts."""

    years: float = option(5.0, "years to look ahead, up to 30")
    factor: float = option(3.0, "growth over the frozen-AI reference that counts as self-made")
    draws: int = option(4000, "draws from the priors")
    seed: int = option(0, "of the draws")

    def __post_init__(self) -> None:
        if not 0 < self.years <= 30 or not self.factor > 1:
            raise UsageError("years not above 0 and up to 30, or factor not above 1",
                             hint="tacho gauge outlook --years 5 --factor 3")  # fmt: skip
        if not 100 <= self.draws <= 200_000:
            raise UsageError(f"draws is {self.draws}", hint="100 to 200,000")


@dataclass(frozen=True)
class Futures:
    """What the draws came to."""

    drawn: Mapping[str, Array]
    scenario: Flags
    """Place in SCENARIOS of each draw."""
    doublings: Array
    """Of capability, by the end."""
    pace: Array
    """Growth of capability at the end, over today's."""


def read(inputs: Inputs, options: Options) -> dict[str, Prior]:
    """All priors: of the tables, else of readings in the ledger, else the defaults."""
    declared = read_priors(inputs.files)
    measured = of_readings(inputs) if inputs.ledger is not None else {}
    return {**DEFAULTS, **measured, **declared}


def of_readings(inputs: Inputs) -> dict[str, Prior]:
    """The doubling time of the newest horizon reading that has one with an interval."""
    assert inputs.ledger is not None
    found: dict[str, Prior] = {}
    for entry, reading in recorded(inputs.ledger):
        for each in reading.estimates if reading.gauge == "horizon" else ():
            if each.name == "doubling time" and each.low and each.high and each.low > 0:
                # the reading's interval is wider than the 80 % of a prior, which errs wide
                source = f"horizon, entry {entry.seq}"
                found["doubling_days"] = Prior("lognormal", each.low, each.high, source)
    return found


def futures(priors: Mapping[str, Prior], options: Options) -> Futures:
    """Draw, integrate, name."""
    drawn = draw_all(priors, options.draws, options.seed)
    path = run(drawn, options.years)
    few = path.human_share < FEW_PEOPLE
    ahead = path.pace > options.factor * path.reference
    scenario = np.full(options.draws, COMPOUNDING)
    scenario[path.pace[-1] < 1 / SLOWER] = PLATEAU
    scenario[(few & ahead).any(axis=0)] = SELF_IMPROVEMENT
    return Futures(drawn, scenario, path.doublings[-1], path.pace[-1])


def compute(priors: Mapping[str, Prior], options: Options) -> Reading:
    """Probabilities under the priors, what decides, and the grid."""
    found = futures(priors, options)
    decides = tornado(found)
    return Reading(
        gauge=GAUGE.name,
        version=GAUGE.version,
        question=QUESTION,
        verdict=replace(MEASURED, words="conditional on the priors"),
        sentence=_sentence(found, decides, options),
        estimates=tuple(_estimates(found)),
        n={"draws": options.draws},
        caveats=tuple(_caveats(priors, decides)),
        grid=tuple(_grid(priors, options)),
        series=(
            Series("priors", {
                "parameter": tuple(PARAMETERS),
                "prior": tuple(priors[name].text() for name in PARAMETERS),
                "about": tuple(each.about for each in PARAMETERS.values()),
            }),
            Series("tornado", {
                "parameter": tuple(each.parameter for each in decides),
                "low": tuple(each.low for each in decides),
                "high": tuple(each.high for each in decides),
                "rank correlation": tuple(each.correlation for each in decides),
            }),
            Series("scenarios", {
                "scenario": SCENARIOS,
                "probability": tuple(float((found.scenario == s).mean()) for s in range(3)),
            }),
        ),
    )  # fmt: skip


def _estimates(found: Futures) -> Iterator[Estimate]:
    count = len(found.scenario)
    for place, name in enumerate(SCENARIOS):
        hits = int((found.scenario == place).sum())
        low, high = wilson(hits, count)
        yield Estimate(name=f"probability of {name}", value=100 * hits / count, low=100 * low,
                       high=100 * high, unit="%")  # fmt: skip
    for name, rows, unit in (("doublings of capability", found.doublings, ""),
                             ("pace at the end, over today's", found.pace, "x")):  # fmt: skip
        low, middle, high = np.quantile(rows, [(1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2])
        yield Estimate(name=name, value=float(middle), low=float(low), high=float(high),
                       level=LEVEL, unit=unit)  # fmt: skip


@dataclass(frozen=True)
class Sway:
    """How one parameter moves the outcome."""

    parameter: str
    low: float
    """Median pace at the end where the parameter is in its lowest third."""
    high: float
    """Median pace at the end where it is in its highest third."""
    correlation: float
    """Spearman's, with the pace at the end."""
    moved: float
    """Total variation between the scenarios' probabilities in the two thirds, 0 to 1."""


def tornado(found: Futures) -> list[Sway]:
    """Every parameter that varies, the one that moves the pace most first."""
    ranks = _ranks(found.pace)
    sways = []
    for name, values in found.drawn.items():
        if np.ptp(values) == 0:
            continue
        lower, upper = np.quantile(values, [1 / 3, 2 / 3])
        thirds = (values <= lower, values >= upper)
        low, high = (float(np.median(found.pace[third])) for third in thirds)
        shares = [np.bincount(found.scenario[third], minlength=3) / third.sum() for third in thirds]
        sways.append(Sway(name, low, high, float(np.corrcoef(_ranks(values), ranks)[0, 1]),
                          float(np.abs(shares[0] - shares[1]).sum() / 2)))  # fmt: skip
    return sorted(sways, key=lambda sway: -abs(np.log(sway.high / sway.low)))


def _ranks(values: Array) -> Array:
    return np.argsort(np.argsort(values, kind="stable"), kind="stable").astype(float)


def _sentence(found: Futures, decides: Sequence[Sway], options: Options) -> str:
    shares = [f"{name} {100 * (found.scenario == place).mean():.0f} %"
              for place, name in enumerate(SCENARIOS)]  # fmt: skip
    text = f"Under the printed priors, within {number(options.years)} years: {join(shares)}"
    if decides:
        text += f"; what decides most is {PARAMETERS[decides[0].parameter].about}"
    return text + "."


def _caveats(priors: Mapping[str, Prior], decides: Sequence[Sway]) -> Iterator[str]:
    assumed = [name for name in PARAMETERS if priors[name] == DEFAULTS[name]]
    yield ("The probabilities are what the priors imply, not a forecast; their intervals are of "
           "the drawing alone.")  # fmt: skip
    if assumed:
        yield f"Assumed, and not measured by anyone here: {join(assumed)}."
    if decides:
        top = max(decides, key=lambda sway: sway.moved)
        share = f"{100 * top.moved:.0f} % of the futures change their name"
        yield (f"To measure {top.parameter} would move the answer most: {share} between its lowest "
               "and its highest third.")  # fmt: skip
    yield "Priors are drawn independently; parameters that go together would widen the answer."


def _grid(priors: Mapping[str, Prior], options: Options) -> Iterator[GridRow]:
    """The probability of self-improvement under other choices, one changed at a time."""
    as_asked: dict[str, Choice] = {
        "years": options.years,
        "factor": options.factor,
        "priors": "as printed",
    }
    rows: list[tuple[dict[str, Choice], Mapping[str, Prior], Options]] = [
        (as_asked, priors, options)
    ]
    for years in GRID_YEARS:
        rows.append((as_asked | {"years": years}, priors, replace(options, years=years)))
    for factor in GRID_FACTORS:
        rows.append((as_asked | {"factor": factor}, priors, replace(options, factor=factor)))
    for name, value in GRID_PRIORS.items():
        fixed = {**priors, name: Prior("fixed", value, value, "grid")}
        rows.append((as_asked | {"priors": f"{name} {value:g}"}, fixed, options))
    for place, (choices, these, chosen) in enumerate(rows):
        if place and choices == as_asked:
            continue
        share = 100 * float((futures(these, chosen).scenario == SELF_IMPROVEMENT).mean())
        yield GridRow(choices, Estimate(name="probability of self-improvement", value=share,
                                        unit="%"), place == 0)  # fmt: skip


def plot(reading: Reading, theme: Theme) -> Figure:
    """The three probabilities, and below them how each parameter moves the pace."""
    from tachograph.gauges import picture

    rows = reading.table("tornado").rows("parameter", "low", "high")
    figure, (top, below) = picture.panels(theme, 2, height=1.0 + 0.13 * len(rows))
    scenarios = reading.table("scenarios")
    shares = [100 * x for x in scenarios.numbers("probability")]
    top.barh(range(3), shares, color=theme.colours[:3], height=0.6)
    for place, share in enumerate(shares):
        top.text(share + 1, place, f"{number(share)} %", va="center", color=theme.ink)
    top.set_yticks(range(3), scenarios.texts("scenario"))
    top.set_xlim(0, 112)
    top.set_xlabel(f"probability within {reading.choices['years']:g} years, %")
    for place, (_, low, high) in enumerate(rows):
        ends = [cast(float, low), cast(float, high)]
        below.plot(ends, [place, place], color=theme.grid, linewidth=5, solid_capstyle="butt")
        for order, label in enumerate(("lowest third", "highest third")):
            below.plot([ends[order]], [place], picture.MARKERS[order], color=theme.colours[order],
                       markersize=4.5, label=label if place == 0 else None)  # fmt: skip
    below.set_yticks(range(len(rows)), [str(row[0]).replace("_", " ") for row in rows])
    below.set_xlabel("median pace at the end, today's is 1")
    for axes in (top, below):
        axes.invert_yaxis()
        axes.grid(axis="y", visible=False)
        axes.grid(axis="x", color=theme.grid, linewidth=0.6)
    picture.legend(below, theme, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    return figure


GAUGE = Gauge(
    name="outlook",
    version="2",
    question=QUESTION,
    needs="priors with parameter, form, low, high and source (.csv, .jsonl); without a table, "
          "readings in the ledger and printed defaults",
    example="tacho gauge outlook priors.csv --years 5 --plot outlook.svg",
    options=Options,
    read=read,
    compute=compute,
    plot=plot,
    takes_ledger=True,
    found_in=lambda ledger: bool(of_readings(Inputs(ledger=ledger))),
)  # fmt: skip
