"""Checkpoints have one spelling."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tachograph.errors import FormatError
from tachograph.merkle.checkpoint import Checkpoint, format_checkpoint, parse_checkpoint

ROOT = bytes(range(32))
BASE64 = base64.b64encode(ROOT).decode()
LINES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)


@given(LINES, st.integers(0, 2**63), st.binary(min_size=32, max_size=32), st.lists(LINES))
def test_parse_inverts_format(origin: str, size: int, root: bytes, more: list[str]) -> None:
    """What was formatted parses to the same checkpoint."""
    checkpoint = Checkpoint(origin, size, root, tuple(more))
    assert parse_checkpoint(format_checkpoint(checkpoint)) == checkpoint


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"origin\n5\n{BASE64}",
        f"\n5\n{BASE64}\n",
        f"origin\n05\n{BASE64}\n",
        f"origin\n1_000\n{BASE64}\n",
        f"origin\n+5\n{BASE64}\n",
        f"origin\n-5\n{BASE64}\n",
        f"origin\n 5\n{BASE64}\n",
        f"origin\n٥\n{BASE64}\n",
        f"origin\n5\n{BASE64[:-1]}\n",
        "origin\n5\nAAAA\n",
        f"origin\n5\n{BASE64}\n\n",
        f"origin\n5\n{BASE64}\n\nmore\n",
        f"origin\n5\n{BASE64}\nmore",
        "origin\n" + "9" * 5000 + f"\n{BASE64}\n",
    ],
)
def test_other_spellings_are_refused(text: str) -> None:
    """Empty lines, odd numbers, short roots and missing newlines are format errors."""
    with pytest.raises(FormatError):
        parse_checkpoint(text)


@pytest.mark.parametrize(
    "checkpoint",
    [
        Checkpoint("", 5, ROOT),
        Checkpoint("two\nlines", 5, ROOT),
        Checkpoint("origin", -1, ROOT),
        Checkpoint("origin", 5, b"short"),
        Checkpoint("origin", 5, ROOT, ("",)),
    ],
)
def test_what_would_not_parse_is_not_formatted(checkpoint: Checkpoint) -> None:
    """Formatting refuses what parsing would refuse."""
    with pytest.raises(FormatError):
        format_checkpoint(checkpoint)
