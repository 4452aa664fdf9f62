"""Where a ledger's rows lie: a small protocol, and SQLite behind it.

Four tables: `entry` (seq, canonical bytes), `block` (the tree, see blocks.py), `object` (small
content by its SHA-256, see objects.py) and `head` (one row: size and root). A transaction holds the
only write lock, moves the head by compare-and-set, and is durable when `commit` returns
(write-ahead log, synchronous=FULL), or, where nobody waits for that (NORMAL), together with the
next one that is: the log is one file. A reader opens the file read-only. Proven by
tests/ledger/test_ledger_store.py and test_ledger_durability.py. Not covered: what the bytes mean.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Protocol

from tachograph.errors import DamagedError, FormatError, NotFoundError, StoreError
from tachograph.ledger.disk import sync_file, sync_folder
from tachograph.merkle.tree import EMPTY_ROOT, HASH_BYTES

SCHEMA = 2
"""Schema 1 had no table `object`. It is read as it is; the first writer adds the table."""
APPLICATION = 0x74616368
"""`tach` in ASCII, in the file's header (PRAGMA application_id)."""
BUSY_SECONDS = 60.0
"""How long a writer waits for other writers."""
LOG_BYTES = 32 + 1024 * (24 + 4096)
"""The write-ahead log as it is when SQLite begins it anew, at 1,000 pages, and a little more."""
SHORT_LIVED_COMMITS = 16
"""A writer that commits no more than this leaves the log as short as it is."""


class Head(NamedTuple):
    """A size and the root over it."""

    size: int
    root: bytes


class Transaction(Protocol):
    """The write lock, held."""

    def head(self) -> Head:
        """Return the newest head."""
        ...

    def blocks(self, keys: Collection[int]) -> Mapping[int, bytes]:
        """Return those blocks that exist."""
        ...

    def advance(
        self, old: Head, new: Head, entries: Sequence[bytes], blocks: Mapping[int, bytes]
    ) -> None:
        """Write entries from old.size on and the blocks, and move the head from `old` to `new`.

        Durable when the transaction has closed without an error. Raises StoreError where the head
        is not `old`.
        """
        ...

    def keep(self, objects: Mapping[str, bytes]) -> None:
        """Write objects by their SHA-256 in hex; what lies there under those names is replaced."""
        ...


class Store(Protocol):
    """Rows, read at any time and written in transactions."""

    def head(self) -> Head:
        """Return the newest head."""
        ...

    def blocks(self, keys: Collection[int]) -> Mapping[int, bytes]:
        """Return those blocks that exist."""
        ...

    def entries(self, start: int, stop: int) -> list[tuple[int, bytes]]:
        """Return the rows with start <= seq < stop, by seq."""
        ...

    def read_object(self, digest: str) -> bytes | None:
        """Return the object kept under this SHA-256 in hex, unchecked; None where there is none."""
        ...

    def has_object(self, digest: str) -> bool:
        """Whether an object is kept under this name."""
        ...

    def begin(self, *, durable: bool = True) -> AbstractContextManager[Transaction]:
        """Take the write lock; waits for other writers.

        Without `durable`, what is written outlives this process from the commit on, and a fall of
        the machine only with the next durable transaction.
        """
        ...

    def close(self) -> None:
        """Let go of files."""
        ...


