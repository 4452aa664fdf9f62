"""Logs of every kind become sessions; what is broken is named with file and line."""

from __future__ import annotations

import json
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tachograph.errors import FormatError
from tachograph.gauges.logs import Session, read_sessions

AT = "2026-03-04T23:30:00Z"


def write(path: Path, *lines: Any) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def user(content: Any, **more: Any) -> dict[str, Any]:
    return {"type": "user", "sessionId": "s-1", "timestamp": AT,
            "message": {"role": "user", "content": content}, **more}  # fmt: skip


def assistant(*tools: str, model: str = "made-up-5") -> dict[str, Any]:
    content = [{"type": "text", "text": "done"}, *({"type": "tool_use", "name": t} for t in tools)]
    return {"type": "assistant", "sessionId": "s-1", "timestamp": AT,
            "message": {"role": "assistant", "model": model, "content": content}}  # fmt: skip


def result(text: str, *, is_error: bool = True) -> dict[str, Any]:
    return user([{"type": "tool_result", "is_error": is_error, "content": text}])


REJECTED = "The user doesn't want to proceed with this tool use. The tool use was rejected (...)"


def test_claude_code_counts_people_and_nobody_else(tmp_path: Path) -> None:
    """Prompts, one interruption, one rejection; commands, meta and side chains do not count."""
    path = write(
        tmp_path / "s.jsonl",
        {"type": "summary", "summary": "x"},
        user("mend it"),
        assistant("Bash", "Edit"),
        result("ok", is_error=False),
        result(REJECTED),
        user([{"type": "text", "text": "[Request interrupted by user for tool use]"}]),
        user([{"type": "text", "text": "no, the other one"}]),
        user("<command-name>/clear</command-name>"),
        user("caveat", isMeta=True),
        user("go on", isSidechain=True),
        result("it said: " + REJECTED, is_error=False),
        assistant("Read", model="<synthetic>"),
    )
    assert read_sessions(path) == [
        Session("s-1", "made-up-5", date(2026, 3, 4), prompts=2, interruptions=1, rejections=1,
                tool_uses=3)
    ]  # fmt: skip


def test_codex_counts_the_same(tmp_path: Path) -> None:
    def line(kind: str, **payload: Any) -> dict[str, Any]:
        return {"timestamp": AT, "type": kind, "payload": payload}

    path = write(
        tmp_path / "rollout-1.jsonl",
        line("session_meta", id="s-2", cwd="/x"),
        line("turn_context", model="made-up-6", approval_policy="on-request"),
        line("event_msg", type="user_message", message="mend it"),
        line("response_item", type="message", role="user", content=[]),
        line("response_item", type="function_call", name="shell"),
        line("response_item", type="function_call_output", output="exec command rejected by user"),
        line("event_msg", type="turn_aborted", reason="interrupted"),
        line("event_msg", type="turn_aborted", reason="replaced"),
    )
    assert read_sessions(path) == [
        Session("s-2", "made-up-6", date(2026, 3, 4), prompts=1, interruptions=1, rejections=1,
                tool_uses=1)
    ]  # fmt: skip


def test_atif_leaves_unknown_what_it_does_not_know(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text(json.dumps({
        "schema_version": "ATIF-v1.7", "session_id": "s-3",
        "agent": {"name": "made-up", "model_name": "made-up-7"},
        "steps": [{"source": "user", "message": "x", "timestamp": "2026-03-05T01:00:00+09:00"},
                  {"source": "agent", "tool_calls": [{}, {}]}],
    }))  # fmt: skip
    (found,) = read_sessions(path)
    assert found == Session("s-3", "made-up-7", date(2026, 3, 4), prompts=1, tool_uses=2)
    assert found.interruptions is None and found.success is None


def test_a_folder_is_walked_and_an_empty_one_is_said(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    write(tmp_path / "a" / "one.jsonl", user("x"), assistant())
    (tmp_path / "notes.txt").write_text("no log")
    (tmp_path / "b.csv").write_text("session,model\ns-9,m\n")
    assert {s.id for s in read_sessions(tmp_path)} == {"s-1", "s-9"}
    (tmp_path / "c").mkdir()
    with pytest.raises(FormatError, match="no log in it"):
        read_sessions(tmp_path / "c")


def test_a_session_without_a_word_of_a_person_is_none(tmp_path: Path) -> None:
    assert read_sessions(write(tmp_path / "s.jsonl", assistant("Bash"))) == []


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.jsonl", json.dumps(user("x")) + '\n{"type": "us', "a.jsonl:2: not JSON"),
        ("a.jsonl", json.dumps(user("x")) + "\n[]\n", "a.jsonl:2: not a JSON object"),
        ("a.jsonl", json.dumps(user("x", timestamp="soon")) + "\n", "a.jsonl:1: not a time"),
        ("a.jsonl", '{"type":"session_meta","payload":{}}\n{"type":"x"}\n', ":2: no line of"),
        ("a.json", "{}", "a.json: no schema_version"),
        ("a.json", '{"schema_version":"ATIF-v1.7","steps":[1]}', "a.json: steps"),
        ("a.csv", "session,model,class\ns,m,easy\n", "a.csv:2: class: not known"),
        ("a.csv", "session,model,success\ns,m,2\n", "a.csv:2: success: not between"),
        ("a.csv", "session,model,prompts\ns,m,-1\n", "a.csv:2: prompts"),
    ],
)  # fmt: skip
def test_what_is_broken_is_named(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(FormatError) as caught:
        read_sessions(tmp_path / name)
    assert message in caught.value.message and caught.value.hint


json_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["user", "assistant", "event_msg"]), json_values, json_values)
def test_any_object_is_a_session_or_a_named_error(
    tmp_path: Path, kind: str, message: Any, payload: Any
) -> None:
    """Nothing but FormatError leaves a reader, whatever a line holds."""
    for first in (user("x"), {"type": "session_meta", "payload": {}}):
        path = write(tmp_path / "s.jsonl", first,
                     {"type": kind, "message": message, "payload": payload})  # fmt: skip
        try:
            read_sessions(path)
        except FormatError as error:
            assert str(path) in error.message


def test_samples_of_an_inspect_log_are_sessions(tmp_path: Path) -> None:
    """One each, with its agent and score; the class is in its metadata, if anywhere."""
    header = {"version": 2, "status": "success", "eval": {"model": "m/one", "task": "quiz"}}
    samples = [
        {"id": number, "epoch": 1, "metadata": metadata, "scores": {"match": {"value": value}}}
        for number, (metadata, value) in enumerate([({}, "C"), ({"class": "open-ended"}, "I")])
    ]
    path = tmp_path / "quiz.eval"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.json", json.dumps(header))
        archive.writestr("summaries.json", json.dumps(samples))
    assert read_sessions(path) == [
        Session(id="quiz/0 1", model="m/one", day=None, difficulty="", success=1.0),
        Session(id="quiz/1 1", model="m/one", day=None, difficulty="open-ended", success=0.0),
    ]
