"""Growing a tiled tree from its right edge alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tachograph.errors import FormatError
from tachograph.merkle.edge import Edge, edge_tiles
from tachograph.merkle.levels import Levels, hash_leaves
from tachograph.merkle.tile import Tile, new_tiles, tile_nodes

SIZES = [0, 1, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 66_000]
BIG = Levels()
BIG.extend([b"%d" % index for index in range(SIZES[-1])])


def hashes(start: int, stop: int) -> bytes:
    """Leaf hashes of the big tree, concatenated."""
    return b"".join(BIG.read([(0, index) for index in range(start, stop)]))


def fetch(tile: Tile) -> bytes:
    """A tile of the big tree."""
    return b"".join(BIG.read(tile_nodes(tile)))


@pytest.mark.parametrize("size", SIZES)
def test_an_edge_knows_the_root(size: int) -> None:
    """Grown at once or read from partial tiles, it has the tree's root."""
    grown = Edge()
    grown.extend(hashes(0, size))
    read = Edge.read(size, fetch)
    assert grown.root() == read.root() == BIG.root(size)
    assert (grown.size, read.size) == (size, size)
    assert list(grown.partials()) == list(read.partials())


@pytest.mark.parametrize(("old", "new"), [(0, 66_000), (200, 700), (65_530, 65_540), (512, 513)])
def test_growth_gives_just_the_new_tiles(old: int, new: int) -> None:
    """From an edge on, the filled tiles and the partials are those a log publishes anew."""
    edge = Edge.read(old, fetch)
    filled = edge.extend(hashes(old, new))
    wanted = {tile for tile in new_tiles(old, new) if tile.level != "entries"}
    given_ = dict(filled)
    for tile, data in edge.partials():
        if tile in wanted:
            given_[tile] = data
    assert given_ == {tile: fetch(tile) for tile in wanted}
    assert edge.root() == BIG.root(new)


@given(st.lists(st.integers(0, 600), max_size=5))
def test_growing_step_by_step_changes_nothing(steps: list[int]) -> None:
    """However the leaves arrive, root and edge are the same."""
    edge = Edge()
    for step in steps:
        edge.extend(hashes(edge.size, edge.size + step))
    assert edge.root() == BIG.root(edge.size)
    assert [tile for tile, _ in edge.partials()] == edge_tiles(edge.size)


def test_a_tile_of_a_wrong_length_is_refused() -> None:
    """An edge is read from whole tiles only."""
    with pytest.raises(FormatError):
        Edge.read(3, lambda tile: bytes(64))


def test_leaves_hash_as_the_tree_says() -> None:
    """The edge takes what hash_leaves gives."""
    edge = Edge()
    edge.extend(hash_leaves([b"0", b"1", b"2"]))
    assert edge.root() == BIG.root(3)
