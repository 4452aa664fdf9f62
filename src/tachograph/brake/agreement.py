"""May work go on? The loop asks here, by plain import, before each turn and each trial.

    permission = Brake(ledger).ask("training")
    if not permission.allowed:
        print(permission.state, permission.reason)

The answer follows from the ledger and the time, and from nothing else: the agreements it adopted,
the register's statements (posted here, or copied by a follower), when the register was last heard,
voluntary holds. It obeys all of them, the strictest first, so whoever writes a hold into the
ledger, in any process, is obeyed at the next question. **What cannot be told is refused**: a ledger
that cannot be read gives no leave, and a party that has not heard the register for longer than an
agreement allows holds. A question costs one look at the ledger's size while nothing new was
recorded. Proven by tests/brake/test_brake_agreement.py and test_brake_obeys.py.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tachograph.brake.permission import Permission, Work
from tachograph.errors import DamagedError, TachographError
from tachograph.ledger import Entry, Ledger, kinds

if TYPE_CHECKING:
    from tachograph.brake.bound import Bound

__all__ = ["UNKNOWN", "Brake", "Permission", "Work", "adopt"]

HEARD = (kinds.StatementPosted, kinds.StatementCopied, kinds.RegisterHeard)
"""Kinds of entries that come from a register."""

KINDS = (kinds.AgreementAdopted, kinds.WorkHeld, kinds.WorkReleased, *HEARD)
"""Kinds of entries that the brake reads."""

UNKNOWN = "UNKNOWN"
"""In place of a state, where none can be told."""


class Brake:
    """The brake of one ledger, as this process sees it. Threads may share it."""

    def __init__(self, ledger: Ledger, clock: Callable[[], int] | None = None) -> None:
        """Read nothing yet. `clock` gives milliseconds since 1970; default: the machine's."""
        self._ledger = ledger
        self._clock = clock or _now
        self._next = 0
        self._bound: dict[str, Bound] = {}
        self._held: kinds.WorkHeld | None = None
        self._told: dict[Work, tuple[int, Permission]] = {}
        """By work: when it was last worked out, and what came of it."""
        self._asking = threading.Lock()

    def ask(self, work: Work = "training") -> Permission:
        """Whether new work of this kind may begin now. Raises nothing that a ledger can cause."""
        try:
            with self._asking:
                self._hear()
                return self._remembered(work)
        except TachographError as error:
            return Permission(False, UNKNOWN, f"cannot tell: {error.message}", "stop", share=0.0)

    def pass_over(self, recorded: Sequence[Entry]) -> None:
        """This process has just appended these to the ledger: those that follow what was read, and
        are none of the brake's, need not be read again.
        """
        with self._asking:
            for entry in recorded:
                if entry.seq != self._next or isinstance(entry.body, KINDS):
                    break
                self._next += 1

    def agreements(self) -> list[Bound]:
        """What this ledger obeys, in the order of adoption. Raises what reading a ledger raises."""
        with self._asking:
            self._hear()
            return list(self._bound.values())

    def _remembered(self, work: Work) -> Permission:
        """The answer given before, where nothing was heard since and no timer can have run out."""
        now = self._clock()
        asked, before = self._told.get(work, (now + 1, None))
        if before is None or now < asked or (before.until is not None and now >= before.until):
            before = self._answer(work, now)
            self._told[work] = now, before
        return before

    def _answer(self, work: Work, now: int) -> Permission:
        answers = []
        if self._bound:
            from tachograph.brake.bound import answer

            answers = [answer(bound, now, work) for bound in self._bound.values()]
        if self._held is not None:
            answers.append(_held(self._held, work))
        return _strictest(answers) if answers else Permission(True, "NORMAL", "")

    def _hear(self) -> None:
        """Take in what was recorded since. Raises DamagedError, FormatError, StoreError."""
        size = self._ledger.size
        if size < self._next:
            raise DamagedError(f"the ledger has {size} entries and had {self._next}")
        if size > self._next:
            for entry in self._ledger.entries(kinds=KINDS, start=self._next):
                self._take(entry)
                self._next = entry.seq + 1  # never twice, also where a later one is damaged
            self._next = max(self._next, size)

    def _take(self, entry: Entry) -> None:
        self._told.clear()
        body = entry.body
        if isinstance(body, kinds.WorkHeld):
            self._held = body
        elif isinstance(body, kinds.WorkReleased):
            self._held = None
        elif isinstance(body, kinds.AgreementAdopted):
            self._adopt(body, entry)
        elif self._bound:
            from tachograph.brake.bound import hear

            for bound in self._bound.values():
                hear(bound, entry)

    def _adopt(self, body: kinds.AgreementAdopted, entry: Entry) -> None:
        if body.agreement in self._bound:
            return
        # Bound only once all that came before was heard: where it cannot be read, the next question
        # begins anew.
        from tachograph.brake.bound import bind

        self._bound[body.agreement] = bind(self._ledger, body, entry)


def adopt(ledger: Ledger, text: str) -> kinds.AgreementAdopted:
    """Record that this ledger obeys a signed document from now on; as bound.adopt."""
    from tachograph.brake import bound

    return bound.adopt(ledger, text)


def _held(held: kinds.WorkHeld, work: Work) -> Permission:
    if work == "inference":
        return Permission(True, "SELF_HOLD", "")
    return Permission(False, "SELF_HOLD", held.reason, held.running, share=0.0)


def _strictest(answers: list[Permission]) -> Permission:
    chosen = min(answers, key=lambda one: (one.allowed, one.share, one.running == "finish"))
    untils = [answer.until for answer in answers if answer.until is not None]
    return replace(chosen, until=min(untils, default=None))


def _now() -> int:
    return time.time_ns() // 1_000_000
