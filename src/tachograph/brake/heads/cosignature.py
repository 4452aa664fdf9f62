"""Cosignatures: a witness says when it saw a log's head as its largest (C2SP tlog-cosignature).

A cosignature is one more signature line under a checkpoint. Its data is a time, 8 bytes, and a
signature over

    cosignature/v1
    time 1679315147
    example.com/behind-the-sofa
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

The keys are kinds of VerifierKey, so `merkle.note.check_note` checks a log's signature and its
witnesses' cosignatures in one pass. Ed25519 (0x04) is signed and checked, ML-DSA-44 (0x06) checked.
Proven by tests/brake/test_brake_cosignature.py, which has the specification's example. Not covered:
whether the witness is to be believed (policy.py); cosignatures of subtrees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from tachograph.errors import FormatError, ProofError
from tachograph.merkle import ed25519
from tachograph.merkle.checkpoint import parse_checkpoint
from tachograph.merkle.note import Note, Signature, VerifierKey, check_note, parse_key

COSIGNATURE = 0x04
"""Algorithm byte of timestamped Ed25519 cosignatures (C2SP signed-note, Signature types)."""
COSIGNATURE_MLDSA = 0x06
"""Algorithm byte of timestamped ML-DSA-44 cosignatures (likewise)."""
TIME_BYTES = 8
LAST_TIME = 2**63 - 1
"""The latest time a cosignature can state (C2SP tlog-cosignature, Format)."""
MLDSA_KEY_BYTES = 1312
MLDSA_SIGNATURE_BYTES = 2420


@dataclass(frozen=True)
class CosignerKey(VerifierKey):
    """A witness's key: Ed25519, or what a subclass says."""

    algorithm: ClassVar[int] = COSIGNATURE

    def check(self, text: str, signature: bytes) -> None:
        """Raise ProofError unless `signature` is this witness's under a checkpoint."""
        time = cosigned_at(signature)
        ed25519.check_signature(self.public, _message(text, time), signature[TIME_BYTES:])


@dataclass(frozen=True)
class MldsaCosignerKey(CosignerKey):
    """A witness's ML-DSA-44 key, 1312 bytes. Needs a `cryptography` that has the algorithm."""

    algorithm: ClassVar[int] = COSIGNATURE_MLDSA

    def enrol(self) -> None:
        """Raise ProofError unless the public key may be used."""
        if len(self.public) != MLDSA_KEY_BYTES:
            raise _refusal(f"an ML-DSA-44 key has {MLDSA_KEY_BYTES} bytes")

    def check(self, text: str, signature: bytes) -> None:
        """Raise ProofError unless `signature` is this witness's under a checkpoint."""
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

        message = _message_mldsa(self.name, text, cosigned_at(signature))
        try:
            from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

            key = MLDSA44PublicKey.from_public_bytes(self.public)
            key.verify(signature[TIME_BYTES:], message)
        except InvalidSignature as error:
            raise _refusal("the cosignature does not verify") from error
        except (ImportError, UnsupportedAlgorithm) as error:
            raise _refusal("the cryptography that is installed has no ML-DSA-44") from error


@dataclass(frozen=True)
class CosigningKey:
    """A witness's private key. Used for nothing else: what it signs does not name the witness."""

    name: str
    """Not empty, without spaces and plus signs."""
    seed: bytes = field(repr=False)
    """32 bytes, secret."""

    algorithm: ClassVar[int] = COSIGNATURE

    @property
    def verifier(self) -> CosignerKey:
        """The public half."""
        return CosignerKey(self.name, ed25519.public_key(self.seed))

    def cosign(self, text: str, time_seconds: int) -> Signature:
        """Return the cosignature of a checkpoint's text at a POSIX time. Raises FormatError.

        The same arguments always give the same bytes.
        """
        parse_checkpoint(text)
        if not 0 < time_seconds <= LAST_TIME:
            raise FormatError(f"no time of a cosignature: {time_seconds}", hint="set the clock")
        signature = ed25519.sign(self.seed, _message(text, time_seconds))
        return Signature(
            self.name, self.verifier.id, time_seconds.to_bytes(TIME_BYTES, "big") + signature
        )


@dataclass(frozen=True)
class Cosigned:
    """A cosignature that was checked."""

    key: CosignerKey
    """Whose."""
    time_seconds: int
    """The POSIX time that the witness states."""


def parse_cosigner_key(text: str) -> CosignerKey:
    """Return the witness's key that `text` spells. Raises FormatError, ProofError."""
    return parse_key(text, CosignerKey, MldsaCosignerKey)


def cosigned_at(signature: bytes) -> int:
    """Return the POSIX time, in seconds, that a cosignature's data states. Raises ProofError."""
    time = int.from_bytes(signature[:TIME_BYTES], "big")
    if len(signature) <= TIME_BYTES or time > LAST_TIME:
        raise _refusal("not a cosignature: it states no time")
    return time


def check_cosignatures(note: Note, keys: Sequence[CosignerKey]) -> tuple[Cosigned, ...]:
    """Return the cosignatures by these witnesses, one a key; where one signed twice, its latest.

    Raises ProofError where none did, or where one in a known key's name does not verify.
    """
    signed = {(key.name, key.id): key for key in check_note(note, keys)}
    found: dict[CosignerKey, int] = {}
    for signature in note.signatures:
        key = signed.get((signature.name, signature.key_id))
        if key is not None:
            found[key] = max(found.get(key, 0), cosigned_at(signature.data))
    return tuple(Cosigned(key, time) for key, time in found.items())


def _message(text: str, time: int) -> bytes:
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def _message_mldsa(name: str, text: str, time: int) -> bytes:
    """The `cosigned_message` of a whole tree (C2SP tlog-cosignature, ML-DSA-44 signed message)."""
    checkpoint = parse_checkpoint(text)
    if checkpoint.size >= 2**64:
        raise _refusal("the tree is larger than the format can say")
    return b"".join(
        [
            b"subtree/v1\n\x00",
            _short(name),
            time.to_bytes(8, "big"),
            _short(checkpoint.origin),
            bytes(8),
            checkpoint.size.to_bytes(8, "big"),
            checkpoint.root,
        ]
    )


def _short(text: str) -> bytes:
    data = text.encode()
    if not 1 <= len(data) <= 255:
        raise _refusal("a name of more than 255 bytes")
    return bytes([len(data)]) + data


def _refusal(message: str) -> ProofError:
    return ProofError(message, hint="ask the witness for its key, or for the cosignature again")
