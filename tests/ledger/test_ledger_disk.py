"""Files appear whole or not at all."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from tachograph.ledger.disk import write_file


def test_a_taken_name_keeps_its_bytes(tmp_path: Path) -> None:
    """Without replacing, the first writer wins and the second is told."""
    path = tmp_path / "file"
    assert write_file(path, b"first", replace=False)
    assert not write_file(path, b"second", replace=False)
    assert path.read_bytes() == b"first"
    assert write_file(path, b"third", replace=True)
    assert path.read_bytes() == b"third"
    assert list(tmp_path.iterdir()) == [path]


def test_of_many_writers_one_wins(tmp_path: Path) -> None:
    """Sixteen threads that race for a name leave one whole file, written by the only winner."""
    path, wins = tmp_path / "file", []
    start = threading.Barrier(16)

    def write(number: int) -> None:
        start.wait()
        if write_file(path, b"%d" % number * 1000, replace=False):
            wins.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = wins
    assert path.read_bytes() == b"%d" % winner * 1000


def test_bytes_reach_the_disk_before_the_name_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is synchronised before it gets its name, and the folder after."""
    order: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def recording_fsync(handle: int) -> None:
        order.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        fsync(handle)

    def recording_replace(fresh: Path, path: Path) -> Path:
        order.append("name")
        return replace(fresh, path)

    monkeypatch.setattr(os, "fsync", recording_fsync)
    monkeypatch.setattr(Path, "replace", recording_replace)
    write_file(tmp_path / "file", b"data", replace=True)
    assert order == ["file", "name", "folder"]


def test_only_the_owner_reads_a_secret(tmp_path: Path) -> None:
    """The mode is in force from the first byte on."""
    path = tmp_path / "file"
    write_file(path, b"secret", mode=0o600, replace=False)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_missing_folder_leaves_nothing(tmp_path: Path) -> None:
    """A failed write raises and leaves no file of any name."""
    with pytest.raises(FileNotFoundError):
        write_file(tmp_path / "missing" / "file", b"data", replace=True)
    assert list(tmp_path.iterdir()) == []
