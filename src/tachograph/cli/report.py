"""`tacho report`: every reading on one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tachograph.cli.options import AsJson, LedgerAt
from tachograph.cli.output import remark, tell, tell_json
from tachograph.errors import UsageError

DEFAULT_OUT = Path("report.html")


def add_to(app: typer.Typer) -> None:
    """Put `report` on the command."""
    app.command("report", epilog="Example: tacho report --out report.html")(report)


def report(
    readings: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[READING.json]...", help="Written by tacho gauge --json."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The page.")] = DEFAULT_OUT,
    title: Annotated[str, typer.Option("--title", help="Of the page.")] = "AI in AI research",
    demo: Annotated[
        bool, typer.Option("--demo", help="A demonstration from made-up data.")
    ] = False,
    ledger: LedgerAt = None,
    as_json: AsJson = False,
) -> None:
    """Write one page with every gauge: of the ledger's readings and data, or of files."""
    from datetime import UTC, datetime

    from tachograph.gauges.report import Report, demonstrate, newest, of_files, write

    today = datetime.now(UTC).date()
    if demo and readings:
        raise UsageError("--demo makes its own readings", hint="leave out the files, or --demo")
    if demo:
        found = demonstrate(today)
    elif readings:
        found = Report(title, today, f"{len(readings)} readings in files", of_files(readings))
    else:
        from tachograph.cli.places import open_ledger

        with open_ledger(ledger) as (book, _):
            source = f"ledger {book.verifier.name}, {book.size} entries"
            found = Report(title, today, source, newest(book))
    page = write(found)
    try:
        out.write_text(page, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {out}: {error.strerror}", hint="--out FILE") from error
    if not found.readings:
        remark("nothing to show yet: tacho ledger record NAME FILE, or tacho gauge NAME --record")
    if as_json:
        tell_json({"page": str(out), "bytes": len(page.encode()), "gauges": list(found.readings)})
    else:
        tell(f"wrote {out} with {len(found.readings)} readings")
