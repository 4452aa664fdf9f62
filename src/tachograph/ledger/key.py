"""The ledger's own key: one Ed25519 seed in a file that only its owner reads.

`key` holds one line, `PRIVATE+KEY+name+id+base64`, as Go's note tools write it; `origin` holds the
verifier key, `name+id+base64`, whose name is the log's origin. Proven by
tests/ledger/test_ledger_key.py. Not covered: who may read the owner's files; a stolen key signs
whatever its thief likes.
"""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path

from tachograph.errors import DamagedError, FormatError, NotFoundError, StoreError
from tachograph.ledger.disk import write_file
from tachograph.merkle import ed25519
from tachograph.merkle.note import (
    SigningKey,
    VerifierKey,
    decode_base64,
    encode_base64,
    parse_verifier_key,
)

_PREFIX = "PRIVATE+KEY+"


def create_key(
    folder: Path, origin: str | None = None, kind: type[VerifierKey] = VerifierKey
) -> SigningKey:
    """Return the folder's key, made first where there is none. Safe against other creators.

    `origin` names a new ledger to the world, best as a URL without scheme; the default is drawn
    from the key. `kind` is what the key's signatures are (a witness's are of another kind). Raises
    FormatError where the origin cannot be a key's name.
    """
    seed = secrets.token_bytes(ed25519.SEED_BYTES)
    public = ed25519.public_key(seed)
    name = origin or "tachograph/" + hashlib.sha256(public).hexdigest()[:16]
    text = _format(SigningKey(name, seed), kind) + "\n"
    try:
        write_file(folder / "key", text.encode(), mode=0o600, replace=False)
        key = load_key(folder, kind)
        verifier = kind(key.name, key.verifier.public)
        write_file(folder / "origin", f"{verifier}\n".encode(), replace=False)
    except OSError as error:
        raise StoreError(f"{folder} cannot hold a key: {error.strerror}", hint=_HINT) from error
    return key


def load_key(folder: Path, kind: type[VerifierKey] = VerifierKey) -> SigningKey:
    """Return the private key, of this kind. Raises NotFoundError, DamagedError, StoreError."""
    text = _line(folder / "key")
    name, _, rest = text.removeprefix(_PREFIX).partition("+")
    try:
        material = decode_base64(rest.partition("+")[2])
        key = SigningKey(name, material[1:])
        if text != _format(key, kind):
            raise FormatError("another spelling", hint=_HINT)
    except (FormatError, ValueError) as error:
        raise DamagedError(f"{folder / 'key'} is not a private key", hint=_HINT) from error
    return key


def load_verifier(folder: Path) -> VerifierKey:
    """Return the folder's public key. Raises NotFoundError, DamagedError, StoreError."""
    try:
        return parse_verifier_key(_line(folder / "origin"))
    except FormatError as error:
        raise DamagedError(f"{folder / 'origin'} is not a verifier key", hint=_HINT) from error


_HINT = "restore the ledger's folder from a copy"


def _format(key: SigningKey, kind: type[VerifierKey]) -> str:
    verifier = kind(key.name, key.verifier.public)
    material = encode_base64(bytes([kind.algorithm]) + key.seed)
    return f"{_PREFIX}{key.name}+{verifier.id.hex()}+{material}"


def _line(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").removesuffix("\n")
    except FileNotFoundError as error:
        raise NotFoundError(f"{path} is missing", hint=_HINT) from error
    except UnicodeDecodeError as error:
        raise DamagedError(f"{path} is not text", hint=_HINT) from error
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}", hint=_HINT) from error
