"""What was said in a turn, as Inspect's messages, and what it cost, as Inspect's usage.

Proven by tests/inspect/test_export.py. Not covered: thoughts that a provider sealed; they stay in
the ledger's objects.
"""

from __future__ import annotations

from collections.abc import Iterator

from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageTool,
    ChatMessageUser,
    Content,
    ContentReasoning,
    ContentText,
    ModelUsage,
)
from inspect_ai.tool import ToolCall

from tachograph.ledger.kinds import CommandEnded, ModelAnswered, ModelFailed
from tachograph.loop.archive import Turn
from tachograph.loop.propose.models.call import Answer, Message, new_messages, read_answer
from tachograph.loop.transcript import Fetch, Part, transcript


def messages_of(fetch: Fetch, turn: Turn) -> list[ChatMessage]:
    """The turn's conversation: with tools where a model had some, a coding agent's as it printed
    it. Raises what `fetch` does, and FormatError.
    """
    if not turn.answers:
        return [spoken(part) for part in transcript(fetch, turn)]
    return list(asked_and_answered(fetch, turn))


def asked_and_answered(fetch: Fetch, turn: Turn) -> Iterator[ChatMessage]:
    """Each message once; what failed stands where it did, as a word from us."""
    shown: set[str] = set()
    calls: list[ModelFailed | ModelAnswered] = [*turn.failures, *turn.answers]
    for body in sorted(calls, key=lambda body: (body.call, isinstance(body, ModelAnswered))):
        if body.request not in shown:
            shown.add(body.request)
            for message in new_messages(fetch, body.request):
                yield said(message)
        if isinstance(body, ModelAnswered):
            yield answered(read_answer(fetch, body.answer), body.model)
        else:
            # in the assistant's place: a system message would be shown at the top
            yield ChatMessageAssistant(content=f"(the call failed: {body.reason}) {body.detail}",
                                       model=body.model)  # fmt: skip


def said(message: Message) -> ChatMessage:
    """One message that a model was sent."""
    if message.role == "system":
        return ChatMessageSystem(content=message.text)
    if message.role == "tool":
        return ChatMessageTool(content=message.text, tool_call_id=message.answers,
                               function=message.name)  # fmt: skip
    if message.role == "assistant":
        return ChatMessageAssistant(content=message.text, tool_calls=tool_calls(message))
    return ChatMessageUser(content=message.text)


def answered(answer: Answer, model: str) -> ChatMessageAssistant:
    """What a model said, with the thoughts that it shows."""
    parts: list[Content] = []
    if answer.reasoning:
        parts.append(ContentReasoning(reasoning=answer.reasoning))
    parts.append(ContentText(text=answer.message.text))
    return ChatMessageAssistant(content=parts, model=model, tool_calls=tool_calls(answer.message))


def tool_calls(message: Message) -> list[ToolCall] | None:
    """The tools that it wants to use."""
    return [
        ToolCall(id=use.id, function=use.name, arguments=dict(use.arguments),
                 parse_error=use.fault or None)
        for use in message.uses
    ] or None  # fmt: skip


def spoken(part: Part) -> ChatMessage:
    """A part of a transcript that is no model's: a coding agent's output, a failure."""
    text = f"{part.about}\n\n{part.text}".strip()
    return ChatMessageAssistant(content=text)


def usage_of(turn: Turn) -> dict[str, ModelUsage]:
    """By model, what its provider said; a coding agent's stands under its proposer's name."""
    found: dict[str, ModelUsage] = {}
    for body in counted(turn):
        name = body.model if isinstance(body, ModelAnswered) else turn.begun.proposer
        found[name] = found.get(name, ModelUsage()) + used(body)
    return found


def counted(turn: Turn) -> list[ModelAnswered | CommandEnded]:
    """All in a turn that cost tokens."""
    return [*turn.answers, *(end for _, end in turn.commands if end)]


def used(body: ModelAnswered | CommandEnded) -> ModelUsage:
    """One call's. What was not said counts as nothing; the metadata says how many those are."""
    read, written = body.input_tokens or 0, body.output_tokens or 0
    return ModelUsage(input_tokens=read, output_tokens=written, total_tokens=read + written,
                      total_cost=body.cost_usd)  # fmt: skip


def untold(turn: Turn) -> int:
    """Calls whose provider said nothing of tokens."""
    return sum(body.input_tokens is None or body.output_tokens is None for body in counted(turn))
