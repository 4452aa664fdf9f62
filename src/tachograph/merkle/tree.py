"""The Merkle tree of RFC 6962 (and RFC 9162): roots, and proofs both ways.

A tree is named by its size. Its nodes are named by (level, index): level 0 holds the leaf hashes,
and node (level, index) is complete when leaves index * 2**level to (index + 1) * 2**level all
exist. Complete nodes never change, so they can be stored; every function here reads them through
`Hashes` and touches neither disk nor clock. Proven by tests/merkle/test_merkle_tree.py: foreign
vectors, and a naive recursive definition. Not covered: who signed a root (note.py), where hashes
lie (the ledger).

Proof lengths are checked before any hashing. Every hash must be 32 bytes, with one deviation that
the public vectors ask for: between two equal sizes the roots are only compared.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

from tachograph.errors import ProofError, UsageError

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()
"""Root of the tree of no leaves (RFC 6962, section 2.1)."""

Node = tuple[int, int]
"""(level, index)."""
Hashes = Callable[[Sequence[Node]], Sequence[bytes]]
"""Reads the hashes of complete nodes, in the order asked."""


def leaf_hash(data: bytes) -> bytes:
    """Hash of a leaf (RFC 6962, section 2.1)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node (RFC 6962, section 2.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def peaks(size: int, start: int = 0) -> list[Node]:
    """Return the fewest complete nodes that cover leaves start to size, from left to right.

    `start` is a multiple of the largest power of two that is not above size - start.
    """
    found = []
    while start < size:
        level = (size - start).bit_length() - 1
        found.append((level, start >> level))
        start += 1 << level
    return found


def fold(hashes: Sequence[bytes]) -> bytes:
    """Return the hash over the peaks of a range, given from left to right; at least one."""
    folded = hashes[-1]
    for left in reversed(hashes[:-1]):
        folded = node_hash(left, folded)
    return folded


def root(size: int, read: Hashes) -> bytes:
    """Return the root of the tree of `size` leaves, in about log2(size) hashes."""
    return fold(read(peaks(size))) if size else EMPTY_ROOT


# Inclusion: this leaf is in that tree.


def prove_inclusion(index: int, size: int, read: Hashes) -> list[bytes]:
    """Return the proof that leaf `index` is in the tree of `size` leaves, from the leaf upwards.

    Raises UsageError unless 0 <= index < size.
    """
    if not 0 <= index < size:
        raise UsageError(f"leaf {index} is not in a tree of size {size}", hint="ask for less")
    return _path(0, index, size, read)


def check_inclusion(
    *, leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Raise ProofError unless `proof` leads from the leaf hash `leaf` to `root`."""
    if not 0 <= index < size:
        raise _refusal(f"leaf {index} is not in a tree of size {size}")
    inner, border = _shape(index, size - 1)
    _check_lengths(proof, inner + border.bit_count())
    _check_hash(leaf)
    climbed = _climb(leaf, index, proof[:inner])
    if _climb_left(climbed, proof[inner:]) != root:
        raise _refusal("the inclusion proof does not lead to the root")


# Consistency: this tree begins with that tree.


def prove_consistency(old: int, new: int, read: Hashes) -> list[bytes]:
    """Return the proof that the tree of `new` leaves begins with the tree of `old` leaves.

    Raises UsageError unless 0 <= old <= new.
    """
    if not 0 <= old <= new:
        raise UsageError(f"a tree of {new} has no beginning of size {old}", hint="swap the sizes")
    if old in (0, new):
        return []
    level = _trailing_zeros(old)
    index = (old - 1) >> level
    path = _path(level, index, new, read)
    return [*read([(level, index)]), *path] if index else path


def check_consistency(
    *, old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Raise ProofError unless `proof` shows that the new tree begins with the old one."""
    if not 0 <= old <= new:
        raise _refusal(f"a tree of {new} has no beginning of size {old}")
    if old == 0 and old_root != EMPTY_ROOT:
        raise _refusal("the old root is not that of the empty tree")
    if old == new:
        _check_lengths(proof, 0)
        if old_root != new_root:
            raise _refusal("two roots for one size: the log has forked")
    elif old == 0:
        _check_lengths(proof, 0)
        _check_hash(new_root)
    else:
        _check_growth(old, new, old_root, new_root, proof)


def _check_growth(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    level = _trailing_zeros(old)
    index = (old - 1) >> level
    inner, border = _shape(index, (new - 1) >> level)
    # Where the old tree is one complete node, its root is the seed and is not sent.
    _check_lengths(proof, inner + border.bit_count() + (index > 0))
    seed, path = (proof[0], proof[1:]) if index else (old_root, proof)
    old_found, new_found = beginning_roots(old=old, new=new, seed=seed, path=path)
    if old_found != old_root:
        raise _refusal("the consistency proof does not lead to the old root")
    if new_found != new_root:
        raise _refusal("the consistency proof does not lead to the new root")


# Beginnings: what the root of a tree's first leaves is, given the whole tree's.


def prove_beginning(old: int, new: int, read: Hashes) -> tuple[bytes, list[bytes]]:
    """Return seed and path from which `beginning_roots` derives both roots.

    They are a consistency proof whose first hash is always sent. Raises UsageError unless
    0 < old < new.
    """
    if not 0 < old < new:
        raise UsageError(f"a tree of {new} has no beginning of size {old}", hint="swap the sizes")
    level = _trailing_zeros(old)
    node = (level, (old - 1) >> level)
    return read([node])[0], _path(*node, new, read)


def beginning_roots(
    *, old: int, new: int, seed: bytes, path: Sequence[bytes]
) -> tuple[bytes, bytes]:
    """Return the roots of the first `old` leaves and of all `new` ones, as seed and path have them.

    Where the second is the root that a log signed, the first is what its tree begins with, whatever
    else the log says: no other seed and path lead to that root. Raises ProofError for wrong lengths
    or unless 0 < old < new.
    """
    if not 0 < old < new:
        raise _refusal(f"a tree of {new} has no beginning of size {old}")
    level = _trailing_zeros(old)
    index = (old - 1) >> level
    inner, border = _shape(index, (new - 1) >> level)
    _check_lengths(path, inner + border.bit_count())
    _check_hash(seed)
    rights = [hash_ for bit, hash_ in enumerate(path[:inner]) if index >> bit & 1]
    old_root = _climb_left(_climb_left(seed, rights), path[inner:])
    return old_root, _climb_left(_climb(seed, index, path[:inner]), path[inner:])


# The parts.


def _path(level: int, index: int, size: int, read: Hashes) -> list[bytes]:
    """Siblings of the complete node (level, index), upwards, in the tree of `size` leaves."""
    inner, above = _shape(index, (size - 1) >> level)
    nodes = [(level + step, (index >> step) ^ 1) for step in range(inner - 1)]
    below = len(nodes)
    if inner:
        top = level + inner - 1
        nodes += peaks(size, ((index >> (inner - 1)) ^ 1) << top)
    edge = len(nodes)
    level += inner
    for step in range(above.bit_length()):
        if above >> step & 1:
            nodes.append((level + step, (above >> step) - 1))
    hashes = read(nodes)
    right = [fold(hashes[below:edge])] if inner else []
    return [*hashes[:below], *right, *hashes[edge:]]


def _shape(index: int, last: int) -> tuple[int, int]:
    """How many steps up until the paths of `index` and `last` meet, and the index where they do.

    Below the meeting every level has a sibling; above it only where the node is a right child.
    """
    inner = (index ^ last).bit_length()
    return inner, index >> inner


def _climb(seed: bytes, index: int, siblings: Iterable[bytes]) -> bytes:
    for sibling in siblings:
        seed = node_hash(sibling, seed) if index & 1 else node_hash(seed, sibling)
        index >>= 1
    return seed


def _climb_left(seed: bytes, siblings: Iterable[bytes]) -> bytes:
    for sibling in siblings:
        seed = node_hash(sibling, seed)
    return seed


def _trailing_zeros(number: int) -> int:
    return (number & -number).bit_length() - 1


def _check_lengths(proof: Sequence[bytes], length: int) -> None:
    if len(proof) != length:
        raise _refusal(f"the proof has {len(proof)} hashes where {length} are needed")
    for hash_ in proof:
        _check_hash(hash_)


def _check_hash(hash_: bytes) -> None:
    if len(hash_) != HASH_BYTES:
        raise _refusal(f"a hash of {len(hash_)} bytes where {HASH_BYTES} are needed")


def _refusal(message: str) -> ProofError:
    return ProofError(message, hint="fetch the proof and the heads again, and keep both copies")
