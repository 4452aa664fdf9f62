"""Times as entries write them, and as numbers.

>>> seconds_of("1970-01-02T00:00:00.500000Z")
86400.5
>>> stamp_of(86400.5)
'1970-01-02T00:00:00.500000Z'
"""

from __future__ import annotations

from datetime import UTC, datetime

from tachograph.errors import FormatError


def seconds_of(stamp: str) -> float:
    """Return the POSIX time of an RFC 3339 stamp in UTC. Raises FormatError."""
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
