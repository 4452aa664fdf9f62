"""Next step: how often judges prefer the AI's next step to a person's, blind and in both orders.

Each verdict compares two proposals for one item: the AI's and a person's, shown in some order. With
w = 1 where the AI's is chosen, 1/2 for a tie and 0 otherwise, the headline is the mean over items
of the mean over orders of w, so that a liking for the first place cancels. The position term is the
slope g of

    logit P(AI chosen) = t + g p,    p = +1/2 where the AI's stands first, else -1/2

(R. A. Bradley and M. E. Terry, Biometrika 39 (1952), pp. 324-345, with the order effect of
R. R. Davidson and R. J. Beaver, Biometrics 33 (1977), pp. 693-702). The items are what
is independent: the rate's interval is Student's over them, the term's draws them with replacement.
Controls, each of its own `kind`:

- `placebo`: both proposals come from the same source. A judge that tells them apart by place alone
  wins the first place half of the time; more or less is a liking for a place.
- `gold`: a person whom all trust has said which is better (`gold`: ai or human). The judge's
  agreement with that, by Cohen's kappa, is what its other verdicts are worth.

Proven by tests/gauges/test_next_step.py. Not covered: whether what judges prefer is what works.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from tachograph.errors import FormatError, UsageError
from tachograph.gauges.gauge import Gauge, Inputs, option
from tachograph.gauges.read import Row, read_rows
from tachograph.gauges.reading import MEASURED, Estimate, GridRow, Reading, Series, Verdict, number
from tachograph.gauges.stats.bootstrap import (
    draw_counts,
    expanded_level,
    members,
    percentile_interval,
)
from tachograph.gauges.stats.intervals import normal_quantile, t_interval, wilson
from tachograph.gauges.stats.logistic import fit_logistic

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tachograph.gauges.picture import Theme

Array = NDArray[np.float64]
QUESTION = "How often is the AI's next step preferred to a person's?"
KINDS = ("comparison", "placebo", "gold")
CHOICES = ("ai", "human", "tie")
PLACES = ("first", "second", "tie")
FEWEST_ITEMS = 10
FAIR_KAPPA = 0.4
"""Agreement with gold below which a judge's verdicts are said to be doubtful (J. R. Landis and G.
G. Koch, Biometrics 33 (1977), pp. 159-174: "moderate" begins above it)."""
POWER = 0.8


@dataclass(frozen=True)
class Options:
    """How verdicts are counted."""

    replicates: int = option(2000, "bootstrap resamples of items")
    seed: int = option(0, "of the bootstrap")
    level: float = option(0.95, "confidence level of the intervals")

    def __post_init__(self) -> None:
        if not 0 < self.level < 1 or not 100 <= self.replicates <= 1_000_000:
            raise UsageError("level not between 0 and 1, or replicates not 100 to 1,000,000",
                             hint="tacho gauge next-step --help")  # fmt: skip


@dataclass(frozen=True)
class Choice:
    """One verdict of one judge."""

    item: str
    judge: str
    kind: str
    win: float
    """1: the AI's, or for a placebo the first, was chosen; 0.5: a tie; 0: the other."""
    ai_first: bool
    gold: str
    """`ai`, `human` or `tie` for gold items, else empty."""
    ai_longer: bool | None
    """Whether the AI's text is the longer one; None: not known."""


def read(inputs: Inputs, options: Options) -> tuple[Choice, ...]:
    """Verdicts from tables. Raises FormatError, also for a verdict given twice."""
    seen: dict[tuple[str, str, str, bool], int] = {}
    choices = []
    for row in (row for path in inputs.files for row in read_rows(path)):
        choice = _choice(row)
        key = (choice.item, choice.judge, choice.kind, choice.ai_first)
        if choice.kind != "placebo" and key in seen:
            raise row.fault("item", f"judged twice in this order by {choice.judge!r}",
                            f"see line {seen[key]}")  # fmt: skip
        seen[key] = row.line
        choices.append(choice)
    if not choices:
        raise FormatError("no table of verdicts was named", hint=GAUGE.example)
    return tuple(choices)


