"""Objects are whole, checked and never lost to a second copy."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tachograph.errors import DamagedError, NotFoundError, StoreError
from tachograph.ledger.objects import Objects

DATA = b"content"
DIGEST = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    """An empty store of objects."""
    return Objects(tmp_path)


@pytest.mark.parametrize("data", [b"", DATA, bytes(2**20)], ids=len)
def test_what_was_put_is_fetched(objects: Objects, data: bytes) -> None:
    """Any bytes come back under the hex SHA-256 of their content."""
    digest = objects.put(data)
    assert digest == hashlib.sha256(data).hexdigest()
    assert objects.fetch(digest) == data
    assert digest in objects


def test_putting_twice_keeps_one(objects: Objects, tmp_path: Path) -> None:
    """The same content is one file, and no helper files stay behind."""
    assert objects.put(DATA) == objects.put(DATA)
    assert [path.name for path in tmp_path.iterdir()] == [DIGEST]


@pytest.mark.parametrize("damage", [b"", b"contenT", b"content "])
def test_damaged_objects_are_named(objects: Objects, tmp_path: Path, damage: bytes) -> None:
    """A cut, changed or longer object is refused by name, never returned."""
    objects.put(DATA)
    (tmp_path / DIGEST).write_bytes(damage)
    with pytest.raises(DamagedError, match=DIGEST):
        objects.fetch(DIGEST)


def test_putting_again_heals(objects: Objects, tmp_path: Path) -> None:
    """The good bytes replace a damaged copy."""
    objects.put(DATA)
    (tmp_path / DIGEST).write_bytes(b"damaged")
    objects.put(DATA)
    assert objects.fetch(DIGEST) == DATA


@pytest.mark.parametrize("name", [DIGEST, "", "..", "../key", DIGEST.upper(), DIGEST + "0"])
def test_other_names_are_not_found(objects: Objects, tmp_path: Path, name: str) -> None:
    """What was never put, and what is no digest, names nothing: also not a file elsewhere."""
    (tmp_path.parent / "key").write_bytes(b"secret")
    with pytest.raises(NotFoundError):
        objects.fetch(name)


def test_a_folder_that_cannot_be_written_is_a_store_error(tmp_path: Path) -> None:
    """The world's errors do not leak as they are."""
    with pytest.raises(StoreError):
        Objects(tmp_path / "missing").put(DATA)
