"""Sessions: how often coding agents succeed, by difficulty and model, and how often people step in.

People give harder work to better models, so a plain rate over time mixes two things. The headline
is therefore standardised to a fixed mix of difficulty classes, that of all labelled sessions:

    S(model) = sum over classes of (share of the class) * (success of the model in the class)

(direct standardisation: K. J. Rothman, Epidemiology, chapter 10), with an interval that draws
people, where the log names them, else sessions, with replacement, and is read wider where they are
few (stats/bootstrap.py).

Labels (class, success) come from the logs or from a table (`--labels`): of people, of checks, of a
judge. A judge errs: with `--calibration`, sessions that people judged too, its rates are corrected,
p = (observed + specificity - 1) / (sensitivity + specificity - 1) (W. J. Rogan and B. Gladen,
American Journal of Epidemiology 107 (1978), pp. 71-76), and the calibration's own uncertainty goes
into the interval. Proven by tests/gauges/test_gauge_sessions.py. Not covered: what an agent says of
its own success, which never counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from tachograph.errors import FormatError, UsageError
from tachograph.gauges.gauge import Gauge, Inputs, option
from tachograph.gauges.logs import CLASSES, Session, read_sessions
from tachograph.gauges.read import read_rows
from tachograph.gauges.reading import (
    MEASURED,
    Estimate,
    GridRow,
    Reading,
    Series,
    Verdict,
    Window,
    join,
    number,
)
from tachograph.gauges.stats.bootstrap import (
    draw_counts,
    expanded_level,
    members,
    percentile_interval,
)
from tachograph.gauges.stats.intervals import LEVEL, normal_quantile, t_quantile, wilson

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tachograph.gauges.picture import Theme

Array = NDArray[np.float64]
QUESTION = "How often do coding agents succeed, by difficulty, and how often do people step in?"
FEWEST = 8
"""Labelled sessions of a model in a class below which there is no rate."""
FEWEST_CALIBRATION = 20
STEPS_IN = ("interruptions", "rejections", "redirections")
UNLABELLED = "unlabelled"


@dataclass(frozen=True)
class Options:
    """Where labels come from."""

    labels: Path | None = option(None, "a table: session, and class, success or redirections")
    calibration: Path | None = option(
        None, "a table: human, 0 or 1, and judge or (of the labels) session"
    )
    replicates: int = option(2000, "bootstrap resamples")
    seed: int = option(0, "of the bootstrap")
    level: float = option(0.95, "confidence level of the intervals")

    def __post_init__(self) -> None:
        if not 0 < self.level < 1 or not 100 <= self.replicates <= 100_000:
            raise UsageError("level not between 0 and 1, or replicates not 100 to 100,000",
                             hint="tacho gauge sessions --help")  # fmt: skip


@dataclass(frozen=True)
class Data:
    """Sessions with their labels, and a judge's verdicts beside people's."""

    sessions: tuple[Session, ...]
    calibration: tuple[tuple[bool, bool], ...]
    """(judge, human) of each."""
    judges: tuple[str, ...] = ()
    """Who gave the labels, where their table says."""
    unjudged: int = 0
    """Sessions of the calibration that the judge gave no label."""


def read(inputs: Inputs, options: Options) -> Data:
    """Sessions from all logs, labelled. Raises FormatError, also for a session read twice."""
    found: dict[str, Session] = {}
    for path in inputs.files:
        for session in read_sessions(path):
            if session.id in found:
                raise FormatError(f"{path}: session {session.id!r} is there twice",
                                  hint="name each log once")  # fmt: skip
            found[session.id] = session
    judges = _label(found, options.labels) if options.labels else ()
    pairs = list(_pairs(found, options.calibration)) if options.calibration else []
    if not found:
        raise FormatError("no session in these files", hint=GAUGE.example)
    known = [(bool(judge), human) for judge, human in pairs if judge is not None]
    return Data(tuple(found.values()), tuple(known), judges, len(pairs) - len(known))


def _pairs(found: Mapping[str, Session], path: Path) -> Iterator[tuple[float | None, bool]]:
    """(judge, human) of each row; the judge's word is in the row, or is the session's label."""
    for row in read_rows(path):
        if "judge" in row or "session" not in row:
            yield row.truth("judge"), row.truth("human")
            continue
        name = row.text("session")
        if name not in found:
            raise row.fault("session", f"no such session in the logs: {name!r:.60}")
        success = found[name].success
        if success not in (None, 0, 1):
            raise row.fault("session", f"its label is {success:g}, neither 0 nor 1")
        yield success, row.truth("human")


def _label(found: dict[str, Session], path: Path) -> tuple[str, ...]:
    """Give the sessions their labels; the judges' names and rubrics, where the table has them."""
    judges: dict[str, None] = {}
    for row in read_rows(path):
        if "judge" in row:
            prompt = row.maybe("prompt", row.text)
            judges[row.text("judge") + (f" (rubric {prompt})" if prompt else "")] = None
        name = row.text("session")
        if name not in found:
            raise row.fault("session", f"no such session in the logs: {name!r:.60}")
        before = found[name]
        found[name] = replace(
            before,
            difficulty=row.choice("class", CLASSES) if "class" in row else before.difficulty,
            success=row.number("success", 0, 1) if "success" in row else before.success,
            redirections=row.maybe("redirections", row.whole) or before.redirections,
            person=row.maybe("person", row.text) or before.person,
        )
    return tuple(judges)


