"""Published logs read from a folder: also one that another program wrote, and ones that lie."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tachograph.brake.logs.source import FolderSource, first_part, hashes, leaves, tile_bytes
from tachograph.errors import EvidenceError, FormatError, NotFoundError, StoreError
from tachograph.ledger.heads import parse_head
from tachograph.merkle.note import parse_verifier_key
from tachograph.merkle.tile import Tile, format_bundle, format_path
from tachograph.merkle.tree import check_inclusion, leaf_hash, prove_inclusion, root

TESSERA_KEY = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"
"""The published test key of transparency-dev/tessera."""


def test_a_foreign_log_is_read(vectors: Path) -> None:
    """Tessera's log: its head, every leaf, and the proof of each."""
    source = FolderSource(vectors / "transparency-dev-tessera/testdata/log")
    head = parse_head(source.checkpoint().decode(), parse_verifier_key(TESSERA_KEY))
    read = hashes(source, head.size)
    assert root(head.size, read) == head.root
    found = list(leaves(source, 0, head.size, head.size))
    assert len(found) == head.size > 10
    for index, leaf in enumerate(found):
        proof = prove_inclusion(index, head.size, read)
        check_inclusion(
            leaf=leaf_hash(leaf), index=index, size=head.size, proof=proof, root=head.root
        )
        assert list(leaves(source, index, index + 1, head.size)) == [leaf]


def write(folder: Path, tile: Tile, data: bytes) -> None:
    path = folder / format_path(tile)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def test_what_is_too_long_is_not_read_whole(tmp_path: Path) -> None:
    """A file longer than its tile can be is refused."""
    write(tmp_path, Tile(0, 0, 3), bytes(97))
    (tmp_path / "checkpoint").write_bytes(bytes(100_000))
    source = FolderSource(tmp_path)
    with pytest.raises(FormatError):
        source.tile(Tile(0, 0, 3))
    with pytest.raises(FormatError):
        source.checkpoint()


def test_what_is_not_there_is_missing(tmp_path: Path) -> None:
    """No file and no folder are missing; a folder in a file's place is the world's fault."""
    source = FolderSource(tmp_path)
    with pytest.raises(NotFoundError):
        source.checkpoint()
    (tmp_path / "tile").write_text("in the way")
    with pytest.raises(NotFoundError):
        source.tile(Tile(0, 0, 3))
    (tmp_path / "checkpoint").mkdir()
    with pytest.raises(StoreError):
        source.checkpoint()


def test_a_partial_tile_is_cut_from_the_full_one(tmp_path: Path) -> None:
    """Of hashes and of entries alike."""
    entries = [b"%d" % number * (number % 7) for number in range(256)]
    write(tmp_path, Tile("entries", 0, 256), format_bundle(entries))
    write(tmp_path, Tile(0, 0, 256), bytes(range(256)) * 32)
    source = FolderSource(tmp_path)
    assert source.tile(Tile("entries", 0, 9)) == format_bundle(entries[:9])
    assert source.tile(Tile(0, 0, 9)) == (bytes(range(256)) * 32)[: 9 * 32]


@settings(deadline=None)
@given(st.binary(max_size=2000), st.integers(1, 256))
def test_noise_is_refused_in_our_own_words(data: bytes, width: int) -> None:
    """Any bytes in place of a full bundle."""
    try:
        part = first_part(data, Tile("entries", 0, width))
    except EvidenceError:
        return
    assert len(part) <= tile_bytes(Tile("entries", 0, width))
