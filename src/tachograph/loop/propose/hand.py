"""The `hand` proposer: a folder that a person, or a coding agent of any kind, has changed."""

from __future__ import annotations

from pathlib import Path

from tachograph.errors import UsageError
from tachograph.loop.propose.protocol import Brief, Proposal
from tachograph.task import Candidate, Task


class Hand:
    """Proposes the editable files of one folder, once."""

    name = "hand"

    def __init__(self, folder: Path, label: str, note: str) -> None:
        self.folder = folder
        self.label = label
        self.note = note

    def candidate(self, task: Task) -> Candidate:
        """The folder's editable files. Raises UsageError where one is missing or no text."""
        files = {}
        root = self.folder.resolve()
        for path in task.seed.files:
            source = self.folder / path
            # a link could point at a file that its author may not read, or make us wait on a pipe
            if not source.is_file() or not source.resolve().is_relative_to(root):
                raise UsageError(
                    f"{source}: no such file in the folder",
                    hint=f"the task's editable files: {', '.join(task.seed.files)}",
                )
            if source.stat().st_size > task.source_kib << 10:
                raise UsageError(f"{source}: larger than the task's {task.source_kib} KiB")
            try:
                files[path] = source.read_bytes().decode()
            except UnicodeDecodeError:
                raise UsageError(f"{source}: no UTF-8 text") from None
        return Candidate(files)

    def propose(self, brief: Brief) -> Proposal | None:
        """The folder's candidate, unless it was tried."""
        candidate = self.candidate(brief.task)
        if candidate.id in brief.tried:
            return None
        return Proposal(candidate, self.label, self.note)
