"""Tiles: a log's hashes and entries as static files (C2SP tlog-tiles, height 8).

A log of 70,000 leaves is served as `tile/0/000` to `tile/0/272`, the partial `tile/0/273.p/112`,
`tile/1/000`, the partials `tile/1/001.p/17` and `tile/2/000.p/1`, and entry bundles beside level 0,
`tile/entries/x001/x234/067` being number 1,234,067. A file of one name never changes. Proven by
tests/merkle/test_merkle_tile.py with a log that another program wrote. Not covered: fetching and
serving.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from tachograph.errors import FormatError
from tachograph.merkle.levels import hash_pairs
from tachograph.merkle.tree import HASH_BYTES, Hashes, Node

HEIGHT = 8
"""Levels from one tile to the one above."""
WIDTH = 1 << HEIGHT
"""Hashes in a full tile, entries in a full bundle."""
ENTRY_BYTES = 65_535
"""Longest entry in a bundle."""
KEPT_TILES = 128
"""Tiles that a reader keeps in memory: 2 MB."""

_PATH = re.compile(
    r"tile/(entries|0|[1-5]?[0-9]|6[0-3])/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?",
    re.ASCII,
)


@dataclass(frozen=True)
class Tile:
    """One file of the log."""

    level: int | Literal["entries"]
    """0: leaf hashes; above: the roots of full tiles below; or the entries themselves."""
    index: int
    """Number within the level, from 0."""
    width: int
    """Hashes or entries in it: 256, or 1 to 255 where it is partial."""


def format_path(tile: Tile) -> str:
    """Return where the file lies below the log's prefix."""
    parts = [f"{tile.index % 1000:03}"]
    rest = tile.index // 1000
    while rest:
        parts.append(f"x{rest % 1000:03}")
        rest //= 1000
    partial = "" if tile.width == WIDTH else f".p/{tile.width}"
    return f"tile/{tile.level}/{'/'.join(reversed(parts))}{partial}"


def parse_path(path: str) -> Tile:
    """Return the file that `path` names. Raises FormatError for any other spelling."""
    found = _PATH.fullmatch(path)
    if found is None:
        raise FormatError(f"{path!r} names no tile", hint=_HINT)
    level, index, width = found.groups()
    tile = Tile(
        "entries" if level == "entries" else int(level),
        int(index.replace("x", "").replace("/", "")),
        int(width or WIDTH),
    )
    if tile.width > WIDTH or format_path(tile) != path:
        raise FormatError(f"{path!r} names no tile", hint=_HINT)
    return tile


def new_tiles(old: int, new: int) -> Iterator[Tile]:
    """Yield what a log publishes when it grows from `old` leaves to `new`: bundles, then hashes."""
    level, below, above = 0, old, new
    while above:
        for index in range(below // WIDTH, -(-above // WIDTH)):
            width = min(WIDTH, above - index * WIDTH)
            if width > below - index * WIDTH:
                if level == 0:
                    yield Tile("entries", index, width)
                yield Tile(level, index, width)
        level, below, above = level + 1, below // WIDTH, above // WIDTH


def tile_nodes(tile: Tile) -> list[Node]:
    """Return the tree nodes that a tile of hashes holds, in order."""
    assert tile.level != "entries", "a bundle holds entries, not nodes"
    first = tile.index * WIDTH
    return [(tile.level * HEIGHT, first + place) for place in range(tile.width)]


def format_tile(hashes: Sequence[bytes]) -> bytes:
    """Return the bytes of a tile of 1 to 256 hashes."""
    return b"".join(hashes)


def parse_tile(data: bytes, width: int) -> list[bytes]:
    """Return the `width` hashes of a tile. Raises FormatError."""
    if len(data) != width * HASH_BYTES:
        raise FormatError(f"a tile of {len(data)} bytes, not of {width} hashes", hint=_HINT)
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


def format_bundle(entries: Sequence[bytes]) -> bytes:
    """Return the bytes of a bundle of 1 to 256 entries. Raises FormatError for one too long."""
    if any(len(entry) > ENTRY_BYTES for entry in entries):
        raise FormatError(f"an entry of more than {ENTRY_BYTES} bytes", hint=_HINT)
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def parse_bundle(data: bytes, width: int) -> list[bytes]:
    """Return the `width` entries of a bundle. Raises FormatError."""
    entries = []
    at = 0
    while at < len(data):
        start = at + 2
        at = start + int.from_bytes(data[at:start], "big")
        entries.append(data[start:at])
    if at != len(data) or len(entries) != width:
        raise FormatError(f"not a bundle of {width} entries", hint=_HINT)
    return entries


def read_through(size: int, fetch: Callable[[Tile], bytes]) -> Hashes:
    """Return a reader of nodes in the tree of `size` leaves that keeps the tiles it read last.

    It keeps KEPT_TILES of them, 16 KB each, and raises FormatError for one of a wrong length. It
    does not know whether the hashes are true: check what is derived from them against a signed
    root.
    """

    @lru_cache(maxsize=KEPT_TILES)
    def levels(level: int, index: int) -> list[bytes]:
        width = min(WIDTH, (size >> (HEIGHT * level)) - index * WIDTH)
        data = fetch(Tile(level, index, width))
        parse_tile(data, width)
        found = [data]
        while len(found) < HEIGHT:
            found.append(hash_pairs(found[-1]))
        return found

    def read(nodes: Sequence[Node]) -> list[bytes]:
        hashes = []
        for level, index in nodes:
            step = level % HEIGHT
            tile, place = divmod(index, WIDTH >> step)
            held = levels(level // HEIGHT, tile)[step]
            hashes.append(held[place * HASH_BYTES : (place + 1) * HASH_BYTES])
        return hashes

    return read


_HINT = "fetch it again from the log, as it was published"
