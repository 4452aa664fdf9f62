"""Objects are whole, checked, kept once, and durable with the entry that names them."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from tachograph.errors import DamagedError, FormatError, NotFoundError, StoreError
from tachograph.ledger import Ledger, kinds, objects

SMALL = b"content"
LARGE = b"content" * objects.SMALL_BYTES
DIGEST = hashlib.sha256(SMALL).hexdigest()
EACH_HOME = pytest.mark.parametrize("data", [SMALL, LARGE], ids=["small", "large"])


def reading(digest: str) -> Any:
    """A draft that names an object."""
    return ("gauge", (), kinds.ReadingTaken("share/1", digest))


def keep(ledger: Ledger, data: bytes) -> str:
    """Put an object and name it."""
    digest = ledger.put(data)
    ledger.append([reading(digest)])
    return digest


def files(folder: Path) -> list[str]:
    """Names of objects that are files."""
    return [path.name for path in (folder / "objects").iterdir()]


def rows(folder: Path) -> list[tuple[str, bytes]]:
    """Objects that lie in the store."""
    with sqlite3.connect(folder / "ledger.db") as connection:
        found = connection.execute("SELECT lower(hex(digest)), data FROM object").fetchall()
    connection.close()
    return found


def spoil(folder: Path, digest: str, damage: bytes) -> None:
    """Damage an object in whichever home it has."""
    path = folder / "objects" / digest
    if path.is_file():
        path.write_bytes(damage)
        return
    with sqlite3.connect(folder / "ledger.db") as connection:
        changed = connection.execute(
            "UPDATE object SET data = ? WHERE digest = ?", (damage, bytes.fromhex(digest))
        )
        assert changed.rowcount == 1
    connection.close()


@pytest.mark.parametrize(
    "data", [b"", SMALL, bytes(objects.SMALL_BYTES), bytes(objects.SMALL_BYTES + 1)], ids=len
)
def test_what_was_put_is_fetched(ledger: Ledger, folder: Path, data: bytes) -> None:
    """Any bytes come back under the hex SHA-256 of their content, at once and for every reader."""
    digest = ledger.put(data)
    assert digest == hashlib.sha256(data).hexdigest()
    assert ledger.fetch(digest) == data
    ledger.append([reading(digest)])
    with Ledger.open(folder) as other:
        assert ledger.fetch(digest) == other.fetch(digest) == data


def test_small_objects_lie_in_the_store_and_large_ones_are_files(
    ledger: Ledger, folder: Path
) -> None:
    """Each object has one home, and verifying visits both."""
    small, large = keep(ledger, SMALL), keep(ledger, LARGE)
    assert rows(folder) == [(small, SMALL)]
    assert files(folder) == [large]
    assert ledger.verify().objects == 2


def test_a_small_object_is_written_with_the_entry_that_names_it(
    ledger: Ledger, folder: Path
) -> None:
    """Before, only this ledger has it; the append makes both visible to others at once."""
    digest = ledger.put(SMALL)
    with Ledger.open(folder) as other:
        with pytest.raises(NotFoundError):
            other.fetch(digest)
        with pytest.raises(NotFoundError, match=digest) as caught:
            other.append([reading(digest)])
        assert "put it" in caught.value.hint
        assert rows(folder) == []
        ledger.append([reading(digest)])
        assert other.fetch(digest) == SMALL
        other.append([reading(digest)])
        assert other.verify().objects == 1


def test_what_no_entry_names_is_gone_when_the_ledger_is_closed(folder: Path) -> None:
    """A put alone promises nothing."""
    with Ledger.open(folder, create=True) as ledger:
        digest = ledger.put(SMALL)
        ledger.append([("test", (), kinds.RunResumed("r"))])
    with Ledger.open(folder) as again, pytest.raises(NotFoundError):
        again.fetch(digest)


def test_a_refused_append_leaves_its_objects_for_the_next(ledger: Ledger, folder: Path) -> None:
    """Nothing is written for an append that was refused, and nothing has to be put again."""
    digest = ledger.put(SMALL)
    with pytest.raises(FormatError):
        ledger.append([reading(digest), ("", (), kinds.RunResumed("r"))])
    assert rows(folder) == []
    ledger.append([reading(digest)])
    assert rows(folder) == [(digest, SMALL)]


def test_a_transaction_that_fails_leaves_its_objects_for_the_next(
    ledger: Ledger, folder: Path
) -> None:
    """The same where the disk refuses at the last moment."""
    digest = ledger.put(SMALL)
    with sqlite3.connect(folder / "ledger.db") as connection:
        connection.execute("CREATE TRIGGER full BEFORE INSERT ON object BEGIN "
                           "SELECT RAISE(ABORT, 'disk full'); END")  # fmt: skip
        with pytest.raises(StoreError, match="disk full"):
            ledger.append([reading(digest)])
        connection.execute("DROP TRIGGER full")
    connection.close()
    assert (ledger.size, rows(folder)) == (0, [])
    ledger.append([reading(digest)])
    assert rows(folder) == [(digest, SMALL)]


@EACH_HOME
def test_putting_twice_keeps_one(ledger: Ledger, folder: Path, data: bytes) -> None:
    """The same content is kept once, by however many writers, and no helper files stay behind."""
    with Ledger.open(folder) as other:
        other.put(data)
        digests = {keep(ledger, data), keep(ledger, data), keep(other, data)}
    assert len(digests) == len(rows(folder)) + len(files(folder)) == 1


def test_threads_put_and_append_side_by_side(ledger: Ledger, folder: Path) -> None:
    """Each thread's entries and objects are durable together, also of content that they share."""
    start = threading.Barrier(8)

    def work(number: int) -> None:
        start.wait()
        for turn in range(10):
            own, shared = b"%d of %d" % (turn, number), b"shared %d" % turn
            ledger.append([reading(ledger.put(own)), reading(ledger.put(shared))])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(rows(folder)) == ledger.verify().objects == 90
    assert ledger._objects._waiting_bytes == 0


