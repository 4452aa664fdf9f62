"""Attribution: what share of the lines merged into a repository AI wrote, as three numbers.

Per added line of non-merge commits, automation left out on both sides:

- conservative: what says so itself: lines that git-ai notes or Agent Trace attest to an agent, and
  commits whose author is an agent;
- likely: also all lines of commits that a trailer, a line of the message or the merged pull
  request's own commits mark as an agent's, but for lines attested to people;
- upper bound: also all lines of which nothing is known. What is not marked is unknown, not human.

The truth lies between the first and the last; no sampling is involved, so they have no intervals.
Where two sources speak of the same lines, their agreement is measured and printed, because a
change of tools alone can move a count of trailers from 94 % to 15 %. Proven by
tests/gauges/test_attribution.py. Not covered: the worth of lines, lines that were typed after
reading an agent's, and marks that were stripped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tachograph.errors import UsageError
from tachograph.gauges import packing
from tachograph.gauges.gauge import Gauge, Inputs, option
from tachograph.gauges.git.command import Repository
from tachograph.gauges.git.history import read_history
from tachograph.gauges.git.kept import SUFFIX, encode_history, is_kept, read_kept, tip_of
from tachograph.gauges.git.paths import KINDS
from tachograph.gauges.git.rows import (
    AUTHOR,
    BOT,
    DOUBTFUL,
    MESSAGE,
    NOTED,
    REQUEST,
    TRACED,
    History,
)
from tachograph.gauges.reading import (
    MEASURED,
    Estimate,
    GridRow,
    Input,
    Reading,
    Series,
    Verdict,
    Window,
    number,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tachograph.gauges.picture import Theme

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
QUESTION = "What share of the merged lines did AI write?"
CODE = {"production": ("production",), "all": KINDS, "test": ("test",), "docs": ("docs",)}
LARGE = 10_000
"""Added lines above which a commit is left out in one row of the grid: imports, moves, data."""
FEWEST_LINES = 100
EVIDENCE = AUTHOR | MESSAGE | REQUEST | NOTED | TRACED
NAMES = ("conservative", "likely", "upper bound")
LIKELY = "share of lines by AI, likely"


@dataclass(frozen=True)
class Options:
    """Which lines count."""

    ref: str = option("HEAD", "branch, tag or commit whose history is read")
    code: str = option("production", "kind of files", choices=tuple(CODE))
    since: str = option("", "first day, as 2025-01-01")
    until: str = option("", "first day after it")
    fresh: bool = option(False, "read the history anew and keep nothing")

    def __post_init__(self) -> None:
        for name in ("since", "until"):
            if getattr(self, name):
                moment(getattr(self, name), name)


def moment(day: str, name: str) -> float:
    """Unix seconds at the beginning of a day. Raises UsageError."""
    try:
        return datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC).timestamp()
    except ValueError:
        raise UsageError(f"{name} is {day!r}", hint=f"--{name} 2025-01-01") from None


def read(inputs: Inputs, options: Options) -> tuple[History, ...]:
    """The history of every repository named. Raises FormatError, NotFoundError, UsageError."""
    if not inputs.files:
        raise UsageError("no repository was named", hint=GAUGE.example)
    first = moment(options.since, "since") if options.since else -np.inf
    last = moment(options.until, "until") if options.until else np.inf
    return tuple(_history(path, options).since(first, last) for path in inputs.files)


def _history(path: Path, options: Options) -> History:
    """Of a clone, or of what was kept of one."""
    if is_kept(path):
        return read_kept(path, options.ref)
    return read_history(path, options.ref, keep=not options.fresh)


def digests(inputs: Inputs) -> tuple[Input, ...]:
    """A repository is named by the commit that was read, which names all that it holds."""
    return tuple(_named(path) for path in inputs.files)


def _named(path: Path) -> Input:
    if is_kept(path):
        return Input(path.resolve().name.removesuffix(SUFFIX), tip_of(path))
    return Input(path.resolve().name, Repository(path).newest())


def pack(path: Path, options: Options) -> tuple[str, bytes]:
    """What is counted of a clone's history, as one file; see git/kept.py."""
    if is_kept(path):
        return packing.pack(path)
    history = read_history(path, options.ref, keep=not options.fresh)
    return path.resolve().name + SUFFIX, encode_history(history, options.ref)


