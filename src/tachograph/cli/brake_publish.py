"""`tacho brake publish` and `tacho brake open`: a ledger as files, and what shows an entry."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from tachograph.cli.options import AsJson
from tachograph.cli.output import remark, tell, tell_json
from tachograph.errors import UsageError, WorldError

if TYPE_CHECKING:
    from tachograph.brake.agreed.document import Document
    from tachograph.brake.heads.policy import Policy
    from tachograph.brake.logs.publish import Published
    from tachograph.brake.logs.redact import Redaction
    from tachograph.brake.witness.client import Outcome
    from tachograph.ledger import Ledger

Folder = Annotated[Path, typer.Argument(metavar="LEDGER", help="The ledger's folder.")]
Policies = Annotated[
    Optional[Path],  # noqa: UP045 - typer reads it at run time
    typer.Option(
        "--policy",
        metavar="FILE",
        help="Witnesses to ask and their quorum (C2SP tlog-policy) [default: the agreement's].",
    ),
]


def add_to(noun: typer.Typer) -> None:
    """Put the verbs of this file on `tacho brake`."""
    noun.command("publish", epilog="Example: tacho brake publish .tacho ./public --redact default")(
        publish
    )
    noun.command("open", epilog="Example: tacho brake open .tacho 12 --out ./openings")(open_)


def publish(
    ledger: Folder,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What the file host serves.")],
    whole: Annotated[bool, typer.Option("--whole", help="Publish every entry as it is.")] = False,
    redact: Annotated[
        str,
        typer.Option(
            "--redact", metavar="POLICY", help="Keep bodies home: a TOML file, or 'default'."
        ),
    ] = "",
    policy: Policies = None,
    as_json: AsJson = False,
) -> None:
    """Bring a folder of static tiles up to date with a ledger; any file host can serve it."""
    from tachograph.brake.logs.host import published_key
    from tachograph.brake.logs.redact import choose
    from tachograph.cli.places import open_ledger

    if whole and redact:
        raise UsageError("--whole and --redact exclude each other", hint="choose one")
    with open_ledger(ledger) as (book, home):
        if redact:
            choose(book, home, redaction(redact))
        done = bring_up_to_date(book, home, folder, whole=whole, policy=policy)
        key = str(published_key(book))
    if as_json:
        tell_json({**asdict(done), "key": key})
        return
    tell(f"published {done.size} entries of {done.origin}, {done.size - done.before} of them new")
    tell(f"{done.files} files written below {folder}")
    tell(f"key {key}")


def open_(
    ledger: Folder,
    seqs: Annotated[list[int], typer.Argument(metavar="SEQ...", help="Numbers of entries.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where to write.")] = Path(),
    as_json: AsJson = False,
) -> None:
    """Write what shows an auditor these withheld entries, and nothing of the others."""
    from tachograph.brake.logs.commitment import format_opening
    from tachograph.brake.logs.redact import RedactedLog
    from tachograph.cli.places import open_ledger

    with open_ledger(ledger) as (book, home):
        log = RedactedLog(book, home)
        openings = {out / f"{seq}.json": format_opening(log.open(seq)) for seq in seqs}
    try:
        out.mkdir(parents=True, exist_ok=True)
        for path, data in openings.items():
            path.write_bytes(data)
    except OSError as error:
        raise WorldError(f"cannot write below {out}: {error.strerror}", hint="--out DIR") from None
    if as_json:
        tell_json({"openings": [str(path) for path in openings]})
        return
    for path in openings:
        tell(f"wrote {path}")


def redaction(given: str) -> Redaction:
    """The policy in a file, or the default one. Raises UsageError, FormatError."""
    from tachograph.brake.logs.redact import DEFAULT, parse_redaction

    if given == "default":
        return DEFAULT
    try:
        return parse_redaction(Path(given).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {given}: {error}", hint="name a TOML file") from None


def bring_up_to_date(
    book: Ledger,
    home: Path,
    folder: Path,
    *,
    whole: bool = False,
    policy: Path | None = None,
    document: Document | None = None,
) -> Published:
    """Publish, cosigned where there are witnesses to ask; what each of them did goes to stderr."""
    from tachograph.brake.logs.host import cosigner, open_log
    from tachograph.brake.logs.publish import publish as bring

    asked = witness_policy(book, policy, document)
    if asked is not None and all(witness.url is None for witness in asked.witnesses):
        remark("no witness is asked: the policy has no URL of any")
        asked = None
    cosign = cosigner(asked, tell_outcome) if asked is not None else None
    return bring(open_log(book, home, folder, whole=whole), home, folder, cosign)


def witness_policy(book: Ledger, given: Path | None, document: Document | None) -> Policy | None:
    """The policy in a file, else that of an agreement: this one, or what the ledger obeys."""
    from tachograph.brake.heads.policy import parse_policy
    from tachograph.brake.logs.host import adopted

    if given is None:
        documents = [document] if document is not None else adopted(book)
        text = documents[-1].terms.witnesses if documents else ""
        return parse_policy(text) if text else None
    try:
        return parse_policy(given.read_bytes())
    except OSError as error:
        raise UsageError(f"cannot read {given}: {error.strerror}", hint="--policy FILE") from None


def tell_outcome(outcome: Outcome) -> None:
    """What became of a witness."""
    remark(f"witness {outcome.witness}: {outcome.reason or 'cosigned'}")