def _choice(row: Row) -> Choice:
    kind = row.choice("kind", KINDS) if "kind" in row else "comparison"
    if kind == "placebo":
        win = 1 - PLACES.index(row.choice("choice", PLACES))
    else:
        win = 1 - CHOICES.index(row.choice("choice", CHOICES))
    lengths = [row.maybe(f"{side}_length", row.positive) for side in ("ai", "human")]
    known = None if None in lengths else cast(float, lengths[0]) > cast(float, lengths[1])
    return Choice(
        item=row.text("item"),
        judge=row.maybe("judge", row.text) or "judge",
        kind=kind,
        win=0.5 if win < 0 else float(win),
        ai_first=kind == "placebo" or row.choice("first", ("ai", "human")) == "ai",
        gold=row.choice("gold", CHOICES) if kind == "gold" else "",
        ai_longer=known,
    )


def compute(choices: tuple[Choice, ...], options: Options) -> Reading:
    """The win rate, the position term, the controls, agreement, and what could be seen."""
    compared = [c for c in choices if c.kind == "comparison"]
    rate = win_rate("AI's step preferred", compared, options)
    verdict = MEASURED if rate.value is not None else Verdict.cannot_tell(rate.reason)
    if rate.low is not None and rate.high is not None:
        apart = rate.low > 50 or rate.high < 50
        verdict = replace(verdict, words="a preference" if apart else "no preference resolved")
    controls = tuple(_controls(choices, options))
    return Reading(
        gauge=GAUGE.name,
        version=GAUGE.version,
        question=QUESTION,
        verdict=verdict,
        sentence=_sentence(rate),
        estimates=(rate, *_position(compared, options), *controls,
                   *_agreement(compared), *_smallest(compared)),
        n={"verdicts": len(compared), "items": len({c.item for c in compared}),
           "judges": len({c.judge for c in choices}),
           "placebo": sum(c.kind == "placebo" for c in choices),
           "gold": sum(c.kind == "gold" for c in choices)},
        caveats=tuple(_caveats(choices, controls)),
        grid=tuple(_grid(compared, options)) if rate.value is not None else (),
        series=(_series(rate, controls, compared, options),),
    )  # fmt: skip


# -- the win rate ----------------------------------------------------------------------------------


def by_item(choices: Sequence[Choice]) -> Array:
    """Each item's mean over orders of the mean over judges, shape (items,)."""
    found = []
    for places in members([c.item for c in choices]).values():
        orders = [[choices[p].win for p in places if choices[p].ai_first == first]
                  for first in (True, False)]  # fmt: skip
        found.append(np.mean([np.mean(order) for order in orders if order]))
    return np.array(found, dtype=float)


def win_rate(name: str, choices: Sequence[Choice], options: Options) -> Estimate:
    """In per cent; items are the independent units, so the interval is Student's over them."""
    items = by_item(choices)
    if len(items) < FEWEST_ITEMS:
        return Estimate(name=name, value=None, unit="%", level=options.level,
                        reason=f"fewer than {FEWEST_ITEMS} items")  # fmt: skip
    if items.std() > 0:
        ends = t_interval(items.tolist(), options.level)
    else:
        # All items alike: they do not vary, though another one might have.
        ends = wilson(float(items.sum()), len(items), options.level)
    low, high = max(0.0, ends.low), min(1.0, ends.high)
    return Estimate(name=name, value=100 * float(items.mean()), low=100 * low, high=100 * high,
                    level=options.level, unit="%")  # fmt: skip


def position(choices: Sequence[Choice], weights: Array) -> Array:
    """The position term g of weighted data sets (m, choices): shape (m,); NaN where it has none."""
    first = np.array([c.ai_first for c in choices])
    wins = np.array([c.win for c in choices])
    trials = np.stack([weights[:, first].sum(axis=1), weights[:, ~first].sum(axis=1)], axis=1)
    won = np.stack([(weights * wins)[:, first].sum(axis=1),
                    (weights * wins)[:, ~first].sum(axis=1)], axis=1)  # fmt: skip
    fit = fit_logistic(np.array([0.5, -0.5]), won, trials, penalty=0.0)
    lost = ((won <= 0) | (won >= trials)).any(axis=1)
    return np.where(lost | ~fit.settled, np.nan, fit.slope)


def _position(choices: Sequence[Choice], options: Options) -> Iterator[Estimate]:
    name = "liking for the first place, log odds"
    if len({c.ai_first for c in choices}) < 2:
        yield Estimate(name=name, value=None, reason="only one order was shown")
        return
    value = float(position(choices, np.ones((1, len(choices))))[0])
    if math.isnan(value):
        yield Estimate(name=name, value=None, reason="one side always wins in one of the orders")
        return
    groups = list(members([c.item for c in choices]).values())
    drawn = draw_counts(len(groups), options.replicates, np.random.default_rng(options.seed))
    weights = np.empty((options.replicates, len(choices)))
    for times, places in zip(drawn.T, groups, strict=True):
        weights[:, places] = times[:, None]
    rows = position(choices, weights)
    known = rows[~np.isnan(rows)]
    level = expanded_level(max(2, len(groups)), options.level)
    low, high = percentile_interval(known, level, undefined=len(rows) - len(known))
    yield Estimate(name=name, value=value, low=low, high=high, level=options.level)


