"""An entry has one spelling, and every byte of it counts."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from tachograph import canon
from tachograph.errors import FormatError
from tachograph.ledger import entry, kinds
from tachograph.ledger.entry import Entry

BODY = kinds.RunClosed(run="r-7", reason="trials", best=None, cpu_seconds=2.5)
ENTRY = Entry(4, "2026-11-23T12:00:00.000000Z", "loop", (3, 1), BODY)
BYTES = (
    b'{"actor":"loop","body":{"best":null,"cpu_seconds":2.5,"reason":"trials","run":"r-7"},'
    b'"kind":"RunClosed","parents":[3,1],"seq":4,"time":"2026-11-23T12:00:00.000000Z"}'
)


def test_the_bytes_are_as_documented() -> None:
    """The format is fixed: old ledgers depend on these very bytes."""
    assert entry.encode(ENTRY) == BYTES
    assert entry.decode(BYTES) == ENTRY


def test_bytes_from_before_a_field_are_read() -> None:
    """Its default says what its absence means."""
    older = dataclasses.replace(BODY, cpu_seconds=None)
    found = entry.decode(BYTES.replace(b'"cpu_seconds":2.5,', b""))
    assert found == dataclasses.replace(ENTRY, body=older)


def test_every_changed_byte_changes_the_entry_or_is_refused() -> None:
    """No two byte strings decode to the same entry."""
    for place in range(len(BYTES)):
        bad = bytearray(BYTES)
        bad[place] ^= 1
        try:
            found = entry.decode(bytes(bad))
        except FormatError:
            continue
        assert found != ENTRY
        assert entry.encode(found) == bytes(bad)


@pytest.mark.parametrize(
    "change",
    [
        {"seq": -1}, {"seq": True}, {"seq": 1.5}, {"seq": "4"}, {"time": ""}, {"time": 7},
        {"time": "2026-11-23T12:00:00Z"}, {"time": "2026-13-23T12:00:00.000000Z"},
        {"time": "2026-11-23 12:00:00.000000Z"}, {"time": "2026-11-23T12:00:00.000000+00:00"},
        {"actor": ""}, {"actor": None}, {"parents": [4]}, {"parents": [-1]}, {"parents": "3"},
        {"parents": [True]}, {"parents": [0.5]}, {"kind": 7}, {"kind": "RunResumed"}, {"body": []},
        {"more": 1}, {"seq": ...},
    ],
    ids=repr,
)  # fmt: skip
def test_unfit_entries_are_refused(change: dict[str, Any]) -> None:
    """Canonical JSON that is not an entry is a format error."""
    plain = canon.decode(BYTES) | change
    with pytest.raises(FormatError):
        entry.decode(canon.encode({k: v for k, v in plain.items() if v is not ...}))


@pytest.mark.parametrize("data", [b"", b"[]", b"7", b"null", BYTES + b"\n", BYTES[:-1]])
def test_other_bytes_are_refused(data: bytes) -> None:
    """What is no canonical JSON object is a format error."""
    with pytest.raises(FormatError):
        entry.decode(data)


def test_entries_that_would_not_decode_are_not_encoded() -> None:
    """Encoding refuses what decoding would refuse."""
    for bad in ({"actor": ""}, {"seq": -1}, {"parents": (4,)}, {"time": "now"}):
        with pytest.raises(FormatError):
            entry.encode(dataclasses.replace(ENTRY, **bad))


def test_the_longest_entry_fits_a_bundle() -> None:
    """65,535 bytes pass and one more does not, with a hint where long content goes."""
    room = entry.ENTRY_BYTES - len(BYTES) + len("trials")
    longest = dataclasses.replace(ENTRY, body=dataclasses.replace(BODY, reason="x" * room))
    assert len(entry.encode(longest)) == entry.ENTRY_BYTES
    assert entry.decode(entry.encode(longest)) == longest
    over = dataclasses.replace(ENTRY, body=dataclasses.replace(BODY, reason="x" * (room + 1)))
    with pytest.raises(FormatError) as caught:
        entry.encode(over)
    assert "object store" in caught.value.hint


def test_now_is_a_time_of_an_entry() -> None:
    """The clock's spelling is the one that entries take."""
    stamped = dataclasses.replace(ENTRY, time=entry.now())
    assert entry.decode(entry.encode(stamped)) == stamped
