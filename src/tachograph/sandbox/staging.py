"""The folder that a box stands on: in memory where that can be had, and never left behind for good.

Its owner holds a lock on it, which the kernel lets go of however the owner ends. Whoever makes the
next one removes those that nobody holds. Proven by tests/sandbox/test_staging.py.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from pathlib import Path

from tachograph.sandbox.inside import leftovers

PREFIX = "tacho-box-"
MEMORY = Path("/dev/shm")
"""Making and removing folders on a disk costs milliseconds per box; here, microseconds."""


class Staging:
    """A fresh, empty, locked folder. Close it."""

    def __init__(self, parent: Path | None = None) -> None:
        parent = parent or place()
        remove_stale(parent)
        while True:
            self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
            held = lock(self.path)
            if held is not None and self.path.exists():
                self.held = held
                return
            # another process took it for a stale one before we held it
            if held is not None:
                os.close(held)

    def close(self) -> None:
        """Remove the folder and all in it."""
        remove(self.path)
        if self.held >= 0:
            os.close(self.held)
            self.held = -1


def place() -> Path:
    """TMPDIR where it is set, else memory where programs may be run from there, else the usual."""
    chosen = Path(tempfile.gettempdir())
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK | os.X_OK):
        return chosen
    return chosen if os.statvfs(MEMORY).f_flag & os.ST_NOEXEC else MEMORY


def lock(path: Path) -> int | None:
    """A descriptor that holds the folder; None where another process does or it is gone."""
    try:
        held = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(held)
        return None
    return held


def remove_stale(parent: Path) -> None:
    """Remove what boxes of this user left whose owners were killed."""
    for path in parent.glob(PREFIX + "*"):
        held = lock(path)
        if held is None:
            continue
        # as root, a folder may have been given to the uid that its box ran under
        if os.getuid() in (0, os.fstat(held).st_uid):
            remove(path)
        os.close(held)


def remove(path: Path) -> None:
    """Remove a folder that a candidate may have filled; what resists stays for the next one."""
    with contextlib.suppress(OSError):
        leftovers.empty(str(path))
        path.rmdir()
