"""May work go on? The loop asks here, by plain import, before each turn and each trial.

    permission = Brake(ledger).ask("training")
    if not permission.allowed:
        print(permission.state, permission.reason)

The answer follows from the ledger and the time, and from nothing else, so whoever writes a hold
into the ledger, in any process, is obeyed at the next question. **What cannot be told is refused**:
a ledger that cannot be read gives no leave. A question costs one look at the ledger's size while
nothing new was recorded. Proven by tests/brake/test_brake_agreement.py.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Literal

from tachograph.errors import DamagedError, TachographError
from tachograph.ledger import Body, Ledger
from tachograph.ledger.kinds import WorkHeld, WorkReleased

Work = Literal["training", "inference"]
KINDS = (WorkHeld, WorkReleased)
UNKNOWN = "UNKNOWN"
"""In place of a state, where none can be told."""


@dataclass(frozen=True)
class Permission:
    """The brake's answer."""

    allowed: bool
    """Whether new work of this kind may begin."""
    state: str
    """NORMAL, SELF_HOLD, PAUSED ...; UNKNOWN where it could not be told."""
    reason: str
    """Why not; empty where it may."""
    running: Literal["finish", "stop"] = "finish"
    """Where it may not: what becomes of a trial that has begun."""


class Brake:
    """The brake of one ledger, as this process sees it. Threads may share it."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._next = 0
        self._held: WorkHeld | None = None
        self._asking = threading.Lock()

    def ask(self, work: Work = "training") -> Permission:
        """Whether new work of this kind may begin now. Raises nothing that a ledger can cause."""
        try:
            with self._asking:
                self._hear()
        except TachographError as error:
            return Permission(False, UNKNOWN, f"cannot tell: {error.message}", "stop")
        if self._held is None or work == "inference":
            return Permission(True, "SELF_HOLD" if self._held else "NORMAL", "")
        return Permission(False, "SELF_HOLD", self._held.reason, self._held.running)

    def _hear(self) -> None:
        """Take in what was recorded since. Raises DamagedError, FormatError, StoreError."""
        size = self._ledger.size
        if size < self._next:
            raise DamagedError(f"the ledger has {size} entries and had {self._next}")
        if size > self._next:
            for entry in self._ledger.entries(kinds=KINDS, start=self._next):
                self._take(entry.body)
                size = max(size, entry.seq + 1)
            self._next = size

    def _take(self, body: Body) -> None:
        if isinstance(body, WorkHeld):
            self._held = body
        elif isinstance(body, WorkReleased):
            self._held = None
