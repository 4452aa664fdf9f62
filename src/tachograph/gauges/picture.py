"""The house style of every gauge's plot: one look, light and dark, legible on a phone and on paper.

    theme = LIGHT
    figure, axes = canvas(theme)
    axes.plot(x, y, color=theme.colours[0])
    svg = to_svg(figure, title=reading.sentence)

A figure is drawn 4.8 inches wide with 9-point text, so that at 360 pixels, a phone's width, letters
are still 9 pixels high. Letters are drawn as outlines: no font is needed where the picture is
shown, and none is fetched. `inline_svg` writes a picture for a page: ids carry a prefix so that
several can stand on one page, and colours are CSS variables (`--ink`, `--c0`, ...) so that one
picture serves light and dark. Colours are Okabe and Ito's, told apart by colour-blind readers;
series differ in marker too. No display and no pyplot. Proven by tests/gauges/test_picture.py.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from tachograph.errors import UsageError

WIDTH_INCHES = 4.8
HEIGHT_INCHES = 3.1
DOTS_PER_INCH = 200
TEXT_POINTS = 9.0
SUFFIXES = (".svg", ".png")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
"""Shapes in the order of the colours."""


@dataclass(frozen=True)
class Theme:
    """Colours, as `#rrggbb`, no two the same, so that each can become a CSS variable."""

    name: str
    paper: str
    ink: str
    muted: str
    """Ticks and remarks; contrast with the paper at least 4.5 : 1."""
    grid: str
    colours: tuple[str, ...]
    """Of series, in order."""

    def variables(self) -> dict[str, str]:
        """CSS variable to colour."""
        named = {"paper": self.paper, "ink": self.ink, "muted": self.muted, "grid": self.grid}
        return named | {f"c{n}": colour for n, colour in enumerate(self.colours)}

    def css(self) -> str:
        """The variables as CSS declarations, for a page that shows inline pictures."""
        return " ".join(f"--{name}: {colour};" for name, colour in self.variables().items())


LIGHT = Theme(
    "light", paper="#ffffff", ink="#1f2328", muted="#5b636b", grid="#e3e6e9",
    colours=("#0072b2", "#c24a00", "#007a55", "#a0437a", "#8a6100", "#3a7ca5", "#6b6f00"),
)  # fmt: skip
DARK = Theme(
    "dark", paper="#14171a", ink="#eceff1", muted="#a3abb3", grid="#30363b",
    colours=("#56b4e9", "#f08a4b", "#2fc197", "#d78fbb", "#e0b341", "#8fc3e0", "#c5c94d"),
)  # fmt: skip
THEMES = {theme.name: theme for theme in (LIGHT, DARK)}


def canvas(theme: Theme, *, height: float = HEIGHT_INCHES) -> tuple[Figure, Axes]:
    """A figure with one dressed pair of axes; `height` in inches."""
    with mpl.rc_context({"font.size": TEXT_POINTS}):
        figure = Figure(figsize=(WIDTH_INCHES, height), facecolor=theme.paper, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
    dress(axes, theme)
    return figure, axes


def panels(theme: Theme, rows: int, *, height: float = HEIGHT_INCHES) -> tuple[Figure, list[Axes]]:
    """A figure with `rows` dressed axes below each other; `height` in inches each."""
    with mpl.rc_context({"font.size": TEXT_POINTS}):
        size = (WIDTH_INCHES, height * rows)
        figure = Figure(figsize=size, facecolor=theme.paper, layout="constrained")
        FigureCanvasAgg(figure)
        found = list(figure.subplots(rows, 1, squeeze=False)[:, 0])
    for axes in found:
        dress(axes, theme)
    return figure, found


def dress(axes: Axes, theme: Theme) -> None:
    """Two spines, quiet ticks, a horizontal grid behind everything."""
    axes.set_facecolor(theme.paper)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(theme.muted)
    axes.tick_params(which="both", color=theme.muted, labelcolor=theme.muted, labelsize=TEXT_POINTS)
    axes.grid(axis="y", color=theme.grid, linewidth=0.6)
    axes.set_axisbelow(True)
    for part in (axes.xaxis.label, axes.yaxis.label, axes.title):
        part.set_color(theme.ink)


def legend(axes: Axes, theme: Theme, **where: Any) -> None:
    """A legend without a frame; nothing where nothing is labelled."""
    if axes.get_legend_handles_labels()[1]:
        settings: dict[str, Any] = {"loc": "best", "fontsize": TEXT_POINTS - 0.5} | where
        axes.legend(frameon=False, labelcolor=theme.ink, handletextpad=0.5, **settings)


def whiskers(axes: Axes, x: Sequence[Any], rows: Sequence[tuple[Any, ...]], *, colour: str,
             marker: str, label: str) -> None:  # fmt: skip
    """Points with intervals from rows (_, _, value, low, high, ...); an open end is an arrow."""
    for at, row in zip(x, rows, strict=True):
        value, low, high = row[2:5]
        if value is None:
            continue
        ends = [value if low is None else low, value if high is None else high]
        axes.plot([at, at], ends, color=colour, linewidth=1.1, zorder=2)
        for end, toward in ((low, (0, -16)), (high, (0, 16))):
            if end is None:
                arrow(axes, at, value, colour, toward=toward)
    axes.plot(list(x), [row[2] for row in rows], marker, color=colour, markersize=5, label=label,
              linestyle="", zorder=3)  # fmt: skip


def arrow(axes: Axes, x: Any, y: Any, colour: str, *, toward: tuple[int, int]) -> None:
    """A short arrow from a point, `toward` points away: the interval has no end there."""
    axes.annotate("", (x, y), toward, textcoords="offset points",
                  arrowprops={"arrowstyle": "<-", "color": colour, "linewidth": 1.1,
                              "shrinkA": 0, "shrinkB": 3})  # fmt: skip


def short(name: str, most: int = 24) -> str:
    """A name that leaves room for the picture on a phone."""
    return name if len(name) <= most else f"{name[: most - 1]}…"


MINUTES = {
    1 / 60: "1 s", 0.1: "6 s", 1.0: "1 min", 4.0: "4 min", 15.0: "15 min", 60.0: "1 h",
    240.0: "4 h", 960.0: "16 h", 2880.0: "2 d", 10080.0: "1 wk", 43200.0: "1 mo", 525600.0: "1 y",
}  # fmt: skip
"""Ticks of a time axis."""


def minutes_axis(axes: Axes, which: str, values: Sequence[float]) -> None:
    """A log axis of minutes with ticks that people say."""
    low, high = min(values) / 1.6, max(values) * 1.6
    shown = [tick for tick in MINUTES if low <= tick <= high]
    axis = axes.yaxis if which == "y" else axes.xaxis
    (axes.set_yscale if which == "y" else axes.set_xscale)("log")
    (axes.set_ylim if which == "y" else axes.set_xlim)(low, high)
    axis.set_ticks(shown, [MINUTES[tick] for tick in shown])
    axis.set_minor_locator(NullLocator())


FACTORS = (1.0, 10.0, 100.0, 1000.0, 0.1, 0.01, 2.0, 5.0, 20.0, 50.0, 200.0, 500.0, 0.5, 0.2, 3.0,
           30.0, 1.5, 0.8, 1.25, 1.1, 0.9)  # fmt: skip
"""Ticks of a factor axis, those first that are to be kept where there is no room for all."""
ROOM = 0.11
"""Of an axis, between two of its ticks."""


def factor_axis(axes: Axes, values: Sequence[float]) -> None:
    """A log x axis of factors, 1 always in sight, with ticks that people say."""
    low, high = min(*values, 1.0) / 1.08, max(*values, 1.0) * 1.08
    shown: list[float] = []
    for tick in FACTORS:
        apart = [abs(math.log(tick / other)) for other in shown]
        if low <= tick <= high and min(apart, default=math.inf) > ROOM * math.log(high / low):
            shown.append(tick)
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.xaxis.set_ticks(sorted(shown), [f"{tick:g}x" for tick in sorted(shown)])
    axes.xaxis.set_minor_locator(NullLocator())


def log_ticks(axes: Axes) -> None:
    """Plain numbers on a log axis, a few in each decade."""
    low, high = axes.get_ylim()
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for digits in ((1, 2, 5), (1, 3), (1,)):
        shown = [d * 10.0**e for e in decades for d in digits if low <= d * 10.0**e <= high]
        if len(shown) <= 7:
            break
    axes.set_yticks(shown, [f"{tick:,.10g}" for tick in shown])
    axes.yaxis.set_minor_locator(NullLocator())


EPOCH = date(1970, 1, 1)
"""Day 0 of matplotlib's date axes."""
MOST_DAYS = 6


