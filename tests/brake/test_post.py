"""Posting and fetching against servers that are slow, cut off, wrong or hostile."""

from __future__ import annotations

import gzip
import json
import socketserver
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parties import document, say

from tachograph.brake.logs.http_source import HttpSource
from tachograph.brake.logs.publish import WholeLog, publish
from tachograph.brake.wire.exchange import UnreachableError
from tachograph.brake.wire.follow import Follower
from tachograph.brake.wire.intake import Intake, Receipt
from tachograph.brake.wire.post import LONGEST_PAUSE_SECONDS, RefusedError, post_statement
from tachograph.brake.wire.serve import log_application
from tachograph.brake.wire.web import running
from tachograph.errors import EvidenceError, FormatError, NotFoundError, WorldError
from tachograph.ledger import Ledger, kinds
from tachograph.merkle.tile import Tile

Answer = bytes | Callable[[], Iterator[bytes]]
RECEIPT = {"index": 3, "result": "recorded", "time": "2026-11-25T12:00:00.000000Z"}


def answer(status: str, body: bytes, *headers: str) -> bytes:
    """An HTTP answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def receipt(**changes: object) -> bytes:
    """A register's receipt, with some fields otherwise."""
    body = json.dumps({**RECEIPT, **changes}, separators=(",", ":"), sort_keys=True)
    return answer("201 Created", body.encode())


@contextmanager
def answering(answers: Sequence[Answer]) -> Iterator[tuple[str, list[bytes]]]:
    """A server that gives these answers, whatever is asked; its URL, and what was asked."""
    asked: list[bytes] = []
    left = iter(answers)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            asked.append(self.request.recv(65_536))
            given_ = next(left, b"")
            try:
                for piece in [given_] if isinstance(given_, bytes) else given_():
                    self.request.sendall(piece)
            except OSError:
                pass  # whoever asked has gone

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", asked
        finally:
            server.shutdown()
            thread.join()


def endless() -> Iterator[bytes]:
    """More than anybody wants."""
    yield b"HTTP/1.1 200 OK\r\n\r\n"
    while True:
        yield bytes(1 << 20)


def dripping() -> Iterator[bytes]:
    """A byte now and then."""
    yield b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
    for _ in range(100):
        time.sleep(0.05)
        yield b"x"


# Posting.


def no_pause(seconds: float) -> None:
    """Do not wait."""


def test_a_register_that_fails_now_is_asked_again() -> None:
    """No answer, a cut one, a 503 and noise, then a receipt: one statement, five requests."""
    pauses: list[float] = []
    answers = [b"", b"HTTP/1.1 201 Cr", answer("503 Busy", b'{"error":1}'),
               answer("201 Created", b"welcome"), receipt()]  # fmt: skip
    with answering(answers) as (url, asked):
        got = post_statement(url, "{}", pause=pauses.append)
    assert got == Receipt(3, "2026-11-25T12:00:00.000000Z", "recorded")
    assert len(asked) == 5
    assert pauses == sorted(pauses) and len(set(pauses)) == 4


def test_who_is_told_to_wait_waits() -> None:
    """As long as the register asks for, a minute at most; without a number, as usual."""
    busy = [answer("429 Too Many Requests", b"", f"Retry-After: {text}")
            for text in ("7", "86400", "soon", "-3")]  # fmt: skip
    pauses: list[float] = []
    with answering([*busy, receipt()]) as (url, _):
        assert post_statement(url, "{}", pause=pauses.append).result == "recorded"
    assert pauses == [7.0, LONGEST_PAUSE_SECONDS, 2.0, 4.0]
    with answering(busy[:1]) as (url, _), pytest.raises(UnreachableError) as late:
        post_statement(url, "{}", tries=1)
    assert "7 s" in (late.value.hint or "")


def test_a_no_is_final_and_its_text_is_made_harmless() -> None:
    """A refusal is not asked again; control characters of the other side's text are gone."""
    body = b'{"error":{"message":"\\u001b[31mno\\u0007"}}'
    with (
        answering([answer("403 Forbidden", body)]) as (url, asked),
        pytest.raises(RefusedError) as refused,
    ):
        post_statement(url, "{}", pause=no_pause)
    assert len(asked) == 1
    assert refused.value.message.isprintable() and "no" in refused.value.message


