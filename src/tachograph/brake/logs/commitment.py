"""A leaf that says that an entry is there and not what it says, and the opening that shows it.

An instance of the leaf (one line, broken here to fit; a later version would differ in its fields):

    {"commitment":"5f1c...","kind":"TrialTimed","seq":7,"time":"2026-11-23T12:00:00.000000Z"}

`kind` is null where that stays home too. The commitment is SHA-256 over a label, 32 bytes of salt
and the entry's canonical bytes, so that it binds the publisher to one entry and, as long as the
salt is secret, lets nobody try out what the entry might be. An opening is that salt with those
bytes; it shows one entry and says nothing of the others (redact.py derives the salts apart). Pure:
no secret, no disk. Proven by tests/brake/test_commitment.py. Not covered: that the leaf is in the
published log, which its inclusion proof shows.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from tachograph import canon
from tachograph.errors import FormatError, ProofError
from tachograph.ledger import entry
from tachograph.ledger.entry import Entry
from tachograph.merkle.note import VerifierKey

SUFFIX = "/redacted"
"""What the name of a redacted log's key has behind that of the ledger."""
SALT_BYTES = 32
OPENING_BYTES = 2 * entry.ENTRY_BYTES + 1_000
"""Longest opening that is read: an entry as text within JSON, its quotes escaped, and the salt."""

_LABEL = b"tachograph/commitment/v1\n"
_LEAF = {"commitment", "kind", "seq", "time"}
_OPENING = {"entry", "salt", "seq"}
_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True)
class Commitment:
    """An entry whose body stays home."""

    seq: int
    """Position in the ledger, and in the published log."""
    time: str
    """When its writer's clock said it was."""
    kind: str | None
    """Name of its kind; None where that stays home too."""
    commitment: str
    """SHA-256 in hex over label, salt and entry."""


@dataclass(frozen=True)
class Opening:
    """What shows one withheld entry."""

    seq: int
    """Which entry."""
    salt: bytes = field(repr=False)
    """32 bytes."""
    data: bytes
    """The entry's canonical bytes."""


def redacted_key(verifier: VerifierKey) -> VerifierKey:
    """Return the key of the redacted log of the ledger that has this key."""
    return VerifierKey(verifier.name + SUFFIX, verifier.public)


def published_keys(verifier: VerifierKey) -> tuple[str, str]:
    """Return the keys under which a ledger may be published, as text: whole, and redacted."""
    return str(verifier), str(redacted_key(verifier))


def commit(one: Entry, data: bytes, salt: bytes, *, named: bool) -> Commitment:
    """Return the commitment to an entry and its canonical bytes; `named`: its kind is shown."""
    return Commitment(one.seq, one.time, one.kind if named else None, _digest(salt, data))


def format_commitment(commitment: Commitment) -> bytes:
    """Return the leaf's bytes."""
    return canon.encode(
        {
            "commitment": commitment.commitment,
            "kind": commitment.kind,
            "seq": commitment.seq,
            "time": commitment.time,
        }
    )


def parse_leaf(data: bytes) -> Entry | Commitment:
    """Return what a leaf of a published log is: an entry or a commitment. Raises FormatError."""
    if len(data) > entry.ENTRY_BYTES:
        raise _refusal("a leaf is longer than an entry may be")
    plain = canon.decode(data)
    if not isinstance(plain, dict) or plain.keys() != _LEAF:
        return entry.from_plain(plain)
    if not entry.is_index(plain["seq"]) or not _is_digest(plain["commitment"]):
        raise _refusal("a commitment has a number from 0 and a hash")
    if not isinstance(plain["time"], str) or not entry.is_time(plain["time"]):
        raise _refusal("a commitment has a time")
    if plain["kind"] is not None and not isinstance(plain["kind"], str):
        raise _refusal("a commitment's kind is a name or null")
    return Commitment(plain["seq"], plain["time"], plain["kind"], plain["commitment"])


def format_opening(opening: Opening) -> bytes:
    """Return the opening as a file of one line."""
    return canon.encode(
        {"entry": opening.data.decode(), "salt": opening.salt.hex(), "seq": opening.seq}
    )


def parse_opening(data: bytes) -> Opening:
    """Return the opening that a file spells, unchecked. Raises FormatError."""
    if len(data) > OPENING_BYTES:
        raise _refusal(f"an opening of more than {OPENING_BYTES} bytes")
    plain = canon.decode(data)
    if not isinstance(plain, dict) or plain.keys() != _OPENING:
        raise _refusal("an opening has an entry, a salt and a number")
    if not entry.is_index(plain["seq"]) or not isinstance(plain["entry"], str):
        raise _refusal("an opening's number is whole and its entry is text")
    if not _is_digest(plain["salt"]):
        raise _refusal("an opening's salt is 64 lower-case hex digits")
    return Opening(plain["seq"], bytes.fromhex(plain["salt"]), plain["entry"].encode())


def check_opening(commitment: Commitment, opening: Opening) -> Entry:
    """Return the entry that the opening shows.

    Raises ProofError unless it is what the commitment was made to, FormatError where that is no
    entry: then the publisher committed to nothing that a ledger can hold.
    """
    check_bound(commitment, opening)
    shown = entry.decode(opening.data)
    if (shown.seq, shown.time) != (commitment.seq, commitment.time):
        raise _false(f"entry {commitment.seq} has another number or time than its commitment says")
    if commitment.kind not in (None, shown.kind):
        raise _false(f"entry {commitment.seq} is no {commitment.kind}, as its commitment says")
    return shown


def check_bound(commitment: Commitment, opening: Opening) -> None:
    """Raise ProofError unless the commitment was made to these bytes.

    Where it was not, anybody could have made the opening up; where it was, whatever else is wrong
    with them is the publisher's.
    """
    if opening.seq != commitment.seq:
        raise _false(f"an opening of entry {opening.seq}, not of {commitment.seq}")
    if len(opening.salt) != SALT_BYTES or commitment.commitment != _digest(
        opening.salt, opening.data
    ):
        raise _false(f"the opening of entry {opening.seq} is not what was committed to")


def _digest(salt: bytes, data: bytes) -> str:
    assert len(salt) == SALT_BYTES, "a salt of another length would bind to several entries"
    return hashlib.sha256(_LABEL + salt + data).hexdigest()


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and len(value) == 64 and _HEX.issuperset(value)


def _refusal(message: str) -> FormatError:
    return FormatError(message, hint="ask the publisher for it again, as it was made")


def _false(message: str) -> ProofError:
    return ProofError(message, hint="keep it: whoever gave a false opening can be told so")
