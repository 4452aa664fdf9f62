"""The right edge of a tiled tree: all that is needed to let it grow.

A tree of `size` leaves has at each level at most one partial tile (tile.py). From those alone come
its root and every further tile, so that a log of any length grows in a few kilobytes of memory, and
a follower who holds them checks in one pass that what comes next continues what was there. Proven
by tests/merkle/test_merkle_edge.py. Not covered: where tiles lie.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tachograph.errors import FormatError
from tachograph.merkle.levels import hash_pairs
from tachograph.merkle.tile import HEIGHT, WIDTH, Tile
from tachograph.merkle.tree import EMPTY_ROOT, HASH_BYTES, fold, peaks

TILE_BYTES = WIDTH * HASH_BYTES


def edge_tiles(size: int) -> list[Tile]:
    """Return the partial tiles of hashes in the tree of `size` leaves, from the lowest."""
    found = []
    level = 0
    while size >> (HEIGHT * level):
        index, width = divmod(size >> (HEIGHT * level), WIDTH)
        if width:
            found.append(Tile(level, index, width))
        level += 1
    return found


class Edge:
    """The edge of one tree. It grows; its past is not kept."""

    def __init__(self) -> None:
        """The edge of the empty tree."""
        self._size = 0
        self._partials: list[bytes] = []

    @classmethod
    def read(cls, size: int, fetch: Callable[[Tile], bytes]) -> Edge:
        """Return the edge of the tree of `size` leaves, out of its partial tiles.

        Raises FormatError for a tile of a wrong length. Whether the hashes are true is not known:
        compare `root` with a signed one.
        """
        edge = cls()
        edge._size = size
        levels = max(size.bit_length() - 1, 0) // HEIGHT + 1 if size else 0
        edge._partials = [b""] * levels
        for tile in edge_tiles(size):
            assert tile.level != "entries"
            data = fetch(tile)
            if len(data) != tile.width * HASH_BYTES:
                raise FormatError(
                    f"a tile of {len(data)} bytes, not of {tile.width} hashes",
                    hint="fetch it again from the log, as it was published",
                )
            edge._partials[tile.level] = data
        return edge

    @property
    def size(self) -> int:
        """Number of leaves."""
        return self._size

    def extend(self, leaves: bytes) -> list[tuple[Tile, bytes]]:
        """Append leaf hashes, given concatenated; return the tiles that became full."""
        filled = []
        level, below, new = 0, self._size, leaves
        self._size += len(leaves) // HASH_BYTES
        while new:
            if level == len(self._partials):
                self._partials.append(b"")
            held = self._partials[level] + new
            whole = len(held) // TILE_BYTES * TILE_BYTES
            tiles = [held[at : at + TILE_BYTES] for at in range(0, whole, TILE_BYTES)]
            filled += [
                (Tile(level, below // WIDTH + place, WIDTH), tile)
                for place, tile in enumerate(tiles)
            ]
            self._partials[level] = held[whole:]
            new = b"".join(map(_top, tiles))
            level, below = level + 1, below // WIDTH
        return filled

    def holds(self, leaves: bytes) -> bool:
        """Whether the lowest partial tile holds exactly these leaf hashes, concatenated."""
        return (self._partials[0] if self._partials else b"") == leaves

    def partials(self) -> Iterator[tuple[Tile, bytes]]:
        """Yield the partial tiles, from the lowest."""
        for tile in edge_tiles(self._size):
            assert tile.level != "entries"
            yield tile, self._partials[tile.level]

    def root(self) -> bytes:
        """Return the root of the tree."""
        found: list[bytes] = []
        for partial in reversed(self._partials):
            found += _peaks(partial)
        return fold(found) if found else EMPTY_ROOT


def _top(tile: bytes) -> bytes:
    """The root of a full tile."""
    for _ in range(HEIGHT):
        tile = hash_pairs(tile)
    return tile


def _peaks(partial: bytes) -> list[bytes]:
    """The hashes of the fewest complete nodes over a partial tile, from left to right."""
    levels = [partial]
    while len(levels[-1]) > HASH_BYTES:
        levels.append(hash_pairs(levels[-1]))
    return [
        levels[level][index * HASH_BYTES : (index + 1) * HASH_BYTES]
        for level, index in peaks(len(partial) // HASH_BYTES)
    ]
