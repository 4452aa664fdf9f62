"""Sessions from whatever holds them, told apart by their first lines; folders are walked.

| what | how it is known |
| --- | --- |
| tables (.csv, .jsonl) | columns session and model, and what else a Session has |
| Claude Code transcripts (.jsonl) | lines with sessionId |
| Codex rollouts (.jsonl) | lines with type session_meta, event_msg, .. |
| ATIF trajectories (.json) | schema_version ATIF-v1 |
| Inspect logs (.eval) | each sample is a session; its metadata may say class |

Proven by tests/gauges/logs/test_logs_read.py.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tachograph.errors import FormatError
from tachograph.gauges.logs import atif, claude_code, codex
from tachograph.gauges.logs.lines import objects
from tachograph.gauges.logs.session import CLASSES, Session
from tachograph.gauges.read.eval_log import read_eval_log
from tachograph.gauges.read.rows import Row, read_rows

SUFFIXES = (".csv", ".jsonl", ".json", ".eval")
COUNTS = ("prompts", "interruptions", "rejections", "redirections", "tool_uses")


def read_sessions(path: Path) -> list[Session]:
    """All sessions of a file or a folder. Raises FormatError naming file and line."""
    if path.is_dir():
        found = sorted(each for each in path.rglob("*") if each.suffix in SUFFIXES)
        if not found:
            raise FormatError(
                f"{path}: no log in it", hint=f"files ending in {', '.join(SUFFIXES)}"
            )
        return [session for each in found for session in read_sessions(each)]
    return _reader(path)(path)


def _reader(path: Path) -> Callable[[Path], list[Session]]:
    if path.suffix == ".eval":
        return lambda path: [_sample(row) for row in read_eval_log(path)]
    if path.suffix == ".json":
        return atif.read
    if path.suffix == ".jsonl":
        _, first = next(objects(path), (0, {}))
        if claude_code.is_one(first):
            return claude_code.read
        if codex.is_one(first):
            return codex.read
    return lambda path: [_row(row) for row in read_rows(path)]


def _row(row: Row) -> Session:
    return Session(
        id=row.text("session"),
        model=row.text("model"),
        day=row.maybe("day", row.day),
        person=row.maybe("person", row.text) or "",
        difficulty=row.choice("class", CLASSES) if "class" in row else "",
        success=row.maybe("success", lambda column: row.number(column, 0, 1)),
        **{name: row.maybe(name, row.whole) for name in COUNTS},
    )


def _sample(row: Row) -> Session:
    return Session(
        id=f"{row.text('task')} {row.raw('epoch')}",
        model=row.text("agent"),
        day=None,
        difficulty=row.choice("class", CLASSES) if "class" in row else "",
        success=row.number("success", 0, 1),
    )
