"""`tacho show`, `plot`, `runs`: what runs found, read from the ledger alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tachograph.cli.options import AsJson, LedgerAt, RunId
from tachograph.cli.output import quoted, tell, tell_json
from tachograph.cli.turns import tell_turn
from tachograph.errors import UsageError
from tachograph.words import counted

if TYPE_CHECKING:
    from tachograph.loop.archive import Archive

DIFF_LINES = 100


def add_to(app: typer.Typer) -> None:
    """Put the verbs of this file on the command."""
    app.command("show", epilog="Example: tacho show last")(show)
    app.command("plot", epilog="Example: tacho plot last --out progress.png")(plot)
    app.command("runs", epilog="Example: tacho runs")(runs)


def show(
    run: RunId = "last",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write the best's files there.")
    ] = None,
    turn: Annotated[
        int | None, typer.Option("--turn", metavar="N", help="All that was said in that turn.")
    ] = None,
    whole: Annotated[bool, typer.Option("--whole", help="With --turn: cut nothing.")] = False,
    ledger: LedgerAt = None,
    as_json: AsJson = False,
) -> None:
    """What a run found: its trials, the lineage of the best, and the best as a diff."""
    from tachograph.cli.places import open_ledger
    from tachograph.loop.report import diff, record_text, run_data, summary
    from tachograph.loop.run import Run
    from tachograph.loop.score.words import summary_lines

    with open_ledger(ledger) as (book, folder):
        found = Run.read(book, run, folder)
        if turn is not None:
            tell_turn(found, turn, whole=whole, as_json=as_json)
            return
        archive = found.archive
        opened, best = archive.opened, archive.best
        assert opened is not None
        changes = (
            diff(found.candidate(opened.seed_candidate), found.candidate(best.id)) if best else ""
        )
        if out and best:
            write_files(out, found.candidate(best.id).files)
        if as_json:
            tell_json(run_data(found) | {"diff": changes})
            return
        ended = archive.closed.reason if archive.closed else "not ended: tacho resume goes on"
        tell(f"run {found.id} on {opened.task}, box level {opened.box.get('level')}: {ended}")
        tell(summary(archive))
        for line in summary_lines(archive):
            tell(line)
        tell_team(archive)
        for title, records in (("trials", archive.trials),
                               ("lineage", archive.lineage(best.id) if best else [])):  # fmt: skip
            if records:
                tell(f"\n{title}")
                for number, record in enumerate(records, 1):
                    tell(f"{number:4}  {record_text(record)}")
        if changes:
            tell("\n" + shortened(changes, found.id))


def tell_team(archive: Archive) -> None:
    """Who brought what, and the board; nothing of a run that one proposer made alone."""
    from tachograph.loop.board import findings_of
    from tachograph.loop.tally import is_team, tallies, tally_text

    if not is_team(archive):
        return
    tell("\nteam")
    for tally in tallies(archive):
        tell(f"  {tally_text(tally, archive)}")
    if findings := findings_of(archive):
        tell("\nfindings")
        for each in findings:
            tell(f"  by {each.proposer} on {each.candidate}, {each.verdict}")
            tell(quoted(each.text))


def shortened(changes: str, run: str) -> str:
    """The diff, cut where it would bury the rest."""
    lines = changes.splitlines()
    if len(lines) <= DIFF_LINES:
        return changes
    rest = f"({len(lines) - DIFF_LINES} more lines: tacho show {run} --out DIR writes the files)"
    return "\n".join([*lines[:DIFF_LINES], rest])


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write a candidate's files below `folder`. Raises UsageError where that cannot be."""
    try:
        for path, text in files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
    except OSError as error:
        raise UsageError(
            f"cannot write below {folder}: {error.strerror}", hint="--out DIR"
        ) from None


def plot(
    run: RunId = "last",
    out: Annotated[Path, typer.Option("--out", help="A .png or .svg file.")] = Path("run.png"),
    ledger: LedgerAt = None,
    as_json: AsJson = False,
) -> None:
    """Draw a run's progress: best so far with its interval, every trial a point."""
    from tachograph.cli.places import open_ledger
    from tachograph.loop.plot import plot as draw
    from tachograph.loop.run import find

    if out.suffix not in (".png", ".svg"):
        raise UsageError(f"--out {out}: not a .png or .svg file", hint="--out run.png")
    with open_ledger(ledger) as (book, _):
        found = find(book, run)
        draw(book.entries(run=found), out)
    if as_json:
        tell_json({"run": found, "picture": str(out)})
    else:
        tell(f"wrote {out}")


def runs(ledger: LedgerAt = None, as_json: AsJson = False) -> None:
    """List the ledger's runs, the oldest first."""
    from tachograph.cli.places import open_ledger
    from tachograph.loop.report import summary
    from tachograph.loop.run import archives
    from tachograph.loop.tally import paid_text

    with open_ledger(ledger) as (book, _):
        found = archives(book)
    rows = [
        {
            "run": run, "task": archive.opened.task if archive.opened else "",
            "ended": archive.closed.reason if archive.closed else None,
            "proposers": archive.team.get("proposers", []), "seats": archive.team.get("seats", 1),
            "findings": len(archive.findings), "tokens": archive.tokens,
            "money_usd": archive.money_usd, "summary": summary(archive),
            "paid": paid_text(archive),
        }
        for run, archive in found.items()
    ]  # fmt: skip
    if as_json:
        tell_json(rows)
        return
    for row in rows:
        tell(runs_line(row))


def runs_line(row: dict[str, Any]) -> str:
    """One run on one line; who proposed and what was paid, where it was not recipes alone."""
    from tachograph.loop.tally import shortened

    parts = [row["ended"] or "not ended", row["summary"]]
    if row["seats"] > 1 or row["proposers"] != ["recipes"]:
        seats = counted(row["seats"], "seat")
        parts.append(f"{seats} of {', '.join(map(shortened, row['proposers']))}")
    parts.append(row["paid"])
    return f"{row['run']}  {row['task']:16}  {'; '.join(filter(None, parts))}"
