"""Seats: threads in which proposers think while the judge judges.

A seat asks the office for a turn, lets its proposer think, hands in what it made and waits for the
verdict, so that its next brief knows it and no seat runs far ahead of the judge. A thread cannot be
ended from outside: a proposer that hangs keeps its thread, and the seat gets a new one. Proven by
tests/loop/test_seats.py. Not covered: proposers that think on the judge's thread (turn.py).
"""

from __future__ import annotations

import sys
import threading
import time

from tachograph.loop.office import Office
from tachograph.loop.workshop import leave_the_clock_alone

SWITCH_SECONDS = 0.0005
"""How long a thinking thread may keep the interpreter from the judge's; Python's own is ten times
that. The clock does not depend on it: calls are timed by a process of their own (bench.py)."""
LAST_SECONDS = 5.0
"""When a run ends, seats have this long to hand in what they have."""


class Seats:
    """The threads of one sitting, where there is a proposer that needs one."""

    def __init__(self, office: Office, cores: set[int]) -> None:
        self.office = office
        self.cores = cores
        self.threads: dict[int, Seat] = {}
        self.resting: dict[int, int] = {}
        """Seat to the news at which there was no turn for it."""
        self.broken: BaseException | None = None
        """What ended a seat that should not have ended: a fault of the ledger, or our own."""
        self.switch_before = sys.getswitchinterval()

    def open(self) -> None:
        """Start them; none where every proposer thinks on the judge's thread."""
        if all(proposer.thinks_here for proposer in self.office.proposers.values()):
            return
        sys.setswitchinterval(SWITCH_SECONDS)
        for number in range(1, self.office.team.seats + 1):
            self.start(number)

    def start(self, number: int) -> None:
        """A thread for this seat."""
        self.threads[number] = Seat(self, number)
        self.threads[number].start()

    def give_up_overdue(self) -> None:
        """End turns that take too long as failed, and put a new thread in their seats."""
        for given in self.office.overdue():
            limit = self.office.team.turn_seconds
            self.office.end(given, None, "failed", f"no answer within {limit:g} s")
            self.start(given.seat)

    def idle(self) -> bool:
        """Whether no seat thinks, and none finds anything to think about."""
        with self.office.news:
            resting = sum(version == self.office.version for version in self.resting.values())
            return not self.office.active and resting == len(self.threads)

    def close(self) -> None:
        """Tell them to end, wait for a moment, and take nothing more from who does not."""
        self.office.stopping.set()
        self.office.tell()
        deadline = time.monotonic() + LAST_SECONDS
        try:
            for thread in self.threads.values():
                thread.join(max(0.0, deadline - time.monotonic()))
        finally:
            with self.office.news:
                for given in self.office.active.values():
                    given.over = True
            sys.setswitchinterval(self.switch_before)


class Seat(threading.Thread):
    """One seat."""

    def __init__(self, seats: Seats, number: int) -> None:
        super().__init__(name=f"seat {number}", daemon=True)
        self.seats = seats
        self.office = seats.office
        self.number = number

    def run(self) -> None:
        """Turns until the run ends, or until this thread was given up."""
        leave_the_clock_alone(self.seats.cores)
        try:
            while not self.office.stopping.is_set() and self.seats.threads[self.number] is self:
                self.take_turn()
        except BaseException as error:  # noqa: BLE001 - the judge's thread raises it again
            self.seats.broken = error
        finally:
            self.office.tell()

    def take_turn(self) -> None:
        """One turn, and the wait for its verdict; or a rest until there is news."""
        version = self.office.version
        given = self.office.give(self.number)
        if given is None:
            self.rest(version)
        else:
            candidate = self.office.think(given)
            if candidate:
                self.office.await_verdict(candidate)
            elif pause := self.office.pause_after(given):
                self.office.stopping.wait(pause)

    def rest(self, version: int) -> None:
        """Until there is news."""
        with self.office.news:
            self.seats.resting[self.number] = version
            self.office.news.notify_all()
            self.office.news.wait_for(
                lambda: self.office.version != version or self.office.stopping.is_set()
            )
