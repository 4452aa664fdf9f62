"""Who owns what a workspace writes to, where the judge is root and its commands are not.

Trees are walked without following links, folder by folder through descriptors, so that a tree which
an earlier command has filled leads nowhere else. Proven by tests/sandbox/test_ownership.py.
"""

from __future__ import annotations

import os
from pathlib import Path

MOST_DEEP = 128
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def of(path: Path) -> tuple[int, int]:
    """Its uid and gid."""
    status = path.stat()
    return status.st_uid, status.st_gid


def give(path: Path, uid: int, gid: int) -> None:
    """Make `uid` the owner of a path and of all below it; of what lies too deep, or has gone, not.

    Nothing is done where the owner is `uid` already: a judge that is not root gives nothing away.
    """
    if path.stat().st_uid == uid == os.getuid():
        return
    os.chown(path, uid, gid, follow_symlinks=False)
    if path.is_dir():
        descriptor = os.open(path, FOLDER)
        try:
            give_below(descriptor, uid, gid, MOST_DEEP)
        finally:
            os.close(descriptor)


def give_below(folder: int, uid: int, gid: int, deep: int) -> None:
    """All below an open folder."""
    for name in os.listdir(folder):
        try:
            os.chown(name, uid, gid, dir_fd=folder, follow_symlinks=False)
            below = os.open(name, FOLDER, dir_fd=folder) if deep else -1
        except OSError:  # no folder, a link, or gone
            continue
        if below >= 0:
            try:
                give_below(below, uid, gid, deep - 1)
            finally:
                os.close(below)