@dataclass(frozen=True)
class Lines:
    """Added lines of every commit; all arrays of shape (commits,)."""

    total: Array
    """Automation left out."""
    conservative: Array
    likely: Array
    upper: Array


def lines_of(history: History, kinds: Sequence[str]) -> Lines:
    """Count each commit's lines of these kinds of file by what is known of them."""
    at = [KINDS.index(kind) for kind in kinds]
    added, ai, human = (getattr(history, name)[:, at].sum(axis=1).astype(float)
                        for name in ("added", "ai", "human"))  # fmt: skip
    is_bot = has(history, BOT)
    total = np.where(is_bot, 0.0, added)
    conservative = np.where(has(history, AUTHOR), added - human, ai)
    marked = has(history, AUTHOR | MESSAGE | REQUEST)
    likely = np.where(marked, added - human, ai)
    rows = (conservative, likely, added - human)
    return Lines(total, *(np.where(is_bot, 0.0, row) for row in rows))


def has(history: History, bits: int) -> Flags:
    """Which commits have any of this evidence."""
    return np.asarray((history.evidence & bits) != 0)


def shares(lines: Lines, keep: Flags | None = None) -> tuple[float, float, float] | None:
    """Conservative, likely and upper share of the commits kept; None where they add too little."""
    chosen = np.ones(len(lines.total), dtype=bool) if keep is None else keep
    total = float(lines.total[chosen].sum())
    if total < FEWEST_LINES:
        return None
    return (float(lines.conservative[chosen].sum()) / total,
            float(lines.likely[chosen].sum()) / total,
            float(lines.upper[chosen].sum()) / total)  # fmt: skip


def compute(histories: tuple[History, ...], options: Options) -> Reading:
    """The three shares, agents, the agreement of sources, and quarters."""
    together = merged(histories)
    lines = lines_of(together, CODE[options.code])
    found = shares(lines)
    verdict = MEASURED
    if found is None:
        verdict = Verdict.cannot_tell(
            f"fewer than {FEWEST_LINES} added lines of {options.code} code that people or AI made"
        )
    elif not has(together, EVIDENCE).any():
        # Nobody wrote down who made what: that is no share of 0.
        verdict = Verdict.cannot_tell("no commit bears any evidence of who or what wrote it")
    days = [datetime.fromtimestamp(t, UTC).date().isoformat() for t in
            (together.time.min(), together.time.max())] if len(together) else []  # fmt: skip
    return Reading(
        gauge=GAUGE.name,
        version=GAUGE.version,
        question=QUESTION,
        verdict=verdict,
        sentence=_sentence(found if verdict.told else None, verdict, options),
        estimates=(*_headlines(found if verdict.told else None, verdict),
                   *_sources(together), *_agents(together, lines)),
        n={"commits": len(together), "lines": int(lines.total.sum()),
           "by automation": int(has(together, BOT).sum()),
           "with line evidence": int(has(together, NOTED | TRACED).sum()),
           "pull requests seen": sum(h.requests for h in histories)},
        window=Window(days[0], days[1]) if days else None,
        caveats=tuple(_caveats(together, found, histories)),
        grid=tuple(_grid(together, options)) if verdict.told else (),
        series=(quarters(together, lines),),
    )  # fmt: skip


