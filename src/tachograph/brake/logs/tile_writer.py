"""Tiles onto the disk, in batches: each file whole, each batch synchronised before the next.

A tile that is there is replaced: it lies under no checkpoint yet, or has the same bytes. Proven by
tests/brake/test_publish.py and test_publish_faults.py. Not covered: what the tiles say.
"""

from __future__ import annotations

from pathlib import Path

from tachograph.ledger.disk import make_folder, write_files
from tachograph.merkle.tile import WIDTH, Tile, format_path

BATCH_BYTES = 8 * 2**20
"""Tiles are synchronised whenever this much of them was written."""
BATCH_FILES = 512


class TileWriter:
    """Writes tiles below a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: dict[Path, bytes] = {}
        self._bytes = 0
        self._outdated: list[Path] = []
        self.count = 0
        """Files written."""

    def add(self, tile: Tile, data: bytes) -> None:
        """Write a tile, soon. Raises OSError."""
        path = self._folder / format_path(tile)
        self._waiting[path] = data
        self._bytes += len(data)
        partials = path.with_name(path.name + ".p")
        if tile.width == WIDTH and partials.is_dir():
            self._outdated.append(partials)
        if self._bytes >= BATCH_BYTES or len(self._waiting) >= BATCH_FILES:
            self.flush()

    def flush(self) -> None:
        """Wait until what was added is on the disk. Raises OSError."""
        for folder in {path.parent for path in self._waiting}:
            make_folder(folder)
        write_files(self._waiting)
        self.count += len(self._waiting)
        self._waiting, self._bytes = {}, 0

    def tidy(self) -> None:
        """Remove partial tiles whose full ones are published; readers then take those."""
        for folder in self._outdated:
            for partial in folder.iterdir():
                partial.unlink(missing_ok=True)
            folder.rmdir()
