"""A published log over HTTP, and a register's door beside it.

`GET /checkpoint` and `GET /tile/...` answer with what lies in the folder and the headers of C2SP
tlog-tiles: tiles may be kept for ever, the checkpoint not at all, bundles go out as gzip to whoever
takes it. Only names that parse as tiles are looked up, so there is no path to anything else.
`POST /statements`, where this log is a register, takes one envelope (intake.py) and answers once it
is on the disk:

    201 {"index":12,"result":"recorded","time":"2026-11-25T12:00:00.000000Z"}
    409 {"error":{"hint":"...","kind":"gap","message":"..."},"expected":3}
    429 {"error":{"hint":"...","kind":"too_often","message":"..."}}          Retry-After: 4

An address may post ADDRESS_BURST at once and ADDRESS_AN_HOUR in the long run, a speaker as
intake.py has it. Proven by tests/brake/test_serve.py and test_serve_hostile.py. Not covered: who
may ask; statements are public, and a speaker who floods its register does so in its own name.
"""

from __future__ import annotations

import gzip
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tachograph import canon
from tachograph.brake.logs.source import FolderSource
from tachograph.brake.said.statement import LONGEST
from tachograph.brake.wire.intake import GapError, Receipt
from tachograph.brake.wire.pace import Pace, TooOftenError, network
from tachograph.brake.wire.web import application, bounded, read_body
from tachograph.errors import (
    EvidenceError,
    FormatError,
    NotFoundError,
    TachographError,
    WorldError,
)
from tachograph.merkle.tile import parse_path

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

FOR_EVER = "public, max-age=31536000, immutable"
NOT_AT_ALL = "no-cache"
RETRY_SECONDS = 5.0
"""How long a publisher that failed waits before it tries again."""

ADDRESS_BURST, ADDRESS_AN_HOUR = 1200, 36_000.0
"""Posts from one address (of IPv6, one site): at once, and an hour in the long run. Ten a second is
what several parties behind one address need, and a small part of what the register can do."""

_SAFE = {"X-Content-Type-Options": "nosniff"}


class Door(Protocol):
    """Whatever takes statements in; Intake does."""

    def accept(self, envelope: str) -> Receipt:
        """See Intake."""
        ...


def log_application(
    folder: Path,
    door: Door | None = None,
    recorded: Callable[[], None] = lambda: None,
    addresses: Pace | None = None,
) -> Starlette:
    """Return the application that serves a published folder and takes statements at the door.

    `recorded` is called after each statement that the door has recorded. `addresses`: how often one
    address may post; default: ADDRESS_BURST and ADDRESS_AN_HOUR.

    Raises UsageError where the extra `serve` is not installed.
    """
    addresses = addresses or Pace(burst=ADDRESS_BURST, an_hour=ADDRESS_AN_HOUR)
    handlers = _Handlers(FolderSource(folder), door, recorded, addresses)
    app = application([])
    app.add_route("/checkpoint", bounded(handlers.checkpoint), methods=["GET"])
    app.add_route("/tile/{rest:path}", bounded(handlers.tile), methods=["GET"])
    if door is not None:
        app.add_route("/statements", bounded(handlers.statements), methods=["POST"])
    return app


