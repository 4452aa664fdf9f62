"""The SQLite store: the head moves by compare-and-set, and reading never writes."""

from __future__ import annotations

import hashlib
import os
import resource
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tachograph.errors import DamagedError, FormatError, NotFoundError, StoreError
from tachograph.ledger.store import LOG_BYTES, SHORT_LIVED_COMMITS, Head, SqliteStore
from tachograph.ledger.write import write_leaves
from tachograph.merkle.tree import EMPTY_ROOT

LEAVES = [b"one", b"two", b"three"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The file of an empty store."""
    SqliteStore.create(tmp_path / "ledger.db")
    return tmp_path / "ledger.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    """An empty store, open."""
    opened = SqliteStore(path)
    yield opened
    opened.close()


def write(store: SqliteStore, leaves: list[bytes]) -> Head:
    """Append leaves in one transaction."""
    with store.begin() as transaction:
        return write_leaves(transaction.head(), leaves, transaction)


def test_a_new_store_is_empty(store: SqliteStore) -> None:
    """It has the head of no entries."""
    assert store.head() == Head(0, EMPTY_ROOT)
    assert store.entries(0, 10) == []


def test_rows_come_back(store: SqliteStore, path: Path) -> None:
    """What was written is there for this store and for another that opens the file."""
    head = write(store, LEAVES)
    other = SqliteStore(path)
    for reader in (store, other):
        assert reader.head() == head
        assert reader.entries(1, 3) == [(1, b"two"), (2, b"three")]
    other.close()


def test_the_head_moves_by_compare_and_set(store: SqliteStore) -> None:
    """A writer that starts from an old head is refused, and nothing of it stays."""
    first = Head(0, EMPTY_ROOT)
    write(store, LEAVES)
    for stale in (first, Head(3, EMPTY_ROOT)):
        with pytest.raises(StoreError, match="head moved"), store.begin() as transaction:
            transaction.advance(stale, Head(4, EMPTY_ROOT), [b"x"] * (3 - stale.size), {})
    assert store.head().size == 3
    assert store.entries(0, 10) == list(enumerate(LEAVES))


def test_a_taken_place_is_never_overwritten(store: SqliteStore) -> None:
    """Writing an entry where there is one fails, whatever the head says."""
    head = write(store, LEAVES)
    with pytest.raises(StoreError), store.begin() as transaction:
        transaction.advance(Head(1, head.root), Head(2, head.root), [b"other"], {})
    assert store.entries(0, 10) == list(enumerate(LEAVES))


def test_an_error_inside_a_transaction_undoes_it(store: SqliteStore) -> None:
    """Nothing stays of a transaction that did not close, and the lock is free again."""
    with pytest.raises(KeyError), store.begin() as transaction:
        write_leaves(transaction.head(), LEAVES, transaction)
        raise KeyError
    assert store.head().size == 0
    write(store, LEAVES)


def test_writers_of_two_stores_take_turns(store: SqliteStore, path: Path) -> None:
    """A second writer waits for the first and then sees its entries."""
    other = SqliteStore(path)
    inside, heads = threading.Event(), []

    def second() -> None:
        inside.wait()
        with other.begin() as transaction:
            heads.append(transaction.head().size)

    thread = threading.Thread(target=second)
    thread.start()
    with store.begin() as transaction:
        inside.set()
        write_leaves(transaction.head(), LEAVES, transaction)
        assert heads == []
    thread.join()
    assert heads == [3]
    other.close()


def test_creating_again_keeps_what_is_there(store: SqliteStore, path: Path) -> None:
    """A creator that comes second finds the first one's store, and leaves no helper files."""
    write(store, LEAVES)
    SqliteStore.create(path)
    assert store.head().size == 3
    assert {file.name for file in path.parent.iterdir()} == {
        "ledger.db",
        "ledger.db-shm",
        "ledger.db-wal",
    }


def test_a_commit_is_synchronised(store: SqliteStore) -> None:
    """The writer's connection waits for the disk at every commit: write-ahead log, FULL."""
    write(store, LEAVES)
    assert store._writer is not None
    assert store._writer.execute("PRAGMA synchronous").fetchone() == (2,)
    assert store._writer.execute("PRAGMA journal_mode").fetchone() == (b"wal",)


def test_a_filled_log_is_read_as_before(store: SqliteStore, path: Path, tmp_path: Path) -> None:
    """Zeros behind the log's frames are no frames: not for others now, and not after a crash."""
    log = path.with_name("ledger.db-wal")
    for commit in range(SHORT_LIVED_COMMITS):
        write(store, [b"before %d" % commit])
    assert log.stat().st_size < LOG_BYTES
    for commit in range(10):
        write(store, [b"after %d" % commit])
    assert log.stat().st_size == LOG_BYTES
    kept = [(SHORT_LIVED_COMMITS + commit, b"after %d" % commit) for commit in range(10)]
    head, crashed = store.head(), tmp_path / "crashed"
    crashed.mkdir()
    for file in (path, log):
        shutil.copy(file, crashed)
    for found in (SqliteStore(path), SqliteStore(crashed / path.name)):
        assert found.entries(SHORT_LIVED_COMMITS, 100) == kept
        assert found.head() == head
        write(found, LEAVES)
        found.close()
    assert store.head().size == head.size + len(LEAVES)


def test_a_log_that_cannot_be_filled_is_left(store: SqliteStore, path: Path) -> None:
    """It saves time only: no room for it is no reason to refuse an append."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LOG_BYTES // 2, hard))
    try:
        for commit in range(SHORT_LIVED_COMMITS + 10):
            write(store, [b"%d" % commit])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert store.head().size == SHORT_LIVED_COMMITS + 10
    assert path.with_name("ledger.db-wal").stat().st_size == LOG_BYTES // 2


def test_reading_does_not_write(path: Path) -> None:
    """Opening and reading a closed store leaves its file as it was, byte for byte."""
    before = hashlib.sha256(path.read_bytes()).digest(), path.stat().st_mtime_ns
    reader = SqliteStore(path)
    reader.head()
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader._reader.execute("DELETE FROM head")
    reader.close()
    assert (hashlib.sha256(path.read_bytes()).digest(), path.stat().st_mtime_ns) == before


@contextmanager
def unprivileged() -> Iterator[None]:
    """Root may write anywhere: be nobody meanwhile."""
    user = os.geteuid()
    os.seteuid(65534 if user == 0 else user)
    try:
        yield
    finally:
        os.seteuid(user)


def test_a_read_only_folder_can_be_read() -> None:
    """A store on a medium that cannot be written is read; writing there is a store error."""
    folder = Path(tempfile.mkdtemp())
    try:
        SqliteStore.create(folder / "ledger.db")
        store = SqliteStore(folder / "ledger.db")
        write(store, LEAVES)
        store.close()
        folder.chmod(0o555)
        with unprivileged():
            reader = SqliteStore(folder / "ledger.db")
            assert reader.entries(0, 10) == list(enumerate(LEAVES))
            with pytest.raises(StoreError):
                write(reader, LEAVES)
            reader.close()
        assert [file.name for file in folder.iterdir()] == ["ledger.db"]
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


def test_other_files_are_refused(tmp_path: Path) -> None:
    """No file, no database, and another program's database are told apart."""
    path = tmp_path / "ledger.db"
    with pytest.raises(NotFoundError):
        SqliteStore(path)
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(DamagedError):
        SqliteStore(path)
    path.unlink()
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE entry (seq INTEGER)")
    other.close()
    with pytest.raises(FormatError):
        SqliteStore(path)
