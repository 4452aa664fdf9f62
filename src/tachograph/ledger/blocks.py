"""How the tree lies in the store: blocks of 64 nodes and the levels between.

A block of group g holds the complete nodes of levels 6g to 6g + 5 over 64 nodes of level 6g, level
by level, each level at a fixed place, zeros where a node is not complete yet. That is 4,032 bytes:
one row fills one page of 4,096, so that the path of a leaf at a million entries lies in four pages,
and a lone append writes one. Proven by tests/ledger/test_ledger_blocks.py. Not covered: writing to
disk (store.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tachograph.merkle.levels import hash_pairs
from tachograph.merkle.tree import HASH_BYTES, Node

GROUP = 6
"""Levels in a block."""
WIDTH = 1 << GROUP
"""Nodes of the lowest level in a block."""
SPANS = tuple(HASH_BYTES << (GROUP - step) for step in range(GROUP))
"""Bytes of each level in a block, from the lowest: 2048, 1024, ... 64."""
STARTS = tuple(sum(SPANS[:step]) for step in range(GROUP))
"""Where each level begins in a block."""
BLOCK_BYTES = sum(SPANS)
EMPTY_BLOCK = bytes(BLOCK_BYTES)
NO_HASH = bytes(HASH_BYTES)
"""Stands where a node is not complete yet."""

_NUMBER_BITS = 48
FIRST_UPPER = 1 << _NUMBER_BITS
"""The least key of a block that does not hold leaf hashes."""
_PLACES = tuple(
    (
        level // GROUP << _NUMBER_BITS,
        GROUP - step,
        (WIDTH >> step) - 1,
        [slice(start, start + HASH_BYTES) for start in range(first, first + span, HASH_BYTES)],
    )
    for level in range(64)
    for step in [level % GROUP]
    for first, span in [(STARTS[step], SPANS[step])]
)
"""For each level: its group's first key, how an index parts into block and place, and where the
places lie in the block's bytes."""


def key(group: int, number: int) -> int:
    """Return the key of a block: groups apart, numbers in order."""
    return group << _NUMBER_BITS | number


def read_nodes(nodes: Sequence[Node], near: Mapping[int, bytes]) -> list[bytes]:
    """Return the hashes of complete nodes out of the blocks by key."""
    hashes = []
    for level, index in nodes:
        group, shift, mask, places = _PLACES[level]
        hashes.append(near[group | index >> shift][places[index & mask]])
    return hashes


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


def as_of(size: int, block: int, data: bytes) -> bytes:
    """Return a block as it was when the tree had `size` leaves; it may have grown since."""
    group, number = block >> _NUMBER_BITS, block & ((1 << _NUMBER_BITS) - 1)
    levels = []
    for step, start in enumerate(STARTS):
        complete = (size >> (GROUP * group + step)) - (number << (GROUP - step))
        kept = data[start : start + min(max(complete, 0) * HASH_BYTES, SPANS[step])]
        levels.append(kept.ljust(SPANS[step], b"\x00"))
    return b"".join(levels)


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
