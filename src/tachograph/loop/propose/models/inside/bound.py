"""Bounds on a provider's HTTP client: bytes of a response, no attempt but the one asked for.

Works on the clients of OpenAI, Anthropic and those made like them (`max_retries`, and an httpx
client as `_client`), which is where base URLs of one's own lead. Others are bounded by the time of
an attempt and by the most tokens that were asked for. Proven by
tests/loop/propose/models/test_models_cases.py.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from typing import Any

MOST_BODY_BYTES = 32 << 20
"""A response of more is not read on. The longest answers of models are under 1 MB."""


class TooLargeError(Exception):
    """A response of more bytes than can be the protocol's."""


def bound(client: Any) -> None:
    """Bound a provider's client, where it is one that can be."""
    if hasattr(client, "max_retries"):
        client.max_retries = 0
    http = getattr(client, "_client", None)
    hooks = getattr(http, "event_hooks", None)
    if http is None or not isinstance(hooks, dict):
        return
    http.headers["accept-encoding"] = "identity"
    http.event_hooks = hooks | {"response": [*hooks.get("response", []), _bound_response]}


async def _bound_response(response: Any) -> None:
    """Refuse what says that it is too large; count what does not."""
    declared = response.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > MOST_BODY_BYTES:
        raise TooLargeError(f"a response of {int(declared)} bytes")
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        # a few bytes may be made to unfold into any number
        raise TooLargeError("a compressed response, which was not asked for")
    response.stream = _counted(response.stream)


def _counted(stream: Any) -> Any:
    """The stream, which raises TooLargeError where it goes on for too long."""
    # of the httpx that this client uses: it looks at the stream's class
    base: Any = sys.modules[type(stream).__module__.partition(".")[0]].AsyncByteStream

    class Counted(base):  # type: ignore[misc]
        async def __aiter__(self) -> AsyncIterator[bytes]:
            size = 0
            async for chunk in stream:
                size += len(chunk)
                if size > MOST_BODY_BYTES:
                    raise TooLargeError(f"a response of more than {MOST_BODY_BYTES} bytes")
                yield chunk

        async def aclose(self) -> None:
            await stream.aclose()

    return Counted()
