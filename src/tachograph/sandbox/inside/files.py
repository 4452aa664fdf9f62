"""Reading and writing a workspace's files, done behind its walls, in a child of the keeper.

A link that leads out of the workspace therefore leads nowhere that a command of it could not go.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import Any, Dict

CHUNK_BYTES = 1 << 20


def serve(request: Dict[str, Any]) -> int:
    """Do it; 0, or the number of the error (errno)."""
    try:
        if request["do"] == "read":
            read(request["path"])
        else:
            write(request["path"], request["mode"])
    except OSError as error:
        return error.errno or errno.EIO
    return 0


def read(path: str) -> None:
    """Write a regular file's bytes to stdout."""
    # not blocking: a pipe that nobody writes to would block for good
    source = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    mode = os.fstat(source).st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, path)
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, path)
    copy(source, 1)


def write(path: str, mode: int) -> None:
    """Make a file, and the folders above it, of the bytes on stdin."""
    folder = os.path.dirname(path)
    try:
        os.makedirs(folder, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(errno.ENOTDIR, folder) from None
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NONBLOCK | os.O_CLOEXEC
    target = os.open(path, flags, mode)
    if not stat.S_ISREG(os.fstat(target).st_mode):
        raise OSError(errno.EINVAL, path)
    copy(0, target)


def copy(source: int, target: int) -> None:
    """All bytes of one descriptor into another."""
    while True:
        chunk = memoryview(os.read(source, CHUNK_BYTES))
        if not chunk:
            return
        while chunk:
            chunk = chunk[os.write(target, chunk) :]
