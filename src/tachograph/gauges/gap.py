"""Gap recovered: how much of the way from floor to ceiling a method goes, over seeds.

For each seed (score - floor) / (ceiling - floor): 0 is the weak supervisor, 1 the student trained
on true labels. The figure of a method is the mean over seeds; its interval is Student's over them.

Source: C. Burns et al., "Weak-to-Strong Generalization" (arXiv:2312.09390), performance gap
recovered. Reads the ledger's scored runs whose hold-out was opened, or tables; the columns of the
public automated study are understood (tests/gauges/test_gap.py, equal to its stored figures within
7e-4, which they were rounded to). Not covered: whether a method carries over to other data; give
each data set as a task of its own and look at all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
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
)
from tachograph.gauges.stats.intervals import t_interval
from tachograph.ledger import Ledger
from tachograph.ledger.kinds import CandidateScored, HoldoutOpened, RunOpened

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tachograph.gauges.picture import Theme

QUESTION = "How much of the gap between weak and strong do methods recover?"
FEWEST_SEEDS = 3
PUBLISHED = "fixed_weak"
"""A column by which the public study's file is known."""
Group = tuple[str, str]
"""Task and method."""


@dataclass(frozen=True)
class Options:
    """What it is compared with."""

    human: float = option(0.0, "gap that people's best method recovered; 0: not known")
    level: float = option(0.95, "confidence level of the intervals")

    def __post_init__(self) -> None:
        if not 0 < self.level < 1:
            raise UsageError("a level lies between 0 and 1", hint="--level 0.95")


@dataclass(frozen=True)
class Scored:
    """One seed of one method."""

    task: str
    method: str
    seed: str
    score: float
    floor: float
    ceiling: float

    @property
    def gap(self) -> float:
        """Part of the gap that was recovered; may lie below 0 or above 1."""
        return (self.score - self.floor) / (self.ceiling - self.floor)


def read(inputs: Inputs, options: Options) -> tuple[Scored, ...]:
    """Seeds from tables, else from the ledger. Raises FormatError, also for a seed given twice."""
    seen: dict[tuple[str, str, str], int] = {}
    found: list[Scored] = []
    for path in inputs.files:
        rows = read_rows(path)
        published = any(PUBLISHED in row for row in rows)
        for row in rows:
            each = _published(row) if published else _ours(row)
            if each is None:
                continue
            key = (each.task, each.method, each.seed)
            if key in seen:
                raise row.fault("seed", f"{each.method} has seed {each.seed!r} twice",
                                f"see line {seen[key]}")  # fmt: skip
            seen[key] = row.line
            found.append(each)
    if inputs.ledger is not None:
        found += of_ledger(inputs.ledger)
    if not found:
        raise FormatError("there is no scored seed",
                          hint="tacho run weak-to-strong makes some")  # fmt: skip
    return tuple(found)


def _ours(row: Row) -> Scored:
    return _whole(row, Scored(
        task=row.maybe("task", row.text) or "", method=row.text("method"), seed=row.text("seed"),
        score=row.bounded("score"), floor=row.bounded("floor"), ceiling=row.bounded("ceiling"),
    ))  # fmt: skip


def _published(row: Row) -> Scored | None:
    """A row of the public study; None for its floors and ceilings, which score no method."""
    if "transfer_acc" not in row or "fixed_weak" not in row:
        return None
    idea, config = row.text("task_idea"), row.text("config")
    task, _, method = idea.partition("_")
    if idea == "cache_results":
        task, _, method = config.partition("_")
    return _whole(row, Scored(
        task=task, method=method, seed=row.text("seed"), score=row.bounded("transfer_acc"),
        floor=row.bounded("fixed_weak"), ceiling=row.bounded("fixed_strong"),
    ))  # fmt: skip


def _whole(row: Row, scored: Scored) -> Scored:
    if scored.ceiling <= scored.floor:
        raise row.fault("ceiling", f"{scored.ceiling:g} is not above the floor, {scored.floor:g}")
    return scored


