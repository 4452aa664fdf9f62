"""`tacho brake exercise`: the demonstration that a newcomer runs first."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from tachograph.cli.exits import Exit
from tachograph.cli.options import AsJson
from tachograph.cli.output import remark, tell, tell_json


def add_to(app: typer.Typer) -> None:
    """Put the verb of this file on `tacho brake`."""
    app.command("exercise", epilog="Example: tacho brake exercise ./exercise")(exercise)


def exercise(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A new folder; everything stays in it.")
    ] = Path("exercise"),
    as_json: AsJson = False,
) -> None:
    """Play a pause from signing to lifting: seven laboratories as processes on this machine."""
    from tachograph.brake.exercise import play

    began = time.monotonic()
    outcome = play(folder, remark if as_json else tell)
    seconds = time.monotonic() - began
    if as_json:
        expected = [{"what": what, "so": so} for what, so in outcome.expected]
        tell_json({"folder": str(folder), "seconds": round(seconds, 1), "expected": expected})
    else:
        tell("")
        count = len(outcome.expected)
        tell(f"{count - len(outcome.failed)} of {count} came as expected, in {seconds:.0f} s.")
        tell(f"The agreement: tacho brake show {folder}/agreement.note")
        tell(f"The state:     tacho brake state --ledger {folder}/register")
        tell(f"An audit:      tacho brake audit {folder}/bundles/first")
    if outcome.failed:
        raise typer.Exit(Exit.NO)
