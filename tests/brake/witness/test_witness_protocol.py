"""What a witness answers: each rule of the specification, one defect at a time."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from logs import Log

from tachograph.brake.witness.protocol import (
    Answer,
    Submitted,
    follow,
    format_request,
    receive,
)
from tachograph.errors import FormatError
from tachograph.merkle.checkpoint import (
    Checkpoint,
    format_checkpoint,
    parse_checkpoint,
    parse_size,
)
from tachograph.merkle.note import SigningKey, format_note, parse_note, sign_note

LOG = Log(40)
KNOWN = {LOG.key.name: [LOG.key.verifier]}
STRANGER = SigningKey(LOG.key.name, bytes(32))


def answer(body: bytes, held: int | None = None) -> Answer | None:
    """The refusal by a witness that holds the log's head of a size; None where it cosigns."""
    submitted = receive(body, KNOWN)
    if isinstance(submitted, Answer):
        return submitted
    return follow(submitted, None if held is None else parse_checkpoint(LOG.text(held)))


def status(body: bytes, held: int | None = None) -> int:
    """Its status."""
    refusal = answer(body, held)
    return 200 if refusal is None else refusal.status


@given(st.integers(0, 40), st.integers(0, 40))
def test_honest_steps_are_cosigned(one: int, other: int) -> None:
    """From any size to any later one, and to the same one again."""
    old, new = sorted((one, other))
    assert status(LOG.request(old, new), old) == 200
    assert (status(LOG.request(0, new)) == 200) and (
        new == 0 or status(LOG.request(0, new), 0) == 200
    )


def test_a_stale_size_gets_the_held_one() -> None:
    """409 with the size and its own content type, also for a rollback."""
    for body in (LOG.request(0, 30), LOG.request(5, 30), LOG.request(3, 7)):
        refusal = answer(body, 20)
        assert refusal == Answer(409, "20\n", "text/x.tlog.size")
    assert answer(LOG.request(5, 30)) == Answer(409, "0\n", "text/x.tlog.size")


def test_unknown_logs_and_bad_signatures() -> None:
    """404 for an origin that is not known; 403 without a good signature by the log."""
    assert status(Log(5, name="example.com/other").request(0, 5)) == 404
    stranger = format_note(sign_note(LOG.text(5), STRANGER))
    assert status(format_request(0, [], stranger).encode()) == 403
    spoiled = LOG.head(5).replace(LOG.text(5), LOG.text(6))
    assert status(format_request(0, [], spoiled).encode()) == 403
    two = LOG.head(5) + "— example.com/else AAAAAAAA\n"
    assert status(format_request(0, [], two).encode()) == 200


def test_only_the_logs_lines_are_kept() -> None:
    """What others signed under the head is nothing to the witness."""
    two = LOG.head(5) + "— example.com/else AAAAAAAA\n"
    submitted = receive(format_request(0, [], two).encode(), KNOWN)
    assert isinstance(submitted, Submitted)
    assert submitted.note == parse_note(LOG.head(5))


def test_steps_that_are_not_proven() -> None:
    """422: a fork, an empty or overlong proof, two roots of one size, a root of nothing."""
    fork = Log(40, forked=9)
    assert status(fork.request(10, 30), 10) == 422
    assert status(fork.request(20, 20), 20) == 422
    assert status(format_request(10, [], LOG.head(30)).encode(), 10) == 422
    longer = format_request(10, [*LOG.prove(10, 30), bytes(32)], LOG.head(30))
    assert status(longer.encode(), 10) == 422
    assert status(format_request(0, [bytes(32)], LOG.head(30)).encode(), 0) == 422
    empty = format_checkpoint(Checkpoint(LOG.key.name, 0, bytes(32)))
    note = format_note(sign_note(empty, LOG.key))
    assert status(format_request(0, [], note).encode()) == 422


def edited(change: Callable[[str], str]) -> bytes:
    """A good request from 10 to 30 with one change."""
    return change(LOG.request(10, 30).decode()).encode()


LINE = base64.b64encode(bytes(32)).decode()
NO_REQUEST = {
    "old above": lambda text: text.replace("old 10", "old 31"),
    "no old": lambda text: text.removeprefix("old "),
    "other word": lambda text: text.replace("old 10", "odd 10"),
    "two spaces": lambda text: text.replace("old 10", "old  10"),
    "leading zero": lambda text: text.replace("old 10", "old 010"),
    "plus": lambda text: text.replace("old 10", "old +10"),
    "underscore": lambda text: text.replace("old 10", "old 1_0"),
    "foreign digit": lambda text: text.replace("old 10", "old ١٠"),
    "negative": lambda text: text.replace("old 10", "old -1"),
    "huge": lambda text: text.replace("old 10", "old " + "9" * 5000),
    "64 lines": lambda text: text.replace("old 10\n", "old 10\n" + f"{LINE}\n" * 64),
    "short hash": lambda text: text.replace("old 10\n", "old 10\nAAAA\n"),
    "stray bits": lambda text: text.replace("old 10\n", f"old 10\n{LINE[:-2]}B=\n"),
    "no gap": lambda text: text.replace("\n\n", "\n"),
    "carriage return": lambda text: text.replace("\n", "\r\n"),
    "no root": lambda text: text.replace("\n30\n", "\n"),
    "size spelled": lambda text: text.replace("\n30\n", "\n030\n"),
    "nothing": lambda text: "",
}


@pytest.mark.parametrize("name", NO_REQUEST)
def test_what_is_no_request(name: str) -> None:
    """400, whatever the witness holds."""
    assert status(edited(NO_REQUEST[name]), 10) == 400


def test_63_lines_are_read() -> None:
    """The longest proof that may be sent is judged as a proof."""
    body = edited(lambda text: text.replace("old 10\n", "old 10\n" + f"{LINE}\n" * 58))
    assert status(body, 10) == 422
    with pytest.raises(FormatError, match="63"):
        format_request(1, [bytes(32)] * 64, LOG.head(30))


def test_bytes_that_are_no_text() -> None:
    """400 for what is not UTF-8."""
    assert status(b"old 0\n\n\xff") == 400


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_noise_is_refused(body: bytes) -> None:
    """Any bytes get an answer of the specification's."""
    assert status(body) in (400, 403, 404)


@given(st.data())
def test_no_changed_request_is_cosigned(data: st.DataObject) -> None:
    """A good request with one byte changed, left out or put in is refused or says the same step."""
    body = LOG.request(10, 30)
    at = data.draw(st.integers(0, len(body) - 1))
    other = data.draw(st.sampled_from([b"", bytes([body[at]]) * 2, bytes([body[at] ^ 1])]))
    changed = body[:at] + other + body[at + 1 :]
    refusal = receive(changed, KNOWN)
    if isinstance(refusal, Submitted):
        assert refusal.note == parse_note(LOG.head(30))
        assert follow(refusal, parse_checkpoint(LOG.text(10))) is not None


@given(st.text(max_size=22) | st.integers(0, 10**25).map(str))
def test_a_size_has_one_spelling(text: str) -> None:
    """What is read as a size is written the same."""
    size = parse_size(text)
    assert size is None or (str(size) == text and size < 10**20)
