"""A proof in one file checks with the entry and the key alone."""

from __future__ import annotations

import base64

import pytest

from tachograph.errors import EvidenceError, FormatError
from tachograph.merkle.checkpoint import Checkpoint, format_checkpoint
from tachograph.merkle.levels import Levels
from tachograph.merkle.note import SigningKey, format_note, sign_note
from tachograph.merkle.proof import Proof, check_proof, format_proof, parse_proof
from tachograph.merkle.tree import prove_inclusion

KEY = SigningKey("example.com/log", bytes(range(32)))
DATA = [b"entry %d" % index for index in range(13)]


def proof_of(index: int, extra: bytes = b"") -> Proof:
    """A good proof of one entry."""
    levels = Levels()
    levels.extend(DATA)
    text = format_checkpoint(Checkpoint(KEY.name, levels.size, levels.root()))
    path = prove_inclusion(index, levels.size, levels.read)
    return Proof(index, tuple(path), format_note(sign_note(text, KEY)), extra)


def check(text: str, data: bytes, origin: str = KEY.name) -> Checkpoint:
    """Parse and check."""
    return check_proof(parse_proof(text), data=data, origin=origin, keys=[KEY.verifier])


@pytest.mark.parametrize("extra", [b"", b"context"])
def test_good_proofs_check(extra: bytes) -> None:
    """Each entry's proof comes back from its text and names the signed size."""
    for index, data in enumerate(DATA):
        proof = proof_of(index, extra)
        assert parse_proof(format_proof(proof)) == proof
        assert check(format_proof(proof), data).size == len(DATA)


def test_every_changed_byte_is_refused() -> None:
    """A proof with any one byte changed does not parse, or does not check."""
    data = format_proof(proof_of(5)).encode()
    for place in range(len(data)):
        bad = bytearray(data)
        bad[place] ^= 1
        with pytest.raises((EvidenceError, UnicodeDecodeError)):
            check(bytes(bad).decode(), DATA[5])


def test_another_entry_or_log_is_refused() -> None:
    """A proof speaks of one entry of one log."""
    text = format_proof(proof_of(5))
    with pytest.raises(EvidenceError):
        check(text, DATA[6])
    with pytest.raises(FormatError, match=r"not of example\.com/other"):
        check(text, DATA[5], origin="example.com/other")


def test_other_spellings_are_refused() -> None:
    """What formatting would not have written is a format error."""
    good = format_proof(proof_of(5))
    hash_ = base64.b64encode(bytes(31)).decode()
    for bad in (
        "",
        good.replace("@v1", "@v2"),
        good.replace("index 5", "index 05"),
        good.replace("index 5", "index +5"),
        good.replace("index 5\n", "extra \nindex 5\n"),
        good.replace("index 5\n", ""),
        good.replace("index 5\n", f"index 5\n{hash_}\n"),
        good.replace("\n\n", "\n", 1),
    ):
        with pytest.raises(FormatError):
            parse_proof(bad)
