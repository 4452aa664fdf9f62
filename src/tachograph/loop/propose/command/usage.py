"""What an agent says that it used: tokens and money, read from its own output.

These are an agent's claims about itself; a budget of money that must hold is set where it is paid.
One reader a format, each given the whole output, which may be cut or anything at all: what cannot
be read is not known, and never 0. Proven by tests/loop/propose/command/test_usage.py.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

MOST = 1 << 52
LINE_CHARACTERS = 4 << 20


@dataclass(frozen=True)
class Usage:
    """Tokens and money of one turn; None: it did not say."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None


def claude(output: str) -> Usage:
    """Claude Code's last `result` event: {"type": "result", "total_cost_usd": 0.1, "usage": {...}}.

    Tokens read from and written to its cache were read too.
    """
    found = Usage()
    for event in events(output):
        if event.get("type") == "result":
            used = event.get("usage")
            used = used if isinstance(used, dict) else {}
            read = [whole(used.get(key)) for key in ("input_tokens", "cache_creation_input_tokens",
                                                     "cache_read_input_tokens")]  # fmt: skip
            told = [count for count in read if count is not None]
            found = Usage(sum(told) if told else None, whole(used.get("output_tokens")),
                          amount(event.get("total_cost_usd")))  # fmt: skip
    return found


def codex(output: str) -> Usage:
    """Codex's `turn.completed` events, added up; what was cached is within the input."""
    read, written = [], []
    for event in events(output):
        used = event.get("usage")
        if event.get("type") == "turn.completed" and isinstance(used, dict):
            read.append(whole(used.get("input_tokens")))
            written.append(whole(used.get("output_tokens")))
    return Usage(total(read), total(written))


SENT = re.compile(r"Tokens: ([\d.]+)(k?) sent.*?([\d.]+)(k?) received\.")
SPENT = re.compile(r"Cost: \$[\d.]+ message, \$([\d.]+) session\.")


def aider(output: str) -> Usage:
    """aider's lines `Tokens: 2.3k sent, 120 received. Cost: $0.01 message, $0.02 session.`

    It rounds: tokens to two digits or thousands, money to cents.
    """
    read, written, cost = [], [], None
    for line in output.splitlines():
        if match := SENT.search(line):
            read.append(rounded(match[1], match[2]))
            written.append(rounded(match[3], match[4]))
        if match := SPENT.search(line):
            cost = amount(plain_number(match[1]))
    return Usage(total(read), total(written), cost)


def mini(output: str) -> Usage:
    """mini-swe-agent's trajectory file: {"info": {"model_stats": {"instance_cost": 0.1}}}."""
    tree = parsed(output)
    for key in ("info", "model_stats", "instance_cost"):
        tree = tree.get(key) if isinstance(tree, dict) else None
    return Usage(cost_usd=amount(tree))


READERS: dict[str, Callable[[str], Usage]] = {
    "claude": claude, "codex": codex, "aider": aider, "mini": mini,
}  # fmt: skip
"""By the name that a preset gives."""
IN_A_FILE = frozenset({"mini"})
"""Formats that are read from {usage_file}, not from the output."""


def events(output: str) -> Iterator[dict[str, Any]]:
    """The lines that are JSON objects."""
    for line in output.splitlines():
        if line.startswith("{") and len(line) <= LINE_CHARACTERS:
            event = parsed(line)
            if isinstance(event, dict):
                yield event


def parsed(text: str) -> Any:
    """The JSON value; None where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def whole(value: Any) -> int | None:
    """A count that may be believed to be one."""
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MOST
    return value if fits else None


def amount(value: Any) -> float | None:
    """A sum of money that may be believed to be one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and 0 <= value < MOST else None


def total(counts: list[int | None]) -> int | None:
    """Their sum; None where there is none, or one that could not be read."""
    known = [count for count in counts if count is not None]
    return sum(known) if known and len(known) == len(counts) else None


def plain_number(digits: str) -> float | None:
    """The number that these digits and points make."""
    try:
        return float(digits)
    except ValueError:
        return None


def rounded(digits: str, thousands: str) -> int | None:
    """A count as aider rounds it."""
    number = plain_number(digits)
    return None if number is None else whole(round(number * (1000 if thousands else 1)))
