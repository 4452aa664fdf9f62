"""Deriving the whole ledger again from its entries, and naming the first thing that differs.

Proven by tests/ledger/test_ledger_damage.py and test_ledger_heads.py. Not covered: a folder put
back to an older state as a whole; against that, hold signed heads of your own and hand them in.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tachograph.errors import DamagedError, EvidenceError, NotFoundError
from tachograph.ledger import blocks
from tachograph.ledger.entry import Entry
from tachograph.ledger.heads import KEEP, parse_head
from tachograph.ledger.kinds import HeadSigned
from tachograph.ledger.objects import Objects
from tachograph.ledger.read import RESTORE, parse, read_block, read_leaves
from tachograph.ledger.store import Head, Store
from tachograph.merkle.note import VerifierKey
from tachograph.merkle.tree import leaf_hash, root


@dataclass(frozen=True)
class Verification:
    """What was derived again and found as recorded."""

    size: int
    """Entries."""
    root: str
    """Root over them, in hex."""
    heads: int
    """Different signed heads, each checked by its signature and the root at its size."""
    objects: int
    """Different objects named, each read and hashed."""
    unsigned: int = 0
    """Entries at the end that no signed head covers, heads themselves not counted: whoever may
    write the folder can have changed those."""


def verify(
    store: Store, objects: Objects, key: VerifierKey, held: Sequence[str] = ()
) -> Verification:
    """Derive everything again, in this order:

    1. every entry: canonical bytes, its place, its leaf hash;
    2. every object that it names, and every signature of a head that it holds;
    3. every block of the tree, and the store's own head;
    4. the root at the size of every signed head, those of `held` included.

    Raises DamagedError naming the first entry, object, block or head that differs; FormatError for
    an entry of an unknown kind. Memory: about 150 bytes an entry.
    """
    newest = store.head()
    hashes: list[bytes] = []
    heads: list[tuple[str, Head]] = []
    seen: set[str] = set()
    others: list[int] = []
    for found, data in _entries(store, newest.size):
        hashes.append(leaf_hash(data))
        for digest in set(found.digests()) - seen:
            _check_object(objects, digest, found.seq)
            seen.add(digest)
        if isinstance(found.body, HeadSigned):
            heads.append((f"entry {found.seq}", _signed(found.body, found.seq, key)))
        else:
            others.append(found.seq)
    heads += [("a head signed before", _parsed("a head signed before", note, key)) for note in held]
    derived = blocks.grow(0, b"".join(hashes), {})
    _check_blocks(store, newest.size, derived)
    for name, head in [("the store's head", newest), *heads]:
        _check_head(name, head, newest.size, derived)
    signed = max((head.size for _, head in heads), default=0)
    unsigned = len(others) - bisect_left(others, signed)
    different = len({head for _, head in heads})
    return Verification(newest.size, newest.root.hex(), different, len(seen), unsigned)


def _entries(store: Store, size: int) -> Iterator[tuple[Entry, bytes]]:
    for seq, data in enumerate(read_leaves(store, 0, size)):
        yield parse(seq, data), data


def _check_object(objects: Objects, digest: str, seq: int) -> None:
    try:
        objects.fetch(digest)
    except (DamagedError, NotFoundError) as error:
        raise DamagedError(f"{error}; entry {seq} names it", hint=error.hint) from error


def _signed(body: HeadSigned, seq: int, key: VerifierKey) -> Head:
    head = _parsed(f"entry {seq}", body.note, key)
    if (head.size, head.root.hex()) != (body.size, body.root):
        raise DamagedError(f"entry {seq} says another head than it signs", hint=KEEP)
    return head


def _parsed(name: str, note: str, key: VerifierKey) -> Head:
    try:
        return parse_head(note, key)
    except EvidenceError as error:
        raise DamagedError(f"{name} is not one of this ledger: {error}", hint=KEEP) from error


def _check_head(name: str, head: Head, size: int, derived: Mapping[int, bytes]) -> None:
    if head.size > size:
        raise DamagedError(f"{name} covers {head.size} entries, there are {size}", hint=KEEP)
    if root(head.size, lambda nodes: blocks.read_nodes(nodes, derived)) != head.root:
        raise DamagedError(f"{name} has a root that the entries do not have", hint=KEEP)


def _check_blocks(store: Store, size: int, derived: Mapping[int, bytes]) -> None:
    for key, expected in derived.items():
        found = read_block(store, key)
        # A writer may have gone on meanwhile.
        if found != expected and blocks.as_of(size, key, found) != expected:
            raise DamagedError(f"the tree is damaged in block {key:#x}", hint=RESTORE)
