"""The draws of a scored run: the same name is always the same draw, for this run alone.

Names are `visible-1`, `fresh-7`, `sealed-3`. Each seeds a generator together with the run's secret,
so a resumed run goes on with the same visible draws, and nobody without the secret can foresee one.
The secret lies beside the ledger, mode 0600. Proven by tests/loop/score/test_score_draws.py. Not
covered: whoever may read that folder may also read check.py and the labels.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

import numpy as np

from tachograph.errors import StoreError
from tachograph.task.scoring import Split

FOLDER = "draws"
SECRET_BYTES = 32


class Draws:
    """Generators by name."""

    def __init__(self, folder: Path, run: str) -> None:
        """Read the run's secret, or make it. Raises StoreError."""
        self.secret = secret_of(folder / FOLDER, run)

    def rng(self, name: str) -> np.random.Generator:
        """A fresh generator for this draw."""
        digest = hashlib.sha256(self.secret + b"\0" + name.encode()).digest()
        return np.random.default_rng(int.from_bytes(digest, "big"))


def names(split: Split, count: int, first: int = 1) -> list[str]:
    """`count` names, numbered from `first` on."""
    return [f"{split}-{number}" for number in range(first, first + count)]


def secret_of(folder: Path, run: str) -> bytes:
    """The run's secret, made at the first call. Raises StoreError."""
    path = folder / run
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        try:
            made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            pass
        else:
            with os.fdopen(made, "wb") as out:
                out.write(secrets.token_bytes(SECRET_BYTES))
        found = path.read_bytes()
    except OSError as error:
        raise StoreError(
            f"{path}: {error.strerror}", hint="give a folder that can be written"
        ) from None
    if len(found) != SECRET_BYTES:
        raise StoreError(f"{path}: {len(found)} bytes, not {SECRET_BYTES}", hint="begin a new run")
    return found
