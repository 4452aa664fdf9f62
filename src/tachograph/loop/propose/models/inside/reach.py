"""One attempt of one call, through Inspect AI: its values in, its values out, its errors sorted.

Inspect would try again by itself (`max_retries`), and so would the client under it; both are told
not to, so that each attempt that may be paid is one that we know of. Each call runs in a context of
its own, so that Inspect's transcript of it goes when it ends. Proven by
tests/loop/propose/models/test_models_cases.py. Not covered: what a provider charges for an attempt
that it does not answer.
"""

from __future__ import annotations

import asyncio
import contextvars
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageTool,
    ChatMessageUser,
    ContentReasoning,
    GenerateConfig,
    Model,
    ModelOutput,
    get_model,
)
from inspect_ai.tool import ToolCall, ToolInfo, ToolParams

from tachograph.loop.propose.models.call import Answer, Call, Failure, Message, Tool, ToolUse, Usage
from tachograph.loop.propose.models.inside.bound import TooLargeError, bound

DETAIL_CHARACTERS = 2_000
SIDE_BY_SIDE = 1_000
"""More calls at once than there will be seats: the seats are the limit."""
NO_KEY = "none-needed"
MOST_TOKENS = 1 << 40
"""A count beyond this is no count."""


class Reach:
    """Models by name, each made once."""

    def __init__(self) -> None:
        self.models: dict[str, Model] = {}

    def model(self, name: str, base_url: str, arguments: Mapping[str, Any]) -> Model:
        """The handle of a model. Raises whatever Inspect does for a wrong name or a missing key."""
        key = json.dumps([name, base_url, dict(arguments)], sort_keys=True)
        if key not in self.models:
            model = get_model(
                name,
                base_url=base_url or None,
                api_key=key_unless_known(name, base_url),
                memoize=False,
                **arguments,
            )
            bound(getattr(model.api, "client", None))
            self.models[key] = model
        return self.models[key]

    async def ask(self, model: Model, call: Call) -> Answer | Failure:
        """One attempt, within the call's time."""
        began = time.monotonic()
        work = asyncio.create_task(generate(model, call), context=contextvars.Context())
        try:
            output = await asyncio.wait_for(work, call.timeout_seconds)
            return answer_of(output, call, time.monotonic() - began)
        except TimeoutError:
            seconds = time.monotonic() - began
            return Failure("timeout", f"no complete answer in {seconds:.0f} s", seconds)
        # the edge to other people's code: a client, a provider, a server of any kind
        except Exception as error:  # noqa: BLE001
            return failure_of(error, time.monotonic() - began)


async def generate(model: Model, call: Call) -> ModelOutput:
    """Inspect's own call."""
    config = GenerateConfig(
        max_tokens=call.most_output_tokens,
        temperature=call.temperature,
        max_retries=0,
        max_connections=SIDE_BY_SIDE,
        # else Inspect finds out by a call of its own, which is paid and which nobody recorded
        reasoning_summary="none" if hasattr(model.api, "reasoning_summaries") else None,
    )
    messages = [message_for(message) for message in call.messages]
    return await model.generate(messages, tools=[tool_for(t) for t in call.tools], config=config)


def key_unless_known(name: str, base_url: str) -> str | None:
    """A server of one's own mostly wants no key, but Inspect wants one to send.

    `openai-api/SERVICE/MODEL` reads SERVICE_API_KEY; where that is set, it is used.
    """
    provider, _, rest = name.partition("/")
    service = rest.partition("/")[0].upper().replace("-", "_")
    if provider == "openai-api" and base_url and not os.environ.get(f"{service}_API_KEY"):
        return NO_KEY
    return None


# -- in ------------------------------------------------------------------------------------------


def message_for(message: Message) -> ChatMessage:
    """A message as Inspect has it."""
    if message.role == "system":
        return ChatMessageSystem(content=message.text)
    if message.role == "user":
        return ChatMessageUser(content=message.text)
    if message.role == "tool":
        return ChatMessageTool(
            content=message.text, tool_call_id=message.answers, function=message.name
        )
    if message.original:
        return ChatMessageAssistant.model_validate_json(message.original)
    calls = [ToolCall(id=u.id, function=u.name, arguments=dict(u.arguments)) for u in message.uses]
    return ChatMessageAssistant(content=message.text, tool_calls=calls or None)


def tool_for(tool: Tool) -> ToolInfo:
    """A tool as Inspect has it."""
    parameters = ToolParams.model_validate(dict(tool.parameters))
    return ToolInfo(name=tool.name, description=tool.description, parameters=parameters)


# -- out -----------------------------------------------------------------------------------------