def merged(histories: Sequence[History]) -> History:
    """Several repositories as one."""
    first = histories[0]
    if len(histories) == 1:
        return first
    authors: dict[str, int] = {}
    agents: dict[str, int] = {}
    parts = []
    for history in histories:
        who = np.array([authors.setdefault(a, len(authors)) for a in history.authors] + [0])
        by = np.array([agents.setdefault(a, len(agents)) for a in history.agents] + [-1])
        parts.append({"author": who[history.author], "agent": by[history.agent]})
    rows = {
        name: np.concatenate([part.get(name, getattr(history, name))
                              for part, history in zip(parts, histories, strict=True)])
        for name in ("time", "author", "agent", "evidence", "added", "deleted", "ai", "human")
    }  # fmt: skip
    together = first.with_rows(rows)
    return replace(together, tip="", authors=tuple(authors), agents=tuple(agents))


def _headlines(found: tuple[float, float, float] | None, verdict: Verdict) -> Iterator[Estimate]:
    for place in (1, 0, 2):
        name = f"share of lines by AI, {NAMES[place]}"
        if found is None:
            yield Estimate(name=name, value=None, unit="%", reason=verdict.reason)
        else:
            yield Estimate(name=name, value=100 * found[place], unit="%")


def _sources(history: History) -> Iterator[Estimate]:
    """How far marks and line evidence agree, on commits that have line evidence."""
    both = has(history, NOTED | TRACED) & ~has(history, BOT)
    if not both.any():
        return
    ai = history.ai.sum(axis=1).astype(float)[both]
    added = history.added.sum(axis=1).astype(float)[both]
    marked = has(history, AUTHOR | MESSAGE | REQUEST)[both]
    for name, top, bottom in (
        ("marks that line evidence confirms", ai[marked].sum(), added[marked].sum()),
        ("line evidence that marks find", ai[marked].sum(), ai.sum()),
    ):
        if bottom > 0:
            yield Estimate(name=name, value=100 * float(top / bottom), unit="%")
        else:
            yield Estimate(name=name, value=None, unit="%", reason="there are no such lines")


def _agents(history: History, lines: Lines) -> Iterator[Estimate]:
    total = float(lines.total.sum())
    if total < FEWEST_LINES:
        return
    by = {name: float(lines.likely[history.agent == place].sum())
          for place, name in enumerate(history.agents)}  # fmt: skip
    for name in sorted(by, key=lambda name: -by[name]):
        if by[name] > 0:
            yield Estimate(name=f"likely, marked {name}", value=100 * by[name] / total, unit="%")


def _sentence(found: tuple[float, float, float] | None, verdict: Verdict,
              options: Options) -> str:  # fmt: skip
    if found is None:
        return f"The history cannot tell what share of the lines AI wrote: {verdict.reason}."
    low, likely, high = (number(100 * share) for share in found)
    kind = "merged lines" if options.code == "all" else f"merged lines of {options.code} code"
    return (f"AI likely wrote {likely} % of the {kind}: {low} % say so themselves, and of "
            f"{high} % nothing says that people wrote them.")  # fmt: skip


def _caveats(history: History, found: tuple[float, float, float] | None,
             histories: Sequence[History]) -> Iterator[str]:  # fmt: skip
    if found and found[2] - found[0] > 0.5:
        yield "Most lines bear no evidence at all, so the truth may lie far from the likely figure."
    if not has(history, NOTED | TRACED).any():
        yield "No line evidence (git-ai notes, Agent Trace) is here; marks on commits are coarse."
    if not any(h.requests for h in histories):
        yield ("No pull requests were fetched, so marks that squashing dropped are missed "
               "(git fetch origin '+refs/pull/*/head:refs/pull/*/head').")  # fmt: skip
    doubtful = int(has(history, DOUBTFUL).sum())
    if doubtful:
        yield f"{doubtful} commits bear a mark that an editor set by mistake; it does not count."
    recovered = int(has(history, REQUEST).sum())
    if recovered:
        yield f"{recovered} commits are marked by their pull request alone, which squashing hid."
    yield "Some agents leave no mark by default, and people strip marks; see the two sources apart."
    yield "Lines are counted as they were merged, not as they survive, and not by their worth."


