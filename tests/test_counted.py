"""Counts in words."""

from __future__ import annotations

import pytest

from tachograph.words import counted


@pytest.mark.parametrize(
    ("number", "one", "said"),
    [(1, "turn", "1 turn"), (2, "turn", "2 turns"), (0, "turn", "0 turns"), (1, "entry", "1 entry"),
     (3, "entry", "3 entries"), (3, "day", "3 days"), (2, "signed head", "2 signed heads")],
)  # fmt: skip
def test_so_many_of_a_thing(number: int, one: str, said: str) -> None:
    assert counted(number, one) == said
