"""Cutting the power: at the n-th step, whatever was not synchronised is gone, and the process too.

    with power_cut(7):      # in a child: it ends with CUT, before its seventh step
        ...

The strictest disk there is: data of a file is there once the file was synchronised; a name, made,
moved or removed, once its folder was. What a ledger's store commits it synchronises itself.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

CUT = 77
"""Exit code of a process whose power was cut."""


@dataclass
class Disk:
    """What the process did that is not on the disk yet, oldest first."""

    at: int
    count: int = 0
    undo: list[tuple[object, Callable[[], None]]] = field(default_factory=list)
    """What makes it durable (an inode, or a folder's path), and how it is undone."""

    def step(self) -> None:
        """Count; cut the power when it is time."""
        self.count += 1
        if self.count == self.at:
            for _, undo in reversed(self.undo):
                undo()
            os._exit(CUT)

    def changed(self, by: object, undo: Callable[[], None]) -> None:
        """Something was done that `by` makes durable."""
        self.undo.append((by, undo))

    def synced(self, handle: int) -> None:
        """A file or a folder is on the disk."""
        known = Path(f"/proc/self/fd/{handle}").readlink()
        by = known if known.is_dir() else os.fstat(handle).st_ino
        self.undo = [one for one in self.undo if one[0] != by]


@contextmanager
def power_cut(at: int) -> Iterator[Disk]:
    """Cut the power before step `at` (from 1; 0: never)."""
    disk = Disk(at)
    open_file, open_handle, sync = os.open, os.fdopen, os.fsync
    replace, unlink, mkdir, rmdir = Path.replace, Path.unlink, Path.mkdir, Path.rmdir
    paths: dict[int, Path] = {}

    def opened(path: Any, flags: int, *rest: Any, **named: Any) -> int:
        if not flags & os.O_EXCL:
            return open_file(path, flags, *rest, **named)
        disk.step()
        handle = open_file(path, flags, *rest, **named)
        paths[os.fstat(handle).st_ino] = Path(path)
        disk.changed(Path(path).parent, lambda: unlink(Path(path), missing_ok=True))
        return handle

    def handled(number: int, mode: str = "r", *rest: Any, **named: Any) -> Any:
        file = open_handle(number, mode, *rest, **named)
        if mode == "wb":
            disk.step()
            inode = os.fstat(number).st_ino
            disk.changed(inode, lambda: empty(paths[inode]))
        return file

    def synced(handle: int) -> None:
        disk.step()
        sync(handle)
        disk.synced(handle)

    def replaced(fresh: Path, path: Path) -> Path:
        disk.step()
        before = path.read_bytes() if path.exists() else None
        inode = fresh.stat().st_ino
        made = replace(fresh, path)
        paths[inode] = path

        def undo() -> None:
            replace(path, fresh)
            paths[inode] = fresh
            if before is not None:
                path.write_bytes(before)

        disk.changed(path.parent, undo)
        return made

    def unlinked(path: Path, missing_ok: bool = False) -> None:
        if not path.exists():
            return unlink(path, missing_ok=missing_ok)
        disk.step()
        before = path.read_bytes()
        unlink(path)
        disk.changed(path.parent, lambda: [path.write_bytes(before)].clear())
        return None

    def made(path: Path, *rest: Any, **named: Any) -> None:
        there = path.exists()
        disk.step()
        mkdir(path, *rest, **named)
        if not there:
            disk.changed(path.parent, lambda: shutil.rmtree(path, ignore_errors=True))

    def removed(path: Path) -> None:
        disk.step()
        rmdir(path)
        disk.changed(path.parent, lambda: mkdir(path))

    with (
        mock.patch.object(os, "open", opened),
        mock.patch.object(os, "fdopen", handled),
        mock.patch.object(os, "fsync", synced),
        mock.patch.object(Path, "replace", replaced),
        mock.patch.object(Path, "unlink", unlinked),
        mock.patch.object(Path, "mkdir", made),
        mock.patch.object(Path, "rmdir", removed),
    ):
        yield disk


def empty(path: Path) -> None:
    """The data never arrived."""
    if path.exists():
        os.truncate(path, 0)
