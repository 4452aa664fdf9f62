"""Where the seeds of secret inputs come from, so that they can be derived again, and not foreseen.

    seed = HMAC-SHA256(secret, nonce "|" index)        as a whole number, big endian

A run has one secret of 32 random bytes. Its SHA-256 stands in RunOpened; the secret lies beside the
ledger, for its owner alone, until it is revealed by an entry. Each stage of a trial draws a nonce
of 16 random bytes at the moment when it begins, when the candidate is fixed, and counts its draws
from 0; the entry that ends the stage names the nonce and how many there were. So

- nobody foresees an input, not even who knows the secret: the nonce does not exist yet;
- no draw is ever used twice, however many processes draw, and wherever they are killed: there is
  no counter that could be lost;
- nobody who reads the ledger learns an input while the secret is kept, and everybody can derive all
  of them afterwards.

Proven by tests/loop/test_draws.py. Not covered: an owner who throws stages away until a nonce
suits; who doubts that draws inputs of their own.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from tachograph.errors import DamagedError, NotFoundError, StoreError
from tachograph.ledger.disk import write_file

SECRET_BYTES = 32
NONCE_BYTES = 16
FOLDER = "secrets"
"""Beside the ledger; one file a run."""


@dataclass(frozen=True)
class Lot:
    """One draw: its name, and its seed."""

    nonce: str
    index: int
    seed: int = field(repr=False)


@dataclass(frozen=True)
class Secret:
    """A run's secret."""

    value: bytes = field(repr=False)

    @classmethod
    def fresh(cls) -> Secret:
        """A new one."""
        return cls(secrets.token_bytes(SECRET_BYTES))

    @classmethod
    def opened(cls, text: str, commitment: str) -> Secret:
        """The secret that `text` spells in hex. Raises DamagedError where it was not committed to.

        `commitment`: hex SHA-256, as RunOpened holds it.
        """
        try:
            secret = cls(bytes.fromhex(text))
        except ValueError:
            raise DamagedError("a secret that is no hex", hint=_HINT) from None
        if secret.commitment != commitment:
            raise DamagedError("the secret is not the one that the run committed to", hint=_HINT)
        return secret

    @property
    def commitment(self) -> str:
        """Its SHA-256 in hex."""
        return hashlib.sha256(self.value).hexdigest()

    def seed(self, name: str) -> int:
        """The seed of the draw of this name: HMAC-SHA256, 256 bits."""
        return int.from_bytes(hmac.digest(self.value, name.encode(), "sha256"), "big")

    def lot(self, nonce: str, index: int) -> Lot:
        """Draw `index`, from 0, under a nonce."""
        return Lot(nonce, index, self.seed(f"{nonce}|{index}"))

    def series(self) -> Series:
        """The draws of one stage that begins now."""
        return Series(self, secrets.token_hex(NONCE_BYTES))


class Series:
    """The draws of one stage, one after the other, and a digest over their inputs."""

    def __init__(self, secret: Secret, nonce: str) -> None:
        self.secret = secret
        self.nonce = nonce
        self.count = 0
        """Draws taken."""
        self.inputs = hashlib.sha256()

    def next(self) -> Lot:
        """A draw that nobody has had."""
        lot = self.secret.lot(self.nonce, self.count)
        self.count += 1
        return lot

    def drawn(self, inputs_sha256: str) -> None:
        """Note the inputs of the draw that was taken last, by their digest in hex."""
        self.inputs.update(bytes.fromhex(inputs_sha256))

    @property
    def inputs_sha256(self) -> str:
        """Hex SHA-256 over the digests of all inputs, in order; empty where none was drawn."""
        return self.inputs.hexdigest() if self.count else ""


# -- beside the ledger -----------------------------------------------------------------------------


def keep_secret(folder: Path, run: str, secret: Secret) -> None:
    """Write the secret where its owner alone reads it; durable when this returns."""
    place = folder / FOLDER
    try:
        place.mkdir(mode=0o700, exist_ok=True)
        write_file(place / run, f"{secret.value.hex()}\n".encode(), mode=0o600, replace=False)
    except OSError as error:
        raise StoreError(f"{place} cannot hold a secret: {error.strerror}", hint=_ROOM) from None


def read_secret(folder: Path, run: str, commitment: str) -> Secret:
    """The secret of a run. Raises NotFoundError, DamagedError, StoreError."""
    path = folder / FOLDER / run
    try:
        text = path.read_text(encoding="ascii")
    except FileNotFoundError:
        raise NotFoundError(
            f"the secret of run {run} is not beside the ledger", hint=_HINT
        ) from None
    except UnicodeDecodeError:
        raise DamagedError(f"{path} is no secret", hint=_HINT) from None
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}", hint=_HINT) from None
    return Secret.opened(text.removesuffix("\n"), commitment)


def drop_secret(folder: Path, run: str) -> None:
    """Remove the file of a secret that is in the ledger by now."""
    with contextlib.suppress(OSError):
        (folder / FOLDER / run).unlink()


_HINT = "restore the ledger's folder from a copy, or begin a new run"
_ROOM = "see that the disk has room and that you may write there"
