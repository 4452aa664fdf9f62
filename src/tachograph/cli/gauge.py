"""`tacho gauge`: list the gauges, or read one.

A gauge declares its own options, so that everything after its name is parsed from what its file
says: `tacho gauge NAME --help` is written from there too.
"""

from __future__ import annotations

import argparse
import types
from collections.abc import Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    NoReturn,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import typer

from tachograph.cli.exits import Exit
from tachograph.cli.output import put, remark, tell, tell_json
from tachograph.errors import UsageError

if TYPE_CHECKING:
    from tachograph.gauges import Gauge, Reading

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
    from tachograph.cli.places import open_ledger
    from tachograph.gauges import Inputs, record, take

    parser = parser_of(chosen)
    if wants_help(parser, words):
        return Exit.YES
    given = parser.parse_args(words)
    options = options_of(chosen, given)
    files = tuple(given.files)
    if files or not chosen.takes_ledger:
        if not files:
            raise UsageError(f"{chosen.name} needs data: {chosen.needs}", hint=chosen.example)
        reading = take(chosen, Inputs(files), options)
    else:
        with open_ledger(given.ledger) as (book, _):
            reading = take(chosen, Inputs(ledger=book), options)
    if given.plot:
        draw(chosen, reading, given.plot, dark=given.dark)
    if given.record:
        with open_ledger(given.ledger, create=True) as (book, _):
            remark(f"recorded as entry {record(reading, book).seq}")
    show(reading, as_json=given.json)
    return Exit.YES if reading.verdict.told else Exit.UNKNOWN


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
    lines("under other choices", [
        (", ".join(f"{k} {v}" for k, v in row.choices.items()) + " *" * row.headline,
         row.estimate.text())
        for row in reading.grid
    ])  # fmt: skip
    if any(row.headline for row in reading.grid):
        tell("  * the choices of the headline")
    lines("caveats", [(f"{n}.", text) for n, text in enumerate(reading.caveats, 1)])
    counted = ", ".join(f"{count:,} {what}" for what, count in reading.n.items())
    window = f", {reading.window.first} to {reading.window.last}" if reading.window else ""
    tell(f"\nfrom {counted}{window}; {reading.gauge} {reading.version}")
    for each in reading.inputs:
        tell(f"  sha256 {each.sha256}  {each.name}")


def lines(heading: str, rows: Sequence[tuple[str, str]]) -> None:
    """A heading and two columns; nothing where there are no rows."""
    if not rows:
        return
    tell(f"\n{heading}")
    width = min(max(len(name) for name, _ in rows), 48)
    for name, text in rows:
        tell(f"  {name:{width}}  {text}")


class Parser(argparse.ArgumentParser):
    """Faults are errors of ours."""

    def __init__(self, **settings: Any) -> None:
        form = argparse.RawDescriptionHelpFormatter
        super().__init__(add_help=False, allow_abbrev=False, formatter_class=form, **settings)

    def error(self, message: str) -> NoReturn:
        """Raises UsageError."""
        raise UsageError(message, hint=f"{self.prog} --help")


def wants_help(parser: Parser, words: Sequence[str]) -> bool:
    """Print the help where it is asked for."""
    if "--help" not in words:
        return False
    put(parser.format_help().rstrip())
    return True


def parser_of(chosen: Gauge[Any, Any]) -> Parser:
    """The gauge's own command line."""
    parser = Parser(
        prog=f"tacho gauge {chosen.name}",
        description=f"{chosen.question}\n\nNeeds {chosen.needs}.",
        epilog=f"Example: {chosen.example}",
    )
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    own = parser.add_argument_group("options of this gauge")
    for name, kind, about, allowed, default in declared(chosen):
        add_option(own, name, kind, about, allowed, default)
    shared = parser.add_argument_group("options of every gauge")
    shared.add_argument("--json", action="store_true", help="Answer with one JSON document.")
    shared.add_argument("--plot", type=Path, metavar="FILE", help="Draw it: .svg or .png.")
    shared.add_argument("--dark", action="store_true", help="Draw it light on dark.")
    shared.add_argument("--record", action="store_true", help="Record it in the ledger.")
    shared.add_argument("--ledger", type=Path, metavar="DIR", help="The ledger's folder.")
    shared.add_argument("--help", action="store_true", help="Say this.")
    return parser


def declared(chosen: Gauge[Any, Any]) -> list[tuple[str, Any, str, tuple[str, ...], Any]]:
    """Name, type, about, allowed texts and default of each of the gauge's options."""
    hints = get_type_hints(chosen.options)
    found = []
    for each in fields(chosen.options):
        assert each.default is not MISSING, f"{chosen.name}.{each.name} has no default"
        about, allowed = each.metadata["about"], each.metadata["choices"]
        found.append((each.name, hints[each.name], about, allowed, each.default))
    return found


def add_option(group: Any, name: str, kind: Any, about: str, allowed: tuple[str, ...],
               default: Any) -> None:  # fmt: skip
    """One option of a gauge's command line, from its field."""
    flag = "--" + name.replace("_", "-")
    help_text = about.replace("%", "%%")
    if default not in (None, (), False, ""):
        help_text += f" [default: {default}]".replace("%", "%%")
    if kind is bool:
        group.add_argument(flag, dest=name, action=argparse.BooleanOptionalAction,
                           default=default, help=help_text)  # fmt: skip
        return
    settings: dict[str, Any] = {"dest": name, "default": default, "help": help_text}
    if get_origin(kind) is tuple:
        settings |= {"action": "append", "default": None, "type": get_args(kind)[0]}
    elif get_origin(kind) in (Union, types.UnionType):
        settings["type"] = next(each for each in get_args(kind) if each is not type(None))
    else:
        settings["type"] = kind
    if allowed:
        settings["choices"] = allowed
    else:
        settings["metavar"] = settings["type"].__name__.upper().replace("PATH", "FILE")
    group.add_argument(flag, **settings)


def options_of(chosen: Gauge[Any, Any], given: argparse.Namespace) -> Any:
    """The gauge's options as given. Raises UsageError for a number that is not finite."""
    found: dict[str, Any] = {}
    for name, _, _, _, default in declared(chosen):
        value = getattr(given, name)
        if isinstance(default, tuple):
            value = tuple(value) if value is not None else default
        if isinstance(value, float) and not (-1e300 < value < 1e300):
            raise UsageError(f"--{name.replace('_', '-')}: not a finite number: {value}",
                             hint=f"tacho gauge {chosen.name} --help")  # fmt: skip
        found[name] = value
    return chosen.options(**found)


__all__ = ["add_to", "gauge"]
