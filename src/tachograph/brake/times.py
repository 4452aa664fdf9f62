"""Times as entries write them, as whole milliseconds for timers and as seconds for measures.

The machine counts in milliseconds, so that two readers never differ by rounding; meters and checks
measure, and take seconds since 1970 as floats. Proven by tests/brake/test_brake_times.py.

>>> parse_time("1970-01-02T00:00:00.500000Z")
86400500
>>> seconds_of("1970-01-02T00:00:00.500000Z")
86400.5
>>> stamp_of(86400.5)
'1970-01-02T00:00:00.500000Z'
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tachograph.errors import FormatError
from tachograph.ledger.entry import read_time

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def parse_time(text: str) -> int | None:
    """Milliseconds since 1970 of a time as entries write it, rounded down; None: it is none."""
    moment = read_time(text)
    return None if moment is None else (moment - _EPOCH) // _MILLISECOND


def format_time(milliseconds: int) -> str:
    """The time as entries write it. Times past the year 9999 are written as its last day."""
    try:
        when = _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        when = datetime(9999, 12, 31, tzinfo=UTC)
    return when.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def seconds_of(stamp: str) -> float:
    """Return the POSIX time of an RFC 3339 stamp in UTC. Raises FormatError."""
    if (moment := read_time(stamp)) is not None:
        return moment.timestamp()
    try:
        found = datetime.fromisoformat(stamp)
    except ValueError as error:
        raise FormatError(f"{stamp!r} is no time", hint=_HINT) from error
    if found.tzinfo is None or not stamp.endswith("Z"):
        raise FormatError(f"{stamp!r} is not in UTC", hint=_HINT)
    return found.timestamp()


def stamp_of(seconds: float) -> str:
    """Return a POSIX time as entries write it. Raises FormatError beyond the year 9999."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    except (ValueError, OverflowError, OSError) as error:
        raise FormatError(f"{seconds!r} is no time", hint=_HINT) from error


_HINT = "write times like 2026-11-23T12:00:00.000000Z"
"""For both directions."""
