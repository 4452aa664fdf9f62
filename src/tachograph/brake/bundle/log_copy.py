"""A published log as a bundle holds it, read once: its head, its leaves, its tree.

The folder is a C2SP tlog-tiles log: `checkpoint`, `tile/entries/...`. Hashes are derived from the
leaves and not read, so a tile that lies is no matter; whether the signed root is theirs is
`root_agrees`. A leaf that does not parse is a fault with its number, and the rest is read all the
same. A withheld leaf counts as the entry that its opening shows, where `openings/` has a true one.
Proven by tests/brake/test_bundle.py. Not covered: cosignatures (V2), what a head held elsewhere
says (V3).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from heapq import merge
from operator import attrgetter
from typing import get_args

from tachograph.brake.bundle.folder import Folder
from tachograph.brake.bundle.leaves import Leaves
from tachograph.brake.logs.commitment import (
    OPENING_BYTES,
    Commitment,
    check_bound,
    check_opening,
    parse_opening,
)
from tachograph.errors import EvidenceError, FormatError
from tachograph.ledger import kinds
from tachograph.ledger.brake_kinds import BrakeBody
from tachograph.ledger.entry import Entry
from tachograph.merkle.checkpoint import Checkpoint, parse_checkpoint
from tachograph.merkle.levels import Levels
from tachograph.merkle.note import Note, VerifierKey, check_note, parse_note
from tachograph.merkle.tile import WIDTH, Tile, format_path, parse_bundle
from tachograph.merkle.tree import leaf_hash

CHECKPOINT_BYTES = 65_536
"""Longest signed checkpoint that is read: 64 signatures of Ed25519 fit, of ML-DSA-44 not."""
ENTRIES = 1_000_000
"""Most entries of one log that an audit takes in; their hashes are 64 bytes of memory each."""
KEPT = 200_000
"""Most of them that checks may ask about; a few kilobytes of memory each."""
ASKED = frozenset(
    kind.__name__
    for kind in (*get_args(BrakeBody), kinds.HeadSigned, kinds.RunOpened, kinds.RunResumed,
                 kinds.TurnBegun)
)  # fmt: skip
"""Kinds that checks ask about. Others are parsed, checked, hashed, counted, and let go."""


@dataclass(frozen=True)
class Fault:
    """A leaf that is no entry, or not the one for its place."""

    seq: int
    """Number of the leaf."""
    reason: str
    """What is wrong with it."""
    opening: bool = False
    """Whether it is what should open the leaf that is false: nobody signed that, so it is of
    whoever made the bundle, and the leaf stays withheld."""


@dataclass(frozen=True)
class LogCopy:
    """One log, as far as the bundle has it."""

    name: str
    """Its folder below `logs/`; nobody vouches for it: the origin names the log."""
    head_text: str
    """The newest signed checkpoint, as published."""
    head: Note
    """The same, parsed, unchecked."""
    checkpoint: Checkpoint
    """What it says."""
    entries: tuple[Entry, ...]
    """The entries that checks ask about, in order; see ASKED."""
    faults: tuple[Fault, ...]
    """Leaves that are no entries, and openings that are false."""
    withheld: tuple[Commitment, ...]
    """Leaves that say that an entry is there and not what it says, and that nothing opens."""
    counts: dict[str, int]
    """How many entries of each kind, also of those that are not kept."""
    levels: Levels
    """The tree over the leaves."""

    @property
    def origin(self) -> str:
        """Which log it says it is."""
        return self.checkpoint.origin

    @property
    def size(self) -> int:
        """Number of leaves under the head."""
        return self.checkpoint.size

    @cached_property
    def root_agrees(self) -> bool:
        """Whether the head's root is the root of the leaves."""
        return self.levels.root() == self.checkpoint.root

    def is_not_of(self, key: VerifierKey) -> str:
        """Why this is no copy of the log that has the key; empty: it is one."""
        try:
            check_note(self.head, [key])
        except EvidenceError as error:
            return f"the head is not signed by the log's key: {error.message}"
        return "" if self.root_agrees else "the signed root is not the root of the entries"

    def of_kind(self, *names: str) -> Iterator[Entry]:
        """Yield the kept entries of these kinds, in order."""
        found = [self._by_kind.get(name, []) for name in names]
        return iter(found[0]) if len(found) == 1 else merge(*found, key=attrgetter("seq"))

    @cached_property
    def _by_kind(self) -> dict[str, list[Entry]]:
        found: dict[str, list[Entry]] = {}
        for entry in self.entries:
            found.setdefault(entry.kind, []).append(entry)
        return found

    @property
    def folder(self) -> str:
        """Its folder in the bundle, for evidence."""
        return f"logs/{self.name}"

    def where(self, seq: int) -> str:
        """Name an entry, for evidence."""
        return f"{self.name}:{seq}"


