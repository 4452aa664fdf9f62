"""Asking a stranger: whatever answers, or does not, the time and the bytes are bounded."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tachograph.brake.wire.exchange import UnreachableError, get, post
from tachograph.errors import UsageError

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/Plain\r\n"


@contextmanager
def stranger(*pieces: bytes, pause_seconds: float = 0.0) -> Iterator[str]:
    """A server for one connection that says these bytes, whatever it is asked."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            stream, _ = listening.accept()
            with stream:
                asked = b""
                while not asked.endswith(b"body" if asked[:4] == b"POST" else b"\r\n\r\n"):
                    asked += stream.recv(65536)
                for piece in pieces:
                    try:
                        stream.sendall(piece)
                    except OSError:
                        return
                    time.sleep(pause_seconds)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/x?y=1"
        thread.join(5)


def test_an_answer_comes_whole() -> None:
    """Status, body and type of the answer, with and without a stated length."""
    with stranger(HEAD + b"Content-Length: 3\r\n\r\nabc") as url:
        answered = get(url, limit=3)
    assert (answered.status, answered.body, answered.content_type) == (200, b"abc", "text/plain")
    with stranger(HEAD + b"\r\n", b"ab", b"c") as url:
        assert post(url, b"body", limit=3).body == b"abc"


@pytest.mark.parametrize(
    "said",
    [
        HEAD + b"Content-Length: 4\r\n\r\nabcd",
        HEAD + b"\r\nabcd",
        HEAD + b"Content-Length: 3\r\n\r\nab",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        HEAD + b"X: " + b"x" * 70_000 + b"\r\n\r\n",
        b"\x00\xff\r\n\r\n",
        b"",
    ],
    ids=["long", "long unstated", "short", "chunks", "header", "noise", "nothing"],
)
def test_a_bad_answer_is_none(said: bytes) -> None:
    """Too long, too short, or not HTTP: nobody answered."""
    with stranger(said) as url, pytest.raises(UnreachableError):
        get(url, limit=3)


@pytest.mark.parametrize("start", [b"", HEAD, HEAD + b"\r\n"], ids=["status", "header", "body"])
def test_a_slow_answer_is_cut_off(start: bytes) -> None:
    """Who drips a byte at a time is cut off, and what came is not taken for an answer."""
    with (
        stranger(start, *[b"a"] * 60, pause_seconds=0.02) as url,
        pytest.raises(UnreachableError),
    ):
        get(url, limit=1000, timeout_seconds=0.2)


def test_nobody_there_is_said() -> None:
    """A port that nobody listens on, and a name that is no URL."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(UnreachableError):
        get(f"http://127.0.0.1:{port}/", limit=1)
    for url in (
        "ftp://127.0.0.1/",
        "127.0.0.1",
        "http://",
        "http://a b/",
        "http://a:x/",
        "http://[",
    ):
        with pytest.raises(UsageError):
            get(url, limit=1)
