"""A published log over real HTTP: the specification's headers, only tiles, a bounded door."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from parties import document, key, say

from tachograph.brake.agreed.document import Document
from tachograph.brake.logs.http_source import HttpSource
from tachograph.brake.logs.publish import WholeLog, publish
from tachograph.brake.logs.source import FolderSource
from tachograph.brake.said.governance import HoldDeclared
from tachograph.brake.said.statement import LONGEST, Statement, sign_statement
from tachograph.brake.wire.exchange import get
from tachograph.brake.wire.intake import Intake
from tachograph.brake.wire.pace import Pace
from tachograph.brake.wire.post import post_statement
from tachograph.brake.wire.serve import log_application, republishing, takes_gzip
from tachograph.brake.wire.web import running
from tachograph.errors import NotFoundError, StoreError, TachographError
from tachograph.ledger import Ledger, entry, kinds
from tachograph.merkle.tile import Tile, new_tiles

SIZE = 300


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "register"


@pytest.fixture
def ledger(home: Path) -> Iterator[Ledger]:
    with Ledger.open(home, create=True, origin="example.org/register") as opened:
        yield opened


@pytest.fixture
def agreement(ledger: Ledger) -> Document:
    return document(ledger.verifier)


@pytest.fixture
def url(ledger: Ledger, home: Path, agreement: Document) -> Iterator[str]:
    """A register with some entries, served."""
    ledger.append([("test", (), kinds.RunResumed(f"r-{number}")) for number in range(SIZE)])
    publish(WholeLog(ledger), home, home / "public")
    (home / "public" / "private").write_text("secret")
    with running(log_application(home / "public", Intake(ledger, home, agreement))) as running_:
        yield running_


def ask(
    url: str, path: str, method: str = "GET", body: bytes = b"", **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    """One request, as it is written; the answer."""
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)) as connection:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer, answer.read()


def test_headers_are_those_of_the_specification(url: str, home: Path) -> None:
    """The checkpoint is text and not kept; tiles are bytes, kept for ever."""
    answer, body = ask(url, "/checkpoint")
    assert answer.status == 200
    assert answer.getheader("Content-Type") == "text/plain; charset=utf-8"
    assert answer.getheader("Cache-Control") == "no-cache"
    assert body == (home / "public/checkpoint").read_bytes()
    for path in ("tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/001.p/44"):
        answer, body = ask(url, "/" + path)
        assert answer.status == 200
        assert answer.getheader("Content-Type") == "application/octet-stream"
        assert "immutable" in (answer.getheader("Cache-Control") or "")
        assert answer.getheader("Content-Encoding") is None
        assert body == (home / "public" / path).read_bytes()


def test_bundles_go_out_as_gzip_to_whoever_takes_it(url: str, home: Path) -> None:
    """Compressed where asked for, never else; the same bytes either way."""
    answer, body = ask(url, "/tile/entries/000", Accept_Encoding="gzip, identity")
    assert answer.getheader("Content-Encoding") == "gzip"
    assert answer.getheader("Vary") == "Accept-Encoding"
    plain = (home / "public/tile/entries/000").read_bytes()
    assert gzip.decompress(body) == plain and len(body) < len(plain) / 2
    again = ask(url, "/tile/entries/000", Accept_Encoding="gzip")[1]
    assert again == body, "for ever the same"
    assert ask(url, "/tile/0/000", Accept_Encoding="gzip")[0].getheader("Content-Encoding") is None


@pytest.mark.parametrize(
    ("accepted", "taken"),
    [("gzip", True), ("", False), ("identity", False), ("br;q=1.0, gzip;q=0.8", True),
     ("gzip;q=0", False), ("gzip; q=0.000", False), ("*", True), ("GZIP", True), ("gzippy", False)],
)  # fmt: skip
def test_gzip_is_negotiated(accepted: str, taken: bool) -> None:
    """A quality of nought is a no."""
    assert takes_gzip(accepted) is taken


def test_a_head_request_has_no_body(url: str) -> None:
    """Monitors ask so whether a file is there."""
    answer, body = ask(url, "/checkpoint", "HEAD")
    assert (answer.status, body) == (200, b"")


@pytest.mark.parametrize(
    "path",
    ["/private", "/tile/../private", "/tile/entries/../../private", "/tile/%2e%2e/private",
     "/tile/0/..%2f..%2fprivate", "/tile//0/000", "//checkpoint", "/tile/0/000/", "/tile/0/000%00",
     "/tile/0/999", "/tile/64/000", "/tile/0/x001/x001/" + "x001/" * 500 + "001", "/.checkpoint",
     "/checkpoint/", "/tile/entries/001.p/45", "/", "/tile/0/%f0%28", "/ledger.db", "/tile/-1/000"],
)  # fmt: skip
def test_nothing_else_is_served(url: str, path: str) -> None:
    """Whatever is no tile of this log is not found, and nothing of the machine is told."""
    answer, body = ask(url, path)
    assert answer.status == 404
    assert b"secret" not in body and b"/tmp" not in body


def test_a_partial_tile_that_has_gone_is_cut_from_the_full_one(url: str, home: Path) -> None:
    """A reader of an older head finds what it needs."""
    source, here = HttpSource(url), FolderSource(home / "public")
    for tile in (Tile(0, 0, 77), Tile("entries", 0, 77)):
        assert source.tile(tile) == here.tile(tile)
    with pytest.raises(NotFoundError):
        source.tile(Tile(0, 7, 1))


def test_every_published_file_is_fetched_as_it_lies_there(url: str, home: Path) -> None:
    """Over HTTP and from the folder, a log is the same."""
    source, here = HttpSource(url), FolderSource(home / "public")
    assert source.checkpoint() == here.checkpoint()
    for tile in new_tiles(0, SIZE):
        assert source.tile(tile) == here.tile(tile)


# The door.


def post(url: str, body: bytes) -> tuple[int, dict[str, object]]:
    """Post to the door; status and document."""
    answer, data = ask(url, "/statements", "POST", body)
    return answer.status, json.loads(data)


def test_the_door_answers_when_it_is_on_the_disk(
    url: str, ledger: Ledger, home: Path, agreement: Document
) -> None:
    """The receipt names an entry that another reader of the ledger's files finds."""
    status, receipt = post(url, say(agreement, "aurora", 0).encode())
    assert (status, receipt["result"]) == (201, "recorded")
    with Ledger.open(home) as reader:
        found = reader.get(int(str(receipt["index"])))
        assert isinstance(found.body, kinds.StatementPosted)
        assert (found.body.envelope, found.time) == (say(agreement, "aurora", 0), receipt["time"])
    assert post(url, say(agreement, "aurora", 0).encode())[0] == 200