def answer_of(output: ModelOutput, call: Call, seconds: float) -> Answer | Failure:
    """What Inspect gives back, bounded."""
    if output.empty:
        return Failure("unreadable", "an answer without a choice", seconds)
    message = output.message
    text, cut_bytes = cut(plain_text(message.text), call.most_answer_bytes)
    uses = [tool_use(use) for use in message.tool_calls or ()]
    original = message.model_dump_json(exclude_none=True)
    if len(original) > 2 * call.most_answer_bytes:
        original = ""
    if not original and uses:
        return Failure("too-large", "tool calls of more bytes than an answer may have", seconds)
    return Answer(
        message=Message("assistant", text, tuple(uses), original=plain_text(original)),
        stop=str(output.stop_reason),
        usage=usage_of(output),
        cut_bytes=cut_bytes,
        reasoning=cut(plain_text(reasoning_of(message)), call.most_answer_bytes)[0],
        model=plain_text(str(output.model))[:200],
        seconds=seconds,
    )


def tool_use(use: ToolCall) -> ToolUse:
    """A wish to use a tool."""
    fault = plain_text(str(use.parse_error or ""))[:DETAIL_CHARACTERS]
    return ToolUse(plain_text(str(use.id)), plain_text(str(use.function)), use.arguments, fault)


def reasoning_of(message: ChatMessageAssistant) -> str:
    """Thoughts that the provider shows."""
    if isinstance(message.content, str):
        return ""
    parts = (part for part in message.content if isinstance(part, ContentReasoning))
    return "\n\n".join((part.summary or "") if part.redacted else part.reasoning for part in parts)


def usage_of(output: ModelOutput) -> Usage:
    """Tokens and money, where the provider says them and they can be."""
    usage = output.usage
    if usage is None:
        return Usage()
    cached = count(usage.input_tokens_cache_read) or 0
    written = count(usage.input_tokens_cache_write) or 0
    fresh = count(usage.input_tokens)
    return Usage(
        input_tokens=None if fresh is None else fresh + cached + written,
        output_tokens=count(usage.output_tokens),
        cached_tokens=cached,
        cache_written_tokens=written,
        cost_usd=usage.total_cost,
    )


def count(value: Any) -> int | None:
    """A number of tokens; None for what can be none."""
    return value if type(value) is int and 0 <= value <= MOST_TOKENS else None


def cut(text: str, most_bytes: int) -> tuple[str, int]:
    """The text, and how many bytes of it were left out."""
    data = text.encode()
    kept = data[:most_bytes].decode(errors="ignore")
    return kept, len(data) - len(kept.encode())


def plain_text(text: str) -> str:
    """Text that has an UTF-8 form: half surrogates are replaced."""
    return text.encode(errors="replace").decode()


# -- errors ----------------------------------------------------------------------------------------


def failure_of(error: BaseException, seconds: float) -> Failure:
    """The attempt's reason, from whatever was raised and what that was raised from."""
    chain = list(causes(error))
    told = next((e for e in chain if status_of(e) is not None), None)
    if any(isinstance(e, TooLargeError) for e in chain):
        large = next(e for e in chain if isinstance(e, TooLargeError))
        return Failure("too-large", str(large), seconds)
    if told is not None:
        status = status_of(told)
        assert status is not None
        return Failure(reason_of_status(status), detail_of(told), seconds, retry_after(told))
    return Failure(reason_of_names([type(e).__name__ for e in chain]), detail_of(chain[0]), seconds)


def causes(error: BaseException) -> Iterator[BaseException]:
    """The error, out of the frame that would retry it, and what it was raised from."""
    seen: list[BaseException] = []
    step: BaseException | None = error
    while step is not None and step not in seen:
        seen.append(step)
        last = getattr(step, "last_attempt", None)
        if last is None:
            yield step
        step = last.exception() if last is not None else step.__cause__ or step.__context__


def status_of(error: BaseException) -> int | None:
    """HTTP status of an error; None where it has none."""
    for name in ("status_code", "code"):
        value = getattr(error, name, None)
        if type(value) is int and 100 <= value <= 599:
            return value
    return None


def reason_of_status(status: int) -> str:
    """The reason that a status stands for."""
    if status == 429:
        return "rate-limit"
    if status >= 500 or status == 408:
        return "server"
    return "rejected" if status >= 400 else "unreadable"


REASONS_BY_NAME = (
    ("ConnectError", "unreachable"),
    ("ConnectTimeout", "unreachable"),
    ("RemoteProtocolError", "cut"),
    ("ReadError", "cut"),
    ("IncompleteRead", "cut"),
    ("ReadTimeout", "timeout"),
    ("APITimeoutError", "timeout"),
    ("APIConnectionError", "cut"),
)
"""Names of errors, the sharpest first: alike in each httpx and in clients made like OpenAI's."""


def reason_of_names(names: Sequence[str]) -> str:
    """The reason that kinds of error stand for. What is none of these could not be read."""
    return next((reason for name, reason in REASONS_BY_NAME if name in names), "unreadable")


def detail_of(error: BaseException) -> str:
    """What the error says, bounded."""
    text = str(getattr(error, "message", "") or error)
    return plain_text(f"{type(error).__name__}: {text}")[:DETAIL_CHARACTERS]


def retry_after(error: BaseException) -> float | None:
    """Seconds that the response asks to be left alone."""
    from inspect_ai._util.http import parse_retry_after

    headers = getattr(getattr(error, "response", None), "headers", None)
    return parse_retry_after(headers) if headers else None
