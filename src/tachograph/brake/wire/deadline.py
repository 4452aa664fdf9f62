"""A connection that neither sends its request nor reads its answer in time is cut off.

uvicorn waits for ever for the rest of a request's head, and for a reader that stops reading; enough
such connections keep everybody else out. Proven by tests/brake/test_web.py. Not covered: a body
that comes slowly, which is cut off by whoever reads it (web.py).
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol


def protocol(head_seconds: float, whole_seconds: float) -> type[H11Protocol]:
    """Return the protocol with these bounds: on the head of a request, and on all of it."""

    class Bounded(H11Protocol):
        """One connection."""

        _timer: asyncio.TimerHandle | None = None
        _working: bool | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._watch()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._watch()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            self._watch()

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            if self._timer is not None:
                self._timer.cancel()

        def _watch(self) -> None:
            """Count anew where a request's head begins or ends, or its answer has been given."""
            cycle = getattr(self, "cycle", None)  # none before the first request
            working = cycle is not None and not cycle.response_complete
            if working == self._working:
                return
            self._working = working
            if self._timer is not None:
                self._timer.cancel()
            # An answer that was given may still wait for its reader.
            slow = working or self.transport.get_write_buffer_size() > 0
            seconds = whole_seconds if slow else head_seconds
            self._timer = self.loop.call_later(seconds, self.transport.abort)

    return Bounded
