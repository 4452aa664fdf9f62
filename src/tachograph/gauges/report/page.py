"""From readings to one HTML page that needs nothing else: no network, no script, no font.

The page follows the reader's light or dark, prints on paper, and reads at a phone's width. Every
text on it is escaped by Jinja; only our own pictures (picture.py) go in as they are. The same
readings give the same bytes. Proven by tests/gauges/report/test_page.py, and in a real browser by
tests/gauges/report/test_demo.py. Not covered: taking the readings.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from tachograph.gauges import picture
from tachograph.gauges.gauge import Gauge, choices
from tachograph.gauges.reading import Estimate, Reading
from tachograph.gauges.registry import find, names
from tachograph.gauges.report.argument import PARTS, Part, place
from tachograph.gauges.report.gather import Taken
from tachograph.ledger.kinds import DataRecorded

HERE = Path(__file__).parent
ESTIMATES_SHOWN = 8
"""Of each gauge; the rest stand folded below."""
GRID_SHOWN = 40


@dataclass(frozen=True)
class Report:
    """What a report is made of."""

    title: str
    day: date
    """On which it was made."""
    source: str
    """Where the readings come from, in a few words."""
    readings: Mapping[str, Taken]
    """By gauge."""
    warning: str = ""
    """Shown above everything: that the data are made up, for example."""


@dataclass(frozen=True)
class Card:
    """One gauge on the page, with a reading."""

    name: str
    question: str
    told: bool
    verdict: str
    sentence: str
    reason: str
    figure: Markup
    estimates: tuple[Estimate, ...]
    more_estimates: tuple[Estimate, ...]
    grid_of: str
    """Name of the figure that the grid is of."""
    grid: tuple[tuple[str, Estimate, bool], ...]
    caveats: tuple[str, ...]
    counted: str
    window: str
    command: str
    inputs: tuple[tuple[str, str], ...]
    method: str
    where: str


@dataclass(frozen=True)
class Missing:
    """One gauge on the page, without a reading."""

    name: str
    question: str
    needs: str
    example: str


@dataclass(frozen=True)
class Section:
    """One part of the argument with its gauges."""

    part: Part
    cards: tuple[Card, ...]
    missing: tuple[Missing, ...]


def write(report: Report) -> str:
    """The page as HTML. Raises NotFoundError for a reading of a gauge that there is not."""
    for gauge in report.readings:
        find(gauge)
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["text"] = Estimate.text
    return environment.get_template("page.html").render(
        report=report,
        sections=[_section(part, report.readings) for part in PARTS],
        style=Markup((HERE / "page.css").read_text()),
        light=Markup(picture.LIGHT.css()),
        dark=Markup(picture.DARK.css()),
    )


def _section(part: Part, readings: Mapping[str, Taken]) -> Section:
    cards, missing = [], []
    for name in (name for name in names() if place(name) is part):
        gauge = find(name)
        if name in readings:
            cards.append(_card(gauge, readings[name]))
        else:
            missing.append(Missing(name, gauge.question, gauge.needs, gauge.example))
    return Section(part, tuple(cards), tuple(missing))


def _card(gauge: Gauge[Any, Any], taken: Taken) -> Card:
    reading = taken.reading
    return Card(
        name=gauge.name,
        question=reading.question,
        told=reading.verdict.told,
        verdict=reading.verdict.words,
        sentence=reading.sentence,
        reason=reading.verdict.reason,
        figure=_figure(gauge, reading),
        estimates=reading.estimates[:ESTIMATES_SHOWN],
        more_estimates=reading.estimates[ESTIMATES_SHOWN:],
        grid_of=next((row.estimate.name for row in reading.grid if row.headline), ""),
        grid=tuple(_grid(reading)),
        caveats=reading.caveats,
        counted=", ".join(f"{count:,} {what}" for what, count in reading.n.items()),
        window=f"{reading.window.first} to {reading.window.last}" if reading.window else "",
        command=command(gauge, reading, taken.data),
        inputs=tuple((each.name, each.sha256) for each in reading.inputs),
        method=f"{reading.gauge} {reading.version}",
        where=taken.where,
    )


def _figure(gauge: Gauge[Any, Any], reading: Reading) -> Markup:
    if reading.version != gauge.version:
        # Another version wrote other series; its words and numbers stand, its picture cannot.
        return Markup("")
    drawn = gauge.plot(reading, picture.LIGHT)
    svg = picture.inline_svg(drawn, picture.LIGHT, title=reading.sentence, prefix=gauge.name)
    return Markup(svg)


def _grid(reading: Reading) -> Iterator[tuple[str, Estimate, bool]]:
    """The rows, each by what sets it apart from the headline's choices."""
    headline = next((row.choices for row in reading.grid if row.headline), {})
    for row in reading.grid[:GRID_SHOWN]:
        changed = [f"{name} {value}" for name, value in row.choices.items()
                   if row.headline or headline.get(name) != value]  # fmt: skip
        yield ", ".join(changed) or "the same", row.estimate, row.headline


def command(
    gauge: Gauge[Any, Any], reading: Reading, data: DataRecorded | None = None
) -> str:  # fmt: skip
    """The command that takes the reading again: from files of the names that it had, or from the
    `data` of the ledger, with their options."""
    usual = dict(choices(gauge.options()))
    if data is not None:
        usual |= {name: _joined(value) for name, value in data.options.items()}
    options, said = _options(gauge, reading, usual)
    words = ["tacho", "gauge", gauge.name]
    if data is not None:
        return shlex.join([*words, "--data", data.name, *options])
    files = [each.name for each in reading.inputs
             if each.name not in said and not each.name.startswith("ledger ")]  # fmt: skip
    return shlex.join([*words, *files, *options])


def _joined(value: Any) -> Any:
    return ", ".join(map(str, value)) if isinstance(value, list) else value


def _options(
    gauge: Gauge[Any, Any], reading: Reading, usual: Mapping[str, Any]
) -> tuple[list[str], set[Any]]:
    """What the command line says beside the files, and the values that it names."""
    words: list[str] = []
    said = set()
    for name, value in reading.choices.items():
        if value == usual.get(name) or value is None:
            continue
        flag = "--" + name.replace("_", "-")
        if isinstance(value, bool):
            words.append(flag if value else flag.replace("--", "--no-", 1))
            continue
        repeated = isinstance(getattr(gauge.options(), name, None), tuple)
        for each in str(value).split(", ") if repeated else [str(value)]:
            words += [flag, each]
        said.add(value)
    return words, said
