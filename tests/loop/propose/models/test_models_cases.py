"""Whatever a server does, a call ends in a recorded answer or a clear error, within its bounds."""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import replace
from functools import reduce

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from model_workbench import Books
from scripted_server import Reply, completion, error, in_turn, streamed

from tachograph.errors import ModelError
from tachograph.loop.propose.models import Asking, Call, Endpoint, Message, Tool, asking
from tachograph.loop.propose.models.call import read_answer

HELLO = Call((Message("system", "be brief"), Message("user", "hello")), timeout_seconds=20)
TOOL = Tool("read", "Read a file.", {
    "type": "object", "properties": {"path": {"type": "string", "description": "which"}},
    "required": ["path"],
})  # fmt: skip


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """No waiting between attempts, but what a provider asks for."""
    monkeypatch.setattr(asking, "FIRST_WAIT_SECONDS", 0.01)


@pytest.fixture
def play(teller, serve, endpoint_of):
    """Asks a scripted server once: the books, the answer or the error, the server."""

    def play(script, call=HELLO, **arguments):
        if isinstance(script, Reply):
            script = in_turn(script)
        server = serve(script)
        play.number += 1
        books = Books(run=f"r-{play.number}-{time.monotonic_ns()}")
        asked = Asking(books, teller, endpoint_of(server, **arguments))
        try:
            return books, asked.ask(call), server
        except ModelError as fault:
            return books, fault, server

    play.number = 0
    return play


def test_an_answer_is_recorded_with_what_was_asked(play):
    """One entry; the request and the answer lie beside it; one request went out."""
    books, answered, server = play(completion("well", usage=(12, 3)))
    assert (answered.message.text, answered.stop, answered.replayed) == ("well", "stop", False)
    (body,) = books.answers()
    assert (body.input_tokens, body.output_tokens, body.counted_tokens) == (12, 3, 15)
    assert (body.cost_usd, body.cost_source) == (None, "unknown")
    assert [m["content"] for m in server.requests[0]["messages"]] == ["be brief", "hello"]
    assert server.requests[0]["max_tokens"] == HELLO.most_output_tokens
    request = json.loads(books.fetch(body.request))
    assert [m["text"] for m in request["messages"]] == ["be brief", "hello"]
    assert books.log == ["begin", "record"]


@pytest.mark.parametrize(
    "usage",
    [
        None,
        {},
        {"prompt_tokens": -5, "completion_tokens": 2**70},
        {"prompt_tokens": None, "completion_tokens": "many"},
    ],
)
def test_a_use_that_is_not_said_is_unknown_and_counts_in_full(play, usage):
    """None in the entry; the budget counts the bound that was held."""
    books, found, _ = play(completion("well", usage=usage))
    bodies = books.answers() or books.failures
    assert bodies[-1].counted_tokens == HELLO.most_input_tokens + HELLO.most_output_tokens
    if books.answers():
        assert (bodies[-1].input_tokens, bodies[-1].output_tokens) == (None, None)
    else:
        assert isinstance(found, ModelError)


@pytest.mark.parametrize(
    ("reply", "reason", "attempts"),
    [
        (error(500), "server", 4),
        (error(503, "busy"), "server", 4),
        (error(400, "context length exceeded"), "rejected", 1),
        (error(401, "who are you"), "rejected", 1),
        (error(404, "no such model"), "rejected", 1),
        (Reply(b"it works!"), "unreadable", 2),
        (Reply(b"<html>", headers={"content-type": "text/html"}), "unreadable", 2),
        (Reply(b""), "unreadable", 2),
        (Reply(b"[1, 2]"), "unreadable", 2),
        (Reply(b'"text"'), "unreadable", 2),
        (Reply(b'{"choices": null}'), "unreadable", 2),
        (Reply(b'{"choices": []}'), "unreadable", 2),
        (Reply(b'{"choices": [{"message": 5}]}'), "unreadable", 2),
        (Reply(b"[" * 100_000), "unreadable", 2),
        (Reply(b"\xff\xfe\x00"), "unreadable", 2),
        (completion("well", message={"content": 5}), "unreadable", 2),
        (completion("well", message={"content": {"a": 1}}), "unreadable", 2),
        (replace(completion("well " * 100), cut_at=40), "cut", 3),
        (replace(completion("well " * 100), cut_at=0), "cut", 3),
        (Reply(b"x" * 65536, endless=True), "too-large", 1),
        (Reply(b"{}", headers={"content-length": str(1 << 40)}), "too-large", 1),
        (Reply(b"\x1f\x8b", headers={"content-encoding": "gzip"}), "too-large", 1),
    ],
)  # fmt: skip
def test_what_a_server_does_wrong_is_recorded_and_bounded(play, reply, reason, attempts):
    """Each attempt is one request and one entry; after the last one a clear error."""
    books, fault, server = play(reply)
    assert isinstance(fault, ModelError), fault
    assert [body.reason for body in books.failures] == [reason] * attempts, books.failures
    assert len(server.requests) == attempts
    assert reason in fault.message
    assert all(len(body.detail) <= 2000 for body in books.failures)
    charged = reason not in ("server", "rejected")
    assert all((body.counted_tokens > 0) == charged for body in books.failures)


def test_a_provider_that_wants_to_be_left_alone_is(play):
    """429 with Retry-After: that long, then the answer."""
    began = time.monotonic()
    script = in_turn(error(429, "slow down", {"retry-after": "0.6"}), completion("well"))
    books, answered, server = play(script)
    assert answered.message.text == "well"
    assert time.monotonic() - began > 0.6
    assert [body.reason for body in books.failures] == ["rate-limit"]
    assert len(server.requests) == 2


