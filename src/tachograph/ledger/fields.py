"""Plain fields of a body and back, checked against its dataclass in both directions.

Proven by tests/ledger/test_ledger_kinds.py. Not covered: ranges and meanings of the fields.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields
from functools import cache, partial
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from tachograph.errors import FormatError
from tachograph.ledger.kinds import KINDS, Body, Digest

Record = TypeVar("Record")
Check = Callable[[Any], Any]
"""Returns the value as the field holds it; raises TypeError where it does not fit."""

_HEX = frozenset("0123456789abcdef")


def to_plain(body: Body) -> dict[str, Any]:
    """Return the body's fields as JSON values. Raises FormatError where one does not fit."""
    kind = type(body).__name__
    if KINDS.get(kind) is not type(body):
        raise FormatError(f"{kind} is not a kind of entry", hint=_HINT)
    return record_to_plain(body)


def from_plain(kind: str, plain: Any) -> Body:
    """Return the body of that kind. Raises FormatError for an unknown kind or unfit fields."""
    wanted = KINDS.get(kind)
    if wanted is None:
        raise FormatError(f"unknown kind {kind!r}", hint="read it with a newer tachograph")
    return record_from_plain(wanted, plain)


def record_to_plain(record: Any) -> dict[str, Any]:
    """Return the fields of any dataclass whose fields are ground types, as JSON values.

    Raises FormatError where one does not fit its type.
    """
    kind: Any = type(record)
    plain = {}
    for name, test in _checks(kind):
        try:
            plain[name] = test(getattr(record, name))
        except TypeError as error:
            raise _unfit(kind, name, error) from error
    return plain


def record_from_plain(kind: type[Record], plain: Any) -> Record:
    """Return the dataclass that such fields make. Raises FormatError for unfit ones.

    Fields with a default may be absent, no other may, and none may be added.
    """
    shape: Any = kind
    if not isinstance(plain, dict) or not _needed(shape) <= plain.keys() <= _names(shape):
        raise FormatError(f"the fields are not those of a {kind.__name__}", hint=_HINT)
    fitted = {}
    for name, test in _checks(shape):
        if name in plain:
            try:
                fitted[name] = test(plain[name])
            except TypeError as error:
                raise _unfit(shape, name, error) from error
    return kind(**fitted)


def names(kind: Any) -> frozenset[str]:
    """Return the names of all fields of a dataclass."""
    return _names(kind)


def digests(body: Any) -> Iterator[str]:
    """Yield every object that a body, or another record of ground types, names."""
    kind: Any = type(body)
    for name in _digest_fields(kind):
        value = getattr(body, name)
        yield from value.values() if isinstance(value, dict) else [value]


_HINT = "compare it with the kind's definition"


def _unfit(kind: Any, name: str, error: TypeError) -> FormatError:
    return FormatError(f"{kind.__name__}.{name} is not {error}", hint=_HINT)


@cache
def _checks(kind: Any) -> tuple[tuple[str, Check], ...]:
    return tuple((name, _check_for(hint)) for name, hint in _hints(kind))


@cache
def _names(kind: Any) -> frozenset[str]:
    return frozenset(field.name for field in fields(kind))


@cache
def _needed(kind: Any) -> frozenset[str]:
    """Fields without a default. An entry of an earlier version lacks those that came later."""
    return frozenset(
        field.name
        for field in fields(kind)
        if field.default is MISSING and field.default_factory is MISSING
    )


@cache
def _digest_fields(kind: Any) -> tuple[str, ...]:
    return tuple(name for name, hint in _hints(kind) if hint in (Digest, dict[str, Digest]))


def _hints(kind: Any) -> list[tuple[str, Any]]:
    hints = get_type_hints(kind, include_extras=True)
    return [(field.name, hints[field.name]) for field in fields(kind)]


def _check_for(hint: Any) -> Check:
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Literal:
        return partial(_one_of, inner)
    if origin is Annotated:
        return _digest
    if origin in (Union, types.UnionType):
        (some,) = (part for part in inner if part is not type(None))
        return partial(_optional, _check_for(some))
    if origin is list:
        return partial(_list_of, _check_for(inner[0]))
    if origin is dict:
        return partial(_dict_of, _check_for(inner[1]))
    return _GROUND[hint]


def _one_of(allowed: tuple[str, ...], value: Any) -> Any:
    if value not in allowed:
        raise TypeError(f"one of {', '.join(allowed)}")
    return value


def _digest(value: Any) -> Any:
    if not isinstance(value, str) or len(value) != 64 or not _HEX.issuperset(value):
        raise TypeError("64 lower-case hex digits")
    return value


def _optional(check: Check, value: Any) -> Any:
    return None if value is None else check(value)


def _list_of(check: Check, value: Any) -> Any:
    if not isinstance(value, list | tuple):
        raise TypeError("a list")
    return [check(item) for item in value]


def _dict_of(check: Check, value: Any) -> Any:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise TypeError("a dict with text keys")
    return {key: check(item) for key, item in value.items()}


def _text(value: Any) -> Any:
    if not isinstance(value, str):
        raise TypeError("text")
    return value


def _whole(value: Any) -> Any:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("a whole number")
    return value


def _number(value: Any) -> Any:
    # The canonical form of 2.0 is 2, so a float field takes whole numbers too.
    if type(value) is float:
        return value
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TypeError("a number")
    return float(value)


def _truth(value: Any) -> Any:
    if not isinstance(value, bool):
        raise TypeError("true or false")
    return value


def _anything(value: Any) -> Any:
    return value


_GROUND: dict[Any, Check] = {
    str: _text,
    int: _whole,
    float: _number,
    bool: _truth,
    Any: _anything,
}
