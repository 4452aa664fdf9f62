"""Exit codes: what a command's answer was."""

from __future__ import annotations

from enum import IntEnum

from tachograph.errors import EvidenceError, HeldError, TachographError, UsageError


class Exit(IntEnum):
    """One meaning each, on every verb."""

    YES = 0
    """Done; the answer is yes."""
    NO = 1
    """Done; the answer is no: not faster, not intact, not proven."""
    USAGE = 2
    """The call was wrong; nothing was done."""
    UNKNOWN = 3
    """Could not tell: the machine was in the way, or the clock could not resolve it."""
    INTERRUPTED = 130
    """Ended by Ctrl-C; what was finished is in the ledger."""


def of_error(error: TachographError) -> Exit:
    """The code for an error."""
    if isinstance(error, UsageError):
        return Exit.USAGE
    return Exit.NO if isinstance(error, EvidenceError | HeldError) else Exit.UNKNOWN
