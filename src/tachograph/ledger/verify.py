"""Deriving the whole ledger again from its entries, and naming the first thing that differs.

Proven by tests/ledger/test_ledger_verify.py and test_ledger_damage.py. Not covered: entries cut off
the end together with every trace of them in the folder; against that, hold a signed head of your
own and ask for a consistency proof.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tachograph.errors import DamagedError, EvidenceError, NotFoundError
from tachograph.ledger import blocks
from tachograph.ledger.entry import Entry
from tachograph.ledger.kinds import HeadSigned
from tachograph.ledger.objects import Objects
from tachograph.ledger.read import RESTORE, parse, read_blocks, read_page
from tachograph.ledger.store import Store
from tachograph.merkle.checkpoint import parse_checkpoint
from tachograph.merkle.note import VerifierKey, check_note, parse_note
from tachograph.merkle.tree import leaf_hash, root


@dataclass(frozen=True)
class Verification:
    """What was derived again and found as recorded."""

    size: int
    """Entries."""
    root: str
    """Root over them, in hex."""
    heads: int
    """Signed heads, each checked against its signature and the root at its size."""
    objects: int
    """Different objects named, each read and hashed."""


def verify(store: Store, objects: Objects, key: VerifierKey) -> Verification:
    """Derive everything again, in this order:

    1. every entry: canonical bytes, its place, its leaf hash;
    2. every object that it names, and every signature of a head that it holds;
    3. every block of the tree, and the head's root;
    4. the root at the size of every signed head.

    Raises DamagedError naming the first entry, object or node that differs; FormatError for an
    entry of an unknown kind. Memory: about 150 bytes an entry.
    """
    head = store.head()
    hashes: list[bytes] = []
    signed: list[tuple[int, HeadSigned]] = []
    seen: set[str] = set()
    for found, data in _entries(store, head.size):
        hashes.append(leaf_hash(data))
        for digest in set(found.digests()) - seen:
            _check_object(objects, digest, found.seq)
            seen.add(digest)
        if isinstance(found.body, HeadSigned):
            _check_signature(found.body, found.seq, key)
            signed.append((found.seq, found.body))
    derived = blocks.grow(0, b"".join(hashes), {})
    _check_blocks(store, derived)
    if _root(head.size, derived) != head.root:
        raise DamagedError("the head's root is not that of its entries", hint=RESTORE)
    for seq, body in signed:
        if _root(body.size, derived).hex() != body.root:
            raise DamagedError(f"entry {seq} signs a root that the entries do not have", hint=_FORK)
    return Verification(head.size, head.root.hex(), len(signed), len(seen))


_FORK = "keep both copies: a signed head that does not fit is evidence of a second history"


def _entries(store: Store, size: int) -> Iterator[tuple[Entry, bytes]]:
    for start in range(0, size, blocks.WIDTH):
        page = read_page(store, start, min(start + blocks.WIDTH, size))
        for seq, data in enumerate(page, start):
            yield parse(seq, data), data


def _check_object(objects: Objects, digest: str, seq: int) -> None:
    try:
        objects.fetch(digest)
    except (DamagedError, NotFoundError) as error:
        raise DamagedError(f"{error}; entry {seq} names it", hint=error.hint) from error


def _check_signature(body: HeadSigned, seq: int, key: VerifierKey) -> None:
    try:
        note = parse_note(body.note)
        check_note(note, [key])
        checkpoint = parse_checkpoint(note.text)
    except EvidenceError as error:
        raise DamagedError(f"entry {seq} holds no signed head: {error}", hint=_FORK) from error
    if (checkpoint.size, checkpoint.root.hex()) != (body.size, body.root) or body.size > seq:
        raise DamagedError(f"entry {seq} says another head than it signs", hint=_FORK)
    if checkpoint.origin != key.name:
        raise DamagedError(f"entry {seq} holds a head of {checkpoint.origin}", hint=_FORK)


def _check_blocks(store: Store, derived: Mapping[int, bytes]) -> None:
    for key, expected in derived.items():
        if read_blocks(store, [key])[key] != expected:
            raise DamagedError(f"the tree is damaged in block {key:#x}", hint=RESTORE)


def _root(size: int, derived: Mapping[int, bytes]) -> bytes:
    return root(size, lambda nodes: blocks.read_nodes(nodes, lambda _: derived))
