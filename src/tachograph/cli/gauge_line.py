"""The command line of a gauge, made from the options that its file declares."""

from __future__ import annotations

import argparse
import types
from argparse import SUPPRESS
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, NoReturn, Union, get_args, get_origin, get_type_hints

from tachograph.cli.output import put
from tachograph.errors import UsageError
from tachograph.gauges import Gauge


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
        description=f"{chosen.question}\n\nNeeds {chosen.needs}.\nWithout a file: data that "
        f"the ledger has for it (tacho ledger record {chosen.name} FILE).",
        epilog=f"Example: {chosen.example}",
    )
    add_own(parser, chosen)
    shared = parser.add_argument_group("options of every gauge")
    shared.add_argument("--json", action="store_true", help="Answer with one JSON document.")
    shared.add_argument("--plot", type=Path, metavar="FILE", help="Draw it: .svg or .png.")
    shared.add_argument("--dark", action="store_true", help="Draw it light on dark.")
    shared.add_argument("--record", action="store_true", help="Record it in the ledger.")
    shared.add_argument("--ledger", type=Path, metavar="DIR", help="The ledger's folder.")
    shared.add_argument("--data", metavar="NAME", help="Which data of the ledger [default: the "
                        "newest for this gauge].")  # fmt: skip
    shared.add_argument("--help", action="store_true", help="Say this.")
    return parser


def recorder_of(chosen: Gauge[Any, Any]) -> Parser:
    """The command line that records what the gauge's own would read."""
    parser = Parser(
        prog=f"tacho ledger record {chosen.name}",
        description=f"Record data for: {chosen.question}\n\nNeeds {chosen.needs}.",
        epilog=f"Example: tacho ledger record {chosen.name} FILE --source 'whose data, and when'",
    )
    add_own(parser, chosen)
    shared = parser.add_argument_group("what is recorded")
    shared.add_argument("--as", dest="name", default="", metavar="NAME",
                        help="What to call them [default: the gauge's name].")  # fmt: skip
    shared.add_argument("--source", default="", metavar="TEXT", help="Where they are from.")
    shared.add_argument("--actor", default="gauges", metavar="NAME", help="Who records them.")
    shared.add_argument("--ledger", type=Path, metavar="DIR", help="The ledger's folder.")
    shared.add_argument("--json", action="store_true", help="Answer with one JSON document.")
    shared.add_argument("--help", action="store_true", help="Say this.")
    return parser


def add_own(parser: Parser, chosen: Gauge[Any, Any]) -> None:
    """The gauge's files and options."""
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    own = parser.add_argument_group("options of this gauge")
    for name, kind, about, allowed, default in declared(chosen):
        add_option(own, name, kind, about, allowed, default)


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
                           default=SUPPRESS, help=help_text)  # fmt: skip
        return
    settings: dict[str, Any] = {"dest": name, "default": SUPPRESS, "help": help_text}
    if get_origin(kind) is tuple:
        settings |= {"action": "append", "type": get_args(kind)[0]}
    elif get_origin(kind) in (Union, types.UnionType):
        settings["type"] = next(each for each in get_args(kind) if each is not type(None))
    else:
        settings["type"] = kind
    if allowed:
        settings["choices"] = allowed
    else:
        settings["metavar"] = settings["type"].__name__.upper().replace("PATH", "FILE")
    group.add_argument(flag, **settings)


def options_of(
    chosen: Gauge[Any, Any], given: argparse.Namespace, recorded: Mapping[str, Any] | None = None
) -> Any:
    """The gauge's options as given, else as `recorded` with the data, else as usual.

    Raises UsageError for a number that is not finite.
    """
    found: dict[str, Any] = {}
    for name, _, _, _, default in declared(chosen):
        value = getattr(given, name, (recorded or {}).get(name, default))
        if isinstance(default, tuple):
            value = tuple(value)
        if isinstance(value, float) and not (-1e300 < value < 1e300):
            raise UsageError(f"--{name.replace('_', '-')}: not a finite number: {value}",
                             hint=f"tacho gauge {chosen.name} --help")  # fmt: skip
        found[name] = value
    return chosen.options(**found)