# -- success ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Table:
    """Labelled sessions as counts; arrays of shape (units, models, classes)."""

    models: tuple[str, ...]
    classes: tuple[str, ...]
    tried: Array
    won: Array

    @property
    def mix(self) -> Array:
        """Share of each class among all labelled sessions: shape (classes,)."""
        by_class = self.tried.sum(axis=(0, 1))
        return np.asarray(by_class / by_class.sum())


def tabulate(sessions: Sequence[Session]) -> Table | None:
    """Sessions with a success; units are people where all are named, else sessions. None: none."""
    known = [s for s in sessions if s.success is not None]
    if not known:
        return None
    people = all(s.person for s in known)
    units = list(members([s.person if people else s.id for s in known]).values())
    models = tuple(dict.fromkeys(s.model for s in sorted(known, key=lambda s: str(s.day))))
    classes = tuple(c for c in (*CLASSES, "") if any(s.difficulty == c for s in known))
    shape = (len(units), len(models), len(classes))
    tried, won = np.zeros(shape), np.zeros(shape)
    for unit, places in enumerate(units):
        for session in (known[place] for place in places):
            at = (unit, models.index(session.model), classes.index(session.difficulty))
            tried[at] += 1
            won[at] += cast(float, session.success)
    return Table(models, classes, tried, won)


def corrected(observed: Array, calibration: Sequence[tuple[bool, bool]]) -> Array:
    """Rogan and Gladen's estimate, cut to 0 to 1; the observed shares without a calibration."""
    return correct(observed, cells(calibration)) if calibration else observed


def cells(calibration: Sequence[tuple[bool, bool]]) -> Array:
    """How often (judge, human) were both yes, no and yes, yes and no, both no: shape (4,)."""
    table = ((True, True), (False, True), (True, False), (False, False))
    return np.array([calibration.count(cell) for cell in table], dtype=float)


def correct(observed: Array, counts: Array) -> Array:
    """The estimate for shares (..., models, classes) and counts (..., 4); NaN without skill."""
    hit, missed, false, right = np.moveaxis(counts, -1, 0)[..., None, None]
    sensitivity = hit / np.maximum(hit + missed, 1)
    specificity = right / np.maximum(false + right, 1)
    told = sensitivity + specificity - 1
    skilled = told > 0.05
    found = (observed + specificity - 1) / np.where(skilled, told, 1.0)
    found = np.where(skilled, np.clip(found, 0, 1), np.nan)
    return np.asarray(found if counts.ndim > 1 else found.reshape(observed.shape))


def standardised(tried: Array, won: Array, mix: Array, counts: Array | None) -> Array:
    """S of each model, of shares (..., models, classes): shape (..., models).

    NaN where a class of the mix was tried too rarely. `counts` of the calibration, (..., 4).
    """
    enough = tried >= 1
    rate = np.divide(won, tried, out=np.zeros_like(won), where=enough)
    rate = rate if counts is None else correct(rate, counts)
    return np.asarray(np.where(enough[..., mix > 0].all(axis=-1), (rate * mix).sum(axis=-1),
                               np.nan))  # fmt: skip


