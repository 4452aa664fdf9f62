"""Large content, addressed by its SHA-256. It has two homes, and readers need not know which.

A small object waits in memory for an entry that names it, and is written in that entry's own
transaction (store.py, table `object`): the two become durable together, for one wait of the disk. A
large one becomes a plain file at once, `objects/0a1b2c...`, outside everybody's transaction.
Either way: **an object is durable when an entry that names it has been acknowledged**, and it is
checked whenever it is read. Proven by tests/ledger/test_ledger_objects.py and
test_ledger_durability.py. Not covered: removal; a ledger keeps what its entries name.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable
from pathlib import Path

from tachograph.errors import DamagedError, NotFoundError, StoreError
from tachograph.ledger.disk import sync_folder, write_file
from tachograph.ledger.store import Store

SMALL_BYTES = 64 * 1024
"""Up to this size an object lies in the store."""
WAITING_BYTES = 16 * 1024 * 1024
"""Most that waits in memory to be named; what is put beyond it becomes a file, however small."""


class Objects:
    """The objects of a ledger. Threads and processes may share them."""

    def __init__(self, folder: Path, store: Store) -> None:
        self._folder = folder
        self._store = store
        self._lock = threading.Lock()
        self._waiting: dict[str, bytes] = {}
        self._waiting_bytes = 0

    def put(self, data: bytes) -> str:
        """Keep `data` and return its SHA-256 in hex. Raises StoreError.

        A copy that is there already is read: where it is damaged, the good bytes replace it, and
        are durable when this returns.
        """
        digest = hashlib.sha256(data).hexdigest()
        if digest in self._waiting:
            return digest
        stored = self._store.read_object(digest)
        if stored is not None:
            if stored != data:
                with self._store.begin() as transaction:
                    transaction.keep({digest: data})
        elif self._path(digest).is_file() or not self._wait(digest, data):
            self._write(digest, data)
        return digest

    def fetch(self, digest: str) -> bytes:
        """Return an object's bytes. Raises NotFoundError, DamagedError, StoreError."""
        path = self._path(digest)
        data = self._waiting.get(digest)
        if data is None:
            data = self._store.read_object(digest)
        if data is None:
            data = _read(path)
        if hashlib.sha256(data).hexdigest() != digest:
            raise DamagedError(f"object {digest} is damaged", hint=_HINT)
        return data

    def __contains__(self, digest: str) -> bool:
        """Whether there is an object of that name; its bytes are not read."""
        if digest in self._waiting:
            return True
        path = self._path(digest)
        return self._store.has_object(digest) or path.is_file()

    def waiting(self, digest: str) -> bytes | None:
        """The object, where it waits for the transaction of an entry that names it."""
        return self._waiting.get(digest)

    def settle(self, digests: Iterable[str]) -> None:
        """They have been written: let go of those that waited."""
        with self._lock:
            for digest in digests:
                self._waiting_bytes -= len(self._waiting.pop(digest, b""))

    def _wait(self, digest: str, data: bytes) -> bool:
        """Let a small object wait; False where it is too large, or too many wait already."""
        with self._lock:
            if len(data) > SMALL_BYTES or self._waiting_bytes + len(data) > WAITING_BYTES:
                return False
            if digest not in self._waiting:
                self._waiting[digest] = bytes(data)
                self._waiting_bytes += len(data)
            return True

    def _write(self, digest: str, data: bytes) -> None:
        path = self._path(digest)
        try:
            if path.is_file() and path.read_bytes() == data:
                # Another writer may have placed it this moment and not synchronised it yet.
                sync_folder(path.parent)
            else:
                write_file(path, data, replace=True)
        except OSError as error:
            raise _unusable(path, error) from error

    def _path(self, digest: str) -> Path:
        if len(digest) != 64 or not _HEX.issuperset(digest):
            raise NotFoundError(f"{digest!r} is not the name of an object", hint=_HINT)
        return self._folder / digest


_HEX = frozenset("0123456789abcdef")
_HINT = "put the original content in again, or restore the ledger's folder from a copy"


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise NotFoundError(f"no object {path.name}", hint=_HINT) from error
    except OSError as error:
        raise _unusable(path, error) from error


def _unusable(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"{path} cannot be used: {error.strerror}",
        hint="see that the disk has room and that you may write there",
    )
