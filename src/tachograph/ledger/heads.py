"""Signed heads: making one, reading one, and keeping the newest beside the ledger.

The file `head` holds the newest signed note. A database that is put back to an older state then no
longer begins with it, so that the key does not sign two histories. Proven by
tests/ledger/test_ledger_heads.py. Not covered: a folder that is put back as a whole; against that,
others keep the heads that they have seen.
"""

from __future__ import annotations

from pathlib import Path

from tachograph.errors import ProofError, StoreError
from tachograph.ledger.disk import write_file
from tachograph.ledger.store import Head
from tachograph.merkle.checkpoint import Checkpoint, format_checkpoint, parse_checkpoint
from tachograph.merkle.note import (
    SigningKey,
    VerifierKey,
    check_note,
    format_note,
    parse_note,
    sign_note,
)


def format_head(head: Head, key: SigningKey) -> str:
    """Return the signed note that says: the log has this head."""
    text = format_checkpoint(Checkpoint(key.name, head.size, head.root))
    return format_note(sign_note(text, key))


def parse_head(note: str, key: VerifierKey) -> Head:
    """Return the head that a note says. Raises FormatError, and ProofError where `key` did not."""
    parsed = parse_note(note)
    check_note(parsed, [key])
    checkpoint = parse_checkpoint(parsed.text)
    if checkpoint.origin != key.name:
        raise ProofError(f"a head of {checkpoint.origin}, not of {key.name}", hint=KEEP)
    return Head(checkpoint.size, checkpoint.root)


def save_head(folder: Path, note: str) -> None:
    """Keep a signed head as the newest. Raises StoreError."""
    try:
        write_file(folder / "head", note.encode(), replace=True)
    except OSError as error:
        raise _unusable(folder, error) from error


def load_head(folder: Path) -> str | None:
    """Return the newest signed head, unchecked; None where none was signed. Raises StoreError."""
    try:
        return (folder / "head").read_bytes().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unusable(folder, error) from error


KEEP = "keep both copies: a signed head that does not fit is evidence of a second history"


def _unusable(folder: Path, error: OSError) -> StoreError:
    return StoreError(
        f"{folder / 'head'} cannot be used: {error.strerror}",
        hint="see that the disk has room and that you may write there",
    )