def read_log(folder: Folder, name: str, leaves: Leaves) -> LogCopy:
    """Read the log `name` of a bundle. `leaves`: shared by its logs, which copy each other.

    Raises NotFoundError for a missing file, FormatError where head or bundles do not parse or
    something is too large, UsageError never.
    """
    text = folder.text(f"logs/{name}/checkpoint", CHECKPOINT_BYTES)
    head = parse_note(text)
    checkpoint = parse_checkpoint(head.text)
    if checkpoint.size > ENTRIES:
        raise FormatError(
            f"log {name} has {checkpoint.size} entries, {ENTRIES} are taken in",
            hint="ask for a bundle of the window in question",
        )
    copy = _Copy(folder, name, leaves)
    for leaf in read_leaves(folder, name, checkpoint.size):
        copy.take(leaf)
    return LogCopy(
        name, text, head, checkpoint,
        tuple(copy.entries), tuple(copy.faults), tuple(copy.withheld), copy.counts, copy.levels,
    )  # fmt: skip


class _Copy:
    """A log while it is read, leaf by leaf."""

    def __init__(self, folder: Folder, name: str, leaves: Leaves) -> None:
        self._leaves = leaves
        self._folder = folder
        self._name = name
        self._opened = set(folder.names(f"openings/{name}"))
        self._hashes = bytearray()
        self._seq = 0
        self._levels = Levels()
        self.entries: list[Entry] = []
        self.faults: list[Fault] = []
        self.withheld: list[Commitment] = []
        self.counts: dict[str, int] = {}

    @property
    def levels(self) -> Levels:
        """The tree over what was taken."""
        self._levels.extend_hashes(bytes(self._hashes))
        self._hashes.clear()
        return self._levels

    def take(self, leaf: bytes) -> None:
        """Take in the next leaf, whatever it is."""
        if len(self.entries) + len(self.withheld) + len(self.faults) >= KEPT:
            raise FormatError(
                f"log {self._name} has more than {KEPT} entries that checks ask about",
                hint="ask for a bundle of the window in question",
            )
        seq, self._seq = self._seq, self._seq + 1
        self._hashes += leaf_hash(leaf)
        try:
            found = self._parsed(seq, leaf)
        except EvidenceError as error:
            self.faults.append(Fault(seq, error.message))
            return
        kind = found.kind or "withheld"
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if isinstance(found, Commitment):
            self.withheld.append(found)
        elif found.kind in ASKED:
            self.entries.append(found)

    def _parsed(self, seq: int, leaf: bytes) -> Entry | Commitment:
        found = self._leaves.read(leaf)
        if found.seq != seq:
            raise FormatError(f"it says that it is number {found.seq}", hint="refuse the log")
        if isinstance(found, Commitment) and f"{seq}.json" in self._opened:
            try:
                data = self._folder.read(f"openings/{self._name}/{seq}.json", OPENING_BYTES)
                opening = parse_opening(data)
                check_bound(found, opening)
            except EvidenceError as error:
                self.faults.append(Fault(seq, error.message, opening=True))
            else:
                return check_opening(found, opening)
        return found


def read_leaves(folder: Folder, name: str, size: int) -> Iterator[bytes]:
    """Yield the leaves of a log of this size, in order. Raises as `read_log` does."""
    for index in range(-(-size // WIDTH)):
        width = min(WIDTH, size - index * WIDTH)
        path = format_path(Tile("entries", index, width))
        yield from parse_bundle(folder.read(f"logs/{name}/{path}"), width)
