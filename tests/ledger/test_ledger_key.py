"""The ledger's key: made once, read by its owner, checked when loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from tachograph.errors import DamagedError, EvidenceError, FormatError, NotFoundError
from tachograph.ledger.key import create_key, load_key, load_verifier


def test_a_key_is_made_once(tmp_path: Path) -> None:
    """Making it again returns the first one, whatever origin is asked for."""
    key = create_key(tmp_path, "example.com/log")
    assert create_key(tmp_path, "example.com/other") == key == load_key(tmp_path)
    assert load_verifier(tmp_path) == key.verifier
    assert key.name == "example.com/log"


def test_only_the_owner_reads_the_key(tmp_path: Path) -> None:
    """The private key's file has mode 0600; the public one may be read by all."""
    create_key(tmp_path)
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "origin").stat().st_mode & 0o444 == 0o444


def test_default_origins_differ(tmp_path: Path) -> None:
    """Two ledgers that nobody named do not share a name."""
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    assert len({create_key(folder).name for folder in folders}) == 2


@pytest.mark.parametrize("origin", ["two words", "a+b", "a\nb", "a\tb"])
def test_bad_origins_are_refused(tmp_path: Path, origin: str) -> None:
    """An origin that cannot be a key's name is refused before anything is written."""
    with pytest.raises(FormatError):
        create_key(tmp_path, origin)
    assert list(tmp_path.iterdir()) == []


def test_every_changed_byte_of_the_files_is_noticed(tmp_path: Path) -> None:
    """A private or public key with any one byte changed is refused."""
    key = create_key(tmp_path, "example.com/log")
    for name, load in (("key", load_key), ("origin", load_verifier)):
        path = tmp_path / name
        good = path.read_bytes()
        for place in range(len(good) - 1):
            path.write_bytes(good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])
            with pytest.raises(EvidenceError):
                load(tmp_path)
        path.write_bytes(good)
    assert load_key(tmp_path) == key


def test_missing_files_are_named(tmp_path: Path) -> None:
    """A folder without a key says which file is missing."""
    with pytest.raises(NotFoundError, match="key"):
        load_key(tmp_path)
    with pytest.raises(NotFoundError, match="origin"):
        load_verifier(tmp_path)


def test_binary_rubbish_is_damage(tmp_path: Path) -> None:
    """A file that is not text is refused, not a decoding error."""
    for name, load in (("key", load_key), ("origin", load_verifier)):
        (tmp_path / name).write_bytes(b"\xff\xfe")
        with pytest.raises(DamagedError):
            load(tmp_path)
