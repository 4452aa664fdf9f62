"""Large content, addressed by its SHA-256: `objects/0a1b2c...`, one plain file each.

An object is on the disk before `put` returns and is checked whenever it is read. Proven by
tests/ledger/test_ledger_objects.py. Not covered: removal; a ledger keeps what its entries name.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from tachograph.errors import DamagedError, NotFoundError, StoreError
from tachograph.ledger.disk import sync_folder, write_file


class Objects:
    """A folder of objects. Threads and processes may share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, data: bytes) -> str:
        """Keep `data` and return its SHA-256 in hex; durable. Raises StoreError.

        A copy that is there already is read: where it is damaged, the good bytes replace it.
        """
        digest = hashlib.sha256(data).hexdigest()
        path = self._path(digest)
        try:
            if path.is_file() and path.read_bytes() == data:
                # Another writer may have placed it this moment and not synchronised it yet.
                sync_folder(path.parent)
                return digest
            write_file(path, data, replace=True)
        except OSError as error:
            raise _unusable(path, error) from error
        return digest

    def fetch(self, digest: str) -> bytes:
        """Return an object's bytes. Raises NotFoundError, DamagedError, StoreError."""
        path = self._path(digest)
        try:
            data = path.read_bytes()
        except FileNotFoundError as error:
            raise NotFoundError(f"no object {digest}", hint=_HINT) from error
        except OSError as error:
            raise _unusable(path, error) from error
        if hashlib.sha256(data).hexdigest() != digest:
            raise DamagedError(f"object {digest} is damaged", hint=_HINT)
        return data

    def __contains__(self, digest: str) -> bool:
        """Whether there is an object of that name; its bytes are not read."""
        return self._path(digest).is_file()

    def _path(self, digest: str) -> Path:
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            raise NotFoundError(f"{digest!r} is not the name of an object", hint=_HINT)
        return self._folder / digest


_HINT = "put the original content in again, or restore objects from a copy"


def _unusable(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"{path} cannot be used: {error.strerror}",
        hint="see that the disk has room and that you may write there",
    )