# -- controls --------------------------------------------------------------------------------------


def _controls(choices: Sequence[Choice], options: Options) -> Iterator[Estimate]:
    placebo = [c for c in choices if c.kind == "placebo"]
    if placebo:
        yield win_rate("placebo: first place chosen", placebo, options)
    for judge in sorted({c.judge for c in choices if c.kind == "gold"}):
        mine = [c for c in choices if c.kind == "gold" and c.judge == judge]
        yield _kappa(f"agreement with gold of {judge}, kappa",
                     [(_word(c.win), c.gold) for c in mine])  # fmt: skip


def _agreement(choices: Sequence[Choice]) -> Iterator[Estimate]:
    """Every pair of judges on what both have judged, and each judge with itself in both orders."""
    said: dict[str, dict[tuple[str, bool], str]] = {}
    for c in choices:
        said.setdefault(c.judge, {})[c.item, c.ai_first] = _word(c.win)
    for one, other in combinations(sorted(said), 2):
        both = said[one].keys() & said[other].keys()
        yield _kappa(f"agreement of {one} and {other}, kappa",
                     [(said[one][key], said[other][key]) for key in sorted(both)])  # fmt: skip
    for judge, verdicts in sorted(said.items()):
        pairs = [(word, verdicts[item, False]) for (item, first), word in verdicts.items()
                 if first and (item, False) in verdicts]  # fmt: skip
        yield _kappa(f"agreement of {judge} with itself in the other order, kappa", pairs)


def _word(win: float) -> str:
    return {1.0: "ai", 0.0: "human"}.get(win, "tie")


def _kappa(name: str, pairs: Sequence[tuple[str, str]]) -> Estimate:
    """Cohen's kappa (J. Cohen, Educational and Psychological Measurement 20 (1960), pp. 37-46)."""
    if len(pairs) < FEWEST_ITEMS:
        return Estimate(name=name, value=None, reason=f"fewer than {FEWEST_ITEMS} pairs")
    table = np.array([[pairs.count((a, b)) for b in CHOICES] for a in CHOICES]) / len(pairs)
    seen = float(np.trace(table))
    chance = float(table.sum(axis=0) @ table.sum(axis=1))
    if chance > 1 - 1e-12:
        return Estimate(name=name, value=None, reason="all verdicts are the same")
    value = (seen - chance) / (1 - chance)
    half = normal_quantile() * math.sqrt(seen * (1 - seen) / len(pairs)) / (1 - chance)
    return Estimate(name=name, value=value, low=max(-1.0, value - half),
                    high=min(1.0, value + half))  # fmt: skip


def _smallest(choices: Sequence[Choice]) -> Iterator[Estimate]:
    items = by_item(choices)
    if len(items) >= FEWEST_ITEMS:
        spread = float(items.std(ddof=1)) or 0.5
        scale = normal_quantile(0.95) + normal_quantile(2 * POWER - 1)
        least = 100 * scale * spread / math.sqrt(len(items))
        yield Estimate(name=f"smallest distance from 50 % seen with {POWER:.0%} power",
                       value=least, unit="points")  # fmt: skip


# -- words -----------------------------------------------------------------------------------------


def _sentence(rate: Estimate) -> str:
    if rate.value is None:
        return f"The verdicts cannot tell how often the AI's next step is preferred: {rate.reason}."
    assert rate.low is not None and rate.high is not None
    text = (f"The AI's next step is preferred in {number(rate.value)} % of comparisons with a "
            f"person's [{number(rate.low)} %, {number(rate.high)} %]")  # fmt: skip
    return text + ("." if rate.low > 50 or rate.high < 50 else "; that may be chance.")


