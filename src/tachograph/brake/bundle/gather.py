"""Making a bundle: the other side of bundle.py, and not part of the verifier.

Logs come from where they are published, or from ledgers, which are published into the bundle for
it; content that statements name comes from ledgers' object stores. Proven by the golden session
tests/sessions/audit.txt. Not covered: whether the bundle is whole, which is for the audit to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from tachograph.brake.bundle.folder import Limits
from tachograph.brake.bundle.log_copy import ENTRIES
from tachograph.brake.logs.host import open_log
from tachograph.brake.logs.publish import publish
from tachograph.brake.logs.source import Source
from tachograph.brake.said.statement import peek
from tachograph.errors import EvidenceError, FormatError, NotFoundError, StoreError
from tachograph.ledger import Ledger, kinds
from tachograph.ledger.fields import digests
from tachograph.merkle.checkpoint import parse_checkpoint
from tachograph.merkle.note import parse_note
from tachograph.merkle.tile import format_path, new_tiles

OBJECT_BYTES = 16 * 2**20
"""Largest object that an audit reads (folder.Limits)."""
_LESS = "ask its publisher for the window in question"
SAYING = (kinds.StatementPosted, kinds.StatementCopied)


def add_source(bundle: Path, name: str, source: Source) -> str:
    """Copy a published log into the bundle, its checkpoint last; return the checkpoint.

    Raises StoreError, FormatError where the checkpoint is none or there is more than an audit takes
    in, and what the source raises.
    """
    folder = bundle / "logs" / name
    head = source.checkpoint()
    text = head.decode("utf-8", errors="replace")
    size = parse_checkpoint(parse_note(text).text).size
    if size > ENTRIES:
        raise FormatError(f"a log of {size} entries, an audit takes in {ENTRIES}", hint=_LESS)
    left = Limits().total_bytes
    for tile in new_tiles(0, size):
        data = source.tile(tile)
        left -= len(data)
        if left < 0:
            raise FormatError(f"a log of more than {Limits().total_bytes} bytes", hint=_LESS)
        _write(folder / format_path(tile), data)
    _write(folder / "checkpoint", head)
    return text


def add_ledger(bundle: Path, name: str, ledger: Ledger, home: Path, *, whole: bool = False) -> str:
    """Publish a ledger into the bundle, as it is published elsewhere; return the checkpoint.

    Nobody cosigns this head: where witnesses count, add the published log instead. Raises
    UsageError where nobody has said that the ledger may leave the house, StoreError, DamagedError.
    """
    folder = bundle / "logs" / name
    return publish(open_log(ledger, home, folder, whole=whole), home, folder).note


def add_content(bundle: Path, ledger: Ledger) -> int:
    """Copy what a ledger's statements and adoption name, as far as it has it; return how many.

    The agreement that the ledger adopted becomes `agreement.note`, where there is none yet. Raises
    StoreError, DamagedError.
    """
    count = 0
    for digest in dict.fromkeys(_named(ledger)):
        try:
            data = ledger.fetch(digest)
        except NotFoundError:
            continue
        if len(data) <= OBJECT_BYTES:
            _write(bundle / "objects" / digest, data)
            count += 1
    for entry in ledger.entries(kinds=[kinds.AgreementAdopted]):
        if isinstance(entry.body, kinds.AgreementAdopted):
            document = ledger.fetch(entry.body.agreement)
            if not (bundle / "agreement.note").exists():
                _write(bundle / "agreement.note", document)
    return count


def add_agreement(bundle: Path, text: str) -> None:
    """Write the signed document. Raises StoreError."""
    _write(bundle / "agreement.note", text.encode())


def add_held(bundle: Path, notes: Iterable[str]) -> None:
    """Add heads that were held before or gossiped. Raises StoreError."""
    folder = bundle / "held"
    start = len(list(folder.iterdir())) if folder.is_dir() else 0
    for number, note in enumerate(notes, start):
        _write(folder / f"{number:06}", note.encode())


def add_opening(bundle: Path, name: str, file: str, data: bytes) -> None:
    """Add what shows one withheld entry of a log: `SEQ.json`. Raises StoreError."""
    _write(bundle / "openings" / name / file, data)


def _named(ledger: Ledger) -> Iterator[str]:
    for entry in ledger.entries(kinds=SAYING):
        if isinstance(entry.body, SAYING):
            try:
                said = peek(entry.body.envelope).said
            except EvidenceError:
                continue
            yield from (digest for digest in digests(said) if digest)


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written: {error.strerror}",
            hint="see that the disk has room and that you may write there",
        ) from error
