"""A signed statement: who says what, about which agreement, and as which of its statements.

An instance, as the payload of an envelope (a later version would have another payload type):

    {"agreement":"5f…","beacon":"","by":"aurora","number":3,"said":{"metric":"horizon",
     "evidence":"0a…"},"says":"TriggerCalled","time":"2026-11-25T12:00:00.000000Z"}

The envelope is DSSE v1 (secure-systems-lab/dsse): canonical JSON with one strict Ed25519 signature
over the pre-authentication encoding. A speaker numbers its statements from 0 without gaps, so two
different ones with one number convict it, and so do two different ballots in one round:
`equivocation` needs the two envelopes and the speaker's key, and nothing else. Proven by
tests/brake/test_brake_statement.py. Not covered: whether the speaker may say it (transitions.py).
"""

from __future__ import annotations

import json
from binascii import a2b_base64, b2a_base64
from dataclasses import dataclass, field
from typing import Any, get_args

from tachograph import canon
from tachograph.brake.said.governance import (
    Governance,
    InspectionReported,
    LiftVoted,
    PanelDecided,
)
from tachograph.brake.said.records import Record
from tachograph.errors import FormatError, ProofError
from tachograph.ledger.entry import is_time
from tachograph.ledger.fields import names, record_from_plain, record_to_plain
from tachograph.merkle import ed25519
from tachograph.merkle.note import SigningKey, VerifierKey

PAYLOAD_TYPE = "application/vnd.tachograph.statement+json"
"""Of the envelope; names the format."""
LONGEST = 48 * 1024
"""Characters of an envelope; with the entry around it, it fits into an entry bundle."""

Said = Governance | Record
"""Whatever can be said."""

SAID: dict[str, type[Said]] = {kind.__name__: kind for kind in get_args(Said)}
"""What can be said, by name."""


@dataclass(frozen=True)
class Statement:
    """What somebody says. Whether the key was theirs, `open_envelope` has checked."""

    agreement: str
    """Id of the agreement, hex."""
    by: str
    """Name of the speaker, as the agreement has it."""
    number: int
    """Of the speaker's statements under this agreement, from 0 without gaps."""
    time: str
    """The speaker's clock: RFC 3339, UTC, microseconds."""
    beacon: str
    """Root of a recent foreign head, hex: the statement is not older; empty: none."""
    said: Said
    """What is said."""


def sign_statement(statement: Statement, key: SigningKey) -> str:
    """Return the signed envelope. Raises FormatError where a field does not fit."""
    payload = encode_statement(statement)
    signature = ed25519.sign(key.seed, _authenticated(payload))
    envelope = _envelope(_text(payload), key_label(key.verifier), _text(signature))
    _check_length(envelope)
    return envelope


@dataclass(frozen=True)
class Sealed:
    """A statement whose signature is still to be checked: whose key it needs, it says itself."""

    statement: Statement
    """What the envelope holds."""
    payload: bytes = field(repr=False)
    """What was signed."""
    label: str
    """The key that the envelope names."""
    signature: bytes = field(repr=False)
    """64 bytes."""

    def check(self, key: VerifierKey) -> None:
        """Raise ProofError unless this key signed it."""
        if self.label != key_label(key):
            raise ProofError(f"signed as {self.label}, not as {key_label(key)}", hint=_HINT)
        ed25519.check_signature(key.public, _authenticated(self.payload), self.signature)


def read_envelope(envelope: str) -> Sealed:
    """Return what an envelope holds, unchecked. Raises FormatError."""
    payload, label, signature = _parts(envelope)
    return Sealed(decode_statement(payload), payload, label, signature)


def open_envelope(envelope: str, key: VerifierKey) -> Statement:
    """Return the statement in an envelope that this key signed.

    Raises FormatError for another shape, ProofError where the signature is not the key's.
    """
    sealed = read_envelope(envelope)
    sealed.check(key)
    return sealed.statement


def peek(envelope: str) -> Statement:
    """Return the statement in an envelope, its signature unchecked. Raises FormatError."""
    return read_envelope(envelope).statement


def encode_statement(statement: Statement) -> bytes:
    """Return the canonical bytes that are signed. Raises FormatError."""
    says = type(statement.said).__name__
    if SAID.get(says) is not type(statement.said):
        raise FormatError(f"{says} cannot be said", hint="see tachograph.brake.said.statement.SAID")
    plain = {
        "agreement": statement.agreement,
        "beacon": statement.beacon,
        "by": statement.by,
        "number": statement.number,
        "said": record_to_plain(statement.said),
        "says": says,
        "time": statement.time,
    }
    _check(plain)
    return canon.encode(plain)


