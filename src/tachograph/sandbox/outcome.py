"""How one call in a box ended. A box that broke is neither of these: it raises BoxError."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Reason = Literal["raised", "died", "too slow", "set-up too slow", "over a limit", "bad output"]


@dataclass(frozen=True)
class Finished:
    """The call came back in time with a well-formed result."""

    output: Any
    """Plain values and NumPy arrays, decoded from bounded bytes; nothing of it can compute."""
    wall_seconds: float
    """From GO to the result sealed, by the judge's monotonic clock."""
    cpu_seconds: float
    """CPU time of the candidate's process in that span; with several processes, until their end."""
    setup_seconds: float
    """From the request to READY."""
    log: str
    """stdout and stderr, bounded. Untrusted text."""


@dataclass(frozen=True)
class Failed:
    """The candidate's own failure."""

    reason: Reason
    detail: str
    """For people and proposers. Untrusted text, bounded."""
    log: str
    loading: bool = False
    """It failed before GO."""
    cpu_seconds: float = 0.0
    """CPU time of the candidate's process, from the fork to its end."""
