"""What is put into a box: files and how to call them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property

from tachograph.errors import UsageError
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
    def key(self) -> Hashable:
        """All that the program is made of: equal programs have equal ones."""
        return tuple(sorted(self.files.items())), self.entry, self.build, self.run


def check_paths(files: Mapping[str, str]) -> None:
    """Raises UsageError for files that could not be written into an empty working directory."""
    parted = {path: tuple(part for part in path.split("/") if part not in ("", "."))
              for path in files}  # fmt: skip
    folders = {parts[:depth] for parts in parted.values() for depth in range(len(parts))}
    for path, text in files.items():
        parts = parted[path]
        if not parts or path.startswith("/") or ".." in parts or "\0" in path:
            raise UsageError(f"file path '{shown(path)}' leaves the working directory")
        if parts in folders:
            raise UsageError(f"'{shown(path)}' is both a file and a folder")
        try:
            sizes = [len(part.encode()) for part in parts]
            text.encode()
        except UnicodeEncodeError:
            raise UsageError(f"file '{shown(path)}' is not Unicode text") from None
        if sum(sizes) + len(sizes) > PATH_BYTES or max(sizes) > NAME_BYTES:
            raise UsageError(f"file path '{shown(path)}' is too long")


def shown(path: str) -> str:
    """A path as an error names it."""
    return printable(path[:PATH_BYTES])