def of_ledger(ledger: Ledger) -> list[Scored]:
    """The sealed draws of every hold-out that was opened, best and seed apart. Raises DamagedError.

    Sealed, because visible draws chose the candidate. Draws whose ceiling is not above their floor
    have no gap and are left out.
    """
    tasks: dict[str, RunOpened] = {}
    scored: dict[tuple[str, str], CandidateScored] = {}
    found: list[Scored] = []
    for entry in ledger.entries(kinds=[RunOpened, CandidateScored, HoldoutOpened]):
        body = entry.body
        if isinstance(body, RunOpened):
            tasks[body.run] = body
        elif isinstance(body, CandidateScored) and body.split == "sealed":
            scored[body.run, body.candidate] = body
        elif isinstance(body, HoldoutOpened) and body.run in tasks:
            opened = tasks[body.run]
            for name, candidate in (("best of " + " + ".join(opened.proposers), body.candidate),
                                    ("seed", body.against)):  # fmt: skip
                if (body.run, candidate) in scored:
                    found += _draws(opened.task, name, scored[body.run, candidate])
    return found


def _draws(task: str, method: str, body: CandidateScored) -> Iterator[Scored]:
    bounds = zip(body.draws, body.scores, body.floors, body.ceilings, strict=False)
    for draw, score, floor, ceiling in bounds:
        if ceiling > floor:
            yield Scored(task, method, f"{body.run} {draw}", score, floor, ceiling)


def groups(found: Sequence[Scored]) -> Mapping[Group, list[Scored]]:
    """Seeds by task and method, in order of first appearance."""
    by_group: dict[Group, list[Scored]] = {}
    for each in found:
        by_group.setdefault((each.task, each.method), []).append(each)
    return by_group


def mean(name: str, seeds: Sequence[Scored], level: float) -> Estimate:
    """Mean gap over seeds with Student's interval; fewer than three seeds have no interval."""
    gaps = [each.gap for each in seeds]
    if len(gaps) < FEWEST_SEEDS:
        return Estimate(name=f"{name}, {len(gaps)} seeds", value=None, level=level,
                        reason=f"fewer than {FEWEST_SEEDS} seeds")  # fmt: skip
    low, high = t_interval(gaps, level) if len(set(gaps)) > 1 else (None, None)
    return Estimate(name=f"{name}, {len(gaps)} seeds", value=fmean(gaps), low=low, high=high,
                    level=level)  # fmt: skip


def compute(found: tuple[Scored, ...], options: Options) -> Reading:
    """The gap that each method recovers on each task, the largest first within a task."""
    by_group = groups(found)
    told = {group: mean(_name(group), seeds, options.level) for group, seeds in by_group.items()}
    order = sorted(told, key=lambda group: (group[0], -(told[group].value or -9.0)))
    best = next((group for group in order if told[group].value is not None), None)
    verdict = MEASURED if best else Verdict.cannot_tell(f"no method has {FEWEST_SEEDS} seeds")
    people = [Estimate(name="people's best", value=options.human)] if options.human else []
    return Reading(
        gauge=GAUGE.name,
        version=GAUGE.version,
        question=QUESTION,
        verdict=verdict,
        sentence=_sentence(best, told, options),
        estimates=(*(told[group] for group in order), *people),
        n={"seeds": len(found), "methods": len({e.method for e in found}),
           "tasks": len({e.task for e in found})},
        caveats=tuple(_caveats(by_group, options)),
        grid=tuple(_grid(by_group[best], options)) if best else (),
        series=(_series(order, told, by_group),),
    )  # fmt: skip


def _name(group: Group) -> str:
    return f"{group[1]} on {group[0]}" if group[0] else group[1]


def _sentence(best: Group | None, told: Mapping[Group, Estimate], options: Options) -> str:
    if best is None:
        return "The scores cannot tell how much of the gap is recovered: too few seeds."
    each = told[best]
    assert each.value is not None
    text = f"{_name(best)} recovers {100 * each.value:.0f} % of the gap"
    if each.low is None or each.high is None:
        text += " with every seed alike, so that nothing says how another would fare"
    else:
        text += f" [{100 * each.low:.0f} %, {100 * each.high:.0f} %]"
    if options.human:
        text += f"; people's best method {100 * options.human:.0f} %"
    return text + "."


