"""git-ai notes and Agent Trace records: what they attest, and clear errors for what is broken."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tachograph.errors import FormatError
from tachograph.gauges.git.notes import parse_note
from tachograph.gauges.git.trace import read_traces

METADATA = '{"schema_version":"authorship/3.0.0"}'
NOTE = f"""src/a.py
  s_1234567890abcd::t_1234567890abcd 1-4,9
  h_31b2a6d8c9e4 12-20
"with blanks/b.py"
  0123456789abcdef 7
---
{METADATA}"""


def test_lines_are_counted_by_side() -> None:
    note = parse_note(NOTE, "c0ffee")
    assert note.ai == {"src/a.py": 5, "with blanks/b.py": 1}
    assert note.human == {"src/a.py": 9}


def test_a_note_may_attest_to_nothing() -> None:
    assert parse_note(f"---\n{METADATA}", "c0ffee").ai == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no line of ---"),
        ("a.py\n  key 1-\n---\n{}", "no schema_version"),
        (f"a.py\n  key 1-\n---\n{METADATA}", ":2: no key and line ranges"),
        (f"  key 1\n---\n{METADATA}", ":1: no key and line ranges"),
        ("---\n{", "no JSON"),
        ("---\n[]", "no schema_version"),
    ],
)
def test_a_broken_note_is_named(text: str, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_note(text, "c0ffee")
    assert "c0ffee" in caught.value.message and message in caught.value.message


@given(st.text())
def test_any_text_is_a_note_or_an_error(text: str) -> None:
    try:
        parse_note(text, "c0ffee")
    except FormatError as error:
        assert error.hint


def record(**changed: object) -> str:
    ranges = [{"start_line": 1, "end_line": 4}, {"start_line": 3, "end_line": 6}]
    people = [{"start_line": 50, "end_line": 60, "contributor": {"type": "human"}}]
    talk = {"contributor": {"type": "ai"}, "ranges": ranges + people}
    plain = {"version": "0.1.0", "vcs": {"type": "git", "revision": "abc"}, "files": [
        {"path": "a.py", "conversations": [talk]},
        {"path": ".sessions", "conversations": []},
    ]}  # fmt: skip
    return json.dumps(plain | changed)


def traces(folder: Path, text: str) -> dict[str, dict[str, int]]:
    (folder / ".agent-trace").mkdir()
    (folder / ".agent-trace" / "traces.jsonl").write_text(text)
    return read_traces(folder)


def test_traced_lines_count_once_and_people_do_not(tmp_path: Path) -> None:
    assert traces(tmp_path, record() + "\n" + record() + "\n") == {"abc": {"a.py": 6}}


@pytest.mark.parametrize("text", ["{", "[]", record(vcs=1), record(files=[{"path": "x"}])])
def test_a_broken_record_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(FormatError, match=r"traces\.jsonl:2: no Agent Trace record"):
        traces(tmp_path, record() + "\n" + text + "\n")
