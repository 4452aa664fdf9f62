"""The brake's answer. A file of its own: the loop asks where no agreement is, and loads no more.

Proven by tests/brake/test_brake_agreement.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Work = Literal["training", "inference"]
"""Training changes weights that outlast the trial; everything else is inference."""


@dataclass(frozen=True)
class Permission:
    """The answer to a question before work."""

    allowed: bool
    """Whether the work may begin."""
    state: str
    """The name of the state that says so."""
    reason: str
    """Why not, in a sentence; empty where it may without a limit."""
    running: Literal["finish", "stop"] = "finish"
    """Where it may not: what becomes of work that has begun."""
    until: int | None = None
    """When the answer may change by itself, milliseconds since 1970; None: it does not."""
    share: float = 1.0
    """Part of the declared capacity that may be used; 0 where the work is not allowed."""
