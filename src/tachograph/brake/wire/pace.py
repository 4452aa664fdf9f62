"""How often somebody may ask: a token bucket each, in bounded memory.

A bucket holds `burst` tokens and gains `an_hour` / 3600 a second; whoever takes one from an empty
bucket is told how long to wait. Buckets beyond `most` are forgotten, those used longest ago first,
and a forgotten one is full again: this slows one flooder down, not a crowd with as many names. What
was refused is refused without a trace, so it can be asked again. Proven by
tests/brake/test_pace.py. Not covered: who somebody is; that is for the caller.
"""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from tachograph.errors import WorldError

ONE = 1.0 - 1e-9
"""A token; who waits as long as it is told has one, however sums are rounded."""


class TooOftenError(WorldError):
    """Somebody asks more often than is allowed. Nothing happened; the same may be asked later."""

    kind = "too_often"

    def __init__(self, who: str, wait_seconds: float) -> None:
        """`wait_seconds`: until one more is allowed."""
        super().__init__(
            f"too many statements from {who}: wait {wait_seconds:.0f} s",
            hint="post the same statement again then; nothing is lost",
        )
        self.wait_seconds = wait_seconds


class Pace:
    """Buckets by name. Threads may share it."""

    def __init__(
        self, *, burst: int, an_hour: float, most: int = 4096,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        """`burst` at once, `an_hour` in the long run, each for one of at most `most` names."""
        self._burst, self._a_second, self._most = float(burst), an_hour / 3600.0, most
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """Name to its tokens, and when it had them; used longest ago first."""
        self._lock = threading.Lock()

    def take(self, who: str) -> None:
        """Take one. Raises TooOftenError where none is left, and takes nothing then."""
        with self._lock:
            now = self._clock()
            tokens, then = self._buckets.pop(who, (self._burst, now))
            tokens = min(self._burst, tokens + max(0.0, now - then) * self._a_second)
            enough = tokens >= ONE
            left = max(0.0, tokens - 1.0) if enough else tokens
            self._buckets[who] = (left, now)
            if len(self._buckets) > self._most:
                self._buckets.popitem(last=False)
        if not enough:
            raise TooOftenError(who, (1.0 - tokens) / self._a_second)


def network(address: str) -> str:
    """Whose bucket an address has: of IPv6, all of a site's 2**64 share one."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if parsed.version == 4:
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))
