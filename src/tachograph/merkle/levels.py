"""Growing a tree: whole batches of leaves, hashed level by level.

A level is the concatenation of its complete nodes' hashes. Only complete nodes are kept, so a level
is only ever appended to, and every earlier tree can still be read off. Proven by
tests/merkle/test_merkle_levels.py, timed by bench/ledger.py. Not covered: where levels are stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256

from tachograph.merkle.tree import HASH_BYTES, Node, root

PAIR_BYTES = 2 * HASH_BYTES


def hash_leaves(leaves: Iterable[bytes]) -> bytes:
    """Return the leaf hashes, concatenated."""
    return b"".join([sha256(b"\x00" + leaf).digest() for leaf in leaves])


def hash_pairs(level: bytes) -> bytes:
    """Return the parents of a level's hashes, concatenated; an odd last hash has none yet."""
    whole = len(level) // PAIR_BYTES * PAIR_BYTES
    return b"".join(
        [
            sha256(b"\x01" + level[at : at + PAIR_BYTES]).digest()
            for at in range(0, whole, PAIR_BYTES)
        ]
    )


class Levels:
    """A tree held in memory. Grows; its past trees stay readable."""

    def __init__(self) -> None:
        self._levels: list[bytearray] = [bytearray()]

    @property
    def size(self) -> int:
        """Number of leaves."""
        return len(self._levels[0]) // HASH_BYTES

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Append leaves, given as data."""
        self.extend_hashes(hash_leaves(leaves))

    def extend_hashes(self, new: bytes) -> None:
        """Append leaves, given as concatenated leaf hashes."""
        for level in self._levels:
            odd = len(level) % PAIR_BYTES
            tail = bytes(level[len(level) - odd :])
            level += new
            new = hash_pairs(tail + new)
        while new:
            self._levels.append(bytearray(new))
            new = hash_pairs(new)

    def read(self, nodes: Sequence[Node]) -> list[bytes]:
        """Return the hashes of complete nodes; the caller asks only for nodes that exist."""
        levels = self._levels
        return [bytes(levels[level][32 * index : 32 * index + 32]) for level, index in nodes]

    def root(self, size: int | None = None) -> bytes:
        """Return the root of the first `size` leaves (default: all)."""
        return root(self.size if size is None else size, self.read)
