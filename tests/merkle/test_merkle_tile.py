"""Tiles, on a real log that another program wrote."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tachograph.errors import FormatError
from tachograph.merkle.checkpoint import parse_checkpoint
from tachograph.merkle.levels import Levels
from tachograph.merkle.note import check_note, parse_note, parse_verifier_key
from tachograph.merkle.tile import (
    Tile,
    format_bundle,
    format_path,
    format_tile,
    new_tiles,
    parse_bundle,
    parse_path,
    parse_tile,
    read_through,
    tile_nodes,
)
from tachograph.merkle.tree import (
    check_consistency,
    check_inclusion,
    leaf_hash,
    prove_consistency,
    prove_inclusion,
    root,
)

TESSERA_KEY = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"
"""The published test key of transparency-dev/tessera."""


def test_a_foreign_log_checks(vectors: Path) -> None:
    """Each of tessera's 16 checkpoints is signed, and is the root of its tiles and its bundles."""
    folder = vectors / "transparency-dev-tessera/testdata/log"
    key = parse_verifier_key(TESSERA_KEY)
    roots = {}
    for size in range(1, 16):
        note = parse_note((folder / f"checkpoint.{size}").read_text())
        check_note(note, [key])
        checkpoint = parse_checkpoint(note.text)
        assert (checkpoint.origin, checkpoint.size) == (key.name, size)
        read = read_through(size, lambda tile: (folder / format_path(tile)).read_bytes())
        bundle = (folder / format_path(Tile("entries", 0, size))).read_bytes()
        levels = Levels()
        levels.extend(parse_bundle(bundle, size))
        assert root(size, read) == levels.root() == checkpoint.root
        roots[size] = checkpoint.root
        for index, entry in enumerate(parse_bundle(bundle, size)):
            check_inclusion(
                leaf=leaf_hash(entry),
                index=index,
                size=size,
                proof=prove_inclusion(index, size, read),
                root=checkpoint.root,
            )
        for old in range(1, size):
            check_consistency(
                old=old,
                new=size,
                old_root=roots[old],
                new_root=checkpoint.root,
                proof=prove_consistency(old, size, read),
            )
    newest = parse_note((folder / "checkpoint").read_text())
    empty = parse_note((folder / "checkpoint.0").read_text())
    for note in (newest, empty):
        assert check_note(note, [key]) == (key,)
    assert parse_checkpoint(newest.text).root == roots[parse_checkpoint(newest.text).size]


@pytest.mark.parametrize(
    ("path", "tile"),
    [
        ("tile/0/000", Tile(0, 0, 256)),
        ("tile/0/273.p/112", Tile(0, 273, 112)),
        ("tile/63/x001/x234/067", Tile(63, 1234067, 256)),
        ("tile/entries/x001/000.p/1", Tile("entries", 1000, 1)),
    ],
)
def test_paths_are_those_of_the_specification(path: str, tile: Tile) -> None:
    """Published paths parse to their tile and format back."""
    assert parse_path(path) == tile
    assert format_path(tile) == path


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/0", "tile/00/000", "tile/64/000", "tile/0/001/000", "tile/0/x000/001",
        "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "/tile/0/000", "tile/0/000/",
        "tile/0/000\n", "tile/0/x00٣", "tile/entries/../000",
        "tile/0/" + "x001/" * 2000 + "001",
    ],
)  # fmt: skip
def test_other_paths_are_refused(path: str) -> None:
    """A path that formatting would not have written is a format error."""
    with pytest.raises(FormatError):
        parse_path(path)


def test_the_specifications_sizes() -> None:
    """A tree of 70,000 has the tiles that the specification counts."""
    tiles = [tile for tile in new_tiles(0, 70_000) if tile.level != "entries"]
    assert sum(tile.level == 0 and tile.width == 256 for tile in tiles) == 273
    assert [tile for tile in tiles if tile.width < 256] == [
        Tile(0, 273, 112),
        Tile(1, 1, 17),
        Tile(2, 0, 1),
    ]
    assert [tile for tile in new_tiles(0, 256) if tile.level != "entries"] == [
        Tile(0, 0, 256),
        Tile(1, 0, 1),
    ]


@given(st.lists(st.integers(0, 700), min_size=1, max_size=4))
def test_tiles_published_step_by_step_suffice(steps: list[int]) -> None:
    """After each growth, the files published so far prove every leaf of the newest tree."""
    levels = Levels()
    files: dict[str, bytes] = {}
    for step in steps:
        old = levels.size
        levels.extend([b"%d" % index for index in range(old, old + step)])
        for tile in new_tiles(old, levels.size):
            if tile.level != "entries":
                path = format_path(tile)
                assert path not in files
                files[path] = format_tile(levels.read(tile_nodes(tile)))
        size = levels.size
        read = read_through(size, lambda tile: files[format_path(tile)])
        assert root(size, read) == levels.root()
        for index in {0, size // 2, size - 1} if size else ():
            assert prove_inclusion(index, size, read) == prove_inclusion(index, size, levels.read)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_bundles_come_back(entries: list[bytes]) -> None:
    """Any entries come back from their bundle, and no shorter or longer bundle parses."""
    bundle = format_bundle(entries)
    assert parse_bundle(bundle, len(entries)) == entries
    for bad in (bundle[:-1], bundle + b"\x00"):
        with pytest.raises(FormatError):
            parse_bundle(bad, len(entries))


def test_wrong_lengths_are_refused() -> None:
    """A tile with a hash too few, and an entry too long for a bundle, are format errors."""
    with pytest.raises(FormatError):
        parse_tile(bytes(63), 2)
    with pytest.raises(FormatError):
        format_bundle([bytes(65_536)])
