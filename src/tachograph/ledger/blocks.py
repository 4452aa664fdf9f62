"""How the tree lies in the store: blocks of 256 nodes and the levels between.

A block of group g holds the complete nodes of levels 8g to 8g + 7 over 256 nodes of level 8g, level
by level, each level at a fixed place, zeros where a node is not complete yet. So a proof at a
million entries reads three blocks, a batch of a thousand entries writes five, and the first 8,192
bytes of a block are the C2SP tile of the same number. Proven by tests/ledger/test_blocks.py. Not
covered: writing blocks to disk (store.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tachograph.merkle.levels import hash_pairs
from tachograph.merkle.tree import HASH_BYTES, Node

GROUP = 8
"""Levels in a block."""
WIDTH = 1 << GROUP
"""Nodes of the lowest level in a block."""
SPANS = tuple(HASH_BYTES << (GROUP - step) for step in range(GROUP))
"""Bytes of each level in a block, from the lowest: 8192, 4096, ... 64."""
STARTS = tuple(sum(SPANS[:step]) for step in range(GROUP))
"""Where each level begins in a block."""
BLOCK_BYTES = sum(SPANS)
EMPTY_BLOCK = bytes(BLOCK_BYTES)

_NUMBER_BITS = 48

Blocks = Callable[[Sequence[int]], Mapping[int, bytes]]
"""Reads blocks by key."""


def key(group: int, number: int) -> int:
    """Return the key of a block: groups apart, numbers in order."""
    return group << _NUMBER_BITS | number


def read_nodes(nodes: Sequence[Node], read: Blocks) -> list[bytes]:
    """Return the hashes of complete nodes, each block read once."""
    places = []
    for level, index in nodes:
        group, step = level >> 3, level & 7
        within = GROUP - step
        place = STARTS[step] + ((index & ((1 << within) - 1)) << 5)
        places.append((group << _NUMBER_BITS | index >> within, place))
    blocks = read(list({block for block, _ in places}))
    return [blocks[block][place : place + HASH_BYTES] for block, place in places]


def open_blocks(size: int) -> list[int]:
    """Return the keys of the blocks that the next leaf of a tree of `size` may change."""
    found = []
    group = 0
    while (below := size >> (GROUP * group)) or not group:
        found.append(key(group, below >> GROUP))
        group += 1
    return found


def grow(size: int, leaves: bytes, near: Mapping[int, bytes]) -> dict[int, bytes]:
    """Return the blocks that change when leaf hashes are appended to a tree of `size` leaves.

    `near` holds the open blocks; those that do not exist yet are missing.
    """
    changed: dict[int, bytes] = {}
    group = 0
    while leaves:
        first = size >> (GROUP * (group + 1))
        before = near.get(key(group, first), EMPTY_BLOCK)
        filled = (size >> (GROUP * group)) % WIDTH
        levels, leaves = _grow_group(before, filled, leaves)
        for offset in range(-(-len(levels[0]) // SPANS[0])):
            changed[key(group, first + offset)] = _cut(levels, offset)
        group += 1
    return changed


def _grow_group(before: bytes, filled: int, new: bytes) -> tuple[list[bytes], bytes]:
    """The levels of one group from its open block on, and the new nodes for the group above."""
    levels = []
    for step, start in enumerate(STARTS):
        old = before[start : start + (filled >> step) * HASH_BYTES]
        levels.append(old + new)
        odd = len(old) % (2 * HASH_BYTES)
        new = hash_pairs(old[len(old) - odd :] + new)
    return levels, new


def _cut(levels: Sequence[bytes], offset: int) -> bytes:
    return b"".join(
        [
            level[offset * span : offset * span + span].ljust(span, b"\x00")
            for level, span in zip(levels, SPANS, strict=True)
        ]
    )
