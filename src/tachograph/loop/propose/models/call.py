"""What is asked of a model and what it answers, as plain values that have a canonical form.

Whatever is recorded of a call is made here: a request and an answer as JSON objects of the ledger's
content store. A request that goes on from an earlier one holds only what is new:

    {"continues": {"request": "4f..", "answer": "9c.."} or null, "model": "openai-api/local/m",
     "messages": [{"role": "user", "text": "..."}], "tools": [], "most_output_tokens": 8192,
     "temperature": null}

so that a conversation of many calls takes the room of its longest one. A later version may add keys
and never changes one. Proven by tests/loop/propose/models/test_models_asking.py and
tests/loop/test_transcript.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from tachograph import canon
from tachograph.errors import FormatError

Role = Literal["system", "user", "assistant", "tool"]
ROLES = ("system", "user", "assistant", "tool")


@dataclass(frozen=True)
class ToolUse:
    """A model wants a tool to be used."""

    id: str
    name: str
    arguments: Mapping[str, Any]
    fault: str = ""
    """Why the arguments could not be read; empty where they could."""


@dataclass(frozen=True)
class Message:
    """One message of a conversation."""

    role: Role
    text: str
    uses: tuple[ToolUse, ...] = ()
    """Tools that an assistant wants to use."""
    answers: str = ""
    """Id of the tool use that a tool's message answers."""
    name: str = ""
    """Name of that tool."""
    original: str = ""
    """An assistant's message as the provider's client keeps it, with its reasoning: it is handed
    back unchanged in the next call. Opaque JSON; empty where it was too large to keep."""


@dataclass(frozen=True)
class Tool:
    """A tool that the model may ask for."""

    name: str
    description: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """JSON schema of all arguments: `{"type": "object", "properties": {...}, "required": [..]}`."""


@dataclass(frozen=True)
class Call:
    """One question to a model."""

    messages: tuple[Message, ...]
    """The whole conversation so far."""
    tools: tuple[Tool, ...] = ()
    most_output_tokens: int = 16_384
    temperature: float | None = None
    """None: the provider's own."""
    timeout_seconds: float = 600.0
    """For one attempt, from the first byte sent to the last one read."""
    most_answer_bytes: int = 1 << 20
    """Of the answer's text (UTF-8); what is longer is cut, and the cut is recorded."""

    @property
    def most_input_tokens(self) -> int:
        """Upper bound on the tokens that the provider reads.

        A token of a tokenizer over bytes stands for at least one byte; to that come the marks of a
        chat template, and the provider's own instructions about tools.
        """
        return sum(64 + _bytes(message_plain(m)) for m in self.messages) + sum(
            1024 + _bytes(tool_plain(t)) for t in self.tools
        )


@dataclass(frozen=True)
class Usage:
    """Tokens by the provider's count; None where it did not say."""

    input_tokens: int | None = None
    """All that was read, also what came from or went to its cache."""
    output_tokens: int | None = None
    """All that was written, thoughts included."""
    cached_tokens: int = 0
    """Part of the input that was read from the provider's cache."""
    cache_written_tokens: int = 0
    """Part of the input that was put there."""
    cost_usd: float | None = None
    """What the provider says it cost."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    message: Message
    """To be appended to the conversation."""
    stop: str
    """stop, max_tokens, model_length, tool_calls, content_filter or unknown."""
    usage: Usage
    cut_bytes: int = 0
    """Bytes of text that were left out at the end; 0: none."""
    reasoning: str = ""
    """Thoughts that the provider shows; for people, cut to most_answer_bytes too."""
    model: str = ""
    """The provider's own name of what answered."""
    seconds: float = 0.0


@dataclass(frozen=True)
class Failure:
    """An attempt that came to nothing."""

    reason: str
    """One of REASONS."""
    detail: str
    seconds: float = 0.0
    retry_after_seconds: float | None = None
    """How long the provider wants to be left alone."""


REASONS = {
    "rate-limit": "the provider wants fewer calls (429)",
    "server": "the provider's own fault (5xx)",
    "unreachable": "no connection",
    "cut": "the connection broke before the answer was complete",
    "timeout": "no complete answer in time",
    "too-large": "an answer of more bytes than can be the protocol's",
    "unreadable": "an answer that is not the protocol's",
    "rejected": "the provider does not take this request (4xx)",
    "broken": "the process that asks models ended",
}
"""Why an attempt failed."""
UNPAID = frozenset({"rate-limit", "server", "unreachable", "rejected"})
"""Failures that no provider charges for; after any other it may have."""


# -- plain forms -----------------------------------------------------------------------------------


def message_plain(message: Message) -> dict[str, Any]:
    """JSON value of a message; what is empty is left out. Arguments are JSON text: a model may
    write numbers that have no canonical form."""
    plain: dict[str, Any] = {"role": message.role, "text": message.text}
    if message.uses:
        plain["uses"] = [
            {"id": u.id, "name": u.name, "arguments": json.dumps(u.arguments), "fault": u.fault}
            for u in message.uses
        ]
    for key in ("answers", "name", "original"):
        if value := getattr(message, key):
            plain[key] = value
    return plain