class SqliteStore:
    """One SQLite file. Threads may share it; processes each open their own."""

    def __init__(self, path: Path) -> None:
        """Open for reading; the first `begin` opens for writing. Raises NotFoundError."""
        if not path.is_file():
            raise NotFoundError(f"no ledger at {path.parent}", hint="`tacho run` makes one")
        self._path = path
        self._reading = threading.RLock()
        self._writing = threading.Lock()
        self._writer: sqlite3.Connection | None = None
        self._commits = 0
        self._waits = True
        """Whether the writer's commits wait for the disk."""
        self._reader = _open_reader(path)
        self._schema = _schema(self._reader, path)

    @classmethod
    def create(cls, path: Path) -> None:
        """Make an empty store at `path`. Where another has just made one, that one stays."""
        _create(path)

    def head(self) -> Head:
        """See Store."""
        with self._reading, _TRANSLATED:
            return _head(self._reader)

    def blocks(self, keys: Collection[int]) -> Mapping[int, bytes]:
        """See Store."""
        with self._reading, _TRANSLATED:
            return _blocks(self._reader, keys)

    def entries(self, start: int, stop: int) -> list[tuple[int, bytes]]:
        """See Store."""
        with self._reading, _TRANSLATED:
            return self._reader.execute(
                "SELECT seq, data FROM entry WHERE seq >= ? AND seq < ?"
                " AND typeof(data) = 'blob' ORDER BY seq",
                (start, stop),
            ).fetchall()

    def read_object(self, digest: str) -> bytes | None:
        """See Store."""
        found = self._find_object("SELECT data FROM object WHERE digest = ?", digest)
        # Only a damaged row is of another type; it is then as good as gone.
        return found[0] if found and isinstance(found[0], bytes) else None

    def has_object(self, digest: str) -> bool:
        """See Store."""
        return self._find_object("SELECT 1 FROM object WHERE digest = ?", digest) is not None

    def _find_object(self, query: str, digest: str) -> tuple[object] | None:
        with self._reading, _TRANSLATED:
            if self._schema == 1:
                self._schema = _schema(self._reader, self._path)
                if self._schema == 1:
                    return None
            found: tuple[object] | None = self._reader.execute(
                query, (bytes.fromhex(digest),)
            ).fetchone()
            return found

    @contextmanager
    def begin(self, *, durable: bool = True) -> Iterator[Transaction]:
        """See Store."""
        with self._writing, _TRANSLATED:
            if self._writer is None:
                self._writer = _open_writer(self._path)
            if durable != self._waits:
                level = "FULL" if durable else "NORMAL"
                self._writer.execute(f"PRAGMA synchronous = {level}")
                self._waits = durable
            self._writer.execute("BEGIN IMMEDIATE")
            if self._commits == SHORT_LIVED_COMMITS:
                _fill_log(self._path)
            self._commits += 1
            try:
                yield _SqliteTransaction(self._writer)
                _commit(self._writer)
            finally:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")

    def close(self) -> None:
        """See Store."""
        with self._writing, self._reading:
            self._reader.close()
            if self._writer is not None:
                self._writer.close()


class _SqliteTransaction:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def head(self) -> Head:
        return _head(self._connection)

    def blocks(self, keys: Collection[int]) -> Mapping[int, bytes]:
        return _blocks(self._connection, keys)

    def advance(
        self, old: Head, new: Head, entries: Sequence[bytes], blocks: Mapping[int, bytes]
    ) -> None:
        write = self._connection
        moved = write.execute(
            "UPDATE head SET size = ?, root = ? WHERE size = ? AND root = ?", (*new, *old)
        )
        if moved.rowcount != 1:
            raise StoreError("the head moved meanwhile", hint="read the head again and retry")
        write.executemany("INSERT INTO entry VALUES (?, ?)", enumerate(entries, old.size))
        write.executemany("INSERT OR REPLACE INTO block VALUES (?, ?)", blocks.items())

    def keep(self, objects: Mapping[str, bytes]) -> None:
        self._connection.executemany(
            "INSERT OR REPLACE INTO object VALUES (?, ?)",
            [(bytes.fromhex(digest), data) for digest, data in objects.items()],
        )


def _commit(connection: sqlite3.Connection) -> None:
    connection.execute("COMMIT")


def _head(connection: sqlite3.Connection) -> Head:
    found = connection.execute("SELECT size, root FROM head").fetchall()
    if len(found) != 1:
        raise DamagedError("the store has lost its head", hint=_RESTORE)
    size, root = found[0]
    if not isinstance(size, int) or not isinstance(root, bytes) or len(root) != HASH_BYTES:
        raise DamagedError("the store's head is damaged", hint=_RESTORE)
    return Head(size, root)


def _blocks(connection: sqlite3.Connection, keys: Collection[int]) -> dict[int, bytes]:
    return dict(connection.execute(_block_query(len(keys)), tuple(keys)).fetchall())


@cache
def _block_query(count: int) -> str:
    marks = ",".join("?" * count)
    return f"SELECT key, data FROM block WHERE key IN ({marks}) AND typeof(data) = 'blob'"


def _open_reader(path: Path) -> sqlite3.Connection:
    with _TRANSLATED:
        try:
            return _probed(f"{path.absolute().as_uri()}?mode=ro")
        except sqlite3.OperationalError:
            # A write-ahead log needs shared memory beside the file. Where the folder is read-only
            # and the log empty, nobody can be writing, so the file may be read as it is.
            log = path.with_name(path.name + "-wal")
            if _may_write(path.parent) or (log.exists() and log.stat().st_size):
                raise
            return _probed(f"{path.absolute().as_uri()}?immutable=1")