def day_axis(axes: Axes) -> None:
    """Few, short dates: call it when everything is drawn. Years in January, months elsewhere."""
    first, last = (EPOCH + timedelta(days=float(end)) for end in axes.get_xlim())
    for months in (1, 2, 3, 6, 12, 24, 60, 120, 240):
        begin = first.year * 12 // months * months
        marks = [date(m // 12, m % 12 + 1, 1) for m in range(begin, last.year * 12 + 12, months)]
        shown = [mark for mark in marks if first <= mark <= last]
        if len(shown) <= MOST_DAYS:
            break
    shown = shown or [first]
    labels = [f"{mark.year}" if mark.month == 1 else f"{mark:%b}" for mark in shown]
    if not any(mark.month == 1 for mark in shown):
        labels[0] = f"{shown[0]:%b}\n{shown[0].year}"
    axes.set_xticks([(mark - EPOCH).days for mark in shown], labels)


def nothing_to_show(theme: Theme, why: str) -> Figure:
    """The picture of a reading without numbers: its reason, in words."""
    figure, axes = canvas(theme, height=1.2)
    axes.set_axis_off()
    axes.text(0.5, 0.5, why, color=theme.muted, ha="center", va="center", wrap=True,
              transform=axes.transAxes, parse_math=False)  # fmt: skip
    return figure


def save(figure: Figure, path: Path, *, title: str) -> Path:
    """Write a .svg or .png file and return its path. Raises UsageError for another ending."""
    if path.suffix not in SUFFIXES:
        raise UsageError(f"cannot draw '{path.name}'", hint="name a .svg or a .png file")
    try:
        if path.suffix == ".svg":
            path.write_text(to_svg(figure, title=title), encoding="utf-8")
        else:
            figure.savefig(path, dpi=DOTS_PER_INCH, metadata={"Software": None})
    except OSError as error:
        raise UsageError(
            f"cannot write {path}: {error.strerror}", hint="name another file"
        ) from error
    return path


def to_svg(figure: Figure, *, title: str) -> str:
    """The figure as one SVG element, outlines for letters, the same bytes each time.

    `title` is what a screen reader says.
    """
    with mpl.rc_context({"svg.hashsalt": "tachograph", "svg.fonttype": "path"}):
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None,
                                                       "Format": None, "Type": None})  # fmt: skip
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, count=1, flags=re.S)
    label = escape(title, quote=True)
    return svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)


def inline_svg(figure: Figure, theme: Theme, *, title: str, prefix: str) -> str:
    """The figure for a page: as wide as its place, colours as variables, ids beginning `prefix`.

    `theme` is the one it was drawn in; its colours stay as what is shown where the page sets no
    variables (`Theme.css`).
    """
    svg = to_svg(figure, title=title)
    svg = re.sub(r'\b(id="|href="#|url\(#)', lambda found: f"{found[1]}{prefix}-", svg)
    svg = re.sub(r'(<svg [^>]*?)width="[^"]*" height="[^"]*"|(<svg [^>]*?)height="[^"]*"([^>]*?)'
                 r'width="[^"]*"', _unsized, svg, count=1)  # fmt: skip
    for name, colour in theme.variables().items():
        svg = re.sub(rf"(:\s*){colour}\b", rf"\g<1>var(--{name}, {colour})", svg)
    return svg


def _unsized(found: re.Match[str]) -> str:
    return found[1] or f"{found[2]}{found[3]}"


def cycle(items: Sequence[str], place: int) -> str:
    """The item at this place, beginning anew after the last."""
    return items[place % len(items)]
