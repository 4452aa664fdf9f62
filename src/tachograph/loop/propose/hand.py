"""The `hand` proposer: a folder that a person, or a coding agent of any kind, has changed."""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath

from tachograph.errors import UsageError
from tachograph.loop.propose.protocol import Brief, Desk, Proposal
from tachograph.task import Candidate, Task


class Hand:
    """Proposes the editable files of one folder, once."""

    name = "hand"

    thinks_here = True

    def __init__(self, folder: Path, label: str, note: str) -> None:
        self.folder = folder
        self.label = label
        self.note = note

    def candidate(self, task: Task) -> Candidate:
        """The folder's editable files. Raises UsageError where one is missing or no text."""
        if not self.folder.is_dir():
            raise UsageError(f"{self.folder}: no such folder", hint="--from DIR, with your version")
        files = {}
        for path in task.seed.files:
            try:
                data = read_regular(self.folder, path, task.source_kib << 10)
                files[path] = data.decode()
            except OSError:
                raise UsageError(
                    f"{self.folder / path}: no such file in the folder",
                    hint=f"the task's editable files: {', '.join(task.seed.files)}",
                ) from None
            except UnicodeDecodeError:
                raise UsageError(f"{self.folder / path}: no UTF-8 text") from None
        return Candidate(files)

    def propose(self, brief: Brief, desk: Desk) -> Proposal | None:
        """The folder's candidate, unless it was tried."""
        candidate = self.candidate(brief.task)
        if candidate.id in brief.tried:
            return None
        return Proposal(candidate, self.label, self.note)


def read_regular(folder: Path, path: str, most_bytes: int) -> bytes:
    """The bytes of a regular file below `folder`, reached through no link.

    Whoever owns the folder may change it while we look: each step is opened from the one before
    and then looked at, so that what is read is what was looked at, and a pipe cannot make us wait.
    Raises OSError where there is no such file, and UsageError where it is too large.
    """
    where = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in PurePosixPath(path).parts:
            step = os.open(part, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=where)
            os.close(where)
            where = step
        if not stat.S_ISREG(os.fstat(where).st_mode):
            raise FileNotFoundError(path)
        with open(where, "rb", closefd=False) as source:
            data = source.read(most_bytes + 1)
    finally:
        os.close(where)
    if len(data) > most_bytes:
        raise UsageError(f"{folder / path}: larger than the task's {most_bytes >> 10} KiB")
    return data
