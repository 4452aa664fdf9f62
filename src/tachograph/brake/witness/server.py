"""A witness over HTTP (C2SP tlog-witness): `POST /add-checkpoint`, `GET /HASH/checkpoint`.

HASH is the SHA-256 of a log's origin, in hex. Where the witness cannot remember, the answer is 500
and no signature. Proven by tests/brake/witness/test_witness_server.py. Not covered: who may ask;
anyone may, as a head without the log's signature is refused.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from tachograph.brake.wire.web import application, bounded, read_body
from tachograph.brake.witness.protocol import REQUEST_BYTES, TEXT_TYPE, Answer
from tachograph.brake.witness.witness import Witness
from tachograph.errors import TachographError

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

log = logging.getLogger(__name__)


def witness_application(witness: Witness) -> Starlette:
    """Return the witness as an application for `web.serve`. Raises UsageError without the extra."""
    app = application([])
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import Response

    def respond(answer: Answer) -> Response:
        headers = {"Content-Type": answer.content_type}
        return Response(answer.body.encode(), answer.status, headers)

    async def add_checkpoint(request: Request) -> Response:
        body = await read_body(request, REQUEST_BYTES)
        return respond(await run_in_threadpool(_add, witness, body))

    async def checkpoint(request: Request) -> Response:
        return respond(await run_in_threadpool(_latest, witness, request.path_params["name"]))

    app.add_route("/add-checkpoint", bounded(add_checkpoint), methods=["POST"])
    app.add_route("/{name}/checkpoint", bounded(checkpoint), methods=["GET"])
    return app


def _add(witness: Witness, body: bytes) -> Answer:
    try:
        return witness.add_checkpoint(body)
    except TachographError as error:
        return _failure(error)


def _latest(witness: Witness, name: str) -> Answer:
    if not re.fullmatch("[0-9a-f]{64}", name):
        return _NONE
    try:
        note = witness.latest(name)
    except TachographError as error:
        return _failure(error)
    return _NONE if note is None else Answer(200, note)


def _failure(error: TachographError) -> Answer:
    # What is wrong with the machine is for its operator, and not for whoever asks.
    log.error("%s (%s)", error.message, error.hint)
    return Answer(500, "the witness cannot remember, and so does not sign\n", TEXT_TYPE)


_NONE = Answer(404, "no head of such a log was cosigned here\n")
