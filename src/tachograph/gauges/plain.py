"""Frozen dataclasses to plain JSON values and back, checked against their own annotations.

Understands what readings are made of: text, whole and real numbers, truth values, None, unions of
these, tuples of one type, mappings from text, and dataclasses of the same. A field that is missing,
unknown or of another type is a FormatError that names its place. Proven by
tests/gauges/test_reading.py.
"""

from __future__ import annotations

import math
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from tachograph.errors import FormatError

T = TypeVar("T")
HINT = "write it with Reading.encode"


def to_plain(value: Any) -> Any:
    """Return the value as None, bool, int, float, str, list and dict."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [to_plain(inner) for inner in value]
    return value


def from_plain(kind: type[T], plain: Any, place: str = "") -> T:
    """The dataclass `kind` that this value describes. Raises FormatError naming the place."""
    hashable: Any = kind
    wanted = _hints(hashable)
    if not isinstance(plain, dict) or plain.keys() != wanted.keys():
        raise FormatError(f"{place or kind.__name__}: not the fields of {kind.__name__}", hint=HINT)
    try:
        return kind(**{
            name: _fitted(hint, plain[name], f"{place}.{name}".lstrip("."))
            for name, hint in wanted.items()
        })  # fmt: skip
    except AssertionError as error:
        raise FormatError(f"{place or kind.__name__}: {error}", hint=HINT) from error


@cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def _fitted(hint: Any, plain: Any, place: str) -> Any:
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _first_fit(inner, plain, place)
    if origin is Literal and plain in inner:
        return plain
    if origin is tuple and isinstance(plain, list):
        return tuple(_fitted(inner[0], item, f"{place}[{n}]") for n, item in enumerate(plain))
    if origin in (dict, Mapping) and isinstance(plain, dict):
        return {key: _fitted(inner[1], item, f"{place}.{key}") for key, item in plain.items()}
    if is_dataclass(hint) and isinstance(hint, type):
        return from_plain(hint, plain, place)
    if hint is float and type(plain) in (int, float) and math.isfinite(plain):
        return float(plain)
    if hint is type(None) and plain is None:
        return None
    if isinstance(hint, type) and type(plain) is hint:
        return plain
    raise FormatError(f"{place}: not what belongs there: {plain!r:.80}", hint=HINT)


def _first_fit(kinds: tuple[Any, ...], plain: Any, place: str) -> Any:
    # The exact type first: a union of int and float must keep a whole number whole.
    for kind in sorted(kinds, key=lambda kind: kind is not type(plain)):
        try:
            return _fitted(kind, plain, place)
        except FormatError:
            continue
    raise FormatError(f"{place}: not what belongs there: {plain!r:.80}", hint=HINT)