def test_too_much_that_waits_becomes_files(
    ledger: Ledger, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is put and not named cannot fill the memory."""
    monkeypatch.setattr(objects, "WAITING_BYTES", 20)
    digests = [ledger.put(b"%09d" % number) for number in range(5)]
    assert sorted(files(folder)) == sorted(digests[2:])
    ledger.append(list(map(reading, digests)))
    assert len(rows(folder)) == 2
    assert ledger.verify().objects == 5
    ledger.put(b"waits again")
    assert len(files(folder)) == 3


@EACH_HOME
@pytest.mark.parametrize("damage", [b"", b"contenT", b"content "])
def test_damaged_objects_are_named(
    ledger: Ledger, folder: Path, data: bytes, damage: bytes
) -> None:
    """A cut, changed or longer object is refused by name, never returned."""
    digest = keep(ledger, data)
    spoil(folder, digest, damage)
    with pytest.raises(DamagedError, match=digest):
        ledger.fetch(digest)


@EACH_HOME
def test_putting_again_heals(ledger: Ledger, folder: Path, data: bytes) -> None:
    """The good bytes replace a damaged copy, for every reader, without another entry."""
    digest = keep(ledger, data)
    spoil(folder, digest, b"damaged")
    ledger.put(data)
    with Ledger.open(folder) as other:
        assert other.fetch(digest) == data


@pytest.mark.parametrize("name", [DIGEST, "", "..", "../key", DIGEST.upper(), DIGEST + "0"])
def test_other_names_are_not_found(ledger: Ledger, folder: Path, name: str) -> None:
    """What was never put, and what is no digest, names nothing: also not a file elsewhere."""
    assert (folder / "objects" / "../key").is_file()
    with pytest.raises(NotFoundError):
        ledger.fetch(name)


def test_a_folder_that_cannot_be_written_is_a_store_error(ledger: Ledger, folder: Path) -> None:
    """The world's errors do not leak as they are."""
    (folder / "objects").rmdir()
    with pytest.raises(StoreError):
        ledger.put(LARGE)


# Ledgers of schema 1, whose objects were all files.


@pytest.fixture
def old(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a ledger as schema 1 had it, with one object and one entry."""
    with monkeypatch.context() as past, Ledger.open(folder, create=True) as ledger:
        past.setattr(objects, "SMALL_BYTES", -1)
        keep(ledger, SMALL)
    with sqlite3.connect(folder / "ledger.db") as connection:
        connection.execute("DROP TABLE object")
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    return folder


def version(folder: Path) -> int:
    """Schema of the file."""
    with sqlite3.connect(folder / "ledger.db") as connection:
        (found,) = connection.execute("PRAGMA user_version").fetchone()
    connection.close()
    return int(found)


def test_an_old_ledger_is_read_as_it_is(old: Path) -> None:
    """Its objects are found, it verifies, and reading does not change it."""
    with Ledger.open(old) as ledger:
        assert ledger.fetch(DIGEST) == SMALL
        assert ledger.verify().objects == 1
        with pytest.raises(NotFoundError):
            ledger.fetch(hashlib.sha256(b"other").hexdigest())
    assert version(old) == 1


def test_an_old_ledger_goes_on(old: Path) -> None:
    """Old objects stay files, new ones lie in the store, and readers opened before see them."""
    with Ledger.open(old) as reader, Ledger.open(old) as ledger:
        assert reader.fetch(DIGEST) == SMALL
        new = keep(ledger, b"new")
        keep(ledger, SMALL)
        assert reader.fetch(new) == b"new"
        assert reader.verify().objects == 2
    assert (rows(old), files(old), version(old)) == ([(new, b"new")], [DIGEST], 2)


def test_writers_meet_at_an_old_ledger(old: Path) -> None:
    """Whoever comes second finds the table."""
    start = threading.Barrier(4)

    def work(number: int) -> None:
        with Ledger.open(old) as ledger:
            start.wait()
            keep(ledger, b"%d" % number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Ledger.open(old) as ledger:
        assert ledger.verify().objects == 5
