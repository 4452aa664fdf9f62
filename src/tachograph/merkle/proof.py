"""A proof in one file: this entry is in the log that signed that head (C2SP tlog-proof).

An instance; a later format would differ in its first line:

    c2sp.org/tlog-proof@v1
    index 1
    bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=

    example.com/log
    2
    sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=

    — example.com/log hI2DJw...

Whoever holds the entry's bytes and the log's key needs nothing else, and no network. Parsing is
strict. Proven by tests/merkle/test_merkle_proof.py. Not covered: witnesses; their lines stay in the
head.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tachograph.errors import FormatError
from tachograph.merkle.checkpoint import Checkpoint, parse_checkpoint
from tachograph.merkle.note import VerifierKey, check_note, decode_base64, encode_base64, parse_note
from tachograph.merkle.tree import check_inclusion, leaf_hash

VERSION = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True)
class Proof:
    """An index, the path from its leaf, and the signed head it leads to."""

    index: int
    """Position of the entry."""
    path: tuple[bytes, ...]
    """Inclusion proof, from the leaf upwards."""
    head: str
    """The signed checkpoint, as it was published."""
    extra: bytes = b""
    """Opaque, and vouched for by nobody."""


def format_proof(proof: Proof) -> str:
    """Return the proof as text. Raises FormatError where it would not parse back."""
    if proof.index < 0 or any(len(hash_) != 32 for hash_ in proof.path):
        raise _refusal("a proof has an index from 0 and hashes of 32 bytes")
    parse_note(proof.head)
    lines = [VERSION]
    if proof.extra:
        lines.append("extra " + encode_base64(proof.extra))
    lines += [f"index {proof.index}", *map(encode_base64, proof.path)]
    return "\n".join(lines) + "\n\n" + proof.head


def parse_proof(text: str) -> Proof:
    """Return the proof that `text` spells, unchecked. Raises FormatError."""
    start, _, head = text.partition("\n\n")
    version, *lines = start.split("\n")
    extra = b""
    if lines and lines[0].startswith("extra "):
        extra = decode_base64(lines.pop(0).removeprefix("extra "))
    if version != VERSION or not lines or not lines[0].startswith("index "):
        raise _refusal(f"not a {VERSION}")
    index = lines[0].removeprefix("index ")
    if not index.isascii() or not index.isdigit() or len(index) > 20:
        raise _refusal("the index is not a number")
    proof = Proof(int(index), tuple(map(decode_base64, lines[1:])), head, extra)
    if format_proof(proof) != text:
        raise _refusal("a proof has one spelling, and this is another")
    return proof


def check_proof(
    proof: Proof, *, data: bytes, origin: str, keys: Sequence[VerifierKey]
) -> Checkpoint:
    """Return the head that contains the entry `data`, signed by one of the log's keys.

    Raises ProofError where a signature or the path does not check, FormatError where the head is no
    checkpoint of the log `origin`.
    """
    note = parse_note(proof.head)
    check_note(note, keys)
    checkpoint = parse_checkpoint(note.text)
    if checkpoint.origin != origin:
        raise _refusal(f"a head of {checkpoint.origin}, not of {origin}")
    check_inclusion(
        leaf=leaf_hash(data),
        index=proof.index,
        size=checkpoint.size,
        proof=proof.path,
        root=checkpoint.root,
    )
    return checkpoint


def _refusal(message: str) -> FormatError:
    return FormatError(message, hint="ask whoever proves it for the file as it was made")
