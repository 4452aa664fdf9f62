"""What strangers wrote is data on a terminal, and steers nothing."""

from __future__ import annotations

import json

import pytest

from tachograph.cli.output import tell, tell_json

HOSTILE = "a\x1b]0;title\x07 \x9b2J \u202etxt.exe \x7f \ud800 \U000e0001"


def test_json_on_a_terminal_steers_nothing_and_loses_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The same value comes back; what is printed is printable, line for line."""
    tell_json({"reason": HOSTILE, "name": "né \U0001f600"})
    printed = capsys.readouterr().out
    assert all(line.isprintable() for line in printed.splitlines())
    assert json.loads(printed) == {"reason": HOSTILE, "name": "né \U0001f600"}
    assert "né \U0001f600" in printed


def test_text_on_a_terminal_steers_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """What could is replaced."""
    tell(HOSTILE)
    assert capsys.readouterr().out.removesuffix("\n").isprintable()
