"""The one error tree.

TachographError
├── UsageError           the call is wrong; nothing was done            exit 2
│   ├── TaskError        a task folder is wrong: file, key, next step
│   └── NotFoundError    an id names nothing
├── EvidenceError        the data must be refused: the answer is no     exit 1
│   ├── FormatError      bytes that do not parse strictly
│   ├── DamagedError     stored bytes differ from what was recorded
│   └── ProofError       a proof or a signature does not check
├── HeldError            the brake holds: work may not begin            exit 1
└── WorldError           the machine is in the way: could not tell      exit 3
    ├── BoxError         a box could not be set up, or broke (never the candidate's fault)
    ├── StoreError       the ledger's store cannot be read or written
    ├── ClockError       the machine's clock is behind what was recorded already
    └── ModelError       a model cannot be asked, or gave no answer

Every error carries a message (lower case, no full stop) and a hint: the next thing to do.
A fault of our own is an AssertionError and reaches the user as a traceback.
"""

from __future__ import annotations


class TachographError(Exception):
    """An error with a message and a next step."""

    kind = "error"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(TachographError):
    """The call is wrong; nothing was done."""

    kind = "usage"


class TaskError(UsageError):
    """A task folder is wrong; the message names file and key."""

    kind = "task"


class NotFoundError(UsageError):
    """An id, a name or a path names nothing."""

    kind = "not_found"


class EvidenceError(TachographError):
    """Data that must be refused."""

    kind = "evidence"


class FormatError(EvidenceError):
    """Bytes that do not parse strictly."""

    kind = "format"


class DamagedError(EvidenceError):
    """Stored bytes differ from what was recorded."""

    kind = "damaged"


class ProofError(EvidenceError):
    """A proof or a signature does not check."""

    kind = "proof"


class HeldError(TachographError):
    """Work may not begin, or not go on: the brake holds, or cannot tell whether it does."""

    kind = "held"


class WorldError(TachographError):
    """The machine is in the way."""

    kind = "world"


class BoxError(WorldError):
    """A box could not be set up, or broke. Never the candidate's fault."""

    kind = "box"


class StoreError(WorldError):
    """The ledger's store cannot be read or written."""

    kind = "store"


class ClockError(WorldError):
    """The machine's clock is behind what was recorded already."""

    kind = "clock"


class ModelError(WorldError):
    """A model cannot be asked, or gave no answer."""

    kind = "model"
