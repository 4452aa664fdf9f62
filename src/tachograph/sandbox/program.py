"""What is put into a box: files and how to call them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from tachograph.errors import UsageError
from tachograph.sandbox.inside import frame
from tachograph.sandbox.memory import printable

PATH_BYTES, NAME_BYTES = 1024, 255


@dataclass(frozen=True)
class Program:
    """A candidate's files, with a Python entry or with commands. UsageError when it is off."""

    files: Mapping[str, str]
    """Relative path to text."""
    entry: str = ""
    """`module:function`, called with the inputs as keyword arguments. Empty: `run` is used."""
    build: tuple[str, ...] = ()
    """A command that makes what `run` needs out of the files alone; not on the clock."""
    run: tuple[str, ...] = ()
    """A command that reads ./in and writes ./out."""

    def __post_init__(self) -> None:
        if bool(self.entry) == bool(self.run):
            raise UsageError("a program needs an entry or a run command, and not both")
        if self.entry and not all(self.entry.partition(":")):
            raise UsageError(f"entry '{self.entry}' is not of the form module:function")
        check_paths(self.files)

    @cached_property
    def id(self) -> str:
        """The hash of all that the program is made of."""
        content = frame.encode_bytes(
            [dict(sorted(self.files.items())), self.entry, list(self.build), list(self.run)]
        )
        return hashlib.sha256(content).hexdigest()


def check_paths(files: Mapping[str, str]) -> None:
    """Raises UsageError for files that could not be written into an empty working directory."""
    folders = {str(parent) for path in files for parent in PurePosixPath(path).parents}
    for path, text in files.items():
        shown = printable(path[:PATH_BYTES])
        parts = PurePosixPath(path).parts
        if not parts or path.startswith("/") or ".." in parts or "\0" in path:
            raise UsageError(f"file path '{shown}' leaves the working directory")
        if str(PurePosixPath(path)) in folders:
            raise UsageError(f"'{shown}' is both a file and a folder")
        try:
            sizes = [len(part.encode()) for part in parts]
            text.encode()
        except UnicodeEncodeError:
            raise UsageError(f"file '{shown}' is not Unicode text") from None
        if sum(sizes) + len(sizes) > PATH_BYTES or max(sizes) > NAME_BYTES:
            raise UsageError(f"file path '{shown}' is too long")
