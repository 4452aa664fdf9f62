"""Answering strangers over HTTP: Starlette behind uvicorn, with a bound on everything.

A body is read piece by piece and refused when it grows past its bound; a request that takes longer
than REQUEST_SECONDS to come is answered 408 or cut off, whoever takes longer than ANSWER_SECONDS to
read its answer too (deadline.py); beyond CONNECTIONS the answer is 503. Listens on the loopback
unless told otherwise. Needs the extra `serve`. Proven by tests/brake/test_web.py. Not
covered: TLS and names; put a reverse proxy before it where others than this machine ask.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tachograph.errors import UsageError, WorldError

if TYPE_CHECKING:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

LOOPBACK = "127.0.0.1"
CONNECTIONS = 64
"""Most connections at once; the next is answered 503."""
REQUEST_SECONDS = 30.0
"""Longest that one request may take, its body's arrival included."""
ANSWER_SECONDS = 120.0
"""Longest that a request and the reading of its answer may take together."""
IDLE_SECONDS = 15
"""How long a connection may stay open between requests."""

Handler = Callable[["Request"], Awaitable["Response"]]
_INSTALL = 'python -m pip install "tachograph[serve]"'


class TooLongError(WorldError):
    """A request's body is longer than allowed; it was not read to its end."""

    kind = "too_long"


async def read_body(request: Request, limit: int) -> bytes:
    """Return the request's body. Raises TooLongError beyond `limit` bytes."""
    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > limit:
            raise TooLongError(f"a body of more than {limit} bytes", hint="send less")
    return bytes(data)


def application(routes: Sequence[BaseRoute]) -> Starlette:
    """Return an application of these routes that bounds each request's time and body."""
    try:
        from starlette.applications import Starlette
    except ImportError as error:
        raise UsageError("serving needs the extra `serve`", hint=_INSTALL) from error

    app = Starlette(routes=routes, exception_handlers={TooLongError: _too_long})
    app.router.redirect_slashes = False  # nobody is sent elsewhere
    return app


def bounded(handler: Handler) -> Handler:
    """Return the handler with a bound on its time."""

    async def answer(request: Request) -> Response:
        from starlette.responses import PlainTextResponse

        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                return await handler(request)
        except TimeoutError:
            return PlainTextResponse("too slow\n", status_code=408, headers={"Connection": "close"})

    return answer


def serve(app: Starlette, *, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Answer until SIGINT or SIGTERM, which leave as KeyboardInterrupt and SystemExit.

    For the main thread. `ready` gets the URL once connections are taken.
    Port 0 takes a free one. Raises WorldError where the address cannot be had.
    """
    with _bound(app, host, port) as (server, listening, url):
        ready(url)
        # The server stops at a signal and raises it again: it must unwind what surrounds us.
        before = signal.signal(signal.SIGTERM, _terminated)
        try:
            server.run(sockets=[listening])
        finally:
            signal.signal(signal.SIGTERM, before)


@contextmanager
def running(app: Starlette, *, host: str = LOOPBACK, port: int = 0) -> Iterator[str]:
    """Answer from a thread of this process while the block runs; yields the URL."""
    with _bound(app, host, port) as (server, listening, url):
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        try:
            yield url
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def _bound(
    app: Starlette, host: str, port: int
) -> Iterator[tuple[uvicorn.Server, socket.socket, str]]:
    """A server that is not running yet, and its address, which is taken already."""
    import uvicorn

    from tachograph.brake.wire.deadline import protocol

    listening = _listen(host, port)
    config = uvicorn.Config(
        app, http=protocol(REQUEST_SECONDS, ANSWER_SECONDS), ws="none", lifespan="off",
        loop="asyncio", interface="asgi3", log_config=None, access_log=False, server_header=False,
        limit_concurrency=CONNECTIONS, timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=2,
    )  # fmt: skip
    try:
        shown = f"[{host}]" if ":" in host else host
        yield uvicorn.Server(config), listening, f"http://{shown}:{listening.getsockname()[1]}"
    finally:
        listening.close()


def _terminated(number: int, frame: object) -> None:
    raise SystemExit(128 + number)


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=128
        )
    except (OSError, OverflowError) as error:
        raise WorldError(
            f"cannot listen on {host} port {port}: {error}", hint="name another --port, or 0"
        ) from error


async def _too_long(request: Request, error: Exception) -> Response:
    from starlette.responses import PlainTextResponse

    return PlainTextResponse(f"{error}\n", status_code=413, headers={"Connection": "close"})
