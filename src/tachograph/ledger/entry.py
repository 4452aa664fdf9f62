"""One entry, and its canonical bytes: the leaf of the tree.

An instance (one line in the ledger, broken here to fit; a later version differs by new kinds only):

    {"actor":"loop","body":{"run":"r-7","reason":"trials","best":null},
     "kind":"RunClosed","parents":[3],"seq":4,"time":"2026-11-23T12:00:00.000000Z"}

Proven by tests/ledger/test_ledger_entry.py. Not covered: whether the time is true: it is the
writer's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from tachograph import canon
from tachograph.errors import FormatError
from tachograph.ledger import fields
from tachograph.ledger.kinds import Body

ENTRY_BYTES = 65_535
"""Longest entry: what an entry bundle's two-byte length can say (C2SP tlog-tiles)."""

TIME_LENGTH = 27
"""Characters of a time."""

_NAMES = {"actor", "body", "kind", "parents", "seq", "time"}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)


@dataclass(frozen=True)
class Entry:
    """What was recorded, once and for good."""

    seq: int
    """Position in the ledger, from 0, without gaps."""
    time: str
    """When the writer's clock said it was: RFC 3339, UTC, microseconds."""
    actor: str
    """Who recorded it; not empty."""
    parents: tuple[int, ...]
    """Earlier entries that this one rests on."""
    body: Body
    """What happened."""

    @property
    def kind(self) -> str:
        """Name of the body's kind."""
        return type(self.body).__name__

    def digests(self) -> Iterator[str]:
        """Yield every object that the entry names, in hex."""
        return fields.digests(self.body)


def now() -> str:
    """Return the time as entries write it."""
    return datetime.now(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def encode(entry: Entry) -> bytes:
    """Return the canonical bytes. Raises FormatError where a field does not fit."""
    plain = {
        "actor": entry.actor,
        "body": fields.to_plain(entry.body),
        "kind": entry.kind,
        "parents": list(entry.parents),
        "seq": entry.seq,
        "time": entry.time,
    }
    _check(plain)
    data = canon.encode(plain)
    _check_length(data)
    return data


def decode(data: bytes) -> Entry:
    """Return the entry whose canonical bytes are exactly `data`. Raises FormatError otherwise."""
    _check_length(data)
    return from_plain(canon.decode(data))


def from_plain(plain: Any) -> Entry:
    """Return the entry that has these fields, as canonical JSON gave them. Raises FormatError."""
    if not isinstance(plain, dict) or plain.keys() != _NAMES:
        raise _refusal("not an entry: its fields are " + ", ".join(sorted(_NAMES)))
    _check(plain)
    body = fields.from_plain(plain["kind"], plain["body"])
    return Entry(plain["seq"], plain["time"], plain["actor"], tuple(plain["parents"]), body)


def is_index(value: object) -> bool:
    """Whether this is a place in a ledger: a whole number from 0."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def read_time(text: str) -> datetime | None:
    """Return the moment of a time as entries write it; None: it is none."""
    return _moment(text) if len(text) == TIME_LENGTH else None


@lru_cache(maxsize=8192)
def _moment(text: str) -> datetime | None:
    # Entries that were made together, and copies, say the same times.
    if not _TIME.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def is_time(text: str) -> bool:
    """Whether this is a time as entries write it."""
    return read_time(text) is not None


def _check(plain: dict[str, Any]) -> None:
    if not is_index(plain["seq"]):
        raise _refusal("seq is not a whole number from 0")
    if not isinstance(plain["time"], str) or not is_time(plain["time"]):
        raise _refusal("time is not RFC 3339 in UTC with microseconds")
    if not isinstance(plain["kind"], str):
        raise _refusal("kind is not a name")
    if not isinstance(plain["actor"], str) or not plain["actor"]:
        raise _refusal("actor is not a name")
    parents = plain["parents"]
    if not isinstance(parents, list) or not all(map(is_index, parents)):
        raise _refusal("parents is not a list of whole numbers from 0")
    if parents and max(parents) >= plain["seq"]:
        raise _refusal("parents are not all earlier entries")


def _check_length(data: bytes) -> None:
    if len(data) > ENTRY_BYTES:
        raise FormatError(
            f"the entry is {len(data)} bytes long, {ENTRY_BYTES} are allowed",
            hint="put long content into the object store and record its digest",
        )


def _refusal(message: str) -> FormatError:
    return FormatError(message, hint="write entries with Ledger.append")