def test_a_refusal_is_a_document(url: str, ledger: Ledger, agreement: Document) -> None:
    """Not text, no envelope, another's key, a stranger, a gap: each with its status and reason."""
    size = ledger.size
    forged = Statement(agreement.id, "crux", 0, "2026-11-25T12:00:00.000000Z", "",
                       HoldDeclared("forged"))  # fmt: skip
    stranger = Statement(agreement.id, "nobody", 0, forged.time, "", forged.said)
    for body, status, kind in (
        (b"\xff", 400, "format"),
        (b"{}", 400, "format"),
        (b"", 400, "format"),
        (sign_statement(forged, key("aurora")).encode(), 403, "proof"),
        (sign_statement(stranger, key("nobody")).encode(), 403, "proof"),
        (say(agreement, "aurora", 3).encode(), 409, "gap"),
    ):
        found, answer = post(url, body)
        assert found == status
        error = answer["error"]
        assert isinstance(error, dict) and error["kind"] == kind and error["hint"]
    assert post(url, say(agreement, "aurora", 3).encode())[1]["expected"] == 0
    assert ledger.size == size


def kinds_said():
    from tachograph.brake.said.governance import HoldDeclared

    return HoldDeclared("forged")


def test_too_long_a_statement_is_not_read(url: str) -> None:
    """A body past the bound is refused before it has come."""
    assert ask(url, "/statements", "POST", bytes(LONGEST + 1))[0].status == 413


