"""`tacho ledger show`, `verify`, `prove`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from tachograph.cli.options import AsJson, LedgerAt
from tachograph.cli.output import tell, tell_json
from tachograph.errors import UsageError

app = typer.Typer(help="The ledger: the record of everything.", rich_markup_mode=None,
                  invoke_without_command=True)  # fmt: skip
DEFAULT_LIMIT = 50


@app.callback()
def bare(context: typer.Context, ledger: LedgerAt = None) -> None:
    """The ledger: the record of everything. Without a verb: the latest entries."""
    if context.invoked_subcommand is None:
        show(ledger=ledger)


@app.command("show", epilog="Example: tacho ledger show --kind CandidateKept")
def show(
    start: Annotated[int | None, typer.Option("--from", help="First entry's number.")] = None,
    limit: Annotated[int, typer.Option("--limit", help="At most this many.")] = DEFAULT_LIMIT,
    kind: Annotated[list[str] | None, typer.Option("--kind", help="Only of this kind.")] = None,
    run: Annotated[str | None, typer.Option("--run", help="Only of this run.")] = None,
    ledger: LedgerAt = None,
    as_json: AsJson = False,
) -> None:
    """Print entries: the latest ones, or from a number on."""
    from tachograph.cli.places import open_ledger
    from tachograph.loop.run import find

    if limit < 1:
        raise UsageError(f"--limit {limit}", hint="give 1 or more")
    with open_ledger(ledger) as (book, _):
        chosen = list(book.entries(run=find(book, run) if run else None, kinds=tuple(kind or ()),
                                   start=start or 0))  # fmt: skip
    shown = chosen[:limit] if start is not None else chosen[-limit:]
    if as_json:
        rows = [{"seq": e.seq, "time": e.time, "kind": e.kind, "actor": e.actor,
                 "parents": list(e.parents), "body": asdict(e.body)} for e in shown]  # fmt: skip
        tell_json({"entries": rows, "truncated": len(shown) < len(chosen)})
        return
    for entry in shown:
        body = asdict(entry.body)
        fields = "  ".join(f"{name}={short(value)}" for name, value in body.items())
        tell(f"{entry.seq:6}  {entry.time[:19]}  {entry.kind:18} {fields}")
    if len(shown) < len(chosen):
        tell(f"({len(shown)} of {len(chosen)} entries; --limit and --from show more)")


def short(value: object) -> str:
    """A field on one line."""
    text = str(value).replace("\n", " ")
    return text if len(text) <= 40 else text[:39] + "…"


@app.command("verify", epilog="Example: tacho ledger verify")
def verify(ledger: LedgerAt = None, as_json: AsJson = False) -> None:
    """Derive everything again from the entries; say which one is damaged, if any is."""
    from tachograph.cli.places import open_ledger

    with open_ledger(ledger) as (book, _):
        found = book.verify()
        origin = book.verifier.name
    if as_json:
        tell_json({"intact": True, "origin": origin, **asdict(found)})
        return
    tell(f"intact: {found.size} entries, {found.objects} objects, {found.heads} signed heads")
    tell(f"origin {origin}")
    tell(f"root   {found.root}")
