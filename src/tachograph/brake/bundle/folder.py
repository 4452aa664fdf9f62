"""Reading a folder that a stranger made: bounded, inside it only, and never surprised.

Every name is opened step by step without following a link, so nothing outside the folder is read
whatever lies in it; only regular files are read, so a pipe cannot hang the reader; and files, names
and the sum of all bytes have limits, so a giant costs an error and no memory. Proven by
tests/brake/test_folder.py and test_bundle_hostile.py. Not covered: a folder that changes while it
is read.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tachograph.errors import FormatError, NotFoundError, StoreError

_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True)
class Limits:
    """How much of a stranger's folder is read before it is refused."""

    file_bytes: int = 16 * 2**20
    """Of one file; a full bundle of 256 entries is at most 16 MiB and 512 bytes."""
    total_bytes: int = 2 * 2**30
    """Of all files together."""
    names: int = 100_000
    """In one folder."""


class Folder:
    """A folder, read within limits. Not for several threads."""

    def __init__(self, path: Path, limits: Limits | None = None) -> None:
        """Raises NotFoundError where `path` is no folder."""
        if not path.is_dir():
            raise NotFoundError(f"{path} is not a folder", hint="name the folder of a bundle")
        self.path = path
        self.limits = limits or Limits()
        self._left = self.limits.total_bytes

    def read(self, name: str, limit: int | None = None) -> bytes:
        """Return a file's bytes. Raises NotFoundError, FormatError where it is refused."""
        limit = self.limits.file_bytes if limit is None else limit
        with self._opened(name) as descriptor:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise _refusal(f"{name} is not a regular file")
            if found.st_size > limit:
                raise _refusal(f"{name} is {found.st_size} bytes long, {limit} are allowed")
            data = _read_all(descriptor, limit)
        if len(data) > limit:
            raise _refusal(f"{name} is more than {limit} bytes long")
        self._left -= len(data)
        if self._left < 0:
            raise _refusal(f"the files are more than {self.limits.total_bytes} bytes together")
        return data

    def text(self, name: str, limit: int | None = None) -> str:
        """Return a file's text. Raises NotFoundError, FormatError where it is not UTF-8."""
        try:
            return self.read(name, limit).decode("utf-8")
        except UnicodeDecodeError as error:
            raise _refusal(f"{name} is not UTF-8 text") from error

    def has(self, name: str) -> bool:
        """Whether there is a regular file of that name, reached without a link."""
        try:
            with self._opened(name) as descriptor:
                return stat.S_ISREG(os.fstat(descriptor).st_mode)
        except (NotFoundError, FormatError):
            return False

    def names(self, name: str) -> list[str]:
        """Return the names in a folder below, sorted; none where it is missing."""
        try:
            with self._opened(name) as descriptor:
                if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
                    raise _refusal(f"{name} is not a folder")
                return sorted(self._listed(descriptor, name))
        except NotFoundError:
            return []

    def _listed(self, descriptor: int, name: str) -> Iterator[str]:
        with os.scandir(descriptor) as entries:
            for count, entry in enumerate(entries, 1):
                if count > self.limits.names:
                    raise _refusal(f"{name} holds more than {self.limits.names} names")
                if not entry.name.isprintable():
                    raise _refusal(f"{name} holds a name that cannot be printed")
                yield entry.name

    @contextmanager
    def _opened(self, name: str) -> Iterator[int]:
        parts = name.split("/")
        if any(part in ("", ".", "..") or "\0" in part for part in parts):
            raise _refusal(f"{name!r} is not a name inside the folder")
        at = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for part in parts:
                below = _step(part, at, name)
                os.close(at)
                at = below
            yield at
        finally:
            os.close(at)


def _step(part: str, at: int, name: str) -> int:
    try:
        return os.open(part, _OPEN, dir_fd=at)
    except (FileNotFoundError, NotADirectoryError):
        raise NotFoundError(f"{name} is missing", hint="ask for a whole bundle") from None
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EPERM, errno.EIO, errno.EMFILE, errno.ENFILE):
            raise StoreError(
                f"{name} cannot be read: {error.strerror}", hint="see that you may read it"
            ) from None
        # ELOOP: a link; ENXIO: a socket; ENAMETOOLONG: no name at all
        raise _refusal(f"{name} is a link, or no file: {error.strerror}") from None
    except ValueError:
        raise _refusal(f"{name!r} cannot be a name") from None


def _read_all(descriptor: int, limit: int) -> bytes:
    parts, length = [], 0
    while length <= limit:
        part = os.read(descriptor, min(2**20, limit + 1 - length))
        if not part:
            break
        parts.append(part)
        length += len(part)
    return b"".join(parts)


def _refusal(message: str) -> FormatError:
    return FormatError(message, hint="treat the bundle as refused: an honest one has no such file")
