"""Who runs beside the clock, and stands still while it runs, where no core is free of it.

An agent in a box works on while another's candidate is judged. Where the clock leaves cores to
spare, the agent keeps to those. Where it does not, the agent is stopped for as long as a trial
takes. Proven by tests/loop/test_bystanders.py; bench/command.py shows that races of identical code
come out alike beside a busy agent.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Bystander(Protocol):
    """Something that can be made to stand still. Both may be called from any thread."""

    def pause(self) -> None:
        """Use no more CPU, until `resume`."""
        ...

    def resume(self) -> None:
        """Go on."""
        ...


class Bystanders:
    """All of one sitting."""

    def __init__(self, *, crowded: bool) -> None:
        self.crowded = crowded
        """Whether the clock leaves no core to others."""
        self.lock = threading.Lock()
        self.there: list[Bystander] = []
        self.is_still = False

    @contextmanager
    def beside(self, one: Bystander) -> Iterator[None]:
        """It is there until the block ends; it stands still from the start where all others do."""
        with self.lock:
            self.there.append(one)
            if self.is_still:
                one.pause()
        try:
            yield
        finally:
            with self.lock:
                self.there.remove(one)
                if self.is_still:
                    one.resume()

    @contextmanager
    def still(self) -> Iterator[None]:
        """All stand still until the block ends; where there is room enough, nobody needs to."""
        if not self.crowded:
            yield
            return
        with self.lock:
            self.is_still = True
            for one in self.there:
                one.pause()
        try:
            yield
        finally:
            with self.lock:
                self.is_still = False
                for one in self.there:
                    one.resume()
