"""`tacho brake bundle` and `tacho brake audit`: what an auditor is given, and what it says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from tachograph.cli.exits import Exit
from tachograph.cli.options import AsJson
from tachograph.cli.output import remark, tell, tell_json
from tachograph.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from tachograph.brake.verdict import AuditReport

TEXT_BYTES = 1 << 20


def add_to(noun: typer.Typer) -> None:
    """Put the verbs of this file on `tacho brake`."""
    noun.command(
        "bundle", epilog="Example: tacho brake bundle ./bundle --log alba=./public --whole"
    )(bundle)
    noun.command("audit", epilog="Example: tacho brake audit ./bundle")(audit)


def bundle(
    out: Annotated[Path, typer.Argument(metavar="BUNDLE", help="The folder to make.")],
    logs: Annotated[
        list[str],
        typer.Option(
            "--log",
            metavar="NAME=PLACE",
            help="A log: a URL, a published folder, or a ledger's folder; any number.",
        ),
    ],
    agreement: Annotated[
        Optional[Path],  # noqa: UP045 - typer reads it at run time
        typer.Option("--agreement", metavar="FILE", help="The signed document [default: adopted]."),
    ] = None,
    held: Annotated[
        Optional[list[Path]],  # noqa: UP045 - likewise
        typer.Option("--held", metavar="FILE", help="A signed head that you kept; any number."),
    ] = None,
    watched: Annotated[
        Optional[list[Path]],  # noqa: UP045 - likewise
        typer.Option("--watched", metavar="DIR", help="All heads that a watcher kept; any number."),
    ] = None,
    openings: Annotated[
        Optional[list[str]],  # noqa: UP045 - likewise
        typer.Option("--openings", metavar="NAME=DIR", help="What a party opened of its log."),
    ] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="Ledgers named here leave the house as they are.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Put logs, agreement, content and heads into one folder that others can audit."""
    from tachograph.brake.bundle import gather
    from tachograph.brake.witness.watch import kept_heads

    if out.exists() and any(out.iterdir()):
        raise UsageError(f"{out} is not empty", hint="name a folder that is not there yet")
    if agreement is not None:
        gather.add_agreement(out, read_text(agreement))
    content = 0
    for name, place in map(named, logs):
        content += take_log(out, name, place, whole)
    gather.add_held(out, [read_text(path) for path in held or []])
    for path in watched or []:
        gather.add_held(out, kept_heads(path))
    for name, place in map(named, openings or []):
        for path in sorted(Path(place).glob("*.json")):
            gather.add_opening(out, name, path.name, read_text(path).encode())
    if not (out / "agreement.note").exists():
        raise NotFoundError("no agreement among these logs", hint="name it with --agreement FILE")
    if as_json:
        tell_json({"bundle": str(out), "logs": len(logs), "objects": content})
        return
    tell(f"{len(logs)} logs and {content} objects in {out}")
    tell(f"next: tacho brake audit {out}")


def take_log(out: Path, name: str, place: str, whole: bool) -> int:
    """Put one log into the bundle, from wherever it is; how many objects came with it."""
    from tachograph.brake.bundle import gather
    from tachograph.brake.logs.http_source import HttpSource
    from tachograph.brake.logs.source import FolderSource
    from tachograph.cli.places import open_ledger

    if place.startswith(("http://", "https://")):
        gather.add_source(out, name, HttpSource(place))
        return 0
    folder = Path(place)
    if not (folder / "ledger.db").is_file():
        gather.add_source(out, name, FolderSource(folder))
        return 0
    with open_ledger(folder) as (book, home):
        if (home / "public/checkpoint").is_file():
            gather.add_source(out, name, FolderSource(home / "public"))
        else:
            gather.add_ledger(out, name, book, home, whole=whole)
        return gather.add_content(out, book)


def audit(
    folder: Annotated[Path, typer.Argument(metavar="BUNDLE", help="The bundle's folder.")],
    at: Annotated[
        str, typer.Option("--at", metavar="TIME", help="Audit for this time, UTC [default: now].")
    ] = "",
    agreement: Annotated[
        str, typer.Option("--agreement", metavar="ID", help="Refuse a bundle of any other.")
    ] = "",
    require: Annotated[
        str, typer.Option("--require", metavar="V1,V2", help="Checks that must not be open.")
    ] = "",
    proofs: Annotated[
        Optional[Path],  # noqa: UP045 - typer reads it at run time
        typer.Option("--proofs", metavar="DIR", help="Write proofs of what failed here."),
    ] = None,
    details: Annotated[bool, typer.Option("--details", help="Say all results.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run the twelve checks on a bundle: pass, fail or not assessed; and say what none can see.

    Exit code 0 where nothing failed, 1 where something did, 3 where nothing could be told, or where
    a check of --require was not assessed for a party.
    """
    from tachograph.brake.audit import CHECKS
    from tachograph.brake.audit import audit as look
    from tachograph.brake.bundle.bundle import read_bundle
    from tachograph.brake.verdict_text import lines, plain
    from tachograph.ledger.entry import now

    wanted = required(require, [check.id for check in CHECKS])
    found = read_bundle(folder, at or now())
    if agreement and found.document.id != agreement:
        raise UsageError(
            f"the bundle is of the agreement {found.document.id}", hint="see --agreement"
        )
    report = look(found)
    if as_json:
        tell_json(plain(report, CHECKS))
    else:
        for line in lines(report, CHECKS, details):
            tell(line)
    if proofs is not None:
        write_proofs(report, proofs)
    raise typer.Exit(code_of(report, wanted))


def code_of(report: AuditReport, wanted: list[str]) -> Exit:
    """What the exit code says: never yes for what nobody looked at."""
    if report.failed:
        return Exit.NO
    still_open = any(
        report.outcome(check, party) == "not-assessed"
        for check in wanted
        for party in report.parties
    )
    passed = any(result.outcome == "pass" for result in report.results)
    return Exit.UNKNOWN if still_open or not passed else Exit.YES


def required(text: str, known: list[str]) -> list[str]:
    """The checks that --require names. Raises UsageError for one that there is not."""
    names = [name.strip().upper() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in known:
            raise UsageError(f"no check {name}", hint=f"there are {', '.join(known)}")
    return names


def write_proofs(report: AuditReport, folder: Path) -> None:
    """One file for each failure that carries a proof."""
    for number, result in enumerate(r for r in report.failed if r.proof):
        path = folder / f"{number:03}-{result.check}-{result.subject}.proof"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(result.proof)
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}", hint="--proofs DIR") from error
        remark(f"wrote {path}")


def named(text: str) -> tuple[str, str]:
    """Name and place of `NAME=PLACE`. Raises UsageError."""
    name, equals, place = text.partition("=")
    if not name or not equals or not place or "/" in name or name in (".", ".."):
        raise UsageError(f"{text!r} is not NAME=PLACE", hint="as in --log alba=./public")
    return name, place


def read_text(path: Path) -> str:
    """A small file's text. Raises NotFoundError."""
    try:
        with path.open("rb") as file:
            return file.read(TEXT_BYTES).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise NotFoundError(f"{path} cannot be read: {error}", hint="see the name") from error
