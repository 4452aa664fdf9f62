"""Asking strangers over HTTP: one request, one answer, bounded in bytes and in time.

The answer's body is read piece by piece and given up when it grows past its bound; at the deadline
the connection is cut, however slowly the other side drips. Redirects are not followed and nothing
is remembered. Proven by tests/brake/test_brake_exchange.py. Not covered: finding a name's address,
whose time is the system's; proxies.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from tachograph.errors import UsageError, WorldError

TIMEOUT_SECONDS = 10.0
"""For one request where the caller says nothing else."""
_PIECE = 1 << 16


class UnreachableError(WorldError):
    """Nobody answered, or not as HTTP has it, or not in time, or too much."""

    kind = "unreachable"


@dataclass(frozen=True)
class Answered:
    """What came back."""

    status: int
    """HTTP status code."""
    body: bytes
    content_type: str
    """As sent, in lower case; empty where none was."""
    retry_seconds: int = 0
    """What Retry-After asks for; 0: nothing, or no whole number of at most nine digits."""


def get(
    url: str, *, limit: int, timeout_seconds: float = TIMEOUT_SECONDS, packed: bool = False
) -> Answered:
    """Return the answer to a GET; with `packed`, one that may come as gzip.

    `limit` bounds what was unpacked too. Raises UnreachableError, and UsageError for no HTTP URL.
    """
    headers = {"Accept-Encoding": "gzip, identity"} if packed else {}
    return _exchange("GET", url, None, headers, limit, timeout_seconds)


def post(
    url: str,
    body: bytes,
    *,
    content_type: str = "text/plain; charset=utf-8",
    limit: int,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> Answered:
    """Return the answer to a POST. Raises UnreachableError, and UsageError for no HTTP URL."""
    return _exchange("POST", url, body, {"Content-Type": content_type}, limit, timeout_seconds)


def _exchange(
    method: str,
    url: str,
    body: bytes | None,
    headers: Mapping[str, str],
    limit: int,
    timeout_seconds: float,
) -> Answered:
    connection, target = _parse(url, timeout_seconds)
    try:
        with _cut_off(connection, timeout_seconds) as over:
            connection.request(method, target, body, {**headers, "Connection": "close"})
            with connection.getresponse() as answer:
                data = _read(answer, limit)
            if over.is_set():
                raise TimeoutError("out of time")
            data = _unpacked(data, answer.getheader("Content-Encoding"), limit)
            kind = (answer.getheader("Content-Type") or "").lower()
            return Answered(answer.status, data, kind, _seconds(answer.getheader("Retry-After")))
    except (OSError, http.client.HTTPException, ValueError, zlib.error) as error:
        raise _unreachable(url, str(error) or type(error).__name__) from error
    finally:
        connection.close()


def _parse(url: str, timeout_seconds: float) -> tuple[http.client.HTTPConnection, str]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        plain = all(" " < letter < "\x7f" for letter in url)
    except ValueError as error:
        raise _no_url(url) from error
    if parts.scheme not in ("http", "https") or not host or not plain:
        raise _no_url(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if parts.scheme == "https":
        context = ssl.create_default_context()
        secure = http.client.HTTPSConnection(host, port, timeout=timeout_seconds, context=context)
        return secure, target
    return http.client.HTTPConnection(host, port, timeout=timeout_seconds), target


@contextmanager
def _cut_off(
    connection: http.client.HTTPConnection, timeout_seconds: float
) -> Iterator[threading.Event]:
    """Shut the connection down when its time is over; a time-out for each read is not enough."""

    connection.connect()
    stream: socket.socket = connection.sock

    over = threading.Event()

    def cut() -> None:
        # Whoever reads now sees an end, which must not pass for the end of the answer.
        over.set()
        with suppress(OSError):  # closed already
            stream.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(timeout_seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield over
    finally:
        timer.cancel()


def _read(answer: http.client.HTTPResponse, limit: int) -> bytes:
    data = bytearray()
    while piece := answer.read1(min(_PIECE, limit + 1)):
        data += piece
        if len(data) > limit:
            raise http.client.HTTPException(f"an answer of more than {limit} bytes")
    if answer.length:
        raise http.client.IncompleteRead(bytes(data), answer.length)
    return bytes(data)


def _seconds(text: str | None) -> int:
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0


def _unpacked(data: bytes, coding: str | None, limit: int) -> bytes:
    # A log may send a bundle as gzip to whoever asks (C2SP tlog-tiles, Log entries).
    coding = (coding or "identity").lower()
    if coding == "identity":
        return data
    if coding != "gzip":
        raise http.client.HTTPException(f"an answer in the coding {coding[:20]!r}")
    unpacker = zlib.decompressobj(wbits=31)
    whole = unpacker.decompress(data, limit + 1)
    if len(whole) > limit:
        raise http.client.HTTPException(f"an answer of more than {limit} bytes")
    if not unpacker.eof or unpacker.unused_data:
        raise http.client.HTTPException("an answer that is no whole gzip")
    return whole


def _unreachable(url: str, reason: str) -> UnreachableError:
    return UnreachableError(
        f"no answer from {url}: {reason}", hint="see that it runs, and ask again"
    )


def _no_url(url: str) -> UsageError:
    return UsageError(
        f"{url!r} is no http or https URL", hint="give one such as http://127.0.0.1:8080"
    )
