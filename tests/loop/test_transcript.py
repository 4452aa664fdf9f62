"""A turn's conversation is read back: each message once, failures where they happened."""

from __future__ import annotations

import hashlib

from tachograph.ledger.kinds import ModelAnswered, ModelFailed, TurnBegun
from tachograph.loop.archive import Turn
from tachograph.loop.propose.models.call import (
    Answer,
    Call,
    Message,
    Recorded,
    ToolUse,
    Usage,
    encode_answer,
    encode_request,
)
from tachograph.loop.transcript import transcript

STORE: dict[str, bytes] = {}


def put(data):
    digest = hashlib.sha256(data).hexdigest()
    STORE[digest] = data
    return digest


def turn_of(answers, failures):
    begun = TurnBegun("r-1", 1, 1, "model:m", "c-1", "", 0)
    return Turn(begun, 0, answers=answers, failures=failures)


def exchange(number, call, answer, before, tokens=10, cost=0.5):
    request, digest = put(encode_request("m", call, before)), put(encode_answer(answer))
    source = "unknown" if cost is None else "prices"
    body = ModelAnswered("r-1", 1, number, "m", request, digest, tokens, tokens, cost, source, 1.5,
                         5, cost)  # fmt: skip
    return body, Recorded(request, digest, call, answer)


def test_a_conversation_with_a_failure_and_a_tool():
    """Two calls; the first one failed once; the second adds two messages."""
    first = Call((Message("system", "be brief"), Message("user", "hello")))
    use = ToolUse("u1", "read", {"path": "a.py"})
    reply = Answer(Message("assistant", "", (use,)), "tool_calls", Usage(), reasoning="hm")
    one, before = exchange(1, first, reply, None, cost=None)
    failed = ModelFailed("r-1", 1, 1, "m", one.request, "timeout", "too late", 9.0, 77, None)
    second = Call((*before.conversation, Message("tool", "x = 1", answers="u1", name="read")))
    last = Answer(Message("assistant", "done"), "stop", Usage(), cut_bytes=5)
    two, _ = exchange(2, second, last, before, tokens=None)
    parts = list(transcript(STORE.__getitem__, turn_of([one, two], [failed])))
    assert [(part.call, part.who) for part in parts] == [
        (1, "system"), (1, "user"), (1, "failure"), (1, "thoughts"), (1, "assistant"),
        (2, "tool"), (2, "assistant"),
    ]  # fmt: skip
    assert parts[2].about == "m: timeout after 9.0 s; counts as 77 tokens"
    assert parts[4].text == "read {'path': 'a.py'}"
    assert "cost unknown" in parts[4].about
    assert parts[6].about == ("m: unknown tokens read, unknown written, $0.5000 by prices, 1.5 s, "
                              "ended by stop, 5 bytes cut")  # fmt: skip


def test_a_turn_that_asked_nobody_has_none():
    """Recipes, hands and commands."""
    assert not list(transcript(STORE.__getitem__, turn_of([], [])))