def compute(data: Data, options: Options) -> Reading:
    """Standardised success by model, success by class, and how often people step in."""
    table = tabulate(data.sessions)
    rates = list(by_model(table, data, options))[::-1] if table else []
    verdict = _verdict(table, rates, data)
    days = sorted(session.day for session in data.sessions if session.day)
    steps = list(_steps(data.sessions, options))
    return Reading(
        gauge=GAUGE.name,
        version=GAUGE.version,
        question=QUESTION,
        verdict=verdict,
        sentence=_sentence(rates, steps, verdict),
        estimates=(*rates, *(by_class(table, options) if table else ()), *steps),
        n={"sessions": len(data.sessions), "models": len({s.model for s in data.sessions}),
           "with success": sum(s.success is not None for s in data.sessions),
           "with class": sum(bool(s.difficulty) for s in data.sessions),
           "people": len({s.person for s in data.sessions if s.person}),
           "calibration": len(data.calibration)},
        window=Window(days[0].isoformat(), days[-1].isoformat()) if days else None,
        caveats=tuple(_caveats(data, table)),
        grid=tuple(_grid(data, table, options)) if table and verdict.told else (),
        series=tuple(_series(data, table)),
    )  # fmt: skip


def _verdict(table: Table | None, rates: Sequence[Estimate], data: Data) -> Verdict:
    if table is None:
        return Verdict.cannot_tell("no session has a label of success")
    if data.calibration and len(data.calibration) < FEWEST_CALIBRATION:
        return Verdict.cannot_tell(f"fewer than {FEWEST_CALIBRATION} sessions in the calibration")
    if not any(rate.value is not None for rate in rates):
        return Verdict.cannot_tell("; ".join(dict.fromkeys(rate.reason for rate in rates)))
    return MEASURED


def by_model(table: Table, data: Data, options: Options) -> Iterator[Estimate]:
    """Standardised success with its interval, models in the order of their first day."""
    counts = cells(data.calibration) if data.calibration else None
    point = standardised(table.tried.sum(axis=0), table.won.sum(axis=0), table.mix, counts)
    rows = _resampled(table, counts, options)
    level = expanded_level(max(2, len(table.tried)), options.level)
    few = (table.tried.sum(axis=0)[:, table.mix > 0] < FEWEST).any(axis=1)
    for place, model in enumerate(table.models):
        name = f"success of {model}, same mix"
        if few[place] or np.isnan(point[place]):
            reason = f"fewer than {FEWEST} labelled sessions in some class"
            yield Estimate(name=name, value=None, unit="%", level=options.level, reason=reason)
            continue
        if one_sided := _one_sided(name, table, place, options.level):
            yield one_sided
            continue
        known = rows[:, place][~np.isnan(rows[:, place])]
        low, high = percentile_interval(known, level, undefined=len(rows) - len(known))
        yield Estimate(name=name, value=100 * float(point[place]), level=options.level, unit="%",
                       low=None if low is None else 100 * low,
                       high=None if high is None else 100 * high)  # fmt: skip


def _one_sided(name: str, table: Table, place: int, level: float) -> Estimate | None:
    """A bound where all sessions of a model ended alike: resamples of those know no other ending.

    Wilson's, with people (or sessions) as the independent ones. None: they did not end alike.
    """
    tried, won = float(table.tried[:, place].sum()), float(table.won[:, place].sum())
    if 0 < won < tried:
        return None
    units = float((table.tried[:, place].sum(axis=1) > 0).sum())
    low, high = wilson(units if won else 0.0, units, level)
    return Estimate(name=name, value=None, level=level, unit="%",
                    low=100 * low if won else None, high=None if won else 100 * high,
                    reason=f"all {tried:.0f} labelled sessions {'succeeded' if won else 'failed'}",
                    )  # fmt: skip


def _resampled(table: Table, counts: Array | None, options: Options) -> Array:
    """S of resamples of people (or sessions) and of the calibration: shape (replicates, models)."""
    rng = np.random.default_rng(options.seed)
    times = draw_counts(len(table.tried), options.replicates, rng)
    tried, won = (np.tensordot(times, side, axes=1) for side in (table.tried, table.won))
    drawn = None
    if counts is not None:
        total = int(counts.sum())
        drawn = rng.multinomial(total, counts / total, options.replicates).astype(float)
    return standardised(tried, won, table.mix, drawn)


def by_class(table: Table, options: Options) -> Iterator[Estimate]:
    tried = table.tried.sum(axis=0)
    for place, model in enumerate(table.models):
        for at, difficulty in enumerate(table.classes):
            name = f"success of {model}, {difficulty or UNLABELLED}"
            if not 0 < tried[place, at] < FEWEST:
                for share, low, high in _class_rate(table, place, at, options.level):
                    yield Estimate(name=name, value=100 * share, level=options.level, unit="%",
                                   low=None if low is None else 100 * low,
                                   high=None if high is None else 100 * high)  # fmt: skip
            else:
                reason = f"{tried[place, at]:.0f} sessions"
                yield Estimate(name=name, value=None, unit="%", reason=reason)


