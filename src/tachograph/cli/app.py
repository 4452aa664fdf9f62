"""The command `tacho`. Its nouns and verbs are in verbs.py. The file of each is imported when it is
called, and every body imports what it needs, so that `tacho --help` stays quick. Errors reach
`main` as TachographError and leave as a message, a hint and an exit code.
"""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from tachograph import __version__
from tachograph.cli.exits import Exit, of_error
from tachograph.cli.output import ReaderGoneError, remark, tell, tell_error
from tachograph.cli.verbs import Verbs
from tachograph.errors import TachographError, UsageError

CallFault: type[BaseException] = typer.BadParameter.__bases__[0]
"""The parser's own error for a wrong call; its module differs between versions of typer."""

app = typer.Typer(
    name="tacho",
    cls=Verbs,
    help="Closed loops of AI research and development, honestly judged, on a sealed ledger.",
    epilog="Begin with: tacho run pairwise --trials 10",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def print_version(wanted: bool) -> None:
    """--version."""
    if wanted:
        tell(f"tachograph {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="Say which.")
    ] = False,
) -> None:
    """Closed loops of AI research and development, honestly judged, on a sealed ledger."""


def main() -> None:
    """The command's entry point; ends the process with an Exit code."""
    try:
        code = answer()
    except ReaderGoneError:
        code = Exit.UNKNOWN
    if code == Exit.INTERRUPTED:
        remark("interrupted; what was finished is in the ledger")
    sys.exit(code)


def answer() -> int:
    """Do what the command line says; the exit code. Raises ReaderGoneError."""
    try:
        code = app(standalone_mode=False)
    except CallFault as fault:
        if type(fault).__name__ == "NoArgsIsHelpError":
            tell(str(fault))
        else:
            tell_error(usage_error(fault), as_json="--json" in sys.argv)
        return Exit.USAGE
    except ReaderGoneError:
        raise
    except TachographError as error:
        tell_error(error, as_json="--json" in sys.argv)
        return of_error(error)
    return code if isinstance(code, int) else Exit.YES


def usage_error(fault: Any) -> UsageError:
    """A fault that the command line's parser found, in our own words' form."""
    message, _, guess = fault.format_message().partition(" Did you mean ")
    path = fault.ctx.command_path if fault.ctx else "tacho"
    message = message.rstrip(".")
    hint = f"did you mean {guess} {path} --help" if guess else f"{path} --help"
    return UsageError(message[:1].lower() + message[1:], hint=hint)