class _Handlers:
    """What is answered to whom."""

    def __init__(
        self,
        source: FolderSource,
        door: Door | None,
        recorded: Callable[[], None],
        addresses: Pace,
    ) -> None:
        self._addresses = addresses
        self._source = source
        self._door = door
        self._recorded = recorded

    async def checkpoint(self, request: Request) -> Response:
        """The newest head; never from a cache."""
        headers = {"Cache-Control": NOT_AT_ALL, **_SAFE}
        return await _found(self._source.checkpoint, "text/plain; charset=utf-8", headers)

    async def tile(self, request: Request) -> Response:
        """A tile or a bundle; for ever the same."""
        try:
            tile = parse_path("tile/" + request.path_params["rest"])
        except FormatError as error:
            return _refusal(error, 404)
        headers = {"Cache-Control": FOR_EVER, **_SAFE}
        if tile.level != "entries":
            return await _found(
                lambda: self._source.tile(tile), "application/octet-stream", headers
            )
        headers["Vary"] = "Accept-Encoding"
        if not takes_gzip(request.headers.get("accept-encoding", "")):
            return await _found(
                lambda: self._source.tile(tile), "application/octet-stream", headers
            )
        headers["Content-Encoding"] = "gzip"
        return await _found(
            # no time in the header: the same bundle has the same bytes
            lambda: gzip.compress(self._source.tile(tile), 6, mtime=0),
            "application/octet-stream",
            headers,
        )

    async def statements(self, request: Request) -> Response:
        """Take one statement in."""
        from starlette.concurrency import run_in_threadpool

        assert self._door is not None
        body = await read_body(request, LONGEST)
        try:
            envelope = body.decode("utf-8")
        except UnicodeDecodeError:
            return _refusal(FormatError("not UTF-8", hint="post the envelope as it is"), 400)
        try:
            if request.client is not None:
                self._addresses.take(network(request.client.host))
            receipt = await run_in_threadpool(self._door.accept, envelope)
        except TooOftenError as error:
            return _later(error)
        except GapError as error:
            return _refusal(error, 409, expected=error.expected)
        except FormatError as error:
            return _refusal(error, 400)
        except EvidenceError as error:
            return _refusal(error, 403)
        except WorldError as error:
            return _refusal(error, 503)
        if receipt.result != "known":
            self._recorded()
        return _json(
            {"index": receipt.index, "result": receipt.result, "time": receipt.time},
            200 if receipt.result == "known" else 201,
        )


def takes_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding header takes gzip."""
    for part in accepted.lower().split(","):
        coding, _, rest = part.partition(";")
        if coding.strip() in ("gzip", "*"):
            quality = rest.replace(" ", "").removeprefix("q=")
            return not quality or any(digit in "123456789" for digit in quality)
    return False


@contextmanager
def republishing(
    publish: Callable[[], object],
    report: Callable[[TachographError], None],
    refresh_seconds: float,
) -> Iterator[Callable[[], None]]:
    """Publish from a thread while the block runs; yields what asks for it soon.

    It also publishes every `refresh_seconds`, so that witnesses see the log again, and once more at
    the end where that was asked for. What fails is reported and tried again after RETRY_SECONDS.
    """
    asked, woken, over = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        pause = refresh_seconds
        while not over.is_set():
            woken.wait(pause)
            woken.clear()
            if over.is_set() and not asked.is_set():
                return
            asked.clear()
            try:
                publish()
                pause = refresh_seconds
            except TachographError as error:
                report(error)
                pause = min(RETRY_SECONDS, refresh_seconds)

    def ask() -> None:
        asked.set()
        woken.set()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield ask
    finally:
        over.set()
        woken.set()
        thread.join()


async def _found(read: Callable[[], bytes], media_type: str, headers: dict[str, str]) -> Response:
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import Response

    try:
        data = await run_in_threadpool(read)
    except NotFoundError as error:
        return _refusal(NotFoundError("no such file in this log", hint=error.hint), 404)
    except TachographError:
        # The message has a path of this machine.
        return _refusal(WorldError("the log cannot be read now", hint="ask again later"), 503)
    return Response(data, media_type=media_type, headers=headers)


def _refusal(error: TachographError, status: int, **more: int) -> Response:
    plain = {"hint": error.hint, "kind": error.kind, "message": error.message}
    return _json({"error": plain, **more}, status)


def _later(error: TooOftenError) -> Response:
    answer = _refusal(error, 429)
    answer.headers["Retry-After"] = str(max(1, math.ceil(error.wait_seconds)))
    return answer


def _json(value: dict[str, object], status: int) -> Response:
    from starlette.responses import Response

    return Response(
        canon.encode(value) + b"\n",
        status,
        media_type="application/json",
        headers={"Cache-Control": "no-store", **_SAFE},
    )
