"""The picture of a run: every trial, the best so far, and what made it better.

    plot(ledger.entries(run=run.id), Path("progress.png"))

Drawn with matplotlib's own objects and no display. Speed-ups stand on a log scale against the seed,
scores and gaps recovered on a plain one, with what fresh draws and the hold-out said of the best to
their right. Trials without a height stand on a rug below, never at zero. Markers differ in shape as
well as in colour (Okabe and Ito's palette, safe for colour-blind readers). Proven by
tests/loop/test_plot.py and tests/loop/score/test_score_picture.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator
from matplotlib.transforms import Bbox

from tachograph.errors import UsageError
from tachograph.ledger import Entry
from tachograph.loop.archive import Archive
from tachograph.loop.progress import Fate, Point, Yardstick, points, yardstick
from tachograph.loop.score.progress import Beside, beside
from tachograph.loop.score.words import title_text
from tachograph.loop.tally import team_caption
from tachograph.words import counted

INCHES = (8.0, 4.5)
DOTS_PER_INCH = 200
"""1600 pixels wide; at 800 everything is still legible."""
SUFFIXES = (".png", ".svg")
LABEL_SHARE = 0.03
"""Of the height: names of lines that lie closer are written in one place."""
CROWD = 120
"""From this many trials on, single trials are drawn smaller."""


class Mark(NamedTuple):
    """How one fate is drawn."""

    shape: str
    colour: str
    size: float
    hollow: bool = False


MARKS: dict[Fate, Mark] = {
    "kept": Mark("o", "#009E73", 42.0),
    "same": Mark("s", "#7F7F7F", 15.0),
    "not resolved": Mark("D", "#B07A00", 18.0, hollow=True),
    "slower": Mark("v", "#0072B2", 20.0),
    "worse": Mark("^", "#0A5A8A", 20.0),
    "wrong": Mark("x", "#D55E00", 18.0),
    "failed": Mark("+", "#A0437A", 26.0),
    "not raced": Mark("1", "#0072B2", 26.0),
    "no queries": Mark("2", "#7F7F7F", 26.0),
    "box broke": Mark("|", "#000000", 26.0),
}
RUG: dict[Fate, str] = {
    "wrong": "wrong result",
    "failed": "failed",
    "not raced": "far too slow",
    "no queries": "no queries left",
    "box broke": "box broke",
}
"""Fates that have no height, with the name of their row."""
BEST_COLOUR = "#009E73"
BESIDE_COLOUR = "#5B4B9A"
INK = "#333333"
FAINT = "#D9D9D9"


def plot(entries: Iterable[Entry], path: Path) -> Path:
    """Draw the run whose entries these are to a .png or .svg file, and return its path.

    Entries of one run only. Raises UsageError for another ending, or when no run opens in them.
    """
    if path.suffix not in SUFFIXES:
        raise UsageError(f"cannot draw '{path.name}'", hint="name a .png or an .svg file")
    archive = Archive.of(entries)
    if archive.opened is None:
        raise UsageError("these entries open no run", hint="tacho runs")
    with mpl.rc_context({"svg.hashsalt": "tachograph", "font.size": 8.5}):
        figure = draw(archive)
        metadata = {"Date": None} if path.suffix == ".svg" else {"Software": None}
        figure.savefig(path, dpi=DOTS_PER_INCH, metadata=metadata)
    return path


def draw(archive: Archive) -> Figure:
    """The whole picture."""
    found, by = points(archive), yardstick(archive)
    figure = Figure(figsize=INCHES, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    rows = [fate for fate in RUG if any(p.fate == fate for p in found if p.height is None)]
    if rows:
        heights = [10.0, 0.55 * len(rows)]
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=heights)
        draw_rug(below, [p for p in found if p.height is None], rows)
    else:
        above = below = figure.subplots()
    below.set_xlabel("trial")
    if says := team_caption(archive):
        figure.supxlabel(says, fontsize=7.5, color="#888888", parse_math=False)
    raced = [p for p in found if p.height is not None]
    kept = [p for p in raced if p.fate == "kept"]
    others = beside(archive)
    dress(above, found, raced, by, others)
    if found:
        draw_best(above, kept, len(found), by.seed)
    draw_links(above, kept, by.seed)
    draw_trials(above, raced, len(found))
    draw_beside(above, others, len(found))
    draw_title(above, archive, kept, len(found))
    if raced:
        draw_legend(above, raced)
    else:
        nothing = "no trial was raced" if found else "no trials yet"
        above.text(0.5, 0.6, nothing, transform=above.transAxes, ha="center", color="#888888")
    draw_labels(figure, above, kept, raced)
    return figure


def at(p: Point) -> float:
    """The height of a point that has one."""
    assert p.height is not None
    return p.height


def ends_of(p: Point) -> tuple[float, float]:
    """Its interval; of no length where it has none."""
    return (at(p) if p.low is None else p.low), (at(p) if p.high is None else p.high)


def dress(axes: Axes, found: Sequence[Point], raced: Sequence[Point], by: Yardstick,
          others: Sequence[Beside]) -> None:  # fmt: skip
    """Scales, ticks, grid and the seed's line."""
    heights = [by.seed, *map(at, raced), *(line for _, line in by.lines)]
    heights += [end for p in raced if p.fate == "kept" for end in ends_of(p)]
    heights += [end for other in others for end in (other.found.low, other.found.high)]
    axes.set_ylabel(by.label)
    if by.is_ratio:
        ratio_scale(axes, min(0.96, *heights), max(1.1, *heights))
    else:
        plain_scale(axes, by, min(heights), max(heights))
    width = max(len(found), 5)
    axes.set_xlim(-0.02 * width - 0.3, (1.02 + 0.09 * len(others)) * width + 0.3)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y", color=FAINT, linewidth=0.5)
    axes.axhline(by.seed, color="#999999", linewidth=0.8, zorder=1)
    bare(axes)