def test_a_provider_that_wants_to_be_left_alone_for_hours_ends_the_call(play):
    """The wait is bounded too."""
    books, fault, _ = play(error(429, "tomorrow", {"retry-after": "86400"}))
    assert isinstance(fault, ModelError)
    assert "rate-limit" in fault.message
    assert len(books.failures) == 1


def test_a_slow_server_is_given_up_and_may_have_charged(play):
    """The time of an attempt is bounded, also where bytes keep coming."""
    call = replace(HELLO, timeout_seconds=0.4)
    for reply in (completion("late", delay_seconds=30),
                  replace(completion("late"), piece_bytes=1, pause_seconds=0.1)):  # fmt: skip
        books, fault, _ = play(reply, call)
        assert isinstance(fault, ModelError)
        assert [body.reason for body in books.failures] == ["timeout"] * 2
        assert books.failures[0].counted_tokens > 0


def test_an_unreachable_server_is_said_to_be(teller):
    """Nobody listens there."""
    books = Books(run=f"r-{time.monotonic_ns()}")
    endpoint = Endpoint("openai-api/local/scripted", "http://127.0.0.1:9/v1")
    with pytest.raises(ModelError, match="unreachable"):
        Asking(books, teller, endpoint).ask(HELLO)
    assert [body.reason for body in books.failures] == ["unreachable"] * 3


def test_ten_megabytes_of_text_are_cut_and_the_cut_is_recorded(play):
    """What is kept is bounded; so is what lies in the content store."""
    books, answered, _ = play(completion("ü" * 5_000_000), replace(HELLO, most_answer_bytes=9999))
    assert len(answered.message.text.encode()) == 9998
    assert answered.cut_bytes == 10_000_000 - 9998
    (body,) = books.answers()
    assert read_answer(books.fetch, body.answer).cut_bytes == answered.cut_bytes
    assert sum(map(len, books.objects.values())) < 40_000


def test_a_refusal_is_an_answer_that_ends_the_call(play):
    """It was paid for, so its use is recorded."""
    books, fault, _ = play(completion("I cannot", finish="content_filter", usage=(7, 2)))
    assert isinstance(fault, ModelError)
    assert "declined" in fault.message
    assert books.answers()[0].counted_tokens == 9


def test_tool_calls_come_back_as_wishes(play):
    """Arguments are read, or said to be unreadable; also for tools that nobody offered."""
    reply = completion(None, tool_calls=[("read", '{"path": "a.py"}'), ("read", "{"), ("rm", "[]")])
    _, answered, server = play(reply, replace(HELLO, tools=(TOOL,)))
    first, second, third = answered.message.uses
    assert (first.name, first.arguments, first.fault) == ("read", {"path": "a.py"}, "")
    assert second.fault
    assert third.name == "rm"
    assert server.requests[0]["tools"][0]["function"]["name"] == "read"


@pytest.mark.parametrize("model", ["openai/gpt-4o", "openai/gpt-5", "anthropic/claude-sonnet-4"])
def test_no_client_tries_again_by_itself(teller, serve, model):
    """Of each kind of client: one request for each attempt that the books hold."""
    server = serve(in_turn(error(500), error(529), error(503), error(500)))
    books = Books(run=f"r-{time.monotonic_ns()}")
    with pytest.raises(ModelError, match="server"):
        Asking(books, teller, Endpoint(model, server.url.removesuffix("/v1"))).ask(HELLO)
    assert [body.reason for body in books.failures] == ["server"] * 4
    assert len(server.requests) == 4


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner,
                                                                max_size=3),
    max_leaves=6,
)  # fmt: skip
PLACES = [
    "id", "model", "choices", "choices.0", "choices.0.finish_reason", "choices.0.message",
    "choices.0.message.role", "choices.0.message.content", "choices.0.message.tool_calls",
    "choices.0.message.reasoning", "usage", "usage.prompt_tokens", "usage.prompt_tokens_details",
]  # fmt: skip


def test_no_answer_breaks_the_process_that_asks(teller, serve, endpoint_of):
    """A right answer with anything in any place: an answer or an error, and the next call works."""
    reply = [completion("well")]
    server = serve(lambda request: reply[0])
    process = teller.process

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(PLACES), JUNK)
    def ask(place, junk):
        answer = json.loads(completion("well").body)
        *path, last = [int(part) if part.isdigit() else part for part in place.split(".")]
        reduce(lambda inner, part: inner[part], path, answer)[last] = junk
        reply[0] = Reply(json.dumps(answer).encode())
        books = Books(run=f"r-{time.monotonic_ns()}")
        with contextlib.suppress(ModelError):
            Asking(books, teller, endpoint_of(server)).ask(HELLO)
        assert books.bodies

    ask()
    assert teller.process is process
    assert process.poll() is None


def test_a_stream_is_put_together(play):
    """Where the provider is told to stream: the same answer, and a cut one is none."""
    script = lambda request: streamed("well done") if request.get("stream") else error(400)  # noqa: E731
    _, answered, _ = play(script, stream=True)
    assert answered.message.text == "well done"
    books, fault, _ = play(streamed("well done", cut_at=900), stream=True)
    assert isinstance(fault, ModelError)
    assert {body.reason for body in books.failures} <= {"cut", "unreadable"}


def test_text_that_is_no_unicode_is_not_taken(play):
    """A half surrogate has no bytes; everything that is recorded must have some."""
    reply = Reply(completion("A").body.replace(b'"A"', b'"\\ud800"'))
    books, fault, _ = play(reply)
    assert isinstance(fault, ModelError)
    assert [body.reason for body in books.failures] == ["unreadable"] * 2
    books, answered, _ = play(completion("a \0 b"))
    assert answered.message.text == "a \0 b"
