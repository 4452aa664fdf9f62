"""Where a published log is read from: a folder here, whatever fetched it.

A `Source` gives the checkpoint and the tiles of one log as bytes, and judges nothing. `hashes` and
`leaves` read through it with bounded memory; what they give is true only once it has been held
against a signed root. Opens no socket and no database. Proven by tests/brake/test_source.py, also
with a log that another program wrote. Not covered: fetching over HTTP (client.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from tachograph.errors import FormatError, NotFoundError, StoreError
from tachograph.merkle.tile import (
    ENTRY_BYTES,
    WIDTH,
    Tile,
    format_path,
    parse_bundle,
    read_through,
)
from tachograph.merkle.tree import HASH_BYTES, Hashes

CHECKPOINT = "checkpoint"
CHECKPOINT_BYTES = 64 * 1024
"""Longest checkpoint that is read: 64 signatures of Ed25519 fit, of ML-DSA-44 not."""


class Source(Protocol):
    """One published log."""

    def checkpoint(self) -> bytes:
        """Return the newest checkpoint, at most CHECKPOINT_BYTES. Raises NotFoundError."""
        ...

    def tile(self, tile: Tile) -> bytes:
        """Return a tile or a bundle, at most `tile_bytes` of it.

        Where a partial one has gone because the full one has come, returns the first part of that.
        Raises NotFoundError, or FormatError for what is longer.
        """
        ...


def tile_bytes(tile: Tile) -> int:
    """Return the most bytes that a tile of that width can have."""
    return tile.width * (2 + ENTRY_BYTES if tile.level == "entries" else HASH_BYTES)


def first_part(data: bytes, tile: Tile) -> bytes:
    """Return what a partial tile holds, out of the full tile of the same place.

    Raises FormatError for a bundle that does not parse.
    """
    if tile.level != "entries":
        return data[: tile.width * HASH_BYTES]
    kept = parse_bundle(data, WIDTH)[: tile.width]
    return data[: sum(2 + len(entry) for entry in kept)]


class FolderSource:
    """A published log in a folder of files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def checkpoint(self) -> bytes:
        """See Source."""
        return _read(self._folder / CHECKPOINT, CHECKPOINT_BYTES)

    def tile(self, tile: Tile) -> bytes:
        """See Source."""
        try:
            return _read(self._folder / format_path(tile), tile_bytes(tile))
        except NotFoundError:
            if tile.width == WIDTH:
                raise
            full = Tile(tile.level, tile.index, WIDTH)
            return first_part(_read(self._folder / format_path(full), tile_bytes(full)), tile)


def hashes(source: Source, size: int) -> Hashes:
    """Return a reader of the tree's nodes at `size` leaves, as proofs need them."""
    return read_through(size, source.tile)


def leaves(source: Source, start: int, stop: int, size: int) -> Iterator[bytes]:
    """Yield leaves `start` until before `stop` of a log of `size`, one bundle in memory at a time.

    Raises FormatError for a bundle that does not parse; what is yielded is not checked yet.
    """
    while start < stop:
        index, skipped = divmod(start, WIDTH)
        width = min(WIDTH, size - index * WIDTH)
        bundle = parse_bundle(source.tile(Tile("entries", index, width)), width)
        yield from bundle[skipped : skipped + stop - start]
        start = (index + 1) * WIDTH


def _read(path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFoundError(f"{path} is missing", hint="fetch the log again, all of it") from error
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}", hint="see to it") from error
    if len(data) > limit:
        raise FormatError(f"{path} is longer than {limit} bytes", hint="fetch it again")
    return data
