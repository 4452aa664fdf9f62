"""Times of the register as milliseconds, and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tachograph.brake.times import format_time, parse_time


@given(st.integers(0, 253_402_300_799_999))
def test_times_come_back(milliseconds: int) -> None:
    """To the millisecond, until the end of the year 9999."""
    assert parse_time(format_time(milliseconds)) == milliseconds


@pytest.mark.parametrize("text", ["", "now", "2026-11-25T12:00:00Z", "2026-13-25T12:00:00.000000Z"])
def test_other_texts_are_no_times(text: str) -> None:
    """Only what entries write."""
    assert parse_time(text) is None


def test_parts_of_milliseconds_are_cut() -> None:
    """Down, so that a statement is never later than its entry."""
    assert parse_time("1970-01-01T00:00:00.001999Z") == 1
    assert format_time(10**18).startswith("9999-12-31")
