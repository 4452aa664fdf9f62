"""Posting a signed statement to a register over HTTP.

The register knows a statement that it has, so posting is repeated until an answer comes: nothing is
said twice by that, and what was acknowledged is on the register's disk. Proven by
tests/brake/test_post.py. Not covered: that the register publishes it; `follow` shows that.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from tachograph import canon
from tachograph.brake.wire.exchange import TIMEOUT_SECONDS, Answered, UnreachableError, post
from tachograph.brake.wire.intake import Receipt
from tachograph.errors import EvidenceError, FormatError
from tachograph.ledger.entry import is_index, is_time

ANSWER_BYTES = 16 * 1024
TRIES = 5
PAUSE_SECONDS = 0.5
"""Before the second try; doubles from try to try."""
LONGEST_PAUSE_SECONDS = 60.0
"""However long the register asks us to wait."""
RESULTS = ("recorded", "known", "equivocation")


class LaterError(UnreachableError):
    """The register is asked too often, and takes the same statement later."""

    def __init__(self, url: str, reason: str, wait_seconds: float) -> None:
        """`wait_seconds`: what it asks for; 0: it does not say."""
        super().__init__(
            f"{url} answers 429: {reason}",
            hint=f"post it again in {wait_seconds:g} s" if wait_seconds else "post it again later",
        )
        self.wait_seconds = wait_seconds


class RefusedError(EvidenceError):
    """The register does not take the statement, and will not if asked again."""

    kind = "refused"


def post_statement(
    url: str,
    envelope: str,
    *,
    tries: int = TRIES,
    timeout_seconds: float = TIMEOUT_SECONDS,
    pause: Callable[[float], None] = time.sleep,
) -> Receipt:
    """Return what the register below `url` did with the statement.

    Asks again, after a growing pause, where no answer comes or the register cannot take it now, and
    as late as the register asks for.
    Raises UnreachableError when `tries` have failed, RefusedError where the answer is no.
    """
    address = url.rstrip("/") + "/statements"
    for number in range(1, tries + 1):
        wait = PAUSE_SECONDS * 2 ** (number - 1)
        try:
            answered = post(
                address, envelope.encode(), content_type="application/json",
                limit=ANSWER_BYTES, timeout_seconds=timeout_seconds,
            )  # fmt: skip
            return _receipt(address, answered)
        except UnreachableError as error:
            if number == tries:
                raise
            if isinstance(error, LaterError):
                wait = max(wait, min(error.wait_seconds, LONGEST_PAUSE_SECONDS))
        pause(wait)
    raise AssertionError("at least one try")


def _receipt(url: str, answered: Answered) -> Receipt:
    if answered.status in (200, 201):
        return _parse_receipt(url, answered.body)
    reason = _reason(answered.body)
    if answered.status == 429:
        raise LaterError(url, reason, float(answered.retry_seconds))
    if answered.status >= 500 or answered.status == 408:
        raise UnreachableError(f"{url} answers {answered.status}: {reason}", hint="post it again")
    raise RefusedError(
        f"the register answers {answered.status}: {reason}",
        hint="see what it says of the statement",
    )


def _parse_receipt(url: str, body: bytes) -> Receipt:
    """The receipt in an answer. Raises UnreachableError: who answers so is no register."""
    try:
        plain = canon.decode(body.removesuffix(b"\n"))
    except FormatError:
        plain = None
    match plain:
        case {"index": index, "result": str(result), "time": str(when)} if (
            is_index(index) and result in RESULTS and is_time(when)
        ):
            return Receipt(index, when, result)  # type: ignore[arg-type]
    raise UnreachableError(f"{url} answers no receipt", hint="see that it is a register's prefix")


def _reason(body: bytes) -> str:
    """What the other side says went wrong; untrusted text, short and on one line."""
    try:
        plain = canon.decode(body.removesuffix(b"\n"))
    except FormatError:
        return ""
    match plain:
        case {"error": {"message": str(message)}}:
            return "".join(c if c.isprintable() else "?" for c in message[:300])
    return ""