def decode_statement(payload: bytes) -> Statement:
    """Return the statement whose canonical bytes are exactly `payload`. Raises FormatError."""
    plain = canon.decode(payload)
    if not isinstance(plain, dict) or plain.keys() != _NAMES:
        raise FormatError("a statement has " + ", ".join(sorted(_NAMES)), hint=_HINT)
    _check(plain)
    kind = SAID.get(plain["says"])
    if kind is None:
        raise FormatError(f"{plain['says']!r} cannot be said", hint="use a newer tachograph")
    said = record_from_plain(kind, plain["said"])
    if plain["said"].keys() != names(kind):
        raise FormatError("fields with defaults must be spelled out", hint=_HINT)
    return Statement(
        plain["agreement"], plain["by"], plain["number"], plain["time"], plain["beacon"], said
    )


def equivocation(first: str, second: str, key: VerifierKey) -> str | None:
    """Say how two envelopes of one speaker contradict each other; None: they do not.

    A verdict that a stranger reaches with the two envelopes and the key alone, and that nobody can
    bring about without the key. Raises FormatError, ProofError where one is not the key's.
    """
    one, other = open_envelope(first, key), open_envelope(second, key)
    return contradiction(one, other)


def contradiction(one: Statement, other: Statement) -> str | None:
    """Say how two statements of one speaker contradict each other; None: they do not."""
    if (one.agreement, one.by) != (other.agreement, other.by) or one == other:
        return None
    if one.number == other.number:
        return f"{one.by} made two different statements number {one.number}"
    ballot, rival = slot(one.said), slot(other.said)
    if ballot is not None and ballot == rival and one.said != other.said:
        return f"{one.by} cast two different ballots: {ballot[0]} {ballot[1]}"
    return None


def slot(said: Said) -> tuple[str, int] | None:
    """The ballot box of a vote that leaves a choice, of which a speaker has one; None: no such."""
    match said:
        case LiftVoted():
            return "lift", said.lift
        case PanelDecided():
            return "case", said.case
        case InspectionReported():
            return "report", said.question
        case _:
            return None


def key_label(key: VerifierKey) -> str:
    """How an envelope names its key: a hint for finding it, which proves nothing."""
    return f"{key.name}+{key.id.hex()}"


_NAMES = {"agreement", "beacon", "by", "number", "said", "says", "time"}
_HINT = "have the speaker sign it again"


def _authenticated(payload: bytes) -> bytes:
    """The pre-authentication encoding (DSSE v1, protocol.md)."""
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def _envelope(payload: str, label: str, signature: str) -> str:
    """The one spelling of an envelope: canonical JSON. Payload and signature are base64."""
    return (
        f'{{"payload":"{payload}","payloadType":"{PAYLOAD_TYPE}",'
        f'"signatures":[{{"keyid":{canon.encode(label).decode()},"sig":"{signature}"}}]}}'
    )


def _parts(envelope: str) -> tuple[bytes, str, bytes]:
    """Payload, label of the key, signature. Raises FormatError."""
    _check_length(envelope)
    try:
        plain = json.loads(envelope)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"an envelope that is no JSON: {error}", hint=_HINT) from error
    match plain:
        case {
            "payload": str(payload),
            "signatures": [{"keyid": str(label), "sig": str(signature)}],
        } if _envelope(payload, label, signature) == envelope:
            return _base64(payload), label, _base64(signature)
    raise FormatError("not an envelope with one signature", hint=_HINT)


def _text(data: bytes) -> str:
    return b2a_base64(data, newline=False).decode()


def _base64(text: str) -> bytes:
    try:
        data = a2b_base64(text)
    except ValueError as error:
        raise FormatError("an envelope with broken base64", hint=_HINT) from error
    if _text(data) != text:
        raise FormatError("base64 with stray bits", hint=_HINT)
    return data


def _check(plain: dict[str, Any]) -> None:
    texts = all(isinstance(plain[name], str) for name in ("agreement", "by", "beacon", "says"))
    number = plain["number"]
    whole = isinstance(number, int) and not isinstance(number, bool) and number >= 0
    if not texts or not whole or not plain["by"] or not isinstance(plain["said"], dict):
        raise FormatError("a statement's fields do not fit", hint=_HINT)
    if not isinstance(plain["time"], str) or not is_time(plain["time"]):
        raise FormatError("a statement's time is RFC 3339 in UTC with microseconds", hint=_HINT)


def _check_length(envelope: str) -> None:
    if len(envelope) > LONGEST:
        raise FormatError(
            f"an envelope of {len(envelope)} characters, {LONGEST} are allowed",
            hint="put long content into an object and name its digest",
        )
