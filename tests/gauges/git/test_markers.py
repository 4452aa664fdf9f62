"""Marks are matched exactly; people with the names of tools are people."""

from __future__ import annotations

from datetime import date

import pytest

from tachograph.gauges.git import load_markers

DAY = date(2026, 1, 1)
MARKERS = load_markers()


@pytest.mark.parametrize(
    ("message", "agent"),
    [
        (
            "x\n\nCo-Authored-By: Claude Opus 4.6 (1M context) <noreply@anthropic.com>",
            "Claude Code",
        ),
        ("x\n\n🤖 Generated with [Claude Code](https://claude.com/claude-code)", "Claude Code"),
        ("x\n\nCo-authored-by: Cursor <cursoragent@cursor.com>\n", "Cursor"),
        ("x\n\nAmp-Thread-ID: https://ampcode.com/threads/T-1", "Amp"),
        ("aider: mend it", "Aider"),
        ("x\n\nAssisted-by: Claude:claude-5", "another agent"),
    ],
)
def test_what_tools_leave_is_found(message: str, agent: str) -> None:
    assert MARKERS.of_message(message, DAY) == (agent, False)


@pytest.mark.parametrize(
    "message",
    [
        "x\n\nCo-authored-by: Devin Shanahan <devin@example.org>",
        "x\n\nCo-authored-by: Ann <ann@anthropic.com>",
        "x\n\nCo-authored-by: Ann <noreply@anthropic.com.example.org>",
        "thanks to Claude, Jules and Codex",
        "revert 'Co-Authored-By: Claude <noreply@anthropic.com>'",
        "we stopped saying: generated with claude code",
        "raider: mend it",
    ],
)
def test_names_and_talk_are_no_marks(message: str) -> None:
    assert MARKERS.of_message(message, DAY) == ("", False)


def test_authors() -> None:
    assert MARKERS.of_author("Ann (aider)", "ann@example.org") == "Aider"
    assert MARKERS.of_author("x", "198982749+Copilot@users.noreply.github.com") != ""
    assert MARKERS.of_author("Jules Poon", "jules@example.org") == ""
    assert MARKERS.is_bot("49699333+Dependabot[bot]@users.noreply.github.com")
    assert not MARKERS.is_bot("dependable@example.org")


@pytest.mark.parametrize(("day", "doubtful"), [(date(2026, 5, 1), True), (date(2026, 3, 1), False)])
def test_a_mark_that_an_editor_set_by_mistake_is_doubtful(day: date, doubtful: bool) -> None:
    message = "x\n\nCo-authored-by: Copilot <copilot@github.com>"
    assert MARKERS.of_message(message, day) == ("Copilot", doubtful)
    both = f"{message}\nCo-authored-by: Claude <noreply@anthropic.com>"
    assert MARKERS.of_message(both, day)[1] is False
