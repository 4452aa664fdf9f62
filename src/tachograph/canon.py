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
        value = json.loads(data.decode("utf-8"), parse_int=_whole)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"not canonical JSON: {error}", hint=_HINT) from error
    if encode(value) != data:
        raise FormatError("not canonical JSON: the same value has another spelling", hint=_HINT)
    return value


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