def _class_rate(
    table: Table, model: int, at: int, level: float
) -> Iterator[tuple[float, float | None, float | None]]:
    """Share of a model in a class with its ends, where it has enough sessions; else nothing.

    Wilson's interval on as many sessions as are worth the same as those of people who resemble
    themselves: n p (1 - p) / (n v) with v the variance of the share over people, and Student's t
    for few of them (E. L. Korn and B. I. Graubard, Survey Methodology 24 (1998), pp. 193-201).
    """
    tried, won = table.tried[:, model, at], table.won[:, model, at]
    count, there = float(tried.sum()), int((tried > 0).sum())
    if count < FEWEST:
        return
    share = float(won.sum()) / count
    if there < 2:
        yield share, None, None
        return
    spread = there / (there - 1) * float(((won - share * tried) ** 2).sum()) / count**2
    worth = share * (1 - share) / spread if spread > 0 else count
    worth *= (normal_quantile(level) / t_quantile(there - 1, level)) ** 2
    yield share, *wilson(share * worth, worth, level)


# -- people stepping in ----------------------------------------------------------------------------


def _steps(sessions: Sequence[Session], options: Options) -> Iterator[Estimate]:
    """Mean per session of what the logs count, people (or sessions) drawn with replacement."""
    for kind in (*STEPS_IN, "prompts"):
        known = [s for s in sessions if getattr(s, kind) is not None]
        if len(known) < FEWEST:
            continue
        people = all(s.person for s in known)
        groups = list(members([s.person if people else s.id for s in known]).values())
        sums = np.array([sum(getattr(known[p], kind) for p in places) for places in groups])
        sizes = np.array([len(places) for places in groups])
        drawn = draw_counts(len(groups), options.replicates, np.random.default_rng(options.seed))
        level = expanded_level(max(2, len(groups)), options.level)
        low, high = percentile_interval((drawn @ sums) / (drawn @ sizes), level)
        yield Estimate(name=f"{kind} per session", value=float(sums.sum() / sizes.sum()),
                       low=low, high=high, level=options.level)  # fmt: skip


# -- words -----------------------------------------------------------------------------------------


def _sentence(rates: Sequence[Estimate], steps: Sequence[Estimate], verdict: Verdict) -> str:
    told = [rate for rate in rates if rate.value is not None]
    if not verdict.told or not told:
        text = f"The logs cannot tell how often agents succeed: {verdict.reason}"
    else:
        last = told[0]
        assert last.value is not None
        ends = " (the calibration is too small to say how sure that is)"
        if last.low is not None and last.high is not None:
            ends = f" [{number(last.low)} %, {number(last.high)} %]"
        model = last.name.removeprefix("success of ").removesuffix(", same mix")
        text = f"{model} succeeds in {number(last.value)} % of sessions of the same mix{ends}"
        if len(told) > 1 and told[-1].value is not None:
            first = told[-1].name.removeprefix("success of ").removesuffix(", same mix")
            text += f", {first} in {number(told[-1].value)} %"
    stepped = next((step for step in steps if step.name.startswith("interruptions")), None)
    if stepped is not None and stepped.value is not None:
        text += f"; people interrupt {number(stepped.value)} times a session"
    return text + "."


def _caveats(data: Data, table: Table | None) -> Iterator[str]:
    sessions = data.sessions
    bare = sum(s.success is None for s in sessions)
    if bare:
        yield f"{bare} of {len(sessions)} sessions have no label of success and count for none."
    if table is not None and "" in table.classes:
        yield "Sessions without a class are a class of their own; the mix is then not quite fixed."
    if data.judges:
        yield f"Labels are the word of {join(data.judges)}."
    if data.unjudged:
        yield f"{data.unjudged} sessions of the calibration have no label and are left out of it."
    if not data.calibration:
        yield "No calibration against people's labels was given; a judge's errors are in the rates."
    if not all(s.person for s in sessions):
        yield "People are not named, so sessions count as independent and intervals are too narrow."
    if table is not None and len(table.models) > 1:
        yield "The classes may be judged more mildly for newer models; judge blind to the model."
    if any(s.redirections is None for s in sessions):
        yield "Redirections need a judge's label; logs alone show messages, not what they mean."


