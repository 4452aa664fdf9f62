"""Canonical bytes: one value, one spelling (RFC 8785, the JSON Canonicalization Scheme).

Whatever is hashed or signed in the ledger passes through here, so that a hash names a value and not
one of its spellings. Proven by tests/test_canon.py with the scheme's own vectors. Not covered:
integers outside ±(2**53 - 1), which the scheme leaves to text; whole floats come back as integers.

>>> encode({"b": 1.0, "a": "é"})
b'{"a":"\\xc3\\xa9","b":1}'
>>> decode(b'{"a":1}')
{'a': 1}
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import rfc8785

from tachograph.errors import FormatError

SAFE_INTEGER = 2**53 - 1
"""The largest integer that every JSON reader keeps exactly (RFC 8785, section 3.2.2.3)."""


def encode(value: Any) -> bytes:
    """Return the canonical bytes of None, bool, int, float, str, list, tuple or dict, nested.

    Raises FormatError for NaN, infinities, integers beyond SAFE_INTEGER, lone surrogates, keys that
    are not text, nesting too deep for the stack, and any other type.
    """
    try:
        try:
            return _ENCODE(_plain(value)).encode()
        except _UnusualError:
            return rfc8785.dumps(value)
    except (ValueError, RecursionError) as error:
        raise FormatError(
            f"value has no canonical form: {error}",
            hint="use text, finite numbers, booleans, None, lists and dicts with text keys",
        ) from error


def decode(data: bytes) -> Any:
    """Return the value whose canonical bytes are exactly `data`.

    Raises FormatError for anything else: other spellings, duplicate keys, NaN, lone surrogates.
    """
    try:
        text = data.decode("utf-8")
        value, _ = _READER.raw_decode(text)
        spelled = text.isascii() and _ENCODE(value) == text
    except (ValueError, RecursionError) as error:
        raise FormatError(f"not canonical JSON: {error}", hint=_HINT) from error
    # Keys are ASCII, and sorted alike by both encoders; numbers were looked at when they were read.
    if not spelled and encode(value) != data:
        raise FormatError("not canonical JSON: the same value has another spelling", hint=_HINT)
    return value


# Nearly every value is one that the standard library's encoder, three times as fast, spells as the
# scheme does. What it might spell otherwise goes the long way.

_ENCODE = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, sort_keys=True, separators=(",", ":")
).encode


class _UnusualError(Exception):
    """The two encoders might differ."""


def _plain(value: Any) -> Any:
    """The same value, such that json spells it canonically. Raises _UnusualError."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is float:
        size = abs(value)
        if value.is_integer():
            if size <= SAFE_INTEGER:
                return int(value)  # 1.0 is 1, and -0.0 is 0
            if size < 1e21:
                return int(Decimal(repr(value)))  # its shortest digits, filled up with zeros
        elif 1e-4 <= size < 1e16:  # where Python, too, writes no exponent
            return value
    elif kind is int:
        if -SAFE_INTEGER <= value <= SAFE_INTEGER:
            return value
    elif kind is dict:
        for key in value:
            # json sorts by code points, the scheme by UTF-16 units: for ASCII they agree
            if type(key) is not str or not key.isascii():
                raise _UnusualError
        return {key: _plain(item) for key, item in value.items()}
    elif kind is list or kind is tuple:
        return [_plain(item) for item in value]
    raise _UnusualError


_HINT = "write the value with tachograph.canon.encode"


def _whole(digits: str) -> int | float:
    # The canonical form writes floats up to 1e21 without a point: past the safe range, digits
    # can only have come from a float.
    if len(digits) < 16:
        return int(digits)
    if len(digits) > 22:
        raise ValueError("number too long")
    value = int(digits)
    return value if abs(value) <= SAFE_INTEGER else float(digits)


def _fraction(digits: str) -> float:
    # Where Python spells a number as the scheme does, the whole text's spelling settles it.
    value = float(digits)
    usual = 1e-4 <= abs(value) < 1e16 and not value.is_integer()
    if not usual and encode(value) != digits.encode():
        raise ValueError(f"the number {digits} has another spelling")
    return value


def _constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


_READER = json.JSONDecoder(parse_int=_whole, parse_float=_fraction, parse_constant=_constant)
