"""A log in memory whose clock the test holds: entries at chosen times, any bytes as leaves."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tachograph.brake.heads.cosignature import CosigningKey
from tachograph.ledger.entry import Entry, encode
from tachograph.ledger.kinds import Body
from tachograph.merkle.checkpoint import Checkpoint, format_checkpoint
from tachograph.merkle.levels import Levels
from tachograph.merkle.note import Note, SigningKey, format_note, sign_note
from tachograph.merkle.tile import (
    WIDTH,
    Tile,
    format_bundle,
    format_path,
    format_tile,
    new_tiles,
    tile_nodes,
)


def stamp(time: float) -> str:
    """A POSIX time as entries write it."""
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Book:
    """Leaves, their tree, and the key that signs heads."""

    def __init__(self, key: SigningKey) -> None:
        self.key = key
        self.leaves: list[bytes] = []
        self.levels = Levels()

    @property
    def size(self) -> int:
        """Number of leaves."""
        return len(self.leaves)

    def record(self, time: float, actor: str, body: Body, parents: Sequence[int] = ()) -> int:
        """Append an entry; its number."""
        return self.record_at(stamp(time), actor, body, parents)

    def record_at(self, moment: str, actor: str, body: Body, parents: Sequence[int] = ()) -> int:
        """Append an entry with a time as entries write it; its number."""
        return self.add(encode(Entry(self.size, moment, actor, tuple(parents), body)))

    def add(self, leaf: bytes) -> int:
        """Append any bytes; their number."""
        self.leaves.append(leaf)
        self.levels.extend([leaf])
        return self.size - 1

    def branch(self, size: int) -> Book:
        """A second history that shares the first `size` leaves."""
        other = Book(self.key)
        for leaf in self.leaves[:size]:
            other.add(leaf)
        return other

    def copy(self) -> Book:
        """The same, to be changed apart."""
        return copy.deepcopy(self)

    def head(
        self, size: int | None = None, witnesses: Sequence[CosigningKey] = (), time: float = 0
    ) -> str:
        """A signed note over the first `size` leaves, cosigned at a POSIX time."""
        size = self.size if size is None else size
        text = format_checkpoint(Checkpoint(self.key.name, size, self.levels.root(size)))
        note = sign_note(text, self.key)
        lines = [witness.cosign(text, int(time)) for witness in witnesses]
        return format_note(Note(text, (*note.signatures, *lines)))

    def write(self, folder: Path, head: str) -> None:
        """Publish all leaves as a static log."""
        for tile in new_tiles(0, self.size):
            path = folder / format_path(tile)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self._tile(tile))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "checkpoint").write_text(head)

    def _tile(self, tile: Tile) -> bytes:
        if tile.level == "entries":
            start = tile.index * WIDTH
            return format_bundle(self.leaves[start : start + tile.width])
        return format_tile(self.levels.read(tile_nodes(tile)))
