"""What a witness answers, as a pure function (C2SP tlog-witness, add-checkpoint).

A request is an old size, a consistency proof, an empty line and a log's signed head:

    old 20852014
    PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
    jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=

    example.com/behind-the-sofa
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv...

`receive` judges all of it that needs no memory, `follow` the step from what the witness holds.
Refused: 400 where it is no request, 404 for a log that is not known, 403 without a good signature
by the log, 409 and the held size where the old size is another, 422 where the step is not proven.
A signature line in a second spelling is no good signature: 403. Proven by
tests/brake/witness/test_witness_protocol.py, and by a conversation of another witness. Not covered:
`sign-subtree`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tachograph.errors import EvidenceError, FormatError, ProofError
from tachograph.merkle.checkpoint import Checkpoint, parse_checkpoint, parse_size
from tachograph.merkle.note import (
    Note,
    VerifierKey,
    check_note,
    decode_base64,
    encode_base64,
    format_note,
    parse_note,
)
from tachograph.merkle.tree import EMPTY_ROOT, HASH_BYTES, check_consistency

PROOF_LINES = 63
"""Most lines of a consistency proof (C2SP tlog-witness, add-checkpoint)."""
REQUEST_BYTES = 1 << 19
"""Longest request: every proof line, and 64 signatures of any algorithm."""
SIZE_TYPE = "text/x.tlog.size"
TEXT_TYPE = "text/plain; charset=utf-8"

Logs = Mapping[str, Sequence[VerifierKey]]
"""Origin of each known log, to the keys that may sign its heads."""


@dataclass(frozen=True)
class Answer:
    """What goes back over HTTP."""

    status: int
    body: str
    content_type: str = TEXT_TYPE


@dataclass(frozen=True)
class Submitted:
    """A request that needs no memory to be refused any more."""

    old: int
    """Size of the head that the proof starts from."""
    proof: tuple[bytes, ...]
    """At most 63 hashes of 32 bytes."""
    checkpoint: Checkpoint
    note: Note
    """The checkpoint's text with those signatures by the log that were checked."""


def format_request(old: int, proof: Sequence[bytes], note: str) -> str:
    """Return the request that submits a signed head. Raises FormatError for too long a proof."""
    if len(proof) > PROOF_LINES:
        raise _bad(f"a proof of more than {PROOF_LINES} lines")
    return "\n".join([f"old {old}", *map(encode_base64, proof)]) + "\n\n" + note


def receive(body: bytes, logs: Logs) -> Submitted | Answer:
    """Return the request, or the answer that refuses it."""
    try:
        old, proof, text = _parse(body)
        checkpoint = parse_checkpoint(text.rpartition("\n\n")[0] + "\n")
    except FormatError as error:
        return Answer(400, f"{error.message}\n")
    keys = logs.get(checkpoint.origin)
    if not keys:
        return Answer(404, "the log is not known here\n")
    try:
        note = _by_log(parse_note(text), keys)
    except EvidenceError as error:
        return Answer(403, f"{error.message}\n")
    if old > checkpoint.size:
        return Answer(400, "the old size is above the head's\n")
    return Submitted(old, proof, checkpoint, note)


def follow(submitted: Submitted, held: Checkpoint | None) -> Answer | None:
    """Return the answer that refuses the step from the held head; None where it may be cosigned."""
    size = held.size if held is not None else 0
    if submitted.old != size:
        return Answer(409, f"{size}\n", SIZE_TYPE)
    try:
        _check_step(submitted, held.root if held is not None else EMPTY_ROOT)
    except ProofError as error:
        return Answer(422, f"{error.message}\n")
    return None


def _check_step(submitted: Submitted, held_root: bytes) -> None:
    head = submitted.checkpoint
    if head.size == 0 and head.root != EMPTY_ROOT:
        raise ProofError("the root of an empty log is the hash of nothing")
    check_consistency(
        old=submitted.old,
        new=head.size,
        old_root=held_root,
        new_root=head.root,
        proof=submitted.proof,
    )


def _by_log(note: Note, keys: Sequence[VerifierKey]) -> Note:
    # Other lines are not kept: they are nothing to the witness, and anyone could add them.
    check_note(note, keys)
    known = {(key.name, key.id) for key in keys}
    return Note(
        note.text,
        tuple(line for line in note.signatures if (line.name, line.key_id) in known),
    )


def _parse(body: bytes) -> tuple[int, tuple[bytes, ...], str]:
    try:
        head, gap, note = body.decode().partition("\n\n")
    except UnicodeDecodeError as error:
        raise _bad("the request is not UTF-8") from error
    first, *lines = head.split("\n")
    old = parse_size(first.removeprefix("old "))
    if not gap or not first.startswith("old ") or old is None:
        raise _bad("a request begins with `old SIZE`, and has an empty line before the head")
    if len(lines) > PROOF_LINES:
        raise _bad(f"a proof of more than {PROOF_LINES} lines")
    proof = tuple(map(decode_base64, lines))
    if any(len(hash_) != HASH_BYTES for hash_ in proof):
        raise _bad(f"a line of a proof is not a hash of {HASH_BYTES} bytes")
    return old, proof, note


def format_held(time_seconds: int, note: Note) -> str:
    """Return what a witness remembers of a log: when it cosigned which head."""
    return f"time {time_seconds}\n\n{format_note(note)}"


def parse_held(text: str) -> tuple[int, Note]:
    """Return time and head of what a witness remembers. Raises FormatError."""
    first, _, note = text.partition("\n\n")
    time = parse_size(first.removeprefix("time "))
    if time is None or not first.startswith("time "):
        raise _bad("a held head begins with its time")
    return time, parse_note(note)


def _bad(message: str) -> FormatError:
    return FormatError(message, hint="see C2SP tlog-witness")
