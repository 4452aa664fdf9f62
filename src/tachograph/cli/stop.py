"""Ctrl-C and SIGTERM, asked once and never lost.

Python drops an exception that a signal raises inside an import's lock or a finaliser. So the signal
is noted first; it raises KeyboardInterrupt only where that is safe, and `check` raises it again
where it was dropped. Proven by tests/cli/test_stop.py and tests/loop/test_kill.py.
"""

from __future__ import annotations

import signal
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """Use it in a `with`, on the main thread."""

    def __init__(self) -> None:
        self.asked = False
        self.armed = False

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Note it; interrupt what is going on, once armed."""
        self.asked = True
        if self.armed:
            raise KeyboardInterrupt

    def arm(self) -> None:
        """From now on a signal interrupts at once. Raises KeyboardInterrupt if one came before."""
        self.armed = True
        self.check()

    def check(self) -> None:
        """Raises KeyboardInterrupt where one was asked for."""
        if self.asked:
            raise KeyboardInterrupt

    def __enter__(self) -> Stop:
        self.before = {number: signal.signal(number, self.handle) for number in SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)
