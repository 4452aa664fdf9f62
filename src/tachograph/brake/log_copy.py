"""A published log as a bundle holds it, read once: its head, its leaves, its tree.

The folder is a C2SP tlog-tiles log: `checkpoint`, `tile/entries/...`. Hashes are derived from the
leaves and not read, so a tile that lies is no matter; whether the signed root is theirs is
`root_agrees`. A leaf that does not parse is a fault with its number, and the rest is read all the
same. Proven by tests/brake/test_log_copy.py. Not covered: signatures (V1, V2), what a head held
elsewhere says (V3).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tachograph.brake.folder import Folder
from tachograph.errors import FormatError
from tachograph.ledger.entry import Entry, decode
from tachograph.merkle.checkpoint import Checkpoint, parse_checkpoint
from tachograph.merkle.levels import Levels
from tachograph.merkle.note import Note, parse_note
from tachograph.merkle.tile import WIDTH, Tile, format_path, parse_bundle

CHECKPOINT_BYTES = 65_536
"""Longest signed checkpoint that is read: 64 signatures of Ed25519 fit, of ML-DSA-44 not."""
ENTRIES = 1_000_000
"""Most entries of one log that an audit takes in; about 100 bytes of memory each."""
BULK = frozenset({
    "ModelAnswered", "ModelFailed", "CommandBegun", "CommandEnded", "CandidateProposed",
    "ScorerTested", "CandidateScored", "TrialScored", "FindingShared", "ReadingTaken",
})  # fmt: skip
"""Kinds that no check asks about: parsed, checked, hashed, counted, and let go."""


@dataclass(frozen=True)
class Fault:
    """A leaf that is no entry, or not the one for its place."""

    seq: int
    """Number of the leaf."""
    reason: str
    """What is wrong with it."""


@dataclass(frozen=True)
class LogCopy:
    """One log, as far as the bundle has it."""

    name: str
    """Its folder below `logs/`; nobody vouches for it: the origin names the log."""
    head: Note
    """The newest signed checkpoint, unchecked."""
    checkpoint: Checkpoint
    """What it says."""
    entries: tuple[Entry, ...]
    """The entries that checks ask about, in order; see BULK."""
    faults: tuple[Fault, ...]
    """Leaves that are no entries."""
    kinds: dict[str, int]
    """How many entries of each kind, those in BULK too."""
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

    @property
    def root_agrees(self) -> bool:
        """Whether the head's root is the root of the leaves."""
        return self.levels.root() == self.checkpoint.root

    def of_kind(self, *kinds: str) -> Iterator[Entry]:
        """Yield the kept entries of these kinds, in order."""
        return (entry for entry in self.entries if entry.kind in kinds)

    def where(self, seq: int) -> str:
        """Name an entry, for evidence."""
        return f"{self.name}:{seq}"


def read_log(folder: Folder, name: str) -> LogCopy:
    """Read the log `name` of a bundle.

    Raises NotFoundError for a missing file, FormatError where head or bundles do not parse or
    something is too large, UsageError never.
    """
    head = parse_note(folder.text(f"logs/{name}/checkpoint", CHECKPOINT_BYTES))
    checkpoint = parse_checkpoint(head.text)
    if checkpoint.size > ENTRIES:
        raise FormatError(
            f"log {name} has {checkpoint.size} entries, {ENTRIES} are taken in",
            hint="ask for a bundle of the window in question",
        )
    levels = Levels()
    kept: list[Entry] = []
    faults: list[Fault] = []
    kinds: dict[str, int] = {}
    for leaves in _bundles(folder, name, checkpoint.size):
        for seq, leaf in enumerate(leaves, levels.size):
            try:
                entry = _entry(seq, leaf)
            except FormatError as error:
                faults.append(Fault(seq, error.message))
                continue
            kinds[entry.kind] = kinds.get(entry.kind, 0) + 1
            if entry.kind not in BULK:
                kept.append(entry)
        levels.extend(leaves)
    return LogCopy(name, head, checkpoint, tuple(kept), tuple(faults), kinds, levels)


def _bundles(folder: Folder, name: str, size: int) -> Iterator[list[bytes]]:
    for index in range(-(-size // WIDTH)):
        width = min(WIDTH, size - index * WIDTH)
        path = format_path(Tile("entries", index, width))
        yield parse_bundle(folder.read(f"logs/{name}/{path}"), width)


def _entry(seq: int, leaf: bytes) -> Entry:
    entry = decode(leaf)
    if entry.seq != seq:
        raise FormatError(f"the entry says that it is number {entry.seq}", hint="refuse the log")
    return entry
