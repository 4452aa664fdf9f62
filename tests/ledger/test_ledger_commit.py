"""Appends that wait together commit together, and fail alone."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from tachograph.errors import StoreError, UsageError
from tachograph.ledger.commit import Queue, Ticket
from tachograph.ledger.kinds import RunResumed

DRAFT = ("test", (), RunResumed("r"))


class Stalled:
    """Stands where the disk is: holds the first commit until told, and records every group."""

    def __init__(self) -> None:
        self.started = threading.Event()
        self.go = threading.Event()
        self.groups: list[int] = []

    def commit(self, tickets: Sequence[Ticket]) -> None:
        """Take a group."""
        self.groups.append(len(tickets))
        self.started.set()
        self.go.wait()


def test_waiting_appends_share_a_commit() -> None:
    """While one append is on its way to the disk, five more queue up and then go together."""
    disk = Stalled()
    queue = Queue(disk.commit)
    first = threading.Thread(target=queue.submit, args=([DRAFT],))
    first.start()
    disk.started.wait()
    rest = [threading.Thread(target=queue.submit, args=([DRAFT],)) for _ in range(5)]
    for thread in rest:
        thread.start()
    while len(queue._waiting) < 5:
        threading.Event().wait(0.001)
    disk.go.set()
    for thread in [first, *rest]:
        thread.join()
    assert disk.groups == [1, 5]


def test_a_failed_commit_fails_every_append_of_its_group() -> None:
    """Nobody is told that an entry is durable when its transaction failed; the next one works."""
    broken = [True]

    def commit(tickets: Sequence[Ticket]) -> None:
        if broken:
            raise StoreError("disk full")

    queue = Queue(commit)
    with pytest.raises(StoreError, match="disk full"):
        queue.submit([DRAFT])
    broken.clear()
    assert queue.submit([DRAFT]) == []


def test_a_bad_append_fails_alone() -> None:
    """An error set on one ticket reaches only the caller of that ticket."""

    def commit(tickets: Sequence[Ticket]) -> None:
        for ticket in tickets:
            if not ticket.drafts:
                ticket.error = UsageError("nothing to append")

    queue = Queue(commit)
    with pytest.raises(UsageError):
        queue.submit([])
    assert queue.submit([DRAFT]) == []


def test_an_interrupt_leaves_nobody_waiting() -> None:
    """A signal in the committing thread reaches that thread; others get an error, not a wait."""
    caught: list[BaseException] = []
    disk = Stalled()

    def commit(tickets: Sequence[Ticket]) -> None:
        disk.commit(tickets)
        raise KeyboardInterrupt

    queue = Queue(commit)

    def submit() -> None:
        try:
            queue.submit([DRAFT])
        except (KeyboardInterrupt, StoreError) as error:
            caught.append(error)

    threads = [threading.Thread(target=submit) for _ in range(3)]
    threads[0].start()
    disk.started.wait()
    for thread in threads[1:]:
        thread.start()
    while len(queue._waiting) < 2:
        threading.Event().wait(0.001)
    disk.go.set()
    for thread in threads:
        thread.join()
    assert sorted(type(error).__name__ for error in caught) == [
        "KeyboardInterrupt",
        "KeyboardInterrupt",
        "StoreError",
    ]
