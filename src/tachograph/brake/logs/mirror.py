"""The hashes of a register that is followed, kept as tiles beside one's own ledger.

With them a follower can compare any head that it is shown with the one that it holds, the smaller
one too, and needs nobody's answer for it. They are written before the head that they belong to is
recorded, and believed only where they lead to it; a mirror that was lost costs evidence, no safety.
Proven by tests/brake/test_follow.py. Not covered: the entries; the statements are in the ledger.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from tachograph.brake.logs.source import FolderSource, hashes
from tachograph.brake.logs.tile_writer import TileWriter
from tachograph.errors import FormatError, NotFoundError
from tachograph.merkle.checkpoint import Checkpoint
from tachograph.merkle.tile import Tile
from tachograph.merkle.tree import Hashes, root

FOLDER = "registers"
"""In the ledger's folder; below it a folder for each register, by the hash of its origin."""


class Mirror:
    """The tiles of one register."""

    def __init__(self, home: Path, origin: str) -> None:
        """`home` is the ledger's folder."""
        self._folder = home / FOLDER / hashlib.sha256(origin.encode()).hexdigest()
        self._source = FolderSource(self._folder)

    def holds(self, head: Checkpoint) -> bool:
        """Whether the tiles lead to this head. Raises StoreError."""
        try:
            return root(head.size, self.hashes(head.size)) == head.root
        except (NotFoundError, FormatError):
            return False

    def tile(self, tile: Tile) -> bytes:
        """Return a tile of hashes. Raises NotFoundError, FormatError, StoreError."""
        return self._source.tile(tile)

    def hashes(self, size: int) -> Hashes:
        """Return a reader of the nodes of the tree of that size; it raises as `tile` does."""
        return hashes(self._source, size)

    def keep(self, tiles: Iterable[tuple[Tile, bytes]]) -> None:
        """Write tiles; on the disk when this returns. Raises OSError."""
        writer = TileWriter(self._folder)
        for tile, data in tiles:
            writer.add(tile, data)
        writer.flush()
        writer.tidy()
