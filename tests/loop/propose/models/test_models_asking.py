"""Steps of a call: held, recorded before use, found again after a crash."""

from __future__ import annotations

import os
import threading
import time

import pytest
from model_workbench import CANARIES, Books
from scripted_server import Reply, completion, error, in_turn

from tachograph.errors import ModelError, UsageError
from tachograph.ledger.kinds import ModelAnswered
from tachograph.loop.propose.models import Asking, Call, Endpoint, Message, Prices, asking
from tachograph.loop.propose.models.call import read_answer, read_request
from tachograph.loop.propose.models.prices import Price
from tachograph.loop.propose.protocol import RefusedError

HELLO = Call((Message("system", "be brief"), Message("user", "hello")), timeout_seconds=30)
PRICED = Prices((("openai-api/local/*", Price(1.0, 10.0, 0.1, 2.0)),))


@pytest.fixture
def books():
    return Books(run=f"r-{time.monotonic_ns()}")


def test_a_call_is_held_by_the_budget_or_not_made(teller, serve, endpoint_of, books):
    """The bound holds what the provider counts; one over it never leaves."""
    server = serve(in_turn(completion("well", usage=(20, 30))))
    asked = Asking(books, teller, endpoint_of(server), PRICED)
    asked.ask(HELLO)
    ((tokens, money),) = books.reserved
    assert tokens == HELLO.most_input_tokens + HELLO.most_output_tokens
    assert money == pytest.approx(
        (HELLO.most_input_tokens * 2 + HELLO.most_output_tokens * 10) / 1e6
    )
    (body,) = books.answers()
    assert (body.cost_usd, body.cost_source) == (pytest.approx(0.00032), "prices")
    assert body.counted_usd == body.cost_usd
    books.tokens = tokens
    with pytest.raises(RefusedError):
        asked.ask(Call((*HELLO.messages, Message("user", "more"))))
    assert len(server.requests) == 1


def test_a_cached_prompt_costs_what_the_table_says(teller, serve, endpoint_of, books):
    """Read from the provider's cache, put into it, and the rest: three prices."""
    usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110,
             "prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 30}}  # fmt: skip
    server = serve(in_turn(completion("well", usage=usage)))
    Asking(books, teller, endpoint_of(server), PRICED).ask(HELLO)
    (body,) = books.answers()
    assert body.input_tokens == 100
    assert body.cost_usd == pytest.approx((10 * 1 + 60 * 0.1 + 30 * 2 + 10 * 10) / 1e6)


def test_a_conversation_is_recorded_once(teller, serve, endpoint_of, books):
    """A later request holds what is new; read again, it is whole."""
    server = serve(in_turn(completion("first"), completion("second")))
    asked = Asking(books, teller, endpoint_of(server))
    first = asked.ask(HELLO)
    more = Call((*first.conversation, Message("user", "and now?")), timeout_seconds=30)
    second = asked.ask(more)
    assert second.message.text == "second"
    bodies = books.answers()
    assert [body.call for body in bodies] == [1, 2]
    assert b"hello" not in books.fetch(bodies[1].request)
    read = read_request(books.fetch, bodies[1].request)
    assert [m.text for m in read.messages] == ["be brief", "hello", "first", "and now?"]
    assert [m["content"] for m in server.requests[1]["messages"]] == [m.text for m in read.messages]
    assert read_answer(books.fetch, bodies[1].answer).message.text == "second"


def test_a_recorded_answer_is_not_paid_for_again(teller, serve, endpoint_of, books):
    """The same turn after a crash: answers come back in order, also where the question changed."""
    server = serve(in_turn(completion("first"), completion("second")))
    asked = Asking(books, teller, endpoint_of(server))
    first = asked.ask(HELLO)
    again = Asking(books, teller, endpoint_of(server))
    changed = Call((Message("user", "hello, with more history"),))
    found = again.ask(changed)
    assert found.replayed
    assert found.conversation == first.conversation
    assert len(server.requests) == 1
    assert not again.ask(Call((*found.conversation, Message("user", "go on")))).replayed
    assert len(server.requests) == 2


def test_an_answer_that_was_not_recorded_is_kept(teller, serve, endpoint_of, books, folder_of):
    """The run dies between the answer and its record: the answer lies in the spool."""
    server = serve(in_turn(completion("well", usage=(20, 30))))

    class DiesError(Exception):
        pass

    def die(*_):
        raise DiesError

    record, books.record = books.record, die
    with pytest.raises(DiesError):
        Asking(books, teller, endpoint_of(server)).ask(HELLO)
    assert len(list(folder_of.glob(f"{books.run}-*.told"))) == 1
    books.record = record
    books.tokens = 0  # it is paid: a spent budget does not throw it away
    found = Asking(books, teller, endpoint_of(server)).ask(HELLO)
    assert (found.message.text, found.replayed) == ("well", True)
    assert len(books.answers()) == len(server.requests) == 1
    assert not list(folder_of.glob(f"{books.run}-*"))


def test_a_call_under_way_is_waited_for(teller, serve, endpoint_of, books):
    """The run stops while the model thinks; whoever resumes gets that answer and asks no other."""
    server = serve(in_turn(completion("well", delay_seconds=1.5)))
    threading.Timer(0.5, books.stopping.set).start()
    with pytest.raises(RefusedError, match="ending"):
        Asking(books, teller, endpoint_of(server)).ask(HELLO)
    assert not books.bodies
    books.stopping = threading.Event()
    found = Asking(books, teller, endpoint_of(server)).ask(HELLO)
    assert (found.message.text, found.replayed) == ("well", True)
    assert len(server.requests) == 1


