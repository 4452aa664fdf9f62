"""Signatures come to a document without changing its id; a bad one spoils it."""

from __future__ import annotations

import hashlib

import pytest
from parties import OTHERS, PARTIES, document, key

from tachograph.brake.agreed.described import describe, described
from tachograph.brake.agreed.document import format_document, parse_document, sign_document
from tachograph.errors import FormatError, ProofError, UsageError

PLAIN = document(key("register").verifier)


def test_everybody_signs_and_the_id_stays() -> None:
    """Each signature is found again; who is missing is named."""
    found = PLAIN
    for count, name in enumerate((*PARTIES, *OTHERS), 1):
        found = parse_document(format_document(sign_document(found, key(name))))
        assert len(found.signed) == count and found.id == PLAIN.id
    assert found.missing == () and PLAIN.missing == (*PARTIES, *OTHERS)
    assert found.id == hashlib.sha256(PLAIN.text.encode()).hexdigest()
    assert sign_document(found, key("aurora")) == found


def test_a_changed_text_has_no_signatures() -> None:
    """One character, and the note is refused."""
    signed = format_document(sign_document(PLAIN, key("aurora")))
    with pytest.raises(ProofError):
        parse_document(signed.replace("lift = 3", "lift = 4"))


def test_strangers_do_not_sign() -> None:
    """Only keys that the agreement names; lines of others are kept and count for nothing."""
    with pytest.raises(UsageError):
        sign_document(PLAIN, key("mallory"))
    signed = sign_document(PLAIN, key("aurora"))
    from tachograph.merkle.note import Note, format_note, sign_note

    line = sign_note(PLAIN.text, key("mallory")).signatures
    found = parse_document(format_note(Note(PLAIN.text, (*signed.signatures, *line))))
    assert found.signed == {"aurora"}
    assert parse_document(format_note(Note(PLAIN.text, line))).signed == frozenset()


def test_other_files_are_refused() -> None:
    """Not a note, not TOML, no newline at the end."""
    for text in ("", "x", PLAIN.text.rstrip(), PLAIN.text + "\n— x\n", "\n\n— aurora AAAA\n"):
        with pytest.raises(FormatError):
            parse_document(text)


def test_a_document_is_described() -> None:
    """The arithmetic and the exposure (B1), for people and for machines."""
    text = "\n".join(describe(PLAIN))
    assert "trigger 2" in text and "lift 3" in text and "signed by nobody" in text
    assert described(PLAIN)["exposure_flop"] == pytest.approx(4e15 * 33 * 86_400)
