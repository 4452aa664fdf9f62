"""`tacho gauge`: list the gauges, or read one.

A gauge declares its own options, so that everything after its name is parsed from what its file
says: `tacho gauge NAME --help` is written from there too.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tachograph.cli.exits import Exit
from tachograph.cli.output import remark, tell, tell_json
from tachograph.errors import UsageError

if TYPE_CHECKING:
    from argparse import Namespace

    from tachograph.gauges import Gauge, Reading
    from tachograph.gauges.reading import GridRow

SETTINGS = {"ignore_unknown_options": True, "help_option_names": []}
"""The whole line is ours to read, `--help` too."""


def add_to(app: typer.Typer) -> None:
    """Put `gauge` on the command."""
    app.command("gauge", context_settings=SETTINGS, epilog="Example: tacho gauge")(gauge)


def gauge(
    line: Annotated[list[str] | None, typer.Argument(metavar="[NAME] [FILE]...")] = None,
) -> None:
    """Read a gauge: a figure on how far AI drives the work. Without a name: list the gauges."""
    words = line or []
    if not words or words[0].startswith("-"):
        list_gauges(words)
        return
    from tachograph.gauges import find

    raise typer.Exit(read_gauge(find(words[0]), words[1:]))


def list_gauges(words: Sequence[str]) -> None:
    """Every gauge: its question and what it needs."""
    from tachograph.cli.gauge_line import Parser, wants_help
    from tachograph.gauges import find
    from tachograph.gauges.registry import names

    parser = Parser(prog="tacho gauge", description="Read a gauge, or list them.",
                    usage="tacho gauge [NAME] [FILE ...] [OPTIONS]",
                    epilog="Example: tacho gauge horizon --help")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="Answer with one JSON document.")
    if wants_help(parser, words):
        return
    given = parser.parse_args(words)
    found = [find(name) for name in names()]
    if given.json:
        tell_json([{"gauge": g.name, "version": g.version, "question": g.question,
                    "needs": g.needs, "example": g.example} for g in found])  # fmt: skip
        return
    for one in found:
        tell(f"{one.name:12}  {one.question}")
        tell(f"{'':12}  needs {one.needs}")


def read_gauge(chosen: Gauge[Any, Any], words: Sequence[str]) -> Exit:
    """Take a reading, tell it, and draw and record it where that is asked for."""
    from tachograph.cli.gauge_line import parser_of, wants_help
    from tachograph.cli.places import open_ledger
    from tachograph.gauges import record

    parser = parser_of(chosen)
    if wants_help(parser, words):
        return Exit.YES
    given = parser.parse_args(words)
    if given.files and given.data:
        raise UsageError("--data and files", hint="leave out one of them")
    reading, parents = taken_of_files(chosen, given) if given.files else taken(chosen, given)
    if given.plot:
        draw(chosen, reading, given.plot, dark=given.dark)
    if given.record:
        with open_ledger(given.ledger, create=True) as (book, _):
            remark(f"recorded as entry {record(reading, book, parents=parents).seq}")
    show(reading, as_json=given.json)
    return Exit.YES if reading.verdict.told else Exit.UNKNOWN


Taken = tuple["Reading", tuple[int, ...]]
"""A reading, and the entries of the ledger that it was taken from."""


def taken_of_files(chosen: Gauge[Any, Any], given: Namespace) -> Taken:
    """A reading of the files that are named."""
    from tachograph.cli.gauge_line import options_of
    from tachograph.gauges import Inputs, take

    return take(chosen, Inputs(tuple(given.files)), options_of(chosen, given)), ()


def taken(chosen: Gauge[Any, Any], given: Namespace) -> Taken:
    """A reading of what the ledger has for the gauge. Raises UsageError where that is nothing."""
    from tachograph.cli.gauge_line import options_of
    from tachograph.cli.places import has_ledger, open_ledger
    from tachograph.gauges import Inputs, take
    from tachograph.gauges.stored import find_stored, opened

    needs = UsageError(f"{chosen.name} needs data: {chosen.needs}", hint=chosen.example)
    if not has_ledger(given.ledger) and not chosen.takes_ledger:
        raise needs
    with open_ledger(given.ledger) as (book, _):
        stored = find_stored(book, chosen.name, given.data)
        if stored is None and not chosen.takes_ledger:
            raise needs
        if stored is None:
            return take(chosen, Inputs(ledger=book), options_of(chosen, given)), ()
        with opened(book, chosen, stored) as (inputs, recorded):
            remark(f"data {stored.body.name!r}, {stored.where}")
            reading = take(chosen, inputs, options_of(chosen, given, recorded))
        return reading, (stored.entry.seq,)


def draw(chosen: Gauge[Any, Any], reading: Reading, path: Path, *, dark: bool) -> None:
    """Write the picture."""
    from tachograph.gauges import picture

    theme = picture.DARK if dark else picture.LIGHT
    picture.save(chosen.plot(reading, theme), path, title=reading.sentence)
    remark(f"drew {path}")


def show(reading: Reading, *, as_json: bool) -> None:
    """The reading in words, or as one JSON document."""
    from tachograph.gauges.plain import to_plain

    if as_json:
        tell_json(to_plain(reading))
        return
    tell(reading.sentence)
    if not reading.verdict.told:
        tell(f"{reading.verdict.words}: {reading.verdict.reason}")
    lines("estimates", [(e.name, e.text()) for e in reading.estimates])
    lines(f"{grid_of(reading)} under other choices", [
        (choices_text(row, reading), row.estimate.text()) for row in reading.grid
    ])  # fmt: skip
    lines("caveats", [(f"{n}.", text) for n, text in enumerate(reading.caveats, 1)])
    counted = ", ".join(f"{count:,} {noun(what, count)}" for what, count in reading.n.items())
    window = f", {reading.window.first} to {reading.window.last}" if reading.window else ""
    tell(f"\nfrom {counted}{window}; {reading.gauge} {reading.version}")
    for each in reading.inputs:
        tell(f"  sha256 {each.sha256}  {each.name}")


def grid_of(reading: Reading) -> str:
    """What the grid is of."""
    return next((row.estimate.name for row in reading.grid if row.headline), "")


def choices_text(row: GridRow, reading: Reading) -> str:
    """All choices of the headline's row, marked; of another row, what differs from it."""
    headline = next((r.choices for r in reading.grid if r.headline), {})
    said = [f"{name} {value}" for name, value in row.choices.items()
            if row.headline or name not in headline or headline[name] != value]  # fmt: skip
    return ", ".join(said) + " *" * row.headline


def noun(plural: str, count: int) -> str:
    """`runs`, and `run` where there is one of them."""
    if count != 1 or not plural.endswith("s"):
        return plural
    return f"{plural[:-3]}y" if plural.endswith("ies") else plural[:-1]


def lines(heading: str, rows: Sequence[tuple[str, str]]) -> None:
    """A heading and two columns; nothing where there are no rows."""
    if not rows:
        return
    tell(f"\n{heading}")
    width = min(max(len(name) for name, _ in rows), 48)
    for name, text in rows:
        tell(f"  {name:{width}}  {text}")
