"""What an audit reads: a folder, opened once, within limits, and never written.

    agreement.note                 the signed document (document.py)
    logs/NAME/checkpoint           newest signed and cosigned head of a log
    logs/NAME/tile/...             its leaves and hashes, as published (C2SP tlog-tiles)
    openings/NAME/SEQ.json         what a party opened of a withheld body
    objects/SHA256                 large content that entries and statements name
    held/*                         heads of these logs that somebody kept: held before, or gossiped

`Bundle` is all that a check gets to see. It holds parsed entries and statements; it asks no clock:
`at` is the time that the audit is for. A later layout would differ by further folders, which are
not read. Proven by tests/brake/test_bundle.py and test_bundle_hostile.py. Not covered: making one
(gather.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tachograph.brake.folder import Folder, Limits
from tachograph.brake.log_copy import CHECKPOINT_BYTES, LogCopy, read_log
from tachograph.errors import EvidenceError, FormatError, NotFoundError
from tachograph.merkle.checkpoint import Checkpoint, parse_checkpoint
from tachograph.merkle.note import Note, parse_note

LOGS = 1_000
"""Most logs in a bundle."""
HEADS = 10_000
"""Most held heads in a bundle."""


@dataclass(frozen=True)
class HeldHead:
    """A head that somebody kept."""

    file: str
    """Its file in the bundle."""
    note: Note
    """The signed checkpoint, unchecked."""
    checkpoint: Checkpoint
    """What it says."""


@dataclass(frozen=True)
class Refused:
    """Something in the bundle that could not be read as what it should be."""

    where: str
    """File or folder."""
    reason: str
    """What is wrong."""


@dataclass(frozen=True)
class Bundle:
    """A bundle, read. Nothing in it is vouched for: that is what the checks are for."""

    at: str
    """The time that the audit is for, as entries write it."""
    logs: tuple[LogCopy, ...]
    """Every log that could be read, by folder name."""
    held: tuple[HeldHead, ...]
    """Heads held elsewhere."""
    refused: tuple[Refused, ...]
    """What could not be read."""
    folder: Folder = field(repr=False, compare=False)
    """The files; checks use `fetch` and `opening`."""

    def log(self, origin: str) -> LogCopy | None:
        """Return the log of that origin; None where the bundle has it not."""
        return next((log for log in self.logs if log.origin == origin), None)

    def fetch(self, digest: str) -> bytes | None:
        """Return an object; None where it is not in the bundle.

        Raises FormatError where it is too large, DamagedError never: what does not hash to its name
        is not there.
        """
        try:
            data = self.folder.read(f"objects/{digest}")
        except NotFoundError:
            return None
        return data if hashlib.sha256(data).hexdigest() == digest else None

    def heads(self, origin: str) -> Iterator[HeldHead]:
        """Yield the held heads that say they are of that log."""
        return (head for head in self.held if head.checkpoint.origin == origin)


def read_bundle(path: Path, at: str, limits: Limits | None = None) -> Bundle:
    """Read the bundle in the folder `path` for an audit at the time `at`.

    A log or a held head that cannot be read is set down in `refused`, and the rest is read. Raises
    NotFoundError where there is no such folder, FormatError where there are too many of something.
    """
    folder = Folder(path, limits)
    refused: list[Refused] = []
    logs = []
    for name in _names(folder, "logs", LOGS):
        try:
            logs.append(read_log(folder, name))
        except (EvidenceError, NotFoundError) as error:
            refused.append(Refused(f"logs/{name}", error.message))
    held = []
    for name in _names(folder, "held", HEADS):
        try:
            note = parse_note(folder.text(f"held/{name}", CHECKPOINT_BYTES))
            held.append(HeldHead(f"held/{name}", note, parse_checkpoint(note.text)))
        except (EvidenceError, NotFoundError) as error:
            refused.append(Refused(f"held/{name}", error.message))
    return Bundle(at, tuple(logs), tuple(held), tuple(refused), folder)


def _names(folder: Folder, name: str, most: int) -> list[str]:
    names = folder.names(name)
    if len(names) > most:
        raise FormatError(
            f"{name} holds {len(names)} names, {most} are read", hint="ask for a smaller bundle"
        )
    return names