def test_a_clock_that_went_back_stops_the_register(
    url: str, ledger: Ledger, agreement: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes nothing until it has caught up, then goes on; what was there is still known."""
    first = say(agreement, "aurora", 0).encode()
    assert post(url, first)[0] == 201
    size = ledger.size
    monkeypatch.setattr(entry, "now", lambda: "2001-01-01T00:00:00.000000Z")
    status, answer = post(url, say(agreement, "aurora", 1).encode())
    assert status == 503 and "clock" in str(answer)
    assert post(url, first)[0] == 200
    assert ledger.size == size
    monkeypatch.undo()
    assert post(url, say(agreement, "aurora", 1).encode())[0] == 201


def test_a_log_without_a_door_takes_nothing(home: Path, ledger: Ledger) -> None:
    """Where there is no register, nothing can be posted."""
    with running(log_application(home)) as url:
        assert ask(url, "/statements", "POST", b"x")[0].status == 404


def test_many_ask_at_once(url: str, agreement: Document, ledger: Ledger) -> None:
    """Eight speakers' threads post and read at once; each statement is recorded once, in order."""
    envelopes = {name: [say(agreement, name, n) for n in range(5)] for name in ("aurora", "crux")}
    failures: list[BaseException] = []

    def speak(name: str) -> None:
        try:
            for envelope in envelopes[name]:
                while post(url, envelope.encode())[0] not in (200, 201):
                    pass
                get(url + "/checkpoint", limit=10_000)
        except BaseException as error:  # noqa: BLE001 - told to the main thread
            failures.append(error)

    threads = [threading.Thread(target=speak, args=(name,)) for name in envelopes for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    posted = [one.body for one in ledger.entries(kinds=[kinds.StatementPosted])]
    said = [body.envelope for body in posted if isinstance(body, kinds.StatementPosted)]
    assert sorted(said) == sorted(one for mine in envelopes.values() for one in mine)
    for mine in envelopes.values():
        assert [one for one in said if one in mine] == mine


def test_a_dropped_connection_costs_nothing(url: str) -> None:
    """Who goes away in the middle of a request leaves the server to the others."""
    address = urlsplit(url)
    for _ in range(20):
        with closing(socket.create_connection((address.hostname, address.port), 20)) as stream:
            stream.sendall(b"POST /statements HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\nx")
    assert ask(url, "/checkpoint")[0].status == 200


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(noise=st.binary(max_size=120), shape=st.sampled_from(["path", "tile", "body", "raw"]))
def test_noise_is_answered_and_breaks_nothing(
    url: str, ledger: Ledger, noise: bytes, shape: str
) -> None:
    """Any bytes as a path, as a statement, or in place of a request: refused, never a breakdown."""
    size = ledger.size
    quoted = quote(noise).encode()
    request = {
        "path": b"GET /%b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % quoted,
        "tile": b"GET /tile/%b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % quoted,
        "body": b"POST /statements HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (len(noise), noise),
        "raw": noise + b"\r\n\r\n",
    }[shape]
    address = urlsplit(url)
    with closing(socket.create_connection((address.hostname, address.port), 20)) as stream:
        stream.sendall(request)
        stream.shutdown(socket.SHUT_WR)
        answer = stream.recv(1 << 16)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
    assert ledger.size == size


# Publishing again.


def test_what_is_recorded_is_published_soon() -> None:
    """Asked for, it publishes; a failure is reported and tried again."""
    done, failed = threading.Event(), []

    def work() -> None:
        if not failed:
            raise StoreError("full", hint="make room")
        done.set()

    def report(error: TachographError) -> None:
        failed.append(error.message)

    with republishing(work, report, refresh_seconds=0.05) as wanted:
        wanted()
        assert done.wait(20)
    assert failed == ["full"]


def test_what_was_asked_for_at_the_end_is_published() -> None:
    """Whoever stops the server loses nothing that was recorded just before."""
    done: list[int] = []
    with republishing(lambda: done.append(1), lambda error: None, refresh_seconds=60) as wanted:
        wanted()
    assert done == [1]
    with republishing(lambda: done.append(2), lambda error: None, refresh_seconds=60):
        pass
    assert done == [1]


def test_an_address_that_posts_too_much_is_told_when_to_come_back(
    ledger: Ledger, home: Path, agreement: Document
) -> None:
    """429 with Retry-After, on nothing else than posts; the same statement is taken then."""
    now = [0.0]
    publish(WholeLog(ledger), home, home / "public")
    pace = Pace(burst=3, an_hour=900, clock=lambda: now[0])
    app = log_application(home / "public", Intake(ledger, home, agreement), addresses=pace)
    before = ledger.size
    with running(app) as url:
        said = [say(agreement, "aurora", number).encode() for number in range(3)]
        statuses = [ask(url, "/statements", "POST", one)[0].status for one in (*said[:2], b"{}")]
        answer, body = ask(url, "/statements", "POST", said[2])
        assert (statuses, answer.status) == ([201, 201, 400], 429)
        assert answer.getheader("Retry-After") == "4"
        assert json.loads(body)["error"]["kind"] == "too_often" and ledger.size == before + 2
        assert ask(url, "/checkpoint")[0].status == 200
        now[0] = 4.0
        assert ask(url, "/statements", "POST", said[2])[0].status == 201


def test_an_honest_backlog_is_slowed_down_and_not_lost(
    ledger: Ledger, home: Path, agreement: Document
) -> None:
    """A poster that waits as it is told gets everything recorded, in order, once."""
    now = [0.0]

    def wait(seconds: float) -> None:
        now[0] += seconds

    publish(WholeLog(ledger), home, home / "public")
    keys = Pace(burst=2, an_hour=1200, clock=lambda: now[0])
    app = log_application(home / "public", Intake(ledger, home, agreement, keys))
    before = ledger.size
    with running(app) as url:
        for number in range(8):
            envelope = say(agreement, "aurora", number)
            assert post_statement(url, envelope, pause=wait).result == "recorded"
    assert ledger.size == before + 8 and now[0] == pytest.approx(18.0)
