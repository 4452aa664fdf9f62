"""A server for strangers: bodies, times and connections are bounded."""

from __future__ import annotations

import contextlib
import http.client
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tachograph.brake.wire import web
from tachograph.errors import WorldError


async def count(request: Request) -> Response:
    """How many bytes came."""
    return PlainTextResponse(str(len(await web.read_body(request, 1000))))


@pytest.fixture
def url() -> Iterator[str]:
    app = web.application([Route("/count", web.bounded(count), methods=["POST"])])
    with web.running(app) as running:
        yield running


def ask(url: str, body: bytes, **headers: str) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)) as connection:
        connection.request("POST", "/count", body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()


def test_a_body_within_its_bound_arrives(url: str) -> None:
    """A body of exactly the bound is taken whole."""
    assert ask(url, bytes(1000)) == (200, b"1000")


def test_a_body_beyond_its_bound_is_refused(url: str) -> None:
    """A body that says its length, and one that comes in pieces without one, are refused alike."""
    assert ask(url, bytes(1001))[0] == 413
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)) as connection:
        connection.request("POST", "/count", iter([bytes(600)] * 2), encode_chunked=True)
        assert connection.getresponse().status == 413


def test_a_slow_body_is_given_up(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who sends no end of its body is answered 408 in bounded time."""
    monkeypatch.setattr(web, "REQUEST_SECONDS", 0.1)
    address = urlsplit(url)
    with closing(socket.create_connection((address.hostname, address.port), 20)) as stream:
        stream.sendall(b"POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf")
        assert stream.recv(100).startswith(b"HTTP/1.1 408 ")


def test_what_is_no_request_is_refused(url: str) -> None:
    """Bytes that are not HTTP, and two lengths at once, are answered 400."""
    address = urlsplit(url)
    for noise in (
        b"\x16\x03\x01\x00\xff\r\n\r\n",
        b"POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    ):
        with closing(socket.create_connection((address.hostname, address.port), 20)) as stream:
            stream.sendall(noise)
            assert b" 400 " in stream.recv(100)


def connect(url: str) -> socket.socket:
    """A bare connection."""
    address = urlsplit(url)
    return socket.create_connection((address.hostname or "", address.port or 0), 20)


def test_connections_that_ask_nothing_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as there may be hang on with half a head; they are cut off, and others are served."""
    monkeypatch.setattr(web, "CONNECTIONS", 4)
    monkeypatch.setattr(web, "REQUEST_SECONDS", 1.0)
    app = web.application([Route("/count", web.bounded(count), methods=["POST"])])
    with web.running(app) as url, contextlib.ExitStack() as stack:
        idle = [stack.enter_context(closing(connect(url))) for _ in range(5)]
        for stream in idle:
            stream.sendall(b"POST /count HTTP/1.1\r\nHost: a")
        assert ask(url, b"x")[0] == 503
        for stream in idle:
            assert cut(stream)
        assert ask(url, b"x") == (200, b"1")


def test_a_reader_that_stops_reading_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks for much and reads nothing holds its connection for a bounded time."""

    async def much(request: Request) -> Response:
        return PlainTextResponse(bytes(32 << 20))

    monkeypatch.setattr(web, "ANSWER_SECONDS", 0.5)
    app = web.application([Route("/much", web.bounded(much))])
    with web.running(app) as url, closing(connect(url)) as stream:
        stream.sendall(b"GET /much HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(1.0)
        got = 0
        with contextlib.suppress(ConnectionResetError):
            while piece := stream.recv(1 << 20):
                got += len(piece)
        assert 0 < got < 32 << 20


def test_a_connection_may_ask_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that keeps its connection is not cut off between its requests."""
    monkeypatch.setattr(web, "REQUEST_SECONDS", 1.0)
    app = web.application([Route("/count", web.bounded(count), methods=["POST"])])
    with (
        web.running(app) as url,
        closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)) as connection,
    ):
        for _ in range(5):
            connection.request("POST", "/count", b"four")
            assert connection.getresponse().read() == b"4"
            time.sleep(0.3)


def cut(stream: socket.socket) -> bool:
    """Wait until the other side ends the connection."""
    try:
        return stream.recv(1) == b""
    except ConnectionResetError:
        return True


def test_a_taken_address_is_the_worlds_fault(url: str) -> None:
    """A second server on the same port is refused with a next step."""
    with (
        pytest.raises(WorldError, match="cannot listen"),
        web.running(web.application([]), port=urlsplit(url).port or 0),
    ):
        pass