def parse_message(plain: Mapping[str, Any]) -> Message:
    """The message of a plain form."""
    uses = tuple(
        ToolUse(u["id"], u["name"], json.loads(u["arguments"]), u["fault"])
        for u in plain.get("uses", ())
    )
    rest = {key: plain.get(key, "") for key in ("answers", "name", "original")}
    return Message(plain["role"], plain["text"], uses, **rest)


def tool_plain(tool: Tool) -> dict[str, Any]:
    """JSON value of a tool."""
    return {
        "name": tool.name,
        "description": tool.description,
        "parameters": json.dumps(tool.parameters),
    }


def parse_tool(plain: Mapping[str, Any]) -> Tool:
    """The tool of a plain form."""
    return Tool(plain["name"], plain["description"], json.loads(plain["parameters"]))


def call_plain(call: Call) -> dict[str, Any]:
    """JSON value of a whole call."""
    return {
        "messages": [message_plain(m) for m in call.messages],
        "tools": [tool_plain(t) for t in call.tools],
        "most_output_tokens": call.most_output_tokens,
        "temperature": call.temperature,
        "timeout_seconds": call.timeout_seconds,
        "most_answer_bytes": call.most_answer_bytes,
    }


def parse_call(plain: Mapping[str, Any]) -> Call:
    """The call of a plain form."""
    return Call(
        messages=tuple(parse_message(m) for m in plain["messages"]),
        tools=tuple(parse_tool(t) for t in plain["tools"]),
        most_output_tokens=plain["most_output_tokens"],
        temperature=plain["temperature"],
        timeout_seconds=plain["timeout_seconds"],
        most_answer_bytes=plain["most_answer_bytes"],
    )


def outcome_plain(outcome: Answer | Failure) -> dict[str, Any]:
    """JSON value of what an attempt came to."""
    plain = dict(vars(outcome))
    if isinstance(outcome, Answer):
        return plain | {"message": message_plain(outcome.message), "usage": vars(outcome.usage)}
    return plain


def parse_outcome(plain: Mapping[str, Any]) -> Answer | Failure:
    """What an attempt came to, of a plain form."""
    if "message" in plain:
        parts = {"message": parse_message(plain["message"]), "usage": Usage(**plain["usage"])}
        return Answer(**{**plain, **parts})
    return Failure(**plain)


def _bytes(plain: Mapping[str, Any]) -> int:
    return len(json.dumps(plain, ensure_ascii=False).encode(errors="replace"))


# -- as the ledger holds them ----------------------------------------------------------------------


@dataclass(frozen=True)
class Recorded:
    """A call that was answered, as it lies in the content store."""

    request: str
    """SHA-256 of the request."""
    answer: str
    """SHA-256 of the answer."""
    call: Call
    outcome: Answer

    @property
    def conversation(self) -> tuple[Message, ...]:
        """The messages up to the answer, and it."""
        return (*self.call.messages, self.outcome.message)


def encode_request(model: str, call: Call, before: Recorded | None) -> bytes:
    """Canonical bytes of a request; only what is new, where it goes on from `before`."""
    told = before.conversation if before else ()
    goes_on = before is not None and call.messages[: len(told)] == told
    plain = call_plain(call)
    for key in ("timeout_seconds", "most_answer_bytes"):
        del plain[key]
    if goes_on:
        plain["messages"] = plain["messages"][len(told) :]
    continues = {"request": before.request, "answer": before.answer} if before and goes_on else None
    return canon.encode({"continues": continues, "model": model, **plain})


def encode_answer(answer: Answer) -> bytes:
    """Canonical bytes of an answer."""
    return canon.encode(outcome_plain(answer))


def read_request(fetch: Callable[[str], bytes], digest: str) -> Call:
    """The whole call that a recorded request stands for. Raises FormatError, what `fetch` does."""
    parts: list[Sequence[Message]] = []
    newest: dict[str, Any] | None = None
    step: str | None = digest
    while step is not None:
        plain = _object(fetch(step))
        newest = newest or plain
        parts.append([parse_message(m) for m in plain["messages"]])
        before = plain["continues"]
        step = before["request"] if before else None
        if before:
            parts.append([read_answer(fetch, before["answer"]).message])
    assert newest is not None
    messages = tuple(message for part in reversed(parts) for message in part)
    tools = tuple(parse_tool(t) for t in newest["tools"])
    return Call(messages, tools, newest["most_output_tokens"], newest["temperature"])


def new_messages(fetch: Callable[[str], bytes], digest: str) -> tuple[Message, ...]:
    """The messages that a recorded request added. Raises FormatError, and what `fetch` does."""
    return tuple(parse_message(m) for m in _object(fetch(digest))["messages"])


def read_answer(fetch: Callable[[str], bytes], digest: str) -> Answer:
    """A recorded answer. Raises FormatError, and what `fetch` does."""
    answer = parse_outcome(_object(fetch(digest)))
    if not isinstance(answer, Answer):
        raise FormatError(f"object {digest} is no answer", hint="compare it with docs/reference")
    return answer


def _object(data: bytes) -> dict[str, Any]:
    plain = canon.decode(data)
    if not isinstance(plain, dict):
        raise FormatError("not a request or an answer", hint="verify the ledger")
    return plain
