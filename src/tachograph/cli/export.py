"""`tacho export`: a run for other programs."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from tachograph.cli.options import AsJson, LedgerAt, RunId
from tachograph.cli.output import tell, tell_json
from tachograph.errors import UsageError
from tachograph.words import counted

SUFFIXES = (".eval", ".json")


def add_to(app: typer.Typer) -> None:
    """Put the verb of this file on the command."""
    app.command("export", epilog="Example: tacho export last --inspect run.eval")(export_run)


def export_run(
    run: RunId,
    inspect: Annotated[
        Path, typer.Option("--inspect", metavar="OUT.eval", help="Write an Inspect log there.")
    ],
    ledger: LedgerAt = None,
    as_json: AsJson = False,
) -> None:
    """Write a run as a log that `inspect view` opens: a sample a trial, with its ledger entries."""
    if inspect.suffix not in SUFFIXES:
        raise UsageError(f"--inspect {inspect}: not an .eval file", hint="--inspect run.eval")
    if find_spec("inspect_ai") is None:
        raise UsageError("Inspect AI is not installed", hint="pip install 'tachograph[models]'")
    if not inspect.resolve().parent.is_dir():
        raise UsageError(f"--inspect {inspect}: there is no such folder")

    from tachograph.cli.places import open_ledger
    from tachograph.inspect.export import export
    from tachograph.loop.run import Run

    with open_ledger(ledger) as (book, folder):
        found = Run.read(book, run, folder)
        samples = export(found, inspect)
    if as_json:
        tell_json({"run": found.id, "log": str(inspect), "samples": samples})
    else:
        tell(f"wrote {inspect}: {counted(samples, 'sample')}")
        tell(f"next: inspect view --log-dir {inspect.resolve().parent}")
