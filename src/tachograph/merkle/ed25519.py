"""Ed25519 (RFC 8032) under one strict rule, so that two honest verifiers never disagree.

Libraries differ on odd keys: of the 914 edge cases that C2SP publishes, OpenSSL takes 208 and
libsodium 43. The rule here, at enrolment of a key and at each verification: the key A and the
signature's R are canonical encodings of points that are not of small order, S is below the group
order, and the equation holds without multiplying by the cofactor. Proven by
tests/merkle/test_merkle_ed25519.py with those cases and Wycheproof's. Not covered: keeping a
private key (ledger/key.py).
"""

from __future__ import annotations

from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tachograph.errors import ProofError

KEY_BYTES = 32
SEED_BYTES = 32
SIGNATURE_BYTES = 64

_PRIME = 2**255 - 19
_WITHOUT_SIGN = 2**255 - 1
_ORDER_8 = 2707385501144840649318225287225658788936804267575313519463743609750303402022
_SMALL_ORDER = {0, 1, _PRIME - 1, _ORDER_8, _PRIME - _ORDER_8}
"""The y coordinates of the eight points of small order (C2SP CCTV, ed25519/README.md)."""


def public_key(seed: bytes) -> bytes:
    """Return the 32-byte public key of a 32-byte seed."""
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def sign(seed: bytes, message: bytes) -> bytes:
    """Return the 64-byte signature of `message` under a 32-byte seed."""
    return Ed25519PrivateKey.from_private_bytes(seed).sign(message)


def check_key(key: bytes) -> None:
    """Raise ProofError unless `key` may be enrolled."""
    _opened(key)


def check_signature(key: bytes, message: bytes, signature: bytes) -> None:
    """Raise ProofError unless `signature` is the key's of `message`, by the strict rule."""
    opened = _opened(key)
    check_encoding(signature)
    try:
        # OpenSSL refuses an S from the group order on, and multiplies by no cofactor.
        opened.verify(signature, message)
    except InvalidSignature as error:
        raise _refusal("the signature does not verify") from error


def check_encoding(signature: bytes) -> None:
    """Raise ProofError unless a signature has its 64 bytes and an R that the rule allows."""
    if len(signature) != SIGNATURE_BYTES:
        raise _refusal(f"a signature of {len(signature)} bytes where {SIGNATURE_BYTES} are needed")
    _check_point(signature[:32], "the signature's R")


@lru_cache(maxsize=256)
def _opened(key: bytes) -> Ed25519PublicKey:
    if len(key) != KEY_BYTES:
        raise _refusal(f"a key of {len(key)} bytes where {KEY_BYTES} are needed")
    _check_point(key, "the key")
    return Ed25519PublicKey.from_public_bytes(key)


def _check_point(encoded: bytes, name: str) -> None:
    # The top bit is the sign of x; x is 0 only at y = 1 and y = -1, which are of small order.
    y = int.from_bytes(encoded, "little") & _WITHOUT_SIGN
    if y >= _PRIME:
        raise _refusal(f"{name} is not a canonical point")
    if y in _SMALL_ORDER:
        raise _refusal(f"{name} is a point of small order")


def _refusal(message: str) -> ProofError:
    return ProofError(message, hint="ask the signer for a new key or signature")
