"""Memory files: bounded from the start, sealed before they are read, so nothing changes later.

Elsewhere than on Linux they are unnamed temporary files, and nothing bounds or seals them.
"""

from __future__ import annotations

import fcntl
import hashlib
import mmap
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tachograph.errors import BoxError, UsageError
from tachograph.sandbox.inside import frame
from tachograph.sandbox.inside.timing import seal

COPY_BYTES = 1 << 20
READ_BYTES = 1 << 16
"""A larger value is mapped; a smaller one is read, which is quicker."""
F_SEAL_FUTURE_WRITE = 16
"""Linux 5.1 (memfd_create(2)); Python has no name for it before 3.14."""


class MemoryFile:
    """An anonymous file in memory. Close it, or use it in a `with`."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.sealed_bytes: int | None = None
        """Its size, once that cannot change."""

    @classmethod
    def make(cls, name: str) -> MemoryFile:
        """An empty one."""
        try:
            return cls(unnamed(name))
        except OSError as error:
            raise BoxError(f"no memory file: {error.strerror}", hint="free some memory") from None

    @classmethod
    def bounded(cls, name: str, size: int) -> MemoryFile:
        """One that a box may write, never beyond `size` bytes. Pages are taken as they are used."""
        made = cls.make(name)
        os.ftruncate(made.descriptor, size)
        if sys.platform == "linux":
            fcntl.fcntl(made.descriptor, fcntl.F_ADD_SEALS,
                        fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK)  # fmt: skip
        return made

    @classmethod
    def sealed(cls, name: str, value: Any) -> MemoryFile:
        """One that holds `value` as a frame and can never change again."""
        try:
            parts = frame.encode(value)
        except frame.FrameError as error:
            raise UsageError(
                f"{name} cannot be sent to a box: {error}",
                hint="use plain values and NumPy arrays of numbers",
            ) from None
        return cls.filled(name, *parts)

    @classmethod
    def filled(cls, name: str, *parts: Any) -> MemoryFile:
        """One that holds these bytes and can never change again."""
        made = cls.make(name)
        with open(made.descriptor, "wb", closefd=False) as out:
            out.writelines(parts)
        made.finish()
        return made

    @property
    def size(self) -> int:
        """Bytes."""
        if self.sealed_bytes is not None:
            return self.sealed_bytes
        return os.fstat(self.descriptor).st_size

    def seal(self) -> bool:
        """No more writing, by anyone. False where someone still holds it mapped for writing."""
        if not seal(self.descriptor):
            return False
        self.sealed_bytes = os.fstat(self.descriptor).st_size
        return True

    def finish(self) -> None:
        """No more writing to what this process has written, shown to nobody and never mapped."""
        if not finish(self.descriptor):
            self.seal()
        elif sys.platform == "linux":
            self.sealed_bytes = os.fstat(self.descriptor).st_size

    def value(self, size: int) -> Any:
        """The frame in the first `size` bytes. Raises frame.FrameError."""
        if not 0 < size <= self.size:
            raise frame.FrameError("a size beyond the limit")
        if size <= READ_BYTES:
            return frame.decode(os.pread(self.descriptor, size, 0))
        # not in a `with`: an error's traceback still holds views of the memory, so it cannot
        # be closed then; it goes with the last of them
        return frame.decode(mmap.mmap(self.descriptor, size, prot=mmap.PROT_READ))

    def twin(self, name: str) -> MemoryFile:
        """A sealed copy, which shares no offset, flag, time or mode with this one."""
        made = MemoryFile.make(name)
        size, done = self.size, 0
        while done < size:
            if sys.platform == "linux":
                done += os.sendfile(made.descriptor, self.descriptor, done, size - done)
            else:
                done += os.write(made.descriptor, os.pread(self.descriptor, COPY_BYTES, done))
        made.finish()
        return made

    def sha256(self) -> str:
        """Of its bytes, in hex."""
        digest, done = hashlib.sha256(), 0
        while part := os.pread(self.descriptor, COPY_BYTES, done):
            digest.update(part)
            done += len(part)
        return digest.hexdigest()

    def text(self) -> str:
        """Everything written so far, as text without control characters."""
        if not os.fstat(self.descriptor).st_blocks:
            return ""
        data = os.pread(self.descriptor, self.size, 0).rstrip(b"\0")
        return printable(data.decode("utf-8", "replace"))

    def close(self) -> None:
        """Give the memory back."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def __enter__(self) -> MemoryFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def unnamed(name: str) -> int:
    """A descriptor of a file that no path leads to. Raises OSError."""
    if sys.platform == "linux":
        return os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    else:  # noqa: RET505 - one branch a platform, so that each is checked on its own
        descriptor, path = tempfile.mkstemp(prefix=f"tacho-{name}-")
        Path(path).unlink()
        return descriptor


def finish(descriptor: int) -> bool:
    """Refuse every write and every new mapping for writing; False where the system cannot.

    Unlike a full seal it lets mappings be that are there, and so need not look for any: where there
    can be none, that saves a wait for every core.
    """
    if sys.platform == "linux":
        seals = fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | F_SEAL_FUTURE_WRITE
        try:
            fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
        except OSError:
            return False
        return True
    else:  # noqa: RET505 - one branch a platform, so that each is checked on its own
        return False


def printable(text: str) -> str:
    """`text` without control characters, which could redraw a terminal."""
    return "".join(
        c if c in "\n\t" or c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text
    )


def sealed_inputs(inputs: Mapping[str, Any] | MemoryFile) -> MemoryFile:
    """Inputs as a sealed memory file for one box alone."""
    if isinstance(inputs, MemoryFile):
        return inputs.twin("inputs")
    return MemoryFile.sealed("inputs", dict(inputs))
