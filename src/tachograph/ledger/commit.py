"""Group commit: appends that wait for the same disk share one transaction.

Whoever arrives while a commit runs queues up; the first of the queue then commits for all of it.
Proven by tests/ledger/test_ledger_commit.py. Not covered: writers in other processes; they wait in
the store.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tachograph.errors import StoreError, TachographError
from tachograph.ledger.entry import Entry
from tachograph.ledger.kinds import Body

Draft = tuple[str, Sequence[int], Body]
"""(actor, parents, body): an entry before it has a place and a time."""


@dataclass
class Ticket:
    """Drafts of one append, and what became of them: entries or an error, never both."""

    drafts: tuple[Draft, ...]
    not_before: str = ""
    durable: bool = True
    """Whether somebody waits for the disk."""
    entries: list[Entry] = field(default_factory=list)
    error: TachographError | None = None
    done: bool = False


_INTERRUPTED = StoreError(
    "the append was interrupted and may not be recorded", hint="read the ledger, then append again"
)


class Queue:
    """Hands tickets to `commit` in groups, one group at a time.

    `commit` sets each ticket's entries or error, and has made all of them durable when it returns,
    if one of them waits for that. Where it raises, nothing was recorded.
    """

    def __init__(self, commit: Callable[[Sequence[Ticket]], None]) -> None:
        self._commit = commit
        self._waiting: list[Ticket] = []
        self._arriving = threading.Lock()
        self._committing = threading.Lock()

    def submit(self, drafts: Sequence[Draft], not_before: str = "", *,
               durable: bool = True) -> list[Entry]:  # fmt: skip
        """Return the entries once they are recorded; raises what refused them."""
        ticket = Ticket(tuple(drafts), not_before, durable)
        with self._arriving:
            self._waiting.append(ticket)
        with self._committing:
            if not ticket.done:
                self._commit_waiting()
        if ticket.error is not None:
            raise ticket.error
        return ticket.entries

    def _commit_waiting(self) -> None:
        with self._arriving:
            group, self._waiting = self._waiting, []
        failure: TachographError | None = _INTERRUPTED
        try:
            self._commit(group)
            failure = None
        except TachographError as error:
            failure = error
        finally:
            # Also where a signal interrupts this thread: the others must not wait for ever.
            for ticket in group:
                ticket.error = ticket.error or failure
                ticket.done = True
