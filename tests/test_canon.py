"""Canonical bytes: the scheme's own vectors, and strictness."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from tachograph import canon
from tachograph.errors import FormatError

VECTORS = Path(
    os.environ.get("TACHOGRAPH_VECTORS", Path(__file__).parents[2] / "shared" / "vectors")
)

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-canon.SAFE_INTEGER, canon.SAFE_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("name", ["arrays", "french", "structures", "unicode", "values", "weird"])
def test_scheme_vectors(name: str) -> None:
    """Each of the scheme's inputs encodes to the published bytes, and those decode to it."""

    folder = VECTORS / "jcs" / "testdata"
    if not folder.is_dir():
        pytest.skip(f"no vectors at {folder}")
    value = json.loads((folder / "input" / f"{name}.json").read_text())
    expected = bytes.fromhex((folder / "outhex" / f"{name}.txt").read_text())
    assert canon.encode(value) == expected
    assert canon.decode(expected) == value


@settings(deadline=None, max_examples=500)
@given(VALUES | st.floats(1e-7, 1e22) | st.floats(-1e-3, 1e-3))
def test_the_quick_way_spells_as_the_long_way(value: Any) -> None:
    """Whichever encoder is used, the bytes are those of the scheme's own implementation."""
    assert canon.encode(value) == rfc8785.dumps(value)


@pytest.mark.parametrize(
    "value",
    [
        1e-4, 9.999999999999999e-5, 1e-6, 1e-7, 1e15, 1e15 + 0.5, 1e16, 1e20, 1e21, 1.5e300, 5e-324,
        -0.0, 0.0, -1.0, 2.0**53 - 1, 2.0**53, -(2.0**53), 123456789012345.6,
        {"\u20ac": 1, "\r": 2},
        {"\U0001f600": 1, "\ufb33": 2}, "\x7f\x00\x1f\u2028/\"\\", (1, [2.0, {"a": (True, None)}]),
    ],
    ids=repr,
)  # fmt: skip
def test_the_quick_way_at_its_edges(value: Any) -> None:
    """The same where the two are known to differ, or to change their spelling."""
    assert canon.encode(value) == rfc8785.dumps(value)


@settings(deadline=None)
@given(VALUES)
def test_decode_inverts_encode(value: Any) -> None:
    """What was encoded decodes to an equal value, and encodes to the same bytes again."""
    data = canon.encode(value)
    assert canon.decode(data) == value
    assert canon.encode(canon.decode(data)) == data


@pytest.mark.parametrize(
    "data",
    [
        b'{"a": 1}', b'{"b":1,"a":2}', b'{"a":1,"a":2}', b"1.0", b"-0", b"1e2", b"NaN", b"Infinity",
        b"9007199254740993", b'"\\u0041"', b'"\\ud800"', b'"\xff"', b"[1,]", b"", b"01", b" 1",
        b"1\n", b'"\\/"', b'"\\u001F"', b"\xef\xbb\xbf1", b"[" * 100_000, b"1" * 5000,
    ],
    ids=lambda data: repr(data[:24]),
)  # fmt: skip
def test_other_spellings_are_refused(data: bytes) -> None:
    """Bytes that are not the one canonical spelling are a format error."""
    with pytest.raises(FormatError):
        canon.decode(data)


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, 2**53, {1: 2}, {"a"}, b"x", "\ud800", {"\ud800": 1}], ids=repr
)
def test_values_without_canonical_form_are_refused(value: Any) -> None:
    """Values outside the scheme are a format error, never another library's exception."""
    with pytest.raises(FormatError):
        canon.encode(value)


def test_large_whole_floats_survive() -> None:
    """Floats that the scheme writes without a point come back as the same float."""
    for value in (1e20, 2.0**53, -1e20, 123456789012345680000.0):
        assert canon.decode(canon.encode(value)) == value


NUMBERS = (
    "0", "-0", "1.0", "10", "1e1", "1E1", "1e-5", "0.00001", "1e-7", "1e-07", "0.1", "0.10", "-0.0",
    "9007199254740991", "9007199254740993", "1152000000000000000", "5109983270050823000",
    "5109983270050823001", "1e+16", "10000000000000000", "1e21", "1e+21", "1e+022", "123456.789",
    "1" * 23, "1e999", "-1e999", "NaN", "Infinity", "01", "+1", ".5", "1.",
)  # fmt: skip
PIECES = (
    *NUMBERS, '"a"', '"b"', '"é"', '"€"', '"\U0001f600"', '"\\u00e9"', '"\\ud800"', '"\\/"',
    '"\\u001f"', '"\\u001F"', '"\\n"', "{", "}", "[", "]", ",", ":", " ", "\n", "\ufeff", "null",
    "true", "\x00",
)  # fmt: skip


def by_the_scheme(data: bytes) -> Any:
    """The rule itself, without a quick way: the scheme's own encoder gives these bytes again."""

    def number(digits: str) -> int | float:
        if len(digits) > 22:
            raise ValueError
        value = int(digits)
        return value if abs(value) <= canon.SAFE_INTEGER else float(digits)

    try:
        value = json.loads(data.decode(), parse_int=number)
        return value if rfc8785.dumps(value) == data else FormatError
    except (ValueError, RecursionError):
        return FormatError


def verdict(data: bytes) -> Any:
    """What we decode it to, or that we refuse it."""
    try:
        return canon.decode(data)
    except FormatError:
        return FormatError


@settings(deadline=None, max_examples=500)
@given(
    st.lists(st.sampled_from(PIECES), max_size=9).map("".join)
    | VALUES.map(lambda value: canon.encode(value).decode()),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 3), st.sampled_from(PIECES)), max_size=2),
)
def test_every_text_is_judged_as_the_scheme_judges_it(text: str, changes: Any) -> None:
    """Made of awkward pieces, or of a value whose text they were put into."""
    for place, cut, piece in changes:
        at = int(place * len(text))
        text = text[:at] + piece + text[at + cut :]
    found = verdict(text.encode())
    assert repr(found) == repr(by_the_scheme(text.encode()))  # 1 is not 1.0, nor True


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("around", ["{}", "[{}]", '{{"a":{}}}', '["é",{}]', '{{"€":{},"é":0.5}}'])
def test_every_number_is_judged_as_the_scheme_judges_it(number: str, around: str) -> None:
    """Alone and within, beside text that takes the long way and text that does not."""
    data = around.format(number).encode()
    assert repr(verdict(data)) == repr(by_the_scheme(data))