def ratio_scale(axes: Axes, bottom: float, top: float) -> None:
    """Logarithmic, from a little below to a little above, with room for the legend."""
    room = top / bottom
    bottom, top = bottom / room**0.06, top * room**0.14
    axes.set_yscale("log")
    axes.set_ylim(bottom, top)
    shown = ticks(bottom, top)
    axes.set_yticks(shown, [f"{tick:.4g}×" for tick in shown])
    axes.yaxis.set_minor_locator(NullLocator())


def plain_scale(axes: Axes, by: Yardstick, bottom: float, top: float) -> None:
    """Linear, with the named heights as lines."""
    room = (top - bottom) or 1.0
    axes.set_ylim(bottom - 0.05 * room, top + 0.13 * room)
    labels: list[tuple[float, list[str]]] = []
    for name, height in (*by.lines, ("seed", by.seed)):
        if name != "seed":
            axes.axhline(height, color=INK, linewidth=0.8, linestyle=(0, (1, 2)), zorder=1)
        near = [names for at, names in labels if abs(at - height) < LABEL_SHARE * room]
        if near:
            near[0].append(name)
        else:
            labels.append((height, [name]))
    for height, names in labels:
        axes.annotate(", ".join(names), (1.0, height), (3, 0),
                      xycoords=("axes fraction", "data"), textcoords="offset points",
                      va="center", fontsize=7.5, color=INK, annotation_clip=False)  # fmt: skip


def ticks(bottom: float, top: float) -> list[float]:
    """Round speed-ups between two ends: as many as stand apart on a log scale, 1 among them."""
    decades = range(math.floor(math.log10(bottom)), math.ceil(math.log10(top)) + 1)
    grids = [
        [step * i for i in range(1, int(top / step) + 1)] for step in (0.02, 0.05, 0.1, 0.2, 0.5)
    ]
    grids += [[digit * 10.0**decade for decade in decades for digit in (1, 2, 5)]]
    for grid in grids:
        shown = [tick for tick in grid if bottom <= tick <= top]
        apart = math.log(top / bottom) / 14
        if all(math.log(b / a) > apart for a, b in pairwise(shown)):
            return shown
    return [10.0**decade for decade in decades if bottom <= 10.0**decade <= top]


