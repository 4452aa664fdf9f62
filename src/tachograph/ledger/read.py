"""Reading entries: whatever is read is checked against the tree first.

Entries are read in pages that share a block, so that one comparison checks up to 64 of them, also
those that a filter leaves out. Proven by tests/ledger/test_ledger_read.py and
test_ledger_damage.py. Not covered: damage to inner nodes of the tree, which `verify` finds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from difflib import get_close_matches

from tachograph import canon
from tachograph.errors import DamagedError, FormatError, NotFoundError, UsageError
from tachograph.ledger import blocks, entry
from tachograph.ledger.entry import Entry
from tachograph.ledger.kinds import KINDS
from tachograph.ledger.store import Store
from tachograph.merkle.levels import hash_leaves
from tachograph.merkle.tree import HASH_BYTES, Node, leaf_hash

KEPT_BLOCKS = 2048
"""Most blocks that stay in memory: 8 MB."""
RESTORE = "restore ledger.db from a copy; entries before this one are intact"


def read_entry(store: Store, seq: int) -> Entry:
    """Return entry `seq`. Raises NotFoundError, DamagedError, FormatError."""
    size = store.head().size
    if not 0 <= seq < size:
        raise NotFoundError(f"no entry {seq}, there are {size}", hint="ask for a smaller one")
    (data,) = read_page(store, seq, seq + 1)
    return parse(seq, data)


def read_entries(
    store: Store, run: str | None, kinds: Collection[str | type], start: int
) -> Iterator[Entry]:
    """Yield the entries that are there now, as Ledger.entries says."""
    names = {kind if isinstance(kind, str) else kind.__name__ for kind in kinds}
    if unknown := names - KINDS.keys():
        near = get_close_matches(min(unknown), KINDS, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"kinds: {', '.join(sorted(KINDS))}"
        raise UsageError(f"no kind {min(unknown)!r}", hint=hint)
    # The marks pass over most entries before they are parsed. They can also stand deeper in a
    # body, so that what they let through is looked at again.
    run_mark = b"" if run is None else b'"run":' + canon.encode(run)
    kind_marks = [b'"kind":' + canon.encode(name) for name in names] or [b""]
    for seq, data in _all(store, start, store.head().size):
        if run_mark in data and any(mark in data for mark in kind_marks):
            found = parse(seq, data)
            if (not names or found.kind in names) and run in (None, _run(found)):
                yield found


def read_leaves(store: Store, start: int, stop: int) -> Iterator[bytes]:
    """Yield the bytes of entries from `start` until before `stop`, checked."""
    return (data for _, data in _all(store, start, stop))


def read_page(store: Store, start: int, stop: int) -> list[bytes]:
    """Return the bytes of entries that share a block, checked. Raises DamagedError naming one."""
    page, damage = _page(store, start, stop)
    if damage is not None:
        raise damage
    return page


def read_block(store: Store, key: int) -> bytes:
    """Return a block that must be there. Raises DamagedError."""
    found = store.blocks([key]).get(key)
    if found is None:
        raise DamagedError("the store has lost part of the tree", hint=RESTORE)
    return found


class Nodes:
    """Reads hashes of complete nodes, and keeps the blocks above the leaves' in memory.

    A complete node never changes, so a kept block can only lack nodes that were completed since;
    then it is read again. A proof at a million entries so reads one row, and the first six or
    seven. Threads may share it.
    """

    def __init__(self, store: Store) -> None:
        self._blocks = _Kept(store)

    def read(self, nodes: Sequence[Node]) -> list[bytes]:
        """Return hashes of complete nodes. Raises DamagedError where the store has lost them."""
        hashes = blocks.read_nodes(nodes, self._blocks)
        if blocks.NO_HASH in hashes:
            self._blocks.clear()
            hashes = blocks.read_nodes(nodes, self._blocks)
        return hashes


class _Kept(dict[int, bytes]):
    """Blocks of a store by key, read when first asked for; of those with leaf hashes, the last."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._store = store
        self._leaves = 0

    def __missing__(self, key: int) -> bytes:
        block = read_block(self._store, key)
        if key < blocks.FIRST_UPPER:
            self.pop(self._leaves, None)
            self._leaves = key
        elif len(self) > KEPT_BLOCKS:
            self.clear()
        self[key] = block
        return block


def parse(seq: int, data: bytes) -> Entry:
    """Return the entry of these bytes. Raises FormatError, DamagedError; both name it."""
    try:
        found = entry.decode(data)
    except FormatError as error:
        raise FormatError(f"entry {seq} cannot be read: {error}", hint=error.hint) from error
    if found.seq != seq:
        raise DamagedError(f"entry {seq} says that it is entry {found.seq}", hint=RESTORE)
    return found


def _all(store: Store, start: int, stop: int) -> Iterator[tuple[int, bytes]]:
    start = max(start, 0)
    while start < stop:
        edge = min(start - start % blocks.WIDTH + blocks.WIDTH, stop)
        page, damage = _page(store, start, edge)
        yield from enumerate(page, start)
        if damage is not None:
            raise damage
        start = edge


def _page(store: Store, start: int, stop: int) -> tuple[list[bytes], DamagedError | None]:
    """The intact entries from `start` on, and what ends them before `stop`, if anything does."""
    rows = store.entries(start, stop)
    block = read_block(store, blocks.key(0, start // blocks.WIDTH))
    offset = start % blocks.WIDTH * HASH_BYTES
    kept = block[offset : offset + (stop - start) * HASH_BYTES]
    page = [data for _, data in rows]
    # One comparison of all hashes; only a page that fails it is looked at entry by entry.
    if len(rows) == stop - start and hash_leaves(page) == kept:
        return page, None
    for place in range(stop - start):
        name = f"entry {start + place}"
        if place == len(rows) or rows[place][0] != start + place:
            return page[:place], DamagedError(f"{name} is missing", hint=RESTORE)
        if leaf_hash(page[place]) != kept[place * HASH_BYTES : (place + 1) * HASH_BYTES]:
            return page[:place], DamagedError(
                f"{name} is damaged: it has not the hash that was recorded", hint=RESTORE
            )
    raise AssertionError("a page that fails as a whole fails at an entry")


def _run(found: Entry) -> str | None:
    return getattr(found.body, "run", None)
