"""Claude Code's transcripts: `~/.claude/projects/*/*.jsonl`, one session a file.

    {"type":"user","sessionId":"..","timestamp":"..","message":{"role":"user","content":"mend it"}}
    {"type":"assistant",..,"message":{"model":"claude-..","content":[{"type":"tool_use",..}]}}
    {"type":"user",..,"message":{"content":[{"type":"tool_result","is_error":true,"content":".."}]}}

A person's message is text of a user that is neither marked as meta nor the output of a command nor
a tool's result. Interruptions and rejections are the notices that the program itself writes. Proven
by tests/gauges/logs/test_logs_read.py. Not covered: sub-agents (side chains), which are left out.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from tachograph.gauges.logs.lines import day_of, objects, parts, texts
from tachograph.gauges.logs.session import Session, counted_session

INTERRUPTED = "[Request interrupted by user"
REJECTED = ("the user doesn't want to proceed with this tool use", "the user doesn't want to take "
            "this action right now")  # fmt: skip
NO_PERSON = ("<command-", "<local-command-", "<system-reminder>", "<bash-",
             "Caveat: The messages below", "This session is being continued")  # fmt: skip
"""Beginnings of what the program itself writes as a user."""


def read(path: Path) -> list[Session]:
    """The session of a transcript; none where nobody said anything. Raises FormatError."""
    counted: Counter[str] = Counter()
    models: Counter[str] = Counter()
    day = None
    name = path.stem
    for number, line in objects(path):
        if line.get("isSidechain") or line.get("isMeta"):
            continue
        if line.get("type") in ("user", "assistant"):
            name = str(line.get("sessionId") or name)
            if day is None and line.get("timestamp"):
                day = day_of(path, number, line["timestamp"])
        message = line.get("message")
        if not isinstance(message, dict):
            continue
        if line.get("type") == "assistant":
            if message.get("model") not in (None, "<synthetic>"):
                models[str(message["model"])] += 1
            counted["tool_uses"] += len(parts(message.get("content"), "tool_use"))
        elif line.get("type") == "user":
            counted.update(_of_user(message.get("content")))
    if not counted["prompts"]:
        return []
    model = models.most_common(1)[0][0] if models else "unknown"
    return [counted_session(name, model, day, counted)]


def _of_user(content: Any) -> Counter[str]:
    found: Counter[str] = Counter()
    for result in parts(content, "tool_result"):
        said = " ".join(texts(result.get("content"))).lower()
        found["rejections"] += bool(result.get("is_error")) and any(r in said for r in REJECTED)
    for text in texts(content):
        if text.startswith(INTERRUPTED):
            found["interruptions"] += 1
        elif text.strip() and not text.lstrip().startswith(NO_PERSON):
            found["prompts"] += 1
    return found


def is_one(first: dict[str, Any]) -> bool:
    """Whether a file that begins with this object is such a transcript."""
    return "sessionId" in first or first.get("type") in ("summary", "file-history-snapshot")
