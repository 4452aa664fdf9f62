"""Where answers lie from their arrival until they are recorded: a folder beside the ledger.

**At most one call is under way for one key, and what it came to outlives the death of the run that
asked.** The process that asks (inside/) outlives it too: it holds `KEY.asked` locked while the call
is under way and places `KEY.told` before it lets go. Death of

- the run, before the answer: the call goes on; whoever resumes waits for the lock, then reads.
- the run, after the answer and before its record: KEY.told is there.
- the run, after the record: KEY.told is superfluous; the record comes first.
- the asking process too (or the machine): the lock is gone and no answer is there; it is asked
  again, and the first may have been charged.

Proven by tests/loop/propose/models/test_models_spool.py and test_models_kill.py.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

LOOK_SECONDS = 0.05


class BusyError(Exception):
    """A call is under way for this key."""


class Spool:
    """One folder; processes may share it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def open(self) -> None:
        """Make the folder; for its owner alone. Raises OSError."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def asked(self, key: str) -> Path:
        """The file that is locked while the call is under way."""
        return self.folder / f"{key}.asked"

    def told(self, key: str) -> Path:
        """The file that holds what it came to."""
        return self.folder / f"{key}.told"

    @contextmanager
    def hold(self, key: str) -> Iterator[None]:
        """Be the only one who asks for this key. Raises BusyError, OSError."""
        with self.asked(key).open("w") as lock:
            _lock(lock.fileno(), fcntl.LOCK_EX)
            yield

    def keep(self, key: str, value: Any) -> None:
        """Place what it came to, whole or not at all. Call it while the key is held."""
        fresh = self.told(key).with_suffix(".fresh")
        fresh.write_text(json.dumps(value))
        fresh.replace(self.told(key))

    def look(self, key: str) -> Any:
        """What it came to; None where nothing was asked or it was lost. Raises BusyError."""
        if (value := self._read(key)) is not None:
            return value
        try:
            lock = os.open(self.asked(key), os.O_RDONLY)
        except FileNotFoundError:
            return None
        try:
            _lock(lock, fcntl.LOCK_SH)
            return self._read(key)
        finally:
            os.close(lock)

    def wait(self, key: str, stopping: threading.Event) -> Any:
        """What it came to, waiting while it is under way. None as for `look`, or when stopping."""
        while True:
            try:
                return self.look(key)
            except BusyError:
                if stopping.wait(LOOK_SECONDS):
                    return None

    def discard(self, key: str) -> None:
        """It is recorded."""
        for path in (self.told(key), self.asked(key)):
            with suppress(FileNotFoundError):
                path.unlink()

    def _read(self, key: str) -> Any:
        # A file that is no JSON was not placed by `keep`: as good as none.
        try:
            return json.loads(self.told(key).read_bytes())
        except (FileNotFoundError, ValueError):
            return None


def _lock(lock: int, how: int) -> None:
    try:
        fcntl.flock(lock, how | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BusyError from None
