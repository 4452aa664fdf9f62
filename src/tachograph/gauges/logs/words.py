"""What was said in sessions, for a judge to read: by people, by the agent, by its tools.

The same logs as read.py counts, in the order in which things were said. Tables and Inspect logs
hold no such words here: they bring their success with them. Proven by
tests/gauges/logs/test_logs_words.py. Not covered: pictures, thoughts, sub-agents.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tachograph.errors import FormatError
from tachograph.gauges.logs import atif, claude_code, codex
from tachograph.gauges.logs.lines import objects, parts, texts
from tachograph.gauges.logs.read import SUFFIXES
from tachograph.gauges.read.rows import parse_json, read_text

Who = Literal["person", "agent", "tool", "notice"]


@dataclass(frozen=True)
class Said:
    """One thing that was said. The text is from outside and not to be trusted."""

    who: Who
    """A notice is the program's own: that a person interrupted it."""
    text: str


@dataclass(frozen=True)
class Words:
    """What was said in a session."""

    session: str
    """Its id, as read_sessions gives it."""
    said: tuple[Said, ...]

    @property
    def request(self) -> str:
        """The first thing that a person said."""
        return next(each.text for each in self.said if each.who == "person")

    @property
    def prompts(self) -> int:
        """How often a person said something, the first time included."""
        return sum(each.who == "person" for each in self.said)


def read_words(path: Path) -> list[Words]:
    """The words of all sessions of a file or a folder that have some, in the order of the files.

    Raises FormatError naming file and line.
    """
    if path.is_dir():
        found = sorted(each for each in path.rglob("*") if each.suffix in SUFFIXES)
        return [words for each in found for words in read_words(each)]
    reader = _reader(path)
    if reader is None:
        return []
    name, said = reader(path)
    return [Words(name, said)] if any(each.who == "person" for each in said) else []


Reader = Callable[[Path], tuple[str, tuple[Said, ...]]]


def _reader(path: Path) -> Reader | None:
    if path.suffix == ".json":
        return _of_trajectory
    if path.suffix == ".jsonl":
        _, first = next(objects(path), (0, {}))
        if claude_code.is_one(first):
            return _of_transcript
        if codex.is_one(first):
            return _of_rollout
    return None


def _of_transcript(path: Path) -> tuple[str, tuple[Said, ...]]:
    """Claude Code's."""
    name, said = path.stem, list[Said]()
    for _, line in objects(path):
        if line.get("isSidechain") or line.get("isMeta"):
            continue
        if line.get("type") in ("user", "assistant"):
            name = str(line.get("sessionId") or name)
        message = line.get("message")
        if isinstance(message, dict):
            said += _of_message(line.get("type"), message.get("content"))
    return name, tuple(said)


def _of_message(kind: Any, content: Any) -> Iterator[Said]:
    if kind == "assistant":
        yield from (Said("agent", text) for text in texts(content) if text.strip())
        yield from (Said("agent", _use(use.get("name"), use.get("input")))
                    for use in parts(content, "tool_use"))  # fmt: skip
    elif kind == "user":
        for result in parts(content, "tool_result"):
            yield Said("tool", " ".join(texts(result.get("content"))))
        for text in texts(content):
            if text.startswith(claude_code.INTERRUPTED):
                yield Said("notice", text)
            elif text.strip() and not text.lstrip().startswith(claude_code.NO_PERSON):
                yield Said("person", text)


def _of_rollout(path: Path) -> tuple[str, tuple[Said, ...]]:
    """Codex's. Messages are there twice, as events and as items: the events count."""
    name, said = path.stem, list[Said]()
    for number, line in objects(path):
        payload = line.get("payload")
        if not isinstance(payload, dict):
            raise FormatError(f"{path}:{number}: no line of a rollout", hint="mend the line")
        kind = payload.get("type")
        if line.get("type") == "session_meta":
            name = str(payload.get("id") or name)
        elif kind == "user_message":
            said.append(Said("person", str(payload.get("message", ""))))
        elif kind == "agent_message":
            said.append(Said("agent", str(payload.get("message", ""))))
        elif kind in codex.USES:
            given = payload.get("arguments", payload.get("input", payload.get("action")))
            said.append(Said("agent", _use(payload.get("name", kind), given)))
        elif kind in ("function_call_output", "custom_tool_call_output"):
            said.append(Said("tool", _plain(payload.get("output"))))
        elif kind == "turn_aborted":
            said.append(Said("notice", f"turn aborted: {payload.get('reason')}"))
    return name, tuple(said)


def _of_trajectory(path: Path) -> tuple[str, tuple[Said, ...]]:
    """ATIF's. Whether it is one is checked as for counting."""
    if not atif.read(path):
        return path.stem, ()
    plain = parse_json(read_text(path))
    said: list[Said] = []
    for step in plain["steps"]:
        who: Who = {"user": "person", "agent": "agent"}.get(step.get("source"), "tool")  # type: ignore[assignment]
        said += [Said(who, text) for text in texts(step.get("message")) if text.strip()]
        for use in step.get("tool_calls") or ():
            if isinstance(use, dict):
                said.append(Said("agent", _use(use.get("function_name"), use.get("arguments"))))
        seen = step.get("observation")
        if isinstance(seen, dict):
            said.append(Said("tool", _plain(seen.get("results"))))
    return str(plain.get("session_id") or path.stem), tuple(said)


def _use(name: Any, given: Any) -> str:
    return f"[uses {name}: {_plain(given)}]"


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
