"""The signed document: a C2SP signed note whose text is the agreement's TOML, byte for byte.

The agreement's id is the SHA-256 of that text in hex, so signatures come to it without changing its
id. Before the first signature the file is the plain TOML; tabs and other control characters are
refused, because a note has none. Proven by tests/brake/test_brake_document.py. Not covered: whether
a key belongs to who is named; parties compare keys in person.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from tachograph.brake.agreed.terms import Terms
from tachograph.brake.agreed.text import parse_terms
from tachograph.errors import FormatError, UsageError
from tachograph.merkle.note import (
    Note,
    Signature,
    SigningKey,
    check_note,
    format_note,
    parse_note,
    parse_verifier_key,
    sign_note,
)


@dataclass(frozen=True)
class Document:
    """An agreement's text, what it says, and who signed it. Made by `parse_document`."""

    text: str
    """The TOML."""
    terms: Terms
    """What it says."""
    signatures: tuple[Signature, ...]
    """All that stand under it, also by keys that it does not name."""
    signed: frozenset[str]
    """Names of the speakers whose signatures were checked."""

    @property
    def id(self) -> str:
        """SHA-256 of the text in hex."""
        return agreement_id(self.text)

    @property
    def missing(self) -> tuple[str, ...]:
        """Parties, verifiers and panelists who have not signed; meters need not."""
        roles = self.terms.roles
        return tuple(n for n in roles if roles[n] != "meter" and n not in self.signed)


def agreement_id(text: str) -> str:
    """The id of the agreement with this text."""
    return hashlib.sha256(text.encode()).hexdigest()


def parse_document(text: str) -> Document:
    """Return what a file says: plain TOML, or a note under which any number have signed.

    Raises FormatError; ProofError where a signature in a named speaker's name does not verify.
    """
    body, signatures = text, tuple[Signature, ...]()
    if "\n\n— " in text:
        note = parse_note(text)
        body, signatures = note.text, note.signatures
    elif not text.endswith("\n"):
        raise FormatError("the agreement does not end in a newline", hint="add one at its end")
    terms = parse_terms(body)
    return Document(body, terms, signatures, _signed(terms, body, signatures))


def sign_document(document: Document, key: SigningKey) -> Document:
    """Return the document with one more signature; the same one where that key has signed.

    Raises UsageError where the document names no such key.
    """
    ours = str(key.verifier)
    named = [name for name, enrolled in document.terms.keys.items() if enrolled == ours]
    if not named:
        raise UsageError(
            f"the agreement does not name the key {key.verifier}",
            hint="sign with the key that stands in it, or have it changed before anybody signs",
        )
    if named[0] in document.signed:
        return document
    (fresh,) = sign_note(document.text, key).signatures
    signatures = (*document.signatures, fresh)
    signed = _signed(document.terms, document.text, signatures)
    return Document(document.text, document.terms, signatures, signed)


def format_document(document: Document) -> str:
    """Return the file's text. Raises FormatError where no note can hold it."""
    if not document.signatures:
        return document.text
    return format_note(Note(document.text, document.signatures))


def _signed(terms: Terms, text: str, signatures: Sequence[Signature]) -> frozenset[str]:
    names = {key: name for name, key in terms.keys.items()}
    known = {(k.name, k.id) for k in map(parse_verifier_key, names)}
    ours = tuple(one for one in signatures if (one.name, one.key_id) in known)
    if not ours:
        return frozenset()
    found = check_note(Note(text, ours), [parse_verifier_key(key) for key in names])
    return frozenset(names[str(key)] for key in found)
