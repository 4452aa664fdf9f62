"""`tacho brake init`, `key`, `sign`, `show`, `adopt`: an agreement, until a ledger obeys it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tachograph.cli.exits import Exit
from tachograph.cli.options import AsJson, LedgerAt
from tachograph.cli.output import tell, tell_json
from tachograph.errors import UsageError

if TYPE_CHECKING:
    from tachograph.brake.agreed.document import Document
    from tachograph.brake.agreed.terms import Party
    from tachograph.merkle.note import SigningKey

File = Annotated[Path, typer.Argument(metavar="FILE", help="The agreement's file.")]
KeyFile = Annotated[Path, typer.Option("--key", metavar="DIR", help="The key's folder.")]
PARTIES = ["aurora:east", "borealis:east", "crux:west", "dorado:west"]


def add_to(noun: typer.Typer) -> None:
    """Put the verbs of this file on `tacho brake`."""
    for verb, example in (
        (init, "init agreement.toml --home ./rehearsal"),
        (key, "key aurora --home ./keys"),
        (sign, "sign agreement.toml --key ./keys/aurora"),
        (show, "show agreement.toml"),
        (adopt, "adopt agreement.toml --ledger .tacho"),
    ):
        noun.command(verb.__name__, epilog=f"Example: tacho brake {example}")(verb)


def init(
    file: File,
    name: Annotated[str, typer.Option("--name", help="Of the agreement.")] = "a pause for all",
    party: Annotated[
        list[str] | None, typer.Option("--party", metavar="NAME:BLOC", help="One each.")
    ] = None,
    verifier: Annotated[list[str] | None, typer.Option("--verifier", help="One each.")] = None,
    panel: Annotated[list[str] | None, typer.Option("--panel", help="One each; odd.")] = None,
    home: Annotated[
        Path, typer.Option("--home", metavar="DIR", help="Where keys and ledgers go.")
    ] = Path("brake"),
    as_json: AsJson = False,
) -> None:
    """Write a commented draft, with keys for all and ledgers for parties and register.

    For a rehearsal on one machine. In earnest each speaker makes its own key (tacho brake key) and
    its own ledger, and the draft gets their public keys.
    """
    from tachograph.brake.agreed.document import parse_document
    from tachograph.brake.agreed.template import Draft, write_draft
    from tachograph.brake.agreed.terms import Panelist, Verifier

    if file.exists():
        raise UsageError(f"{file} is there already", hint="name another, or move it away")
    keys, ledgers = home / "keys", home / "ledgers"
    draft = Draft(
        name=name,
        register=_ledger_key(ledgers / "register"),
        parties=[_party(one, keys, ledgers) for one in party or PARTIES],
        verifiers=[Verifier(n, _key(keys, n)) for n in verifier or ["veritas"]],
        panel=[Panelist(n, _key(keys, n)) for n in panel or ["judge"]],
    )
    text = write_draft(draft)
    parse_document(text)
    _write(file, text)
    if as_json:
        tell_json({"file": str(file), "keys": str(keys), "ledgers": str(ledgers)})
        return
    tell(f"wrote {file}, keys below {keys}, ledgers below {ledgers}")
    tell(f"next: read and change it, then tacho brake sign {file} --key {keys}/NAME")


def key(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The speaker's name.")],
    home: Annotated[Path, typer.Option("--home", metavar="DIR", help="Where keys lie.")] = Path(
        "keys"
    ),
    as_json: AsJson = False,
) -> None:
    """Make a speaker's key where there is none; print its public half, for the agreement."""
    public = _key(home, name)
    if as_json:
        tell_json({"name": name, "key": public, "folder": str(home / name)})
        return
    tell(public)


def sign(file: File, key: KeyFile, as_json: AsJson = False) -> None:
    """Put a signature under an agreement. Its id stays the same."""
    from tachograph.brake.agreed.document import format_document, sign_document

    signed = sign_document(_read(file), _signing_key(key))
    _write(file, format_document(signed))
    if as_json:
        tell_json({"agreement": signed.id, "signed": sorted(signed.signed),
                   "missing": list(signed.missing)})  # fmt: skip
        return
    tell(f"agreement {signed.id}")
    tell(f"signed by {', '.join(sorted(signed.signed))}")
    _tell_missing(signed, file)


def show(file: File, as_json: AsJson = False) -> None:
    """What an agreement says: who signed it, its quorums and timers, what it cannot prevent."""
    from tachograph.brake.agreed.described import describe, described

    document = _read(file)
    if as_json:
        tell_json(described(document))
    else:
        tell("\n".join(describe(document)))
        _tell_missing(document, file)
    raise typer.Exit(Exit.NO if document.missing else Exit.YES)


def adopt(file: File, ledger: LedgerAt = None, as_json: AsJson = False) -> None:
    """From now on this ledger's loop obeys the agreement. All must have signed it."""
    from tachograph.brake.agreed.document import format_document
    from tachograph.brake.agreement import adopt as record
    from tachograph.cli.places import open_ledger

    document = _read(file)
    with open_ledger(ledger) as (book, _):
        body = record(book, format_document(document))
        seq = book.size - 1
    if as_json:
        tell_json({"seq": seq, "agreement": document.id, "register": body.register})
        return
    tell(f"adopted {document.terms.name} (entry {seq})")
    tell(f"agreement {document.id}")
    tell(f"register {body.register}")


def _tell_missing(document: Document, file: Path) -> None:
    if document.missing:
        tell(f"not signed yet by {', '.join(document.missing)}")
    else:
        tell(f"all have signed; next: tacho brake adopt {file} --ledger DIR, in each ledger")


def _party(text: str, keys: Path, ledgers: Path) -> Party:
    from tachograph.brake.agreed.terms import Party, Site

    name, colon, bloc = text.partition(":")
    if not colon:
        raise UsageError(f"--party {text} names no bloc", hint="write it as NAME:BLOC")
    log = _ledger_key(ledgers / name)
    return Party(name, bloc, _key(keys, name), log, (Site("site-1", 1e18),))


def _key(home: Path, name: str) -> str:
    from tachograph.ledger.key import create_key

    folder = home / name
    folder.mkdir(parents=True, exist_ok=True)
    return str(create_key(folder, name).verifier)


def _signing_key(folder: Path) -> SigningKey:
    from tachograph.ledger.key import load_key

    return load_key(folder)


def _ledger_key(folder: Path) -> str:
    from tachograph.ledger import Ledger

    with Ledger.open(folder, create=True) as book:
        return str(book.verifier)


def _read(file: Path) -> Document:
    from tachograph.brake.agreed.document import parse_document

    try:
        return parse_document(file.read_bytes().decode())
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {file}: {error}", hint="tacho brake init FILE") from None


def _write(file: Path, text: str) -> None:
    try:
        file.write_bytes(text.encode())
    except OSError as error:
        raise UsageError(f"cannot write {file}: {error.strerror}", hint="name another") from None
