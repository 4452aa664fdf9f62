"""What was said in a turn, read back from the ledger: a conversation with a model, each message
once, in order, or what a coding agent printed.

Proven by tests/loop/test_transcript.py and tests/loop/propose/command/test_proposer.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tachograph.ledger.kinds import CommandBegun, CommandEnded, ModelAnswered, ModelFailed
from tachograph.loop.archive import Turn
from tachograph.loop.propose.models.call import Answer, Message, new_messages, read_answer

Fetch = Callable[[str], bytes]


@dataclass(frozen=True)
class Part:
    """One thing that was said, or that failed."""

    call: int
    """Number of the call, or of the agent's run, in the turn, from 1."""
    who: str
    """system, user, assistant, tool, thoughts, failure or command."""
    about: str
    """A line of ours: what it cost, why it ended; may be empty."""
    text: str
    """Untrusted."""


def transcript(fetch: Fetch, turn: Turn) -> Iterator[Part]:
    """Everything that was said in a turn. Raises what `fetch` does, and FormatError."""
    shown: set[str] = set()
    for call in sorted({b.call for b in turn.answers} | {b.call for b in turn.failures}):
        bodies: list[ModelFailed | ModelAnswered] = [b for b in turn.failures if b.call == call]
        bodies += [b for b in turn.answers if b.call == call]
        for body in bodies:
            if body.request not in shown:
                shown.add(body.request)
                yield from asked(fetch, body)
            yield from answer(fetch, body) if isinstance(body, ModelAnswered) else failure(body)
    for number, (begun, ended) in enumerate(turn.commands, 1):
        said_by_it = fetch(ended.transcript).decode("utf-8", "replace") if ended else ""
        yield Part(number, "command", command_line(begun, ended), said_by_it)


def command_line(begun: CommandBegun, ended: CommandEnded | None) -> str:
    """One line on a coding agent's run."""
    version = f" ({begun.version})" if begun.version else ""
    lets_in = ", ".join(begun.opened) or "nothing"
    how = "killed with the run, its end not known"
    if ended:
        reason = f"exit code {ended.status}" if ended.reason == "exited" else ended.reason
        how = f"{reason} after {ended.wall_seconds:.1f} s{' (its output is cut)' * ended.cut}"
        if ended.cost_usd is not None:
            how += f", says that it cost ${ended.cost_usd:.4f}"
    return (
        f"{begun.command}{version}, in a box of level {begun.level} that lets in {lets_in}: {how}"
    )


def asked(fetch: Fetch, body: ModelAnswered | ModelFailed) -> Iterator[Part]:
    """The messages that this call added to the conversation."""
    for message in new_messages(fetch, body.request):
        about = f"answers {message.name}" if message.role == "tool" else ""
        yield Part(body.call, message.role, about, said(message))


def answer(fetch: Fetch, body: ModelAnswered) -> Iterator[Part]:
    """What came back, and what it cost."""
    found = read_answer(fetch, body.answer)
    if found.reasoning:
        yield Part(body.call, "thoughts", "", found.reasoning)
    yield Part(body.call, "assistant", cost(body, found), said(found.message))


def failure(body: ModelFailed) -> Iterator[Part]:
    """An attempt that came to nothing."""
    counted = f"; counts as {body.counted_tokens} tokens" if body.counted_tokens else ""
    about = f"{body.model}: {body.reason} after {body.seconds:.1f} s{counted}"
    yield Part(body.call, "failure", about, body.detail)


def cost(body: ModelAnswered, found: Answer) -> str:
    """One line on an answer."""
    read = "unknown" if body.input_tokens is None else str(body.input_tokens)
    written = "unknown" if body.output_tokens is None else str(body.output_tokens)
    money = (
        "cost unknown" if body.cost_usd is None else f"${body.cost_usd:.4f} by {body.cost_source}"
    )
    cut = f", {found.cut_bytes} bytes cut" if found.cut_bytes else ""
    return (
        f"{body.model}: {read} tokens read, {written} written, {money}, {body.seconds:.1f} s, "
        f"ended by {found.stop}{cut}"
    )


def said(message: Message) -> str:
    """A message's text and the tools that it wants to use."""
    uses = [f"{use.name} {dict(use.arguments)!r}{use.fault}" for use in message.uses]
    return "\n".join([*([message.text] if message.text or not uses else []), *uses])
