"""Breaking writes: the n-th step that a file's way to the disk takes is lost, or done and denied.

    with broken(3, "lost") as steps:      # the third step raises OSError and does nothing
    with broken(3, "kept") as steps:      # it is done, and raises all the same
    with broken(3, "killed") as steps:    # the process is killed (SIGKILL) instead of it
    with broken(3, "killed after") ...    # ... or right after it
    steps.count                           # how many steps there were

Steps are: making a file, writing to it, syncing file or folder, renaming, linking, removing, making
and removing a folder, and committing a transaction of a ledger's store.
"""

from __future__ import annotations

import errno
import io
import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from unittest import mock

from tachograph.ledger import store

How = Literal["lost", "kept", "killed", "killed after"]


@dataclass
class Steps:
    """How many steps there were so far, and which breaks."""

    at: int
    how: How
    error: int = errno.ENOSPC
    count: int = 0

    def wrap(
        self, step: Callable[..., Any], fault: Callable[[], Exception] | None = None
    ) -> Callable[..., Any]:
        """The step, counted, and broken when it is its turn."""

        def stepped(*arguments: Any, **named: Any) -> Any:
            self.count += 1
            if self.count != self.at:
                return step(*arguments, **named)
            if self.how == "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            if self.how != "lost":
                step(*arguments, **named)
            if self.how == "killed after":
                os.kill(os.getpid(), signal.SIGKILL)
            raise fault() if fault else OSError(self.error, os.strerror(self.error))

        return stepped


@contextmanager
def broken(at: int, how: How, error: int = errno.ENOSPC) -> Iterator[Steps]:
    """Break step `at` (from 1; 0 breaks none and only counts) of what this process writes."""
    steps = Steps(at, how, error)
    open_file, open_handle = os.open, os.fdopen

    def opened(path: Any, flags: int, *rest: Any, **named: Any) -> int:
        if flags & os.O_EXCL:
            return steps.wrap(open_file)(path, flags, *rest, **named)
        return open_file(path, flags, *rest, **named)

    class Writer(io.FileIO):
        """A file whose writes are steps."""

        def write(self, data: Any) -> int:
            return steps.wrap(super().write)(data)

    def handle(number: int, mode: str = "r", *rest: Any, **named: Any) -> Any:
        return Writer(number, mode) if mode == "wb" else open_handle(number, mode, *rest, **named)

    with (
        mock.patch.object(os, "open", opened),
        mock.patch.object(os, "fdopen", handle),
        mock.patch.object(os, "fsync", steps.wrap(os.fsync)),
        mock.patch.object(os, "link", steps.wrap(os.link)),
        mock.patch.object(Path, "replace", steps.wrap(Path.replace)),
        mock.patch.object(Path, "unlink", steps.wrap(Path.unlink)),
        mock.patch.object(Path, "mkdir", steps.wrap(Path.mkdir)),
        mock.patch.object(Path, "rmdir", steps.wrap(Path.rmdir)),
        mock.patch.object(store, "_commit", steps.wrap(store._commit, _commit_fault)),
    ):
        yield steps


def _commit_fault() -> Exception:
    return sqlite3.OperationalError("disk I/O error")
