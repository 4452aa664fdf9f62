"""Files that are whole or absent, and on the disk when we say so.

Proven by tests/ledger/test_ledger_disk.py. Not covered: disks that acknowledge before they have
written.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


def sync_file(path: Path) -> None:
    """Wait until the file's bytes are on the disk."""
    _sync(path, os.O_RDONLY)


def sync_folder(path: Path) -> None:
    """Wait until the folder's names are on the disk."""
    _sync(path, os.O_RDONLY | os.O_DIRECTORY)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock that this file stands for; wait for other threads and processes.

    The system lets go of it when its holder dies. Raises OSError.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def make_folder(path: Path) -> None:
    """Make a folder and those above it that are missing, on the disk when this returns."""
    if not path.is_dir():
        make_folder(path.parent)
        path.mkdir(exist_ok=True)
        sync_folder(path.parent)


def write_file(path: Path, data: bytes, *, mode: int = 0o644, replace: bool) -> bool:
    """Write a file that appears whole, on the disk when this returns.

    Returns False, and leaves the other's bytes, where the name is taken and not to be replaced.
    Raises OSError; a file of another name that a killed writer leaves is never read.
    """
    fresh = _fresh(path)
    try:
        _write(fresh, data, mode)
        written = _place(fresh, path, replace)
    finally:
        fresh.unlink(missing_ok=True)
    sync_folder(path.parent)
    return written


def write_files(files: Mapping[Path, bytes]) -> None:
    """Write files that each appear whole, all of them on the disk when this returns.

    Those that are there are replaced. Raises OSError, and then any of them may be there or not.
    """
    fresh = {path: _fresh(path) for path in files}
    try:
        for path, data in files.items():
            _write(fresh[path], data, 0o644)
        for path, written in fresh.items():
            _place(written, path, replace=True)
    finally:
        for leftover in fresh.values():
            leftover.unlink(missing_ok=True)
    for folder in {path.parent for path in files}:
        sync_folder(folder)


def _fresh(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}")


def _write(fresh: Path, data: bytes, mode: int) -> None:
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _place(fresh: Path, path: Path, replace: bool) -> bool:
    if replace:
        fresh.replace(path)
        return True
    try:
        os.link(fresh, path)
    except FileExistsError:
        return False
    return True


def _sync(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
