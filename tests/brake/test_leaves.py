"""Leaves read with copies known are what they are when each is read by itself."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tachograph.brake.bundle.leaves import Leaves
from tachograph.brake.logs.commitment import Commitment, format_commitment, parse_leaf
from tachograph.errors import FormatError
from tachograph.ledger import Entry, kinds
from tachograph.ledger.entry import encode

TIME = "2026-11-25T12:00:00.000000Z"
COPY = kinds.StatementCopied("register.example", 3, TIME, '{"payload":"e30=","kind":"x"}')
HEARD = kinds.RegisterHeard("register.example", "register.example\n1\nAA=\n\n— x \u2028é\n")
AWKWARD = 'a\\"body":null,"kind":"StatementCopied"'
POSTED = kinds.StatementPosted(COPY.envelope)
LEAVES = [
    encode(Entry(6, TIME, "register", (), COPY)),
    encode(Entry(7, TIME, "register", (), POSTED)),
    encode(Entry(7, TIME, "follow", (1, 2), COPY)),
    encode(Entry(8, TIME, AWKWARD, (), HEARD)),
    encode(Entry(9, TIME, "é\u2028", (), kinds.WorkReleased(',"kind":"StatementCopied"'))),
    format_commitment(Commitment(9, TIME, "StatementCopied", "a" * 64)),
]
PIECES = (
    b'"body":', b',"kind":"', b'{"envelope":"', b',"index":0', b'"posted":"', b'\\"}","index":3',
    b'"StatementCopied"', b'"StatementPosted"', b"null", b"{}", b'"', b"\\", b"7", b"07", b"-0",
    b" ", b",", b'"seq":7', b"}", b"\xc3\xa9", b"\xff", b"1.0", b"\\u0061", b"2027",
)  # fmt: skip


def verdict(read, leaf: bytes):
    """The entry; or None, where it is refused."""
    try:
        return read(leaf)
    except FormatError:
        return None


def knowing() -> Leaves:
    """A reader that has read all of them."""
    leaves = Leaves()
    for leaf in LEAVES:
        leaves.read(leaf)
    return leaves


@pytest.mark.parametrize("leaf", LEAVES)
def test_what_was_read_reads_the_same_again(leaf: bytes) -> None:
    """The first time, and once its body is known."""
    leaves = Leaves()
    assert leaves.read(leaf) == leaves.read(leaf) == parse_leaf(leaf)


def test_copies_share_their_envelope() -> None:
    """One statement, decoded once, posted here and copied there."""
    leaves = knowing()
    entries = [leaves.read(encode(Entry(20, TIME, "a", (), body))) for body in (POSTED, COPY, COPY)]
    assert len({id(entry.body.envelope) for entry in entries}) == 1


@given(
    st.sampled_from(LEAVES),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), st.sampled_from(PIECES)), max_size=3),
)
@settings(max_examples=700, deadline=None)
def test_no_change_is_read_otherwise(leaf: bytes, changes) -> None:
    """Any pieces put in or cut out: the same entry, or refused by both."""
    for place, cut, piece in changes:
        at = int(place * len(leaf))
        leaf = leaf[:at] + piece + leaf[at + cut :]
    assert verdict(knowing().read, leaf) == verdict(parse_leaf, leaf)


@given(st.permutations(list(json.loads(LEAVES[0]))), st.sampled_from([None, 3, {}, [], "body"]))
def test_no_order_and_no_field_slips_through(names, value) -> None:
    """Fields in another order, or with another value, are refused as they are alone."""
    plain = json.loads(LEAVES[0])
    for name in names:
        leaf = json.dumps({key: plain[key] for key in names}, separators=(",", ":")).encode()
        assert verdict(knowing().read, leaf) == verdict(parse_leaf, leaf)
        changed = json.dumps(plain | {name: value}, separators=(",", ":"), sort_keys=True).encode()
        assert verdict(knowing().read, changed) == verdict(parse_leaf, changed)