def _grid(data: Data, table: Table | None, options: Options) -> Iterator[GridRow]:
    """The newest model's success by other ways of counting."""
    assert table is not None
    tried, won = table.tried.sum(axis=0), table.won.sum(axis=0)
    counts = cells(data.calibration) if data.calibration else None
    base = {"mix": "of all sessions", "judge": "corrected" if data.calibration else "as it says"}
    told = [place for place in range(len(table.models))
            if not np.isnan(standardised(tried, won, table.mix, counts)[place])]  # fmt: skip
    place = told[-1]
    alike = np.where(table.mix > 0, 1 / (table.mix > 0).sum(), 0)
    for changed, value in (
        ({}, standardised(tried, won, table.mix, counts)[place]),
        ({"mix": "its own"}, won[place].sum() / tried[place].sum()),
        ({"mix": "all classes alike"}, standardised(tried, won, alike, counts)[place]),
        ({"judge": "as it says"}, standardised(tried, won, table.mix, None)[place]),
    ):
        choices = base | changed
        if changed and choices == base:
            continue
        yield GridRow(choices, Estimate(name=f"success of {table.models[place]}", unit="%",
                                        value=100 * float(value)), not changed)  # fmt: skip


def _series(data: Data, table: Table | None) -> Iterator[Series]:
    rows: list[tuple[str, str, float, float | None, float | None]] = []
    if table is not None:
        rows = [(model, difficulty or UNLABELLED, *rate)
                for place, model in enumerate(table.models)
                for at, difficulty in enumerate(table.classes)
                for rate in _class_rate(table, place, at, LEVEL)]  # fmt: skip
    yield Series("classes", {
        name: tuple(row[column] for row in rows)
        for column, name in enumerate(("model", "class", "success", "low", "high"))
    })  # fmt: skip
    months = sorted({s.day.isoformat()[:7] for s in data.sessions if s.day})
    columns: dict[str, tuple[float | None, ...]] = {}
    for kind in STEPS_IN:
        columns[kind] = tuple(_mean([getattr(s, kind) for s in data.sessions
                                     if s.day and s.day.isoformat()[:7] == month])
                              for month in months)  # fmt: skip
    yield Series("months", {"month": tuple(months), **columns})


def _mean(values: Sequence[int | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def plot(reading: Reading, theme: Theme) -> Figure:
    """Success by class, a line a model; below it how often people step in, by month."""
    from tachograph.gauges import picture

    rows = reading.table("classes").rows("model", "class", "success", "low", "high")
    if not rows:
        return picture.nothing_to_show(theme, reading.verdict.reason)
    months = reading.table("months")
    stepped = [k for k in STEPS_IN if np.isfinite(months.numbers(k)).any()]
    shown = 2 if stepped and len(months.texts("month")) > 1 else 1
    figure, axes = picture.panels(theme, shown, height=2.6)
    _success(axes[0], theme, rows)
    if shown == 2:
        for order, kind in enumerate(stepped):
            axes[1].plot(months.texts("month"), months.numbers(kind), label=kind, markersize=4,
                         color=picture.cycle(theme.colours, order),
                         marker=picture.cycle(picture.MARKERS, order))  # fmt: skip
        axes[1].set_ylim(bottom=0)
        axes[1].set_ylabel("per session")
        names = months.texts("month")
        step = max(1, -(-len(names) // 5))
        axes[1].set_xticks(range(0, len(names), step), names[::step])
        picture.legend(axes[1], theme)
    return figure


def _success(axes: object, theme: Theme, rows: Sequence[tuple[object, ...]]) -> None:
    from matplotlib.axes import Axes

    from tachograph.gauges import picture

    assert isinstance(axes, Axes)
    classes = [c for c in (*CLASSES, UNLABELLED) if any(row[1] == c for row in rows)]
    models = list(dict.fromkeys(str(row[0]) for row in rows))
    for order, model in enumerate(models):
        mine = [row for row in rows if row[0] == model]
        shift = 0.12 * (order - (len(models) - 1) / 2)
        x = [classes.index(str(row[1])) + shift for row in mine]
        scaled = [("", "", *(None if v is None else 100 * cast(float, v) for v in row[2:]))
                  for row in mine]  # fmt: skip
        picture.whiskers(axes, x, scaled, colour=picture.cycle(theme.colours, order), label=model,
                         marker=picture.cycle(picture.MARKERS, order))  # fmt: skip
    axes.set_xticks(range(len(classes)), classes)
    axes.set_ylim(0, 102)
    axes.set_ylabel("success, %")
    picture.legend(axes, theme)


GAUGE = Gauge(
    name="sessions",
    version="2",
    question=QUESTION,
    needs="logs of Claude Code, Codex, ATIF or Inspect (files or folders), or a table with "
          "session, model and success; labels by --labels",
    example="tacho gauge sessions ~/.claude/projects --labels labels.csv --plot sessions.svg",
    options=Options,
    read=read,
    compute=compute,
    plot=plot,
)  # fmt: skip