def _caveats(by_group: Mapping[Group, Sequence[Scored]], options: Options) -> Iterator[str]:
    few = [_name(group) for group, seeds in by_group.items() if len(seeds) < 5]
    if few:
        yield f"Fewer than five seeds: {', '.join(few)}."
    constant = all(len({(e.floor, e.ceiling) for e in seeds}) == 1 for seeds in by_group.values())
    if constant:
        yield "Floor and ceiling are taken as exact; their own spread is not in the intervals."
    methods = len(by_group)
    if methods > 3:
        yield f"The best of {methods} looks better than it is, because it was chosen for that."
    if not options.human:
        yield "What people's best method recovers is not given (--human), so there is no yardstick."
    if len({task for task, _ in by_group}) == 1:
        yield "One data set: a method that was made for it may recover nothing elsewhere."


def _grid(seeds: Sequence[Scored], options: Options) -> Iterator[GridRow]:
    """The best method's gap by other summaries."""
    base = {"summary": "mean of gaps", "seeds": "all"}
    yield GridRow(base, mean("gap", seeds, options.level), headline=True)
    yield GridRow(base | {"summary": "median of gaps"},
                  Estimate(name="gap", value=median(e.gap for e in seeds)))  # fmt: skip
    floor, ceiling = fmean(e.floor for e in seeds), fmean(e.ceiling for e in seeds)
    pooled = (fmean(e.score for e in seeds) - floor) / (ceiling - floor)
    yield GridRow(base | {"summary": "gap of means"}, Estimate(name="gap", value=pooled))
    best = max(seeds, key=lambda each: each.gap)
    rest = [each for each in seeds if each is not best]
    yield GridRow(base | {"seeds": "without the best"}, mean("gap", rest, options.level))


def _series(order: Sequence[Group], told: Mapping[Group, Estimate],
            by_group: Mapping[Group, Sequence[Scored]]) -> Series:  # fmt: skip
    rows = [(group, each) for group in order for each in by_group[group]]
    return Series("seeds", {
        "method": tuple(_name(group) for group, _ in rows),
        "gap": tuple(each.gap for _, each in rows),
        "mean": tuple(told[group].value for group, _ in rows),
        "low": tuple(told[group].low for group, _ in rows),
        "high": tuple(told[group].high for group, _ in rows),
    })  # fmt: skip


def plot(reading: Reading, theme: Theme) -> Figure:
    """Each seed a point, each method's mean with its interval; lines at floor and ceiling."""
    from tachograph.gauges import picture

    rows = reading.table("seeds").rows("method", "gap", "mean", "low", "high")
    names = list(dict.fromkeys(str(row[0]) for row in rows))
    human = float(cast(float, reading.choices.get("human", 0.0)))
    figure, axes = picture.canvas(theme, height=1.2 + 0.36 * len(names))
    for at in (0, 1):
        axes.axvline(at, color=theme.muted, linewidth=1)
    if human:
        axes.axvline(human, color=theme.colours[1], linewidth=1.2, linestyle="--", label="people")
    for name, gap, middle, low, high in rows:
        place = names.index(str(name))
        axes.plot([cast(float, gap)], [place + 0.2], ".", color=theme.muted, markersize=5)
        if middle is not None:
            ends = [cast(float, middle if end is None else end) for end in (low, high)]
            axes.plot(ends, [place, place], color=theme.colours[0], linewidth=1.6)
            axes.plot([cast(float, middle)], [place], "o", color=theme.colours[0], markersize=5)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", color=theme.grid, linewidth=0.6)
    axes.set_xlabel("gap recovered")
    picture.legend(axes, theme)
    return figure


GAUGE = Gauge(
    name="gap",
    version="1",
    question=QUESTION,
    needs="hold-outs that scored runs in the ledger have opened, or rows with method, seed, score, "
          "floor, ceiling; may have task (.csv, .jsonl)",
    example="tacho gauge gap seeds.csv --human 0.23 --plot gap.svg",
    options=Options,
    read=read,
    compute=compute,
    plot=plot,
    takes_ledger=True,
    found_in=lambda ledger: bool(of_ledger(ledger)),
)  # fmt: skip