def _caveats(choices: Sequence[Choice], controls: Sequence[Estimate]) -> Iterator[str]:
    compared = [c for c in choices if c.kind == "comparison"]
    shown: dict[tuple[str, str], set[bool]] = {}
    for c in compared:
        shown.setdefault((c.item, c.judge), set()).add(c.ai_first)
    once = sum(len(orders) < 2 for orders in shown.values())
    if once:
        yield f"{once} of {len(shown)} comparisons were shown in one order only."
    for control in controls:
        if control.value is None:
            yield f"{control.name}: {control.text()}."
        elif control.unit == "%" and not _holds(control, 50):
            yield f"The placebo fails: the first place is chosen in {control.text()}, not 50 %."
        elif control.unit != "%" and control.value < FAIR_KAPPA:
            yield f"A judge hardly agrees with gold ({control.text()}); its verdicts are doubtful."
    kinds = {c.kind for c in choices}
    if "placebo" not in kinds:
        yield "No placebo was judged, so a judge that looks at the place alone is not found out."
    if "gold" not in kinds:
        yield "No verdict was held against people's own (gold), so the judge is taken at its word."
    if len({c.judge for c in compared}) < 2:
        yield "One judge: its taste is in every figure."
    if any(c.ai_longer is None for c in compared):
        yield "Lengths are not known, so a liking for long texts is not found out."
    yield "What judges prefer need not be what works."


def _holds(estimate: Estimate, value: float) -> bool:
    assert estimate.low is not None and estimate.high is not None
    return estimate.low <= value <= estimate.high


def _grid(choices: Sequence[Choice], options: Options) -> Iterator[GridRow]:
    """The win rate by other parts of the verdicts."""
    name = "AI's step preferred"
    whole = {"order": "both", "verdicts": "all", "judge": "all"}
    yield GridRow(whole, win_rate(name, choices, options), headline=True)
    parts: Sequence[tuple[dict[str, str], Callable[[Choice], bool]]] = (
        ({"order": "AI's first"}, lambda c: c.ai_first),
        ({"order": "AI's second"}, lambda c: not c.ai_first),
        ({"verdicts": "no ties"}, lambda c: c.win != 0.5),
        ({"verdicts": "AI's not longer"}, lambda c: c.ai_longer is False),
        ({"verdicts": "AI's longer"}, lambda c: c.ai_longer is True),
    )
    for changed, wanted in parts:
        kept = [c for c in choices if wanted(c)]
        if 0 < len(kept) < len(choices):
            yield GridRow(whole | changed, win_rate(name, kept, options))
    judges = sorted({c.judge for c in choices})
    for judge in judges if len(judges) > 1 else ():
        mine = [c for c in choices if c.judge == judge]
        yield GridRow(whole | {"judge": judge}, win_rate(name, mine, options))


def _series(rate: Estimate, controls: Sequence[Estimate], compared: Sequence[Choice],
            options: Options) -> Series:  # fmt: skip
    shown = [rate, *(c for c in controls if c.unit == "%")]
    for label, first in (("AI's shown first", True), ("AI's shown second", False)):
        shown.append(win_rate(label, [c for c in compared if c.ai_first == first], options))
    return Series("rates", {
        "name": tuple(each.name for each in shown),
        "rate": tuple(each.value for each in shown),
        "low": tuple(each.low for each in shown),
        "high": tuple(each.high for each in shown),
    })  # fmt: skip


def plot(reading: Reading, theme: Theme) -> Figure:
    """The win rate, both orders apart, and the placebo; the line at 50 % is no preference."""
    from tachograph.gauges import picture

    rows = [row for row in reading.table("rates").rows("name", "rate", "low", "high")
            if row[1] is not None]  # fmt: skip
    if not rows:
        return picture.nothing_to_show(theme, reading.verdict.reason)
    figure, axes = picture.canvas(theme, height=1.1 + 0.34 * len(rows))
    axes.axvline(50, color=theme.muted, linewidth=1)
    for place, (name, middle, low, high) in enumerate(rows):
        colour = theme.colours[1] if str(name).startswith("placebo") else theme.colours[0]
        axes.plot([cast(float, low), cast(float, high)], [place, place], color=colour)
        axes.plot([cast(float, middle)], [place], "o", color=colour, markersize=5)
    axes.set_yticks(range(len(rows)), [str(row[0]) for row in rows])
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", color=theme.grid, linewidth=0.6)
    axes.set_xlabel("chosen, %")
    return figure


GAUGE = Gauge(
    name="next-step",
    version="2",
    question=QUESTION,
    needs="verdicts with item, first (ai or human) and choice (ai, human or tie); may have judge, "
          "kind (comparison, placebo, gold), gold, ai_length, human_length; a placebo's choice is "
          "first, second or tie (.csv, .jsonl)",
    example="tacho gauge next-step verdicts.csv --plot next-step.svg",
    options=Options,
    read=read,
    compute=compute,
    plot=plot,
)  # fmt: skip
