"""A ledger as static files that any file host can serve (C2SP tlog-tiles).

    checkpoint                   the newest signed head, written last
    tile/0/000, tile/1/000 ...   hashes; full tiles never change
    tile/entries/000 ...         the entries, or commitments to them (redact.py)

**The checkpoint names only what is on the disk already.** Tiles are written whole and synchronised
first; a publisher that is killed before the checkpoint leaves tiles that nobody was told of, and
the next one writes them again. The head is durable in the ledger before it leaves it, and a folder
whose checkpoint the ledger does not begin with is refused: so a ledger that was put back to an
older state is found out before it signs a second history. Only new tiles are written, a few
megabytes in memory at a time. Proven by tests/brake/test_publish.py and test_publish_faults.py,
timed by bench/tiles.py. Not covered: a host that changes what it was given; the readers find out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tachograph.brake.logs.source import CHECKPOINT, FolderSource
from tachograph.brake.logs.tile_writer import TileWriter
from tachograph.errors import DamagedError, NotFoundError, StoreError
from tachograph.ledger import Ledger
from tachograph.ledger.disk import locked, make_folder, write_file
from tachograph.ledger.heads import KEEP, parse_head
from tachograph.ledger.store import Head
from tachograph.merkle.edge import Edge
from tachograph.merkle.levels import hash_leaves
from tachograph.merkle.note import VerifierKey
from tachograph.merkle.tile import WIDTH, Tile, format_bundle
from tachograph.merkle.tree import HASH_BYTES

LOCK = "publishing"
"""File in the ledger's folder that one publisher at a time holds."""

Cosign = Callable[[str, Path], str]
"""Takes a signed checkpoint and the folder of its tiles; returns it with witnesses' signatures."""


class Log(Protocol):
    """What is published of a ledger: its entries as they are, or with bodies withheld."""

    def begin(self) -> None:
        """Fix what is published now. Another publisher may have gone on until this moment."""
        ...

    @property
    def size(self) -> int:
        """How many leaves there are to publish since `begin`."""
        ...

    @property
    def verifier(self) -> VerifierKey:
        """The key of the published log; its name is the origin."""
        ...

    @property
    def known(self) -> int:
        """The largest size whose head the ledger has signed, or signs now."""
        ...

    @property
    def stops(self) -> tuple[int, ...]:
        """Sizes at which `check` wants to see the root while the log is derived."""
        ...

    def leaves(self, start: int, stop: int) -> Iterator[bytes]:
        """Yield leaves; always the same for the same place."""
        ...

    def check(self, head: Head) -> None:
        """Raise DamagedError where this log is known not to have had this head."""
        ...

    def sign(self, head: Head) -> str:
        """Return the signed note of the newest head; the ledger has it on the disk already."""
        ...


@dataclass(frozen=True)
class Published:
    """What a folder has after publishing."""

    origin: str
    """Which log."""
    size: int
    """Leaves under the checkpoint."""
    before: int
    """Leaves under the checkpoint that was there before; 0 where there was none."""
    files: int
    """Files that were written, the checkpoint not counted."""
    note: str
    """The checkpoint."""


class WholeLog:
    """The ledger as it is."""

    stops = ()

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._note = ""
        self.verifier = ledger.verifier
        self.size = self.known = 0

    def begin(self) -> None:
        """See Log. Signs the newest head, which fixes the size."""
        self._note = self._ledger.sign_head()
        self.size = self.known = parse_head(self._note, self.verifier).size

    def leaves(self, start: int, stop: int) -> Iterator[bytes]:
        """See Log."""
        return self._ledger.leaves(start, stop)

    def check(self, head: Head) -> None:
        """See Log."""
        if self._ledger.root(head.size) != head.root:
            raise contradicted(head)

    def sign(self, head: Head) -> str:
        """See Log."""
        if parse_head(self._note, self.verifier) != head:
            raise contradicted(head)
        return self._note


def publish(log: Log, home: Path, folder: Path, cosign: Cosign | None = None) -> Published:
    """Bring the folder up to date with a log of the ledger in the folder `home`.

    In this order:

    1. take the lock, so that no checkpoint is replaced by an older one, and fix the size;
    2. read what the folder has, and refuse it unless the log begins with that;
    3. write the new tiles, synchronised;
    4. have the head signed, which makes it durable in the ledger, and cosigned;
    5. replace the checkpoint; then remove partial tiles whose full ones have come.

    Raises DamagedError, StoreError, and what `cosign` raises.
    """
    try:
        with locked(home / LOCK):
            log.begin()
            make_folder(folder)
            edge = _published(log, folder)
            before = edge.size
            writer = TileWriter(folder)
            _grow(log, edge, writer)
            note = log.sign(Head(edge.size, edge.root()))
            if cosign is not None:
                note = cosign(note, folder)
            write_file(folder / CHECKPOINT, note.encode(), replace=True)
            writer.tidy()
    except OSError as error:
        raise StoreError(
            f"{folder} cannot be written: {error.strerror}",
            hint="see that the disk has room and that you may write there; then publish again",
        ) from error
    return Published(log.verifier.name, edge.size, before, writer.count, note)


def contradicted(head: Head) -> DamagedError:
    """The error for a head that was published once and that the ledger does not lead to."""
    return DamagedError(
        f"the ledger does not begin with the {head.size} entries that were published before",
        hint=KEEP,
    )


def _published(log: Log, folder: Path) -> Edge:
    """The edge of what the folder's checkpoint covers; that of the empty tree where none is."""
    source = FolderSource(folder)
    try:
        note = source.checkpoint().decode("utf-8", errors="replace")
    except NotFoundError:
        return Edge()
    head = parse_head(note, log.verifier)
    if head.size > log.known:
        raise contradicted(head)
    log.check(head)
    edge = Edge.read(head.size, source.tile)
    if edge.root() != head.root:
        raise DamagedError(
            f"{folder} has other tiles than its checkpoint says",
            hint="publish into an empty folder, and put that in its place",
        )
    return edge


def _grow(log: Log, edge: Edge, writer: TileWriter) -> None:
    """Derive the log from the edge on, and write every tile that the edge had not."""
    before = edge.size
    for stop in (*sorted(stop for stop in log.stops if before < stop < log.size), log.size):
        _derive(log, edge, stop, writer)
        log.check(Head(edge.size, edge.root()))
    if edge.size > before:
        for tile, data in edge.partials():
            assert tile.level != "entries"
            if tile.width > (before >> (8 * tile.level)) - tile.index * WIDTH:
                writer.add(tile, data)
        writer.flush()


def _derive(log: Log, edge: Edge, stop: int, writer: TileWriter) -> None:
    """Extend the edge to `stop`, a bundle at a time; write bundles and full tiles."""
    while edge.size < stop:
        index, skipped = divmod(edge.size, WIDTH)
        start = index * WIDTH
        entries = list(log.leaves(start, min(start + WIDTH, stop)))
        hashes = hash_leaves(entries)
        if not edge.holds(hashes[: skipped * HASH_BYTES]):
            raise contradicted(Head(edge.size, b""))
        filled = edge.extend(hashes[skipped * HASH_BYTES :])
        if len(entries) == WIDTH or stop == log.size:
            writer.add(Tile("entries", index, len(entries)), format_bundle(entries))
        for tile, data in filled:
            writer.add(tile, data)