def _may_write(folder: Path) -> bool:
    return os.access(folder, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def _probed(uri: str) -> sqlite3.Connection:
    connection = _connect(uri)
    try:
        connection.execute("SELECT 1 FROM sqlite_schema").fetchone()
    except (sqlite3.Error, UnicodeDecodeError):
        connection.close()
        raise
    return connection


def _open_writer(path: Path) -> sqlite3.Connection:
    connection = _connect(f"{path.absolute().as_uri()}?mode=rw")
    connection.execute("PRAGMA synchronous = FULL")
    if _schema(connection, path) == 1:
        _upgrade(connection)
    return connection


def _fill_log(path: Path) -> None:
    """Lengthen the write-ahead log with zeros to its usual size; the write lock must be held.

    To synchronise a file that has grown takes twice as long as one that was overwritten, and waits
    for whatever else is under way in the file system's journal. SQLite reads a log up to the first
    frame that does not follow from those before it, and zeros do not. What cannot be done is left.
    """
    with suppress(OSError):
        handle = os.open(path.with_name(path.name + "-wal"), os.O_WRONLY)
        try:
            size = os.fstat(handle).st_size
            os.pwrite(handle, bytes(max(LOG_BYTES - size, 0)), size)
        finally:
            os.close(handle)


def _upgrade(connection: sqlite3.Connection) -> None:
    """Schema 1 to 2, in one transaction; several writers may meet here."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        if connection.execute("PRAGMA user_version").fetchone() == (1,):
            connection.execute(_OBJECT_TABLE)
            connection.execute(f"PRAGMA user_version = {SCHEMA}")
        connection.execute("COMMIT")
    except sqlite3.Error:
        connection.close()
        raise


def _connect(uri: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    # A damaged row may claim to be text; it is then refused by its hash, not by a decoder.
    connection.text_factory = bytes
    return connection


def _create(path: Path) -> None:
    """Make the tables in a file of another name, then link it in place: whole or not at all."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
    with _TRANSLATED:
        connection = _connect(f"{fresh.absolute().as_uri()}?mode=rwc")
        try:
            connection.executescript(
                f"""
                PRAGMA journal_mode = WAL;
                PRAGMA synchronous = FULL;
                BEGIN;
                PRAGMA application_id = {APPLICATION};
                PRAGMA user_version = {SCHEMA};
                CREATE TABLE entry (seq INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
                CREATE TABLE block (key INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
                CREATE TABLE head (
                    id INTEGER PRIMARY KEY CHECK (id = 0), size INTEGER NOT NULL, root BLOB NOT NULL
                ) STRICT;
                {_OBJECT_TABLE};
                COMMIT;
                """
            )
            connection.execute("INSERT INTO head VALUES (0, 0, ?)", (EMPTY_ROOT,))
        finally:
            connection.close()
    try:
        sync_file(fresh)
        os.link(fresh, path)
        sync_folder(path.parent)
    except FileExistsError:
        pass
    except OSError as error:
        raise StoreError(f"{path} cannot be made: {error.strerror}", hint=_HINT) from error
    finally:
        fresh.unlink()


def _schema(connection: sqlite3.Connection, path: Path) -> int:
    """The schema of the file. Raises FormatError for one that this version does not read."""
    with _TRANSLATED:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION or version not in (1, SCHEMA):
        connection.close()
        raise FormatError(
            f"{path} is not a ledger of schema 1 or {SCHEMA}",
            hint="read it with the version that wrote it",
        )
    return int(version)


_OBJECT_TABLE = "CREATE TABLE object (digest BLOB PRIMARY KEY, data BLOB NOT NULL) STRICT"
_HINT = "see that the disk has room and that you may write there"
_RESTORE = "restore ledger.db from a copy"
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class _Translated:
    """Turns SQLite's errors into ours. A class: a generator would cost more than some queries."""

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, UnicodeDecodeError):
            # SQLite's message quotes a damaged schema, and Python cannot read the message.
            raise DamagedError("the store's file is damaged", hint=_RESTORE) from error
        if not isinstance(error, sqlite3.Error):
            return
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGE:
            raise DamagedError(f"the store's file is damaged: {error}", hint=_RESTORE) from error
        raise StoreError(f"the store cannot be used: {error}", hint=_HINT) from error


_TRANSLATED = _Translated()
