"""The ledger: append, read, prove, sign, verify.

A folder: `ledger.db` (store.py), `objects/` for large content (objects.py), `key` and `origin`
(key.py), and `head` (heads.py). The database is made last, so a folder that has it is a ledger.
Opening reads a few rows; nothing is written before the first append. Proven by
tests/ledger/test_ledger_face.py, test_ledger_durability.py and test_ledger_damage.py. Not covered:
what entries mean together; what never reached `append`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from types import TracebackType

from tachograph.errors import DamagedError, StoreError, UsageError
from tachograph.ledger.commit import Draft, Queue, Ticket
from tachograph.ledger.disk import sync_folder
from tachograph.ledger.entry import Entry
from tachograph.ledger.heads import KEEP, format_head, load_head, parse_head, save_head
from tachograph.ledger.key import create_key, load_key, load_verifier
from tachograph.ledger.kinds import HeadSigned
from tachograph.ledger.objects import Objects
from tachograph.ledger.read import Nodes, read_entries, read_entry, read_leaves
from tachograph.ledger.store import Head, SqliteStore, Store
from tachograph.ledger.verify import Verification, verify
from tachograph.ledger.write import record
from tachograph.merkle.note import VerifierKey
from tachograph.merkle.proof import Proof, format_proof
from tachograph.merkle.tree import Node, prove_consistency, prove_inclusion, root


class Ledger:
    """One ledger. Threads may share it; each process opens its own."""

    def __init__(self, folder: Path, store: Store, objects: Objects) -> None:
        """Use `Ledger.open`."""
        self._folder = folder
        self._store = store
        self._objects = objects
        self._queue = Queue(self._commit)
        self._nodes = Nodes(store)
        self._seen = 0

    @classmethod
    def open(cls, path: Path | str, create: bool = False, *, origin: str | None = None) -> Ledger:
        """Open the ledger in the folder `path`; with `create`, make it first where there is none.

        `origin` names a new ledger to the world, as a URL without scheme; the default is drawn from
        its key. Raises NotFoundError, FormatError, DamagedError, StoreError.
        """
        folder = Path(path)
        if create and not (folder / "ledger.db").is_file():
            _create(folder, origin)
        store = SqliteStore(folder / "ledger.db")
        return cls(folder, store, Objects(folder / "objects", store))

    def close(self) -> None:
        """Let go of the ledger's files."""
        self._store.close()

    def __enter__(self) -> Ledger:
        """Return the ledger; leaving the block closes it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the ledger."""
        self.close()

    # Write.

    def append(self, drafts: Sequence[Draft], *, not_before: str = "",
               durable: bool = True) -> list[Entry]:  # fmt: skip
        """Record (actor, parents, body) drafts, next to each other, all or none.

        With `not_before`, a time as entries write it, raises ClockError where the clock is behind.
        Durable when it returns, together with every object that a body names; those must have been
        put before. Without `durable` the disk is not waited for: what was recorded outlives this
        process, and a fall of the machine as soon as anything durable was appended after it.
        Parents are entries recorded before. Raises FormatError, NotFoundError, DamagedError,
        StoreError; a killed process leaves all of the drafts or none.
        """
        return self._queue.submit(drafts, not_before, durable=durable)

    def put(self, data: bytes) -> str:
        """Take large content into the ledger; return its SHA-256 in hex. Raises StoreError.

        Durable when an entry that names it has been acknowledged. Until then only this ledger
        object is sure to have it: put it through the one that will append the entry. What no entry
        names is nobody's to keep: it may be gone when the ledger is closed.
        """
        return self._objects.put(data)

    def sign_head(self, actor: str = "ledger") -> str:
        """Sign the newest root, record that as HeadSigned, and return the signed note.

        Where nothing was recorded since the last signature, returns that one again.
        """
        head = self._store.head()
        if head.size:
            last = self.get(head.size - 1).body
            if isinstance(last, HeadSigned) and last.size == head.size - 1:
                if load_head(self._folder) != last.note:
                    # Whoever recorded it was cut off before it was kept.
                    save_head(self._folder, last.note)
                return last.note
        return self._sign(actor).note

    # Read.

    @property
    def size(self) -> int:
        """Number of entries."""
        return self._store.head().size

    @property
    def verifier(self) -> VerifierKey:
        """The ledger's public key; its name is the origin. Outsiders pin it, and not this copy."""
        return load_verifier(self._folder)

    def get(self, seq: int) -> Entry:
        """Return entry `seq`. Raises NotFoundError; DamagedError where its bytes are not intact."""
        return read_entry(self._store, seq)

    def entries(
        self, run: str | None = None, kinds: Collection[str | type] = (), start: int = 0
    ) -> Iterator[Entry]:
        """Yield the entries that are there now, by seq, from `start` on.

        Only of one run and of some kinds (names or classes), where given. Every entry passed, also
        one left out, is checked against the tree. Raises DamagedError naming the first entry that
        is not intact, and UsageError for a kind that there is not.
        """
        return read_entries(self._store, run, kinds, start)

    def leaves(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Yield canonical bytes of entries, as the tree hashes them; what a log publishes."""
        return read_leaves(self._store, start, self._within(stop))

    def fetch(self, digest: str) -> bytes:
        """Return an object, checked. Raises NotFoundError, DamagedError, StoreError."""
        return self._objects.fetch(digest)

    # Prove.

    def root(self, size: int | None = None) -> bytes:
        """Return the root over the first `size` entries (default: all)."""
        if size is None:
            return self._store.head().root
        return root(self._within(size), self.hashes)

    def hashes(self, nodes: Sequence[Node]) -> list[bytes]:
        """Return hashes of complete tree nodes, as proofs and tiles need them."""
        return self._nodes.read(nodes)

    def prove_inclusion(self, seq: int, size: int | None = None) -> list[bytes]:
        """Return the proof that entry `seq` is among the first `size` entries (default: all)."""
        return prove_inclusion(seq, self._within(size), self.hashes)

    def prove_consistency(self, old: int, new: int | None = None) -> list[bytes]:
        """Return the proof that the first `new` entries (default: all) begin with `old` ones."""
        return prove_consistency(old, self._within(new), self.hashes)

    def prove(self, seq: int) -> str:
        """Return the proof, as one file (merkle/proof.py), that entry `seq` is under a signed head.

        The head is the newest that covers the entry; one is signed where there is none.
        """
        self.get(seq)
        heads = self._heads(after=seq) or [self._sign("ledger")]
        path = self.prove_inclusion(seq, heads[-1].size)
        return format_proof(Proof(seq, tuple(path), heads[-1].note))

    def verify(self, held: Sequence[str] = ()) -> Verification:
        """Derive everything again from the entries. Raises DamagedError naming what differs.

        `held` are signed heads of this ledger that were kept elsewhere.
        """
        newest = load_head(self._folder)
        heads = [*held, newest] if newest is not None else held
        return verify(self._store, self._objects, self.verifier, heads)

    def _sign(self, actor: str) -> HeadSigned:
        key = load_key(self._folder)
        head = self._store.head()
        before = load_head(self._folder)
        if before is not None:
            self._check_follows(head, parse_head(before, key.verifier))
        note = format_head(head, key)
        signed = HeadSigned(head.size, head.root.hex(), note)
        self.append([(actor, (), signed)])
        save_head(self._folder, note)
        return signed

    def _check_follows(self, head: Head, before: Head) -> None:
        # What signing compares is what lies in the store now, not what this process remembers.
        stored = Nodes(self._store)
        if before.size > head.size or root(before.size, stored.read) != before.root:
            raise DamagedError(
                f"the ledger no longer begins with the head that it signed at {before.size}",
                hint=KEEP,
            )

    def _heads(self, after: int) -> list[HeadSigned]:
        """Signed heads that cover entry `after`."""
        found = (entry.body for entry in self.entries(kinds=[HeadSigned], start=after + 1))
        return [body for body in found if isinstance(body, HeadSigned) and body.size > after]

    def _within(self, size: int | None) -> int:
        # A ledger never shrinks: below a size once seen, there is nothing to ask the store.
        if size is None or size > self._seen:
            self._seen = self.size
        if size is not None and not 0 <= size <= self._seen:
            raise UsageError(f"there are {self._seen} entries, not {size}", hint="ask for fewer")
        return self._seen if size is None else size

    def _commit(self, tickets: Sequence[Ticket]) -> None:
        durable = any(ticket.durable for ticket in tickets)
        with self._store.begin(durable=durable) as transaction:
            carried = record(tickets, transaction, self._objects)
        self._objects.settle(carried)


def _create(folder: Path, origin: str | None) -> None:
    try:
        (folder / "objects").mkdir(parents=True, exist_ok=True)
        sync_folder(folder)
    except OSError as error:
        raise StoreError(
            f"{folder} cannot be made: {error.strerror}",
            hint="see that the disk has room and that you may write there",
        ) from error
    create_key(folder, origin)
    SqliteStore.create(folder / "ledger.db")