def test_a_failure_that_was_kept_is_recorded_and_tried_again(
    teller, serve, endpoint_of, books, monkeypatch
):
    """It counts as one, and the next attempt is a new one."""
    monkeypatch.setattr(asking, "FIRST_WAIT_SECONDS", 0.01)
    server = serve(in_turn(error(500), completion("well")))
    asked = Asking(books, teller, endpoint_of(server))
    asked.asked = 1
    teller.wait(teller.post(asked.key, asked.endpoint, HELLO), books.stopping)
    found = Asking(books, teller, endpoint_of(server)).ask(HELLO)
    assert found.message.text == "well"
    assert [body.reason for body in books.failures] == ["server"]
    assert len(server.requests) == 2


def test_a_wait_ends_with_the_run(teller, serve, endpoint_of, books):
    """Nobody sits out a provider's minute while the run is ending."""
    server = serve(in_turn(error(429, "later", {"retry-after": "60"})))
    threading.Timer(0.3, books.stopping.set).start()
    began = time.monotonic()
    with pytest.raises(RefusedError):
        Asking(books, teller, endpoint_of(server)).ask(HELLO)
    assert time.monotonic() - began < 20


def test_no_secret_of_the_environment_comes_back(teller, serve, endpoint_of, books, monkeypatch):
    """A server that repeats what it was sent, and more, in answers, tool calls and errors."""
    monkeypatch.setattr(asking, "FIRST_WAIT_SECONDS", 0.01)
    secrets = " ".join(CANARIES.values())
    server = serve(in_turn(
        error(500, secrets), error(401, secrets),
        completion(secrets, message={"reasoning_content": secrets, "refusal": secrets}),
        completion(None, tool_calls=[("read", '{"path": "' + CANARIES["OPENAI_API_KEY"] + '"}')]),
    ))  # fmt: skip
    with pytest.raises(ModelError) as raised:
        Asking(books, teller, endpoint_of(server)).ask(HELLO)
    books.turn = 2
    asked = Asking(books, teller, endpoint_of(server))
    asked.desk.bodies = []
    asked.ask(HELLO)
    asked.ask(HELLO)
    assert server.headers[0]["authorization"] == f"Bearer {CANARIES['LOCAL_API_KEY']}"
    held = repr([*books.bodies, *books.objects.values(), raised.value.message])
    assert "[redacted]" in held
    for value in CANARIES.values():
        assert value not in held
        assert repr(value)[1:-1] not in held


def test_calls_of_many_seats_go_side_by_side(teller, serve, endpoint_of):
    """Eight slow answers take the time of one."""
    server = serve(lambda request: completion("well", delay_seconds=1.0))
    all_books = [Books(run=f"r-{time.monotonic_ns()}-{n}") for n in range(8)]
    threads = [threading.Thread(target=Asking(b, teller, endpoint_of(server)).ask, args=(HELLO,))
               for b in all_books]  # fmt: skip
    most = []
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        most.append(server.under_way)
        time.sleep(0.02)
    assert max(most) == 8
    assert all(len(b.answers()) == 1 for b in all_books)


def test_a_process_that_dies_is_started_again(teller_alone, serve, endpoint_of, books, monkeypatch):
    """An attempt under way is lost and said to be; the next one is made by a new process."""
    monkeypatch.setattr(asking, "FIRST_WAIT_SECONDS", 0.01)
    server = serve(in_turn(completion("never", delay_seconds=60), completion("well")))

    def kill():
        while not server.requests:
            time.sleep(0.05)
        os.kill(teller_alone.process.pid, 9)

    threading.Thread(target=kill).start()
    found = Asking(books, teller_alone, endpoint_of(server)).ask(HELLO)
    assert found.message.text == "well"
    assert [body.reason for body in books.failures] == ["broken"]
    assert books.failures[0].counted_tokens > 0


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ("nonsense", "PROVIDER/MODEL|api_name"),
        ("nosuch/model", "not recognized"),
        ("openai-api/unknown", "service prefix"),
        ("groq/llama", "GROQ|groq"),
    ],
)
def test_a_model_that_cannot_be_asked_is_said_before_the_run(teller, model, says):
    """A wrong name, a missing key, a missing client: a usage error with a next step."""
    with pytest.raises(UsageError, match=says) as raised:
        teller.open(Endpoint(model))
    assert raised.value.hint


@pytest.mark.parametrize("url", ["localhost:8080", "file:///etc/passwd", "http://u:p@host/v1",
                                 "http://host/v1?key=1", "http://"])  # fmt: skip
def test_an_address_holds_no_key(url):
    """It would be recorded with the run."""
    with pytest.raises(UsageError):
        Endpoint("openai-api/local/m", url)


def test_a_server_without_a_key_is_reached(teller, serve, books):
    """Most servers of one's own want none; Inspect wants to send one."""
    server = serve(in_turn(completion("well")))
    Asking(books, teller, Endpoint("openai-api/keyless/m", server.url)).ask(HELLO)
    assert server.headers[0]["authorization"] == "Bearer none-needed"
    assert isinstance(books.bodies[0], ModelAnswered)


def test_the_content_of_a_frame_that_is_no_frame(teller, serve, endpoint_of, books):
    """What libraries print goes elsewhere: replies stay in step over many calls."""
    server = serve(lambda request: Reply(completion("x" * 70_000).body))
    for turn in range(1, 6):
        books.turn = turn
        books.bodies.clear()
        text = Asking(books, teller, endpoint_of(server)).ask(HELLO).message.text
        assert text == "x" * 70_000
