"""`tacho ledger show`, `record`, `verify`, `rederive`, `prove`, `check`."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tachograph.cli.exits import Exit
from tachograph.cli.options import AsJson, LedgerAt, RunId
from tachograph.cli.output import tell, tell_json
from tachograph.cli.verbs import Listing
from tachograph.errors import NotFoundError, UsageError
from tachograph.words import counted

app = typer.Typer(help="The ledger: the record of everything.", cls=Listing,
                  rich_markup_mode=None, invoke_without_command=True)  # fmt: skip
DEFAULT_LIMIT = 50
WHOLE_LINE = {"ignore_unknown_options": True, "help_option_names": []}
"""What follows the verb is read by what its first word names."""


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


@app.command(
    "record",
    context_settings=WHOLE_LINE,
    epilog="Example: tacho ledger record survey answers.csv --source 'our staff, June'",
)
def record(
    context: typer.Context,
    line: Annotated[list[str] | None, typer.Argument(metavar="GAUGE FILE...")] = None,
) -> None:
    """Take data into the ledger, for a gauge to read from there; with that gauge's own options."""
    from tachograph.cli.gauge_line import options_of, recorder_of, wants_help
    from tachograph.cli.places import open_ledger
    from tachograph.gauges import Inputs, find
    from tachograph.gauges.stored import keep

    words = line or []
    if words[:1] == ["--help"]:
        tell(context.get_help())
        return
    if not words or words[0].startswith("-"):
        raise UsageError("which gauge are the data for?", hint="tacho gauge lists them")
    chosen = find(words[0])
    parser = recorder_of(chosen)
    if wants_help(parser, words[1:]):
        return
    given = parser.parse_args(words[1:])
    if not given.files:
        raise UsageError(f"no data: {chosen.name} needs {chosen.needs}",
                         hint=f"tacho ledger record {chosen.name} FILE")  # fmt: skip
    with open_ledger(given.ledger, create=True) as (book, _):
        entry = keep(book, chosen, Inputs(tuple(given.files)), options_of(chosen, given),
                     name=given.name, source=given.source, actor=given.actor)  # fmt: skip
    body = asdict(entry.body)
    if given.json:
        tell_json({"seq": entry.seq, **body})
        return
    tell(f"recorded as entry {entry.seq}, for good: {', '.join(body['files'])}")
    tell(f"next: tacho gauge {chosen.name} --data {shlex.quote(body['name'])}")


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
    counts = {"entry": found.size, "object": found.objects, "signed head": found.heads}
    tell(f"intact: {', '.join(counted(number, one) for one, number in counts.items())}")
    tell(f"origin {origin}")
    tell(f"root   {found.root}")
    if found.unsigned:
        last = "entry is" if found.unsigned == 1 else f"{found.unsigned} entries are"
        tell(f"the last {last} under no signed head yet: who may write the folder can change that")


@app.command("rederive", epilog="Example: tacho ledger rederive last")
def rederive(run: RunId = "last", ledger: LedgerAt = None, as_json: AsJson = False) -> None:
    """Derive a run's choices and verdicts again from its entries: are they the recorded ones?"""
    from tachograph.cli.places import open_ledger
    from tachograph.loop.rederive import rederive as derive
    from tachograph.loop.run import find

    with open_ledger(ledger) as (book, _):
        name = find(book, run)
        found = derive(book.entries(run=name))
    if as_json:
        tell_json({"run": name, "agrees": found.agrees, **asdict(found)})
    else:
        tell("\n".join(found.lines()))
    raise typer.Exit(Exit.YES if found.agrees else Exit.NO)


@app.command("prove", epilog="Example: tacho ledger prove 12 --out ./evidence")
def prove(
    seq: Annotated[int, typer.Argument(metavar="SEQ", help="The entry's number.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where to write.")] = Path(),
    ledger: LedgerAt = None,
    as_json: AsJson = False,
) -> None:
    """Write one entry and the proof that it is in the ledger; others need nothing else to check."""
    from tachograph.cli.places import open_ledger
    from tachograph.ledger.entry import encode

    with open_ledger(ledger) as (book, _):
        entry, proof, key = encode(book.get(seq)), book.prove(seq), str(book.verifier)
    files = {"entry": out / f"entry-{seq}.json", "proof": out / f"entry-{seq}.tlog-proof"}
    try:
        out.mkdir(parents=True, exist_ok=True)
        files["entry"].write_bytes(entry)
        files["proof"].write_text(proof)
    except OSError as error:
        raise UsageError(f"cannot write below {out}: {error.strerror}", hint="--out DIR") from None
    if as_json:
        tell_json({name: str(path) for name, path in files.items()} | {"key": key})
        return
    tell(f"wrote {files['entry']} and {files['proof']}")
    tell(f"key {key}")
    tell(f"next: tacho ledger check {files['proof']} {files['entry']} --key '{key}'")


@app.command("check", epilog="Example: tacho ledger check e.tlog-proof e.json --key 'KEY'")
def check(
    proof: Annotated[Path, typer.Argument(metavar="PROOF")],
    entry: Annotated[Path, typer.Argument(metavar="ENTRY")],
    key: Annotated[str, typer.Option("--key", help="The ledger's public key, from its owner.")],
    as_json: AsJson = False,
) -> None:
    """Check a proof without the ledger: was this entry under a head that this key signed?"""
    from tachograph.merkle.note import parse_verifier_key
    from tachograph.merkle.proof import check_proof, parse_proof

    try:
        text, data = proof.read_bytes().decode(), entry.read_bytes()
    except (OSError, UnicodeDecodeError) as error:
        raise NotFoundError(f"cannot read the proof or the entry: {error}") from None
    verifier = parse_verifier_key(key)
    parsed = parse_proof(text)
    head = check_proof(parsed, data=data, origin=verifier.name, keys=[verifier])
    if as_json:
        tell_json({"proven": True, "index": parsed.index, "size": head.size, "origin": head.origin})
        return
    tell(f"proven: entry {parsed.index} of {head.size} under a head of {head.origin}")