def bare(axes: Axes) -> None:
    """No frame but the two axes; quiet ticks."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("#999999")
    axes.tick_params(color="#999999", labelcolor=INK, length=2.5)
    axes.set_axisbelow(True)


def draw_best(axes: Axes, kept: Sequence[Point], trials: int, seed: float) -> None:
    """The best so far as steps, with its interval as a band."""
    steps = [0, *(p.trial for p in kept), trials]
    best = [seed, *map(at, kept)]
    low = [seed, *(ends_of(p)[0] for p in kept)]
    high = [seed, *(ends_of(p)[1] for p in kept)]
    for values in (best, low, high):
        values.append(values[-1])
    axes.fill_between(steps, low, high, step="post", color=BEST_COLOUR, alpha=0.15, linewidth=0)
    axes.step(steps, best, where="post", color=BEST_COLOUR, linewidth=1.4, zorder=3)


def draw_links(axes: Axes, kept: Sequence[Point], seed: float) -> None:
    """A thin line from each kept candidate to its parent: a kept one, or the seed at trial 0."""
    places = {p.candidate: (p.trial, at(p)) for p in kept}
    for p in kept:
        x, y = places.get(p.parent, (0, seed))
        axes.plot([x, p.trial], [y, at(p)], color="#666666", linewidth=0.6,
                  linestyle=(0, (4, 2)), alpha=0.6, zorder=2)  # fmt: skip


def draw_trials(axes: Axes, raced: Sequence[Point], trials: int) -> None:
    """Every raced trial as a point, the kept ones on top and with their intervals."""
    scale = 0.45 if trials >= CROWD else 1.0
    for fate, mark in reversed(MARKS.items()):
        here = [p for p in raced if p.fate == fate]
        x, y = [p.trial for p in here], [p.height for p in here]
        scatter(axes, x, y, mark, mark.size * (1.0 if fate == "kept" else scale))
    for p in raced:
        if p.fate == "kept":
            axes.plot([p.trial] * 2, ends_of(p), color=BEST_COLOUR, linewidth=1.0, zorder=4)


def draw_beside(axes: Axes, others: Sequence[Beside], trials: int) -> None:
    """What other draws said of the best, to the right of all trials, with intervals and names."""
    width = max(trials, 5)
    for number, other in enumerate(others):
        x = (1.06 + 0.09 * number) * width
        axes.plot([x] * 2, [other.found.low, other.found.high], color=BESIDE_COLOUR, linewidth=1.2,
                  zorder=4)  # fmt: skip
        scatter(axes, [x], [other.found.value], Mark("P", BESIDE_COLOUR, 42.0), 42.0)
        axes.annotate(other.label, (x, other.found.low), (0, -3), textcoords="offset points",
                      ha="center", va="top", fontsize=7, color=BESIDE_COLOUR)  # fmt: skip


def scatter(axes: Axes, x: Sequence[float], y: Sequence[Any], mark: Mark, size: float) -> None:
    """Points of one fate."""
    line = mark.shape in "x+12|"
    look: dict[str, Any] = {"color": mark.colour, "linewidths": 1.0}
    if not line:
        face = "white" if mark.hollow else mark.colour
        edge = mark.colour if mark.hollow else "white"
        look = {"facecolors": face, "edgecolors": edge, "linewidths": 0.9 if mark.hollow else 0.5}
    axes.scatter(x, y, s=size, marker=mark.shape, zorder=5, clip_on=False, **look)


def draw_rug(axes: Axes, unraced: Sequence[Point], rows: Sequence[Fate]) -> None:
    """Trials that have no speed-up, a row for each fate."""
    size = 0.6 if len(unraced) >= CROWD else 1.0
    for row, fate in enumerate(rows):
        x = [p.trial for p in unraced if p.fate == fate]
        scatter(axes, x, [row] * len(x), MARKS[fate], MARKS[fate].size * size)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks(range(len(rows)), [RUG[fate] for fate in rows])
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y", color="#EEEEEE", linewidth=0.5)
    bare(axes)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)


def draw_title(axes: Axes, archive: Archive, kept: Sequence[Point], trials: int) -> None:
    """Task, number of trials, and the best with its interval."""
    assert archive.opened is not None
    best = kept[-1] if kept else None
    result = "nothing beat the seed" if trials else "not begun"
    if best and archive.scorer:
        result = title_text(archive)
    elif best:
        low, high = ends_of(best)
        result = f"best {at(best):.3g}×  ({low:.3g} to {high:.3g})"
    title = f"{archive.opened.task}: {counted(trials, 'trial')}, {result}"
    axes.set_title(title, loc="left", color=INK, fontsize=10.5,
                   fontweight="bold", parse_math=False)  # fmt: skip
    axes.set_title(archive.opened.run, loc="right", color="#888888", fontsize=7.5,
                   parse_math=False)  # fmt: skip


def draw_legend(axes: Axes, raced: Sequence[Point]) -> None:
    """The fates that occur, in one row under the title."""
    handles = []
    for fate, mark in MARKS.items():
        if any(p.fate == fate for p in raced):
            face = "white" if mark.hollow else mark.colour
            handles += axes.plot([], [], linestyle="", marker=mark.shape, markersize=5, label=fate,
                                 markerfacecolor=face, markeredgecolor=mark.colour)  # fmt: skip
    axes.legend(handles=handles, loc="upper left", ncols=len(handles), frameon=False,
                handletextpad=0.2, columnspacing=1.2, borderpad=0.1, fontsize=8)  # fmt: skip


def draw_labels(figure: Figure, axes: Axes, kept: Sequence[Point], raced: Sequence[Point]) -> None:
    """The kept changes by name, the latest first, each where it hides nothing, or not at all."""
    figure.draw_without_rendering()
    legend = axes.get_legend()
    taken = [legend.get_window_extent()] if legend else []
    taken += [spot(axes, p, 3.5 if p.fate == "kept" else 2.0) for p in raced]
    for p in reversed(kept):
        for dx, dy, across, along in PLACES:
            text = axes.annotate(
                p.label, (p.trial, at(p)), (dx, dy), textcoords="offset points",
                ha=across, va=along, fontsize=7, color=INK, parse_math=False, zorder=6,
            )  # fmt: skip
            box = text.get_window_extent().padded(1.0)
            if inside(axes.bbox, box) and not any(box.overlaps(other) for other in taken):
                taken.append(box)
                break
            text.remove()


PLACES = (
    (-5, 5, "right", "bottom"),
    (-7, 0, "right", "center"),
    (0, 8, "center", "bottom"),
    (6, -5, "left", "top"),
    (6, 5, "left", "bottom"),
    (0, -9, "center", "top"),
)
"""Where a label may stand about its point, best first: offset in points, and how it is anchored."""


def spot(axes: Axes, p: Point, points_around: float) -> Bbox:
    """The room that a marker takes, in pixels."""
    x, y = axes.transData.transform((p.trial, at(p)))
    pixels = points_around * axes.figure.dpi / 72
    return Bbox.from_extents(x - pixels, y - pixels, x + pixels, y + pixels)


def inside(frame: Bbox, box: Bbox) -> bool:
    """Whether `box` lies within `frame`."""
    return bool(
        frame.x0 <= box.x0 <= box.x1 <= frame.x1 and frame.y0 <= box.y0 <= box.y1 <= frame.y1
    )
