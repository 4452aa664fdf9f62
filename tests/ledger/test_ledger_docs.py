"""What the design note shows is what the code reads."""

from __future__ import annotations

import re
from pathlib import Path

from tachograph.ledger import entry
from tachograph.ledger.heads import parse_head
from tachograph.ledger.kinds import RunClosed
from tachograph.merkle.note import parse_verifier_key

NOTE = (Path(__file__).parents[2] / "docs/concepts/ledger.md").read_text()


def test_the_entry_shown_is_an_entry() -> None:
    """The instance decodes, byte for byte."""
    (shown,) = re.findall(r"```json\n(.*)\n```", NOTE)
    found = entry.decode(shown.encode())
    assert isinstance(found.body, RunClosed)


def test_the_head_shown_is_signed_by_the_key_shown() -> None:
    """The instance parses and its signature verifies."""
    (shown,) = re.findall(r"```\n(.*?)```", NOTE.split("signed as a C2SP checkpoint")[1], re.S)[:1]
    (key,) = re.findall(r"verifier key `(.*)`", NOTE)
    assert parse_head(shown, parse_verifier_key(key)).size == 5
