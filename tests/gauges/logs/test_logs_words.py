"""What was said in sessions: the same ids and prompts as are counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from test_logs_read import assistant, result, user, write

from tachograph.errors import FormatError
from tachograph.gauges.logs import read_sessions
from tachograph.gauges.logs.words import read_words

CODEX: tuple[Any, ...] = (
    {"type": "session_meta", "payload": {"id": "c-1"}},
    {"type": "turn_context", "payload": {"model": "made-up-6"}},
    {"type": "event_msg", "payload": {"type": "user_message", "message": "mend it"}},
    {"type": "response_item", "payload": {"type": "function_call", "name": "shell",
                                          "arguments": "{\"cmd\": \"ls\"}"}},
    {"type": "response_item", "payload": {"type": "function_call_output", "output": "a.py"}},
    {"type": "event_msg", "payload": {"type": "agent_message", "message": "done"}},
    {"type": "event_msg", "payload": {"type": "turn_aborted", "reason": "interrupted"}},
)  # fmt: skip
ATIF = {"schema_version": "ATIF-v1.7", "session_id": "t-1", "agent": {"model_name": "made-up-7"},
        "steps": [{"source": "user", "message": "mend it"},
                  {"source": "agent", "message": "done", "tool_calls":
                   [{"function_name": "bash", "arguments": {"cmd": "ls"}}],
                   "observation": {"results": [{"content": "a.py"}]}}]}  # fmt: skip


def test_claude_code(tmp_path: Path) -> None:
    """People, the agent, its tools, the notice; nothing that the program wrote as a user."""
    path = write(
        tmp_path / "s.jsonl", user("mend it"), assistant("Bash"), result("ok", is_error=False),
        user([{"type": "text", "text": "[Request interrupted by user]"}]),
        user("<command-name>/clear</command-name>"), user("meta", isMeta=True), user("go on"),
    )  # fmt: skip
    (words,) = read_words(path)
    assert [each.who for each in words.said] == [
        "person", "agent", "agent", "tool", "notice", "person",
    ]  # fmt: skip
    assert words.request == "mend it" and words.said[2].text.startswith("[uses Bash")
    (session,) = read_sessions(path)
    assert (words.session, words.prompts) == (session.id, session.prompts)


def test_codex_and_atif(tmp_path: Path) -> None:
    write(tmp_path / "c.jsonl", *CODEX)
    (tmp_path / "t.json").write_text(json.dumps(ATIF))
    codex, atif = read_words(tmp_path)
    assert [each.who for each in codex.said] == ["person", "agent", "tool", "agent", "notice"]
    assert [each.who for each in atif.said] == ["person", "agent", "agent", "tool"]
    assert atif.said[2].text == '[uses bash: {"cmd": "ls"}]'
    assert {w.session: w.prompts for w in (codex, atif)} == {
        s.id: s.prompts for s in read_sessions(tmp_path)
    }


def test_a_table_has_no_words(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("session,model,success\na,m,1\n")
    assert read_words(tmp_path) == []


def test_a_broken_log_is_named(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text(json.dumps(user("x")) + "\n{\n")
    with pytest.raises(FormatError, match=r"s\.jsonl:2: not JSON"):
        read_words(path)
