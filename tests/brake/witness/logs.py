"""Logs to witness: trees in memory, their signed heads, and forks of them."""

from __future__ import annotations

from tachograph.brake.witness.protocol import format_request
from tachograph.merkle.checkpoint import Checkpoint, format_checkpoint
from tachograph.merkle.levels import Levels
from tachograph.merkle.note import SigningKey, format_note, sign_note
from tachograph.merkle.tree import prove_consistency


class Log:
    """A log of leaves `0`, `1`, ...; from `forked` on they are other leaves."""

    def __init__(self, size: int, *, forked: int | None = None, name: str = "example.com/log"):
        self.key = SigningKey(name, bytes(range(32)))
        self.levels = Levels()
        self.levels.extend(
            b"%d%s" % (at, b"!" if forked is not None and at >= forked else b"")
            for at in range(size)
        )

    def text(self, size: int) -> str:
        """The checkpoint at a size."""
        return format_checkpoint(Checkpoint(self.key.name, size, self.levels.root(size)))

    def head(self, size: int) -> str:
        """The signed head at a size."""
        return format_note(sign_note(self.text(size), self.key))

    def prove(self, old: int, new: int) -> list[bytes]:
        """The consistency proof between two sizes."""
        return prove_consistency(old, new, self.levels.read)

    def request(self, old: int, new: int) -> bytes:
        """The request that submits the head at `new`, from `old`."""
        return format_request(old, self.prove(old, new), self.head(new)).encode()
