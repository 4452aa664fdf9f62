"""What a witness has cosigned: one small file a log, on the disk before the cosignature leaves.

The folder `heads` holds, under the hash of each log's origin, the time and the newest head:

    time 1679315147

    example.com/log
    7
    ...

A slot is locked while it is judged and written, so that of several threads and processes one comes
after the other; a killed holder's lock is gone. The lock is a file beside it, `HASH.lock`, which is
not empty once a head was on the disk: so a head that somebody deleted, perhaps because it was
damaged, is missed, and not taken for a first meeting. Nothing is kept in memory: a write that
failed, and may have happened all the same, is seen by whoever reads next. Proven by
tests/brake/witness/test_witness_memory.py and test_witness_storm.py. Not covered: a folder that is
put back to an older state as a whole; a file system without locks (flock), as some network disks.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tachograph.brake.witness.protocol import format_held, parse_held
from tachograph.errors import DamagedError, FormatError, StoreError
from tachograph.ledger.disk import sync_folder, write_file
from tachograph.merkle.checkpoint import Checkpoint, parse_checkpoint
from tachograph.merkle.note import Note


@dataclass(frozen=True)
class Held:
    """What was cosigned last of one log."""

    time_seconds: int
    """The time that the cosignature states."""
    note: Note
    """The log's signed head."""

    @property
    def checkpoint(self) -> Checkpoint:
        """The head."""
        return parse_checkpoint(self.note.text)


class Slot:
    """The memory of one log, while its lock is held."""

    def __init__(self, path: Path, lock: int | None = None) -> None:
        """`lock` is the descriptor of the locked file; without it nothing can be written."""
        self._path = path
        self._lock = lock

    def read(self) -> Held | None:
        """Return what is held; None where nothing was cosigned. Raises DamagedError, StoreError."""
        try:
            held = Held(*parse_held(self._path.read_bytes().decode()))
            held.checkpoint  # noqa: B018 - a head that does not parse is damage too
        except FileNotFoundError:
            if self._lock is not None and os.fstat(self._lock).st_size:
                raise DamagedError(f"{self._path} was there and is gone", hint=_HINT) from None
            return None
        except (FormatError, UnicodeDecodeError) as error:
            raise DamagedError(f"{self._path} is not a held head", hint=_HINT) from error
        except OSError as error:
            raise _unusable(self._path, error) from error
        return held

    def write(self, held: Held) -> None:
        """Replace what is held; on the disk when this returns. Raises StoreError."""
        try:
            text = format_held(held.time_seconds, held.note)
            write_file(self._path, text.encode(), replace=True)
            self._mark()
        except OSError as error:
            raise _unusable(self._path, error) from error

    def _mark(self) -> None:
        # After the first head and never before, so that no mark is there without a head.
        assert self._lock is not None, "only a locked slot is written"
        if not os.fstat(self._lock).st_size:
            os.write(self._lock, b"held\n")
            os.fsync(self._lock)


class Memory:
    """The folder of slots. Threads and processes may share it."""

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        """Use the folder; with `create`, make it where it is missing.

        Raises DamagedError where it is missing, StoreError.
        """
        self._folder = folder
        if not create and not folder.is_dir():
            raise DamagedError(f"{folder} is missing, and all that was cosigned", hint=_HINT)
        try:
            folder.mkdir(exist_ok=True)
            sync_folder(folder.parent)
        except OSError as error:
            raise _unusable(folder, error) from error

    @contextmanager
    def slot(self, origin: str) -> Iterator[Slot]:
        """Yield a log's slot, locked; waits for whoever holds it. Raises StoreError."""
        path = self._folder / slot_name(origin)
        with _locked(path.with_suffix(".lock")) as lock:
            yield Slot(path, lock)

    def peek(self, name: str) -> Held | None:
        """Return what the slot of this name holds, without waiting; None where there is none."""
        return Slot(self._folder / name).read()


def slot_name(origin: str) -> str:
    """Return the hash of a log's origin, in hex: its slot's name, and its path over HTTP."""
    return hashlib.sha256(origin.encode()).hexdigest()


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    # The lock is a file of its own, as the slot's file is another one after each write.
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise _unusable(path, error) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)


def _unusable(path: Path, error: OSError) -> StoreError:
    return StoreError(f"{path} cannot be used: {error.strerror}", hint="see that the disk has room")


_HINT = "do not delete it: the witness would sign a second history; restore it from a copy"