def _grid(history: History, options: Options) -> Iterator[GridRow]:
    """The likely share of other files, by other counts."""
    base = {"files": options.code, "counted": "lines", "commits": "all"}
    ordinary = history.added.sum(axis=1) <= LARGE
    for code in (options.code, *(c for c in CODE if c != options.code)):
        yield _row(base | {"files": code}, shares(lines_of(history, CODE[code])),
                   code == options.code)  # fmt: skip
    lines = lines_of(history, CODE[options.code])
    if not ordinary.all():
        yield _row(base | {"commits": f"up to {LARGE:,} lines"}, shares(lines, ordinary))
    made = ~has(history, BOT)
    marked = has(history, AUTHOR | MESSAGE | REQUEST) & made
    counted = Estimate(name=LIKELY, value=100 * float(marked.sum() / max(1, made.sum())), unit="%")
    yield GridRow(base | {"counted": "commits"}, counted)
    trailers = np.where(has(history, MESSAGE), lines.total, 0.0).sum() / lines.total.sum()
    yield GridRow(base | {"counted": "trailers alone"},
                  Estimate(name=LIKELY, value=100 * float(trailers), unit="%"))  # fmt: skip


def _row(choices: dict[str, str], found: tuple[float, float, float] | None,
         headline: bool = False) -> GridRow:  # fmt: skip
    value = Estimate(name=LIKELY, value=None, unit="%", reason="too few lines")
    if found:
        value = Estimate(name=LIKELY, value=100 * found[1], low=100 * found[0],
                         high=100 * found[2], unit="%")  # fmt: skip
    return GridRow(choices, value, headline)


def quarter_of(time: float) -> str:
    """`2025Q3`, of Unix seconds, in UTC."""
    day = datetime.fromtimestamp(time, UTC)
    return f"{day.year}Q{(day.month + 2) // 3}"


def quarters(history: History, lines: Lines) -> Series:
    """The three shares by quarter of committing."""
    labels = np.array([quarter_of(t) for t in history.time.tolist()], dtype=str)
    names = sorted(set(labels.tolist()))
    found = [shares(lines, labels == name) for name in names]
    columns = {
        NAMES[place]: tuple(100 * share[place] if share else None for share in found)
        for place in range(3)
    }
    counted = tuple(int(lines.total[labels == name].sum()) for name in names)
    return Series("quarters", {"quarter": tuple(names), "lines": counted, **columns})


def plot(reading: Reading, theme: Theme) -> Figure:
    """The likely share by quarter, between the conservative one and the upper bound."""
    from tachograph.gauges import picture

    table = reading.table("quarters")
    names = table.texts("quarter")
    low, likely, high = (table.numbers(name) for name in NAMES)
    if not np.isfinite(likely).any():
        return picture.nothing_to_show(theme, reading.verdict.reason)
    figure, axes = picture.canvas(theme)
    x = range(len(names))
    axes.fill_between(x, low, high, color=theme.grid, linewidth=0, label="what is possible")
    axes.plot(x, low, color=theme.colours[2], marker="^", markersize=4, label="says so itself")
    axes.plot(x, likely, color=theme.colours[0], marker="o", markersize=4, label="likely")
    step = max(1, -(-len(names) // 6))
    axes.set_xticks(list(x)[::step], names[::step])
    axes.set_ylim(0, 102)
    axes.set_ylabel("share of merged lines by AI, %")
    picture.legend(axes, theme, loc="upper left", bbox_to_anchor=(0, 1.16), ncols=3)
    return figure


GAUGE = Gauge(
    name="attribution",
    version="1",
    question=QUESTION,
    needs="git clones with their whole history; better with refs/notes/ai, .agent-trace, and "
          "refs/pull/*/head fetched",
    example="tacho gauge attribution path/to/clone --plot attribution.svg",
    options=Options,
    read=read,
    compute=compute,
    plot=plot,
    digests=digests,
    pack=pack,
)  # fmt: skip
