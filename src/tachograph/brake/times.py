"""Times of the register as whole milliseconds, and back.

Proven by tests/brake/machine/test_machine_times.py.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tachograph.ledger.entry import is_time

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_time(text: str) -> int | None:
    """Milliseconds since 1970 of a time as entries write it, rounded down; None: it is none."""
    if not is_time(text):
        return None
    return (datetime.fromisoformat(text) - _EPOCH) // timedelta(milliseconds=1)


def format_time(milliseconds: int) -> str:
    """The time as entries write it. Times past the year 9999 are written as its last day."""
    try:
        when = _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        when = datetime(9999, 12, 31, tzinfo=UTC)
    return when.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
