"""Writing entries: drafts in, one durable transaction out.

Proven by tests/ledger/test_ledger_face.py and test_ledger_durability.py. Not covered: who may
write.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tachograph.errors import ClockError, DamagedError, NotFoundError, TachographError
from tachograph.ledger import blocks, entry
from tachograph.ledger.commit import Ticket
from tachograph.ledger.entry import Entry
from tachograph.ledger.objects import Objects
from tachograph.ledger.store import Head, Transaction
from tachograph.merkle.levels import hash_leaves
from tachograph.merkle.tree import root


def record(
    tickets: Sequence[Ticket], transaction: Transaction, objects: Objects
) -> Mapping[str, bytes]:
    """Write the drafts of all tickets under one new head. A bad ticket spoils only itself.

    Objects that they name and that still wait are written too; returns those.
    """
    old = transaction.head()
    leaves: list[bytes] = []
    carried: dict[str, bytes] = {}
    for ticket in tickets:
        try:
            leaves += _place(ticket, old.size + len(leaves), objects)
        except TachographError as error:
            ticket.error = error
        else:
            carried.update(_waiting(ticket.entries, objects))
    if leaves:
        write_leaves(old, leaves, transaction)
    if carried:
        transaction.keep(carried)
    return carried


def write_leaves(old: Head, leaves: Sequence[bytes], transaction: Transaction) -> Head:
    """Write leaves after `old` and move the head; return the new one.

    Raises DamagedError, and writes nothing, where the stored tree does not lead to `old`.
    """
    edge = transaction.blocks(blocks.open_blocks(old.size))
    if _root(old.size, edge) != old.root:
        raise DamagedError(
            "the stored tree does not lead to its head, so nothing was appended",
            hint=_VERIFY,
        )
    changed = blocks.grow(old.size, hash_leaves(leaves), edge)
    size = old.size + len(leaves)
    new = Head(size, _root(size, {**edge, **changed}))
    transaction.advance(old, new, leaves, changed)
    return new


def _root(size: int, near: Mapping[int, bytes]) -> bytes:
    # The peaks of a tree lie in its open blocks, or in those that it filled last.
    try:
        return root(size, lambda nodes: blocks.read_nodes(nodes, near))
    except KeyError as error:
        raise DamagedError("the store has lost part of the tree", hint=_VERIFY) from error


def _place(ticket: Ticket, seq: int, objects: Objects) -> list[bytes]:
    """Give the drafts of a ticket their places from `seq` on; return their bytes."""
    time = entry.now()
    if time < ticket.not_before:
        raise ClockError(
            f"the clock says {time}, which is before {ticket.not_before}",
            hint="set the machine's clock, then do it again",
        )
    entries = [
        Entry(place, time, actor, tuple(parents), body)
        for place, (actor, parents, body) in enumerate(ticket.drafts, seq)
    ]
    leaves = [entry.encode(one) for one in entries]
    for one in entries:
        for digest in one.digests():
            if digest not in objects:
                raise NotFoundError(f"no object {digest}", hint=_PUT)
    ticket.entries = entries
    return leaves


def _waiting(entries: Sequence[Entry], objects: Objects) -> Iterator[tuple[str, bytes]]:
    """Objects that these entries name and that are not written yet."""
    for one in entries:
        for digest in one.digests():
            if (data := objects.waiting(digest)) is not None:
                yield digest, data


_PUT = "put it into the ledger before you name it, through the same Ledger object"
_VERIFY = "find the damage with tacho ledger verify"
