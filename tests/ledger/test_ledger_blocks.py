"""The stored tree equals the tree in memory."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tachograph.ledger import blocks
from tachograph.merkle.levels import Levels, hash_leaves


class Asked(dict[int, bytes]):
    """Has every block, and remembers which were asked for."""

    def __missing__(self, key: int) -> bytes:
        self[key] = blocks.EMPTY_BLOCK
        return self[key]


@given(st.lists(st.integers(1, 5000), min_size=1, max_size=5))
def test_blocks_hold_every_complete_node(batches: list[int]) -> None:
    """However it grew, every complete node reads back as the tree in memory has it."""
    levels, kept, size = Levels(), {}, 0
    for count in batches:
        leaves = [b"%d" % leaf for leaf in range(size, size + count)]
        near = {key: kept[key] for key in blocks.open_blocks(size) if key in kept}
        kept.update(blocks.grow(size, hash_leaves(leaves), near))
        levels.extend(leaves)
        size += count
    nodes = [(level, index) for level in range(size.bit_length()) for index in range(size >> level)]
    assert blocks.read_nodes(nodes, kept) == levels.read(nodes)
    assert {len(block) for block in kept.values()} == {blocks.BLOCK_BYTES}


def test_growth_in_one_step_and_in_many_is_the_same() -> None:
    """Blocks depend on the leaves alone, so that they can be derived again and compared."""
    leaves = [hash_leaves([b"%d" % leaf]) for leaf in range(4200)]
    single: dict[int, bytes] = {}
    for size, leaf in enumerate(leaves):
        single.update(blocks.grow(size, leaf, single))
    assert blocks.grow(0, b"".join(leaves), {}) == single


@given(st.integers(0, 300), st.integers(0, 300))
def test_a_grown_block_shows_its_past(before: int, more: int) -> None:
    """As of an earlier size, each block is what it was then."""
    hashes = hash_leaves([b"%d" % leaf for leaf in range(before + more)])
    now = blocks.grow(0, hashes, {})
    for key, block in blocks.grow(0, hashes[: 32 * before], {}).items():
        assert blocks.as_of(before, key, now[key]) == block


def test_a_proof_at_a_million_reads_four_blocks() -> None:
    """That is what makes a proof cheap."""
    nodes = [(level, (777_777 >> level) ^ 1) for level in range(19)]
    asked = Asked()
    blocks.read_nodes(nodes, asked)
    assert len(asked) == 4


def test_a_block_fits_a_page() -> None:
    """A row of one block stays within SQLite's page of 4,096 bytes (usable less 35)."""
    assert blocks.BLOCK_BYTES <= 4096 - 35