@pytest.mark.parametrize(
    "wrong",
    [receipt(index=-1), receipt(index=True), receipt(result="perhaps"), receipt(time="now"),
     receipt(index="3"), answer("201 Created", b"[]"), answer("200 OK", b"<html>"),
     answer("302 Found", b"", "Location: http://127.0.0.1:1/"), answer("200 OK", bytes(20_000)),
     answer("200 OK", b"{}" * 9, "Content-Encoding: br"), b"noise\r\n\r\n", endless],
)  # fmt: skip
def test_what_is_no_receipt_is_none(wrong: Answer) -> None:
    """Whatever comes instead of a receipt: an error with a next step, never a receipt."""
    with (
        answering([wrong, wrong]) as (url, _),
        pytest.raises((UnreachableError, RefusedError)) as refused,
    ):
        post_statement(url, "{}", tries=2, pause=no_pause)
    assert refused.value.hint


def test_slowness_has_an_end() -> None:
    """A register that drips costs the time-out and no more."""
    with answering([dripping]) as (url, _), pytest.raises(UnreachableError):
        post_statement(url, "{}", tries=1, timeout_seconds=0.3)


def test_a_restart_between_answer_and_receipt_says_nothing_twice(tmp_path: Path) -> None:
    """The register takes the statement and dies before its answer; the next one knows it."""
    home = tmp_path / "register"
    with Ledger.open(home, create=True, origin="example.org/register") as ledger:
        agreement = document(ledger.verifier)
        envelope = say(agreement, "aurora", 0)
        Intake(ledger, home, agreement).accept(envelope)
        with running(log_application(home, Intake(ledger, home, agreement))) as url:
            assert post_statement(url, envelope).result == "known"
        with pytest.raises(UnreachableError):
            post_statement(url, envelope, tries=2, pause=no_pause)
        assert ledger.size == 1


# Fetching.


@pytest.mark.parametrize(
    "wrong",
    [answer("200 OK", bytes(10 << 20)), endless, answer("500 Oops", b"x" * 100_000),
     answer("302 Found", b"", "Location: http://127.0.0.1:1/"), b"", b"HTTP/1.1 200 OK\r\nConte",
     b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort", b"\x00" * 100,
     answer("200 OK", gzip.compress(bytes(100 << 20), mtime=0), "Content-Encoding: gzip"),
     answer("200 OK", gzip.compress(b"cut", mtime=0)[:-4], "Content-Encoding: gzip"),
     answer("200 OK", gzip.compress(b"more", mtime=0) + b"more", "Content-Encoding: gzip"),
     answer("200 OK", b"no gzip", "Content-Encoding: gzip")],
)  # fmt: skip
def test_a_wrong_answer_is_no_checkpoint(wrong: Answer) -> None:
    """10 MB, an endless one, a page of errors, a bomb, a cut one: an error in bounded memory."""
    with answering([wrong]) as (url, _), pytest.raises((WorldError, EvidenceError)) as refused:
        HttpSource(url, timeout_seconds=5).checkpoint()
    assert refused.value.hint


def test_what_is_longer_than_a_tile_is_none() -> None:
    """A tile has a length; what says that there is none may be longer."""
    with answering([answer("200 OK", bytes(40)), answer("404 Not Found", bytes(9000))] * 2) as (
        url,
        _,
    ):
        source = HttpSource(url)
        with pytest.raises(FormatError):
            source.tile(Tile(0, 0, 256 - 255))
        with pytest.raises(NotFoundError):
            source.tile(Tile(0, 0, 256))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.binary(max_size=300), min_size=1, max_size=3))
def test_noise_on_the_line_is_refused_in_our_own_words(noise: list[bytes]) -> None:
    """Any bytes in place of HTTP answers."""
    with answering([*noise, b"", b""]) as (url, _):
        for ask in (
            HttpSource(url, timeout_seconds=2).checkpoint,
            lambda: HttpSource(url, timeout_seconds=2).tile(Tile("entries", 0, 3)),
            lambda: post_statement(url, "{}", tries=1, timeout_seconds=2),
        ):
            with pytest.raises((WorldError, EvidenceError, NotFoundError)):
                ask()


def test_a_partition_is_lived_through(tmp_path: Path) -> None:
    """The register goes away and comes back elsewhere; the follower goes on where it was."""
    home, host = tmp_path / "register", tmp_path / "host"
    with (
        Ledger.open(home, create=True, origin="example.org/register") as ledger,
        Ledger.open(tmp_path / "mine", create=True) as mine,
    ):
        agreement = document(ledger.verifier)
        follower = Follower(mine, tmp_path / "mine", agreement.terms)
        door = Intake(ledger, home, agreement)
        for number in range(3):
            door.accept(say(agreement, "aurora", number))
            publish(WholeLog(ledger), home, host)
            with running(log_application(host, door)) as url:
                assert follower.step(HttpSource(url)).copied == 1
            with pytest.raises(UnreachableError):
                follower.step(HttpSource(url))
        copied = [one.body for one in mine.entries(kinds=[kinds.StatementCopied])]
        assert len(copied) == 3
