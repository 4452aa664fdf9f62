"""Making a bundle: the other side of bundle.py, and not part of the verifier.

Logs come from ledgers, or from folders that are already published; held heads, openings and objects
are copied in. Proven by tests/brake/test_gather.py. Not covered: whether the bundle is whole, which
is for the audit to say.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from tachograph.errors import StoreError
from tachograph.ledger import Ledger
from tachograph.merkle.tile import (
    WIDTH,
    Tile,
    format_bundle,
    format_path,
    format_tile,
    new_tiles,
    tile_nodes,
)


def write_log(ledger: Ledger, folder: Path, size: int, note: str) -> None:
    """Write the first `size` entries of a ledger below `folder` as a static log, head last.

    `note` is the signed, perhaps cosigned, checkpoint of that size. Raises StoreError.
    """
    for tile in new_tiles(0, size):
        _write(folder / format_path(tile), _tile(ledger, tile))
    _write(folder / "checkpoint", note.encode())


def copy_log(published: Path, folder: Path) -> None:
    """Copy a log that is already published as files. Raises StoreError."""
    try:
        shutil.copytree(published, folder, symlinks=True)
    except (OSError, shutil.Error) as error:
        raise StoreError(f"{published} cannot be copied: {error}", hint=_HINT) from error


def write_held(bundle: Path, notes: Iterable[str]) -> None:
    """Add heads that were held before or gossiped. Raises StoreError."""
    folder = bundle / "held"
    start = len(list(folder.iterdir())) if folder.is_dir() else 0
    for number, note in enumerate(notes, start):
        _write(folder / f"{number:06}", note.encode())


def _tile(ledger: Ledger, tile: Tile) -> bytes:
    if tile.level == "entries":
        start = tile.index * WIDTH
        return format_bundle(list(ledger.leaves(start, start + tile.width)))
    return format_tile(ledger.hashes(tile_nodes(tile)))


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}", hint=_HINT) from error


_HINT = "see that the disk has room and that you may write there"
