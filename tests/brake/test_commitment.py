"""Commitments and openings: one spelling, one entry, and only errors of our tree for noise."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tachograph import canon
from tachograph.brake.logs.commitment import (
    OPENING_BYTES,
    Commitment,
    Opening,
    check_opening,
    commit,
    format_commitment,
    format_opening,
    parse_leaf,
    parse_opening,
)
from tachograph.errors import EvidenceError, FormatError, ProofError
from tachograph.ledger import Entry, kinds
from tachograph.ledger.entry import ENTRY_BYTES, encode

TIME = "2026-11-25T12:00:00.000000Z"
SALT = bytes(range(32))


def entry(seq: int = 7, run: str = "r-1") -> Entry:
    return Entry(seq, TIME, "loop", (), kinds.RunResumed(run))


LEAF = format_commitment(commit(entry(), encode(entry()), SALT, named=True))
OPENING = format_opening(Opening(7, SALT, encode(entry())))


def test_a_leaf_is_an_entry_or_a_commitment() -> None:
    """Both come back from their bytes."""
    assert parse_leaf(encode(entry())) == entry()
    found = parse_leaf(LEAF)
    assert isinstance(found, Commitment)
    assert (found.seq, found.time, found.kind) == (7, TIME, "RunResumed")
    assert format_commitment(found) == LEAF
    assert b"r-1" not in LEAF


@given(st.text(max_size=200), st.binary(min_size=32, max_size=32))
def test_an_opening_comes_back_and_opens(run: str, salt: bytes) -> None:
    """For any entry that can be recorded, and any salt."""
    one = entry(run=run.encode("utf-8", "ignore").decode())
    commitment = commit(one, encode(one), salt, named=False)
    opening = parse_opening(format_opening(Opening(one.seq, salt, encode(one))))
    assert check_opening(commitment, opening) == one


def test_the_longest_entry_can_be_opened() -> None:
    """An entry of the most bytes, each of which JSON escapes, makes an opening within bounds."""
    run = '"' * ((ENTRY_BYTES - 200) // 2)
    one = entry(run=run)
    data = format_opening(Opening(one.seq, SALT, encode(one)))
    assert len(data) <= OPENING_BYTES
    parse_opening(data)


@pytest.mark.parametrize(
    ("name", "value"),
    [("seq", -1), ("seq", True), ("seq", 1.5), ("seq", "7"), ("time", "now"), ("time", 0),
     ("kind", 3), ("kind", ["RunResumed"]), ("commitment", "00"), ("commitment", None),
     ("commitment", "G" * 64), ("more", 1)],
)  # fmt: skip
def test_a_leaf_with_a_wrong_field_is_refused(name: str, value: object) -> None:
    """Every field is checked."""
    with pytest.raises(FormatError):
        parse_leaf(canon.encode({**json.loads(LEAF), name: value}))


@pytest.mark.parametrize(
    ("name", "value"),
    [("seq", -1), ("seq", None), ("entry", 3), ("salt", "00"), ("salt", None), ("salt", "A" * 64),
     ("more", 1)],
)  # fmt: skip
def test_an_opening_with_a_wrong_field_is_refused(name: str, value: object) -> None:
    """Every field is checked."""
    with pytest.raises(FormatError):
        parse_opening(canon.encode({**json.loads(OPENING), name: value}))


def test_whoever_committed_to_no_entry_is_found_out() -> None:
    """Bytes that no ledger can hold, committed to and opened, are refused as what they are."""
    import hashlib

    noise = b"not an entry"
    digest = hashlib.sha256(b"tachograph/commitment/v1\n" + SALT + noise).hexdigest()
    with pytest.raises(FormatError):
        check_opening(Commitment(7, TIME, None, digest), Opening(7, SALT, noise))


def test_another_number_within_is_found_out() -> None:
    """The commitment holds an entry, but that of another place."""
    other = entry(seq=8)
    digest = commit(other, encode(other), SALT, named=False).commitment
    with pytest.raises(ProofError, match="another number"):
        check_opening(Commitment(7, TIME, None, digest), Opening(7, SALT, encode(other)))


SPOILED = st.one_of(
    st.binary(max_size=300),
    st.tuples(st.sampled_from([LEAF, OPENING, encode(entry())]), st.integers(0, 400),
              st.integers(0, 255)).map(lambda g: g[0][: g[1]] + bytes([g[2]]) + g[0][g[1] + 1 :]),
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=9) | st.integers(),
        lambda inner: st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["seq", "time", "kind", "commitment", "entry", "salt",
                                           "actor", "body", "parents"]), inner, max_size=6),
    ).map(lambda value: json.dumps(value, separators=(",", ":"), sort_keys=True).encode()),
)  # fmt: skip


@given(SPOILED)
def test_noise_is_refused_in_our_own_words(data: bytes) -> None:
    """Any bytes: parsed, or refused by an error of our tree."""
    for parse in (parse_leaf, parse_opening):
        try:
            parse(data)
        except EvidenceError as error:
            assert error.hint


@pytest.mark.parametrize("parse", [parse_leaf, parse_opening])
def test_a_giant_is_refused_before_it_is_read(parse: object) -> None:
    """Deep nesting and great length cost nothing."""
    assert callable(parse)
    for giant in (b"[" * 100_000, b'"' + b"a" * 1_000_000 + b'"', b"9" * 60_000):
        with pytest.raises(FormatError):
            parse(giant)
