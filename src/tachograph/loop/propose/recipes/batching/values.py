"""What is known of a value while a loop's body is rewritten for all rounds at once.

A batched array has one more axis than the program thinks, in front: one entry for each round.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


class CannotBatchError(Exception):
    """The loop holds something that cannot be done for all rounds at once."""


class WidenError(Exception):
    """A name holds one array for all rounds, but each round stores its own into it."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass(frozen=True)
class Array:
    """An array or a number. `rank` as the program sees it, None where it is not known."""

    rank: int | None
    batched: bool = False


@dataclass(frozen=True)
class Fields:
    """A dictionary with known keys."""

    items: tuple[tuple[str, Value], ...]


@dataclass(frozen=True)
class Row:
    """A list or tuple: the items where they are known one by one, else what they have in common."""

    items: tuple[Value, ...] | None
    each: Value | None = None


@dataclass(frozen=True)
class Text:
    """One of these texts."""

    options: frozenset[str]


@dataclass(frozen=True)
class Shape:
    """A tuple of lengths."""


@dataclass(frozen=True)
class Cut:
    """A slice."""


@dataclass(frozen=True)
class Other:
    """Anything else, the same in each round."""


Value = Array | Fields | Row | Text | Shape | Cut | Other

NUMBER = Array(0)


def is_batched(value: Value) -> bool:
    match value:
        case Array(batched=batched):
            return batched
        case Fields(items=items):
            return any(is_batched(item) for _, item in items)
        case Row(items=items, each=each):
            return any(map(is_batched, items or ())) or (each is not None and is_batched(each))
    return False


def widened(value: Value) -> Value:
    """The same with every array batched."""
    match value:
        case Array(rank=rank):
            return Array(rank, True)
        case Fields(items=items):
            return Fields(tuple((key, widened(item)) for key, item in items))
        case Row(items=None, each=each):
            return Row(None, None if each is None else widened(each))
        case Row(items=items):
            return Row(tuple(widened(item) for item in items or ()))
    return value


def joined(one: Value, other: Value) -> Value:
    """What both are. Raises CannotBatchError where one is batched and the other is not."""
    if one == other:
        return one
    match one, other:
        case Array(rank=a, batched=b), Array(rank=c, batched=d):
            if b != d:
                raise CannotBatchError("batched in one place and not in another")
            return Array(a if a == c else None, b)
        case Text(options=a_options), Text(options=b_options):
            return Text(a_options | b_options)
        case Row(), Row():
            return joined_rows(one, other)
        case Fields(items=a_items), Fields(items=b_items):
            if [key for key, _ in a_items] == [key for key, _ in b_items]:
                pairs = zip(a_items, b_items, strict=True)
                return Fields(tuple((k, joined(x, y)) for (k, x), (_, y) in pairs))
    if is_batched(one) or is_batched(other):
        raise CannotBatchError("unlike values in one name")
    return Other()


def joined_rows(one: Row, other: Row) -> Row:
    if one.items is not None and other.items is not None and len(one.items) == len(other.items):
        pairs = zip(one.items, other.items, strict=True)
        return Row(tuple(joined(a, b) for a, b in pairs))
    common = [value for value in (common_item(one), common_item(other)) if value is not None]
    return Row(None, all_joined(common) if common else None)


def all_joined(values: Iterable[Value]) -> Value:
    found: Value | None = None
    for value in values:
        found = value if found is None else joined(found, value)
    if found is None:
        raise CannotBatchError("nothing to join")
    return found


def common_item(row: Row) -> Value | None:
    """What all items are; None where there are none yet."""
    if row.items is None:
        return row.each
    return all_joined(row.items) if row.items else None


def seen_value(description: Mapping[str, Any]) -> Value:
    """A value from what was observed."""
    kind = description["kind"]
    if kind == "array":
        return Array(len(description["shape"]))
    if kind in ("int", "float", "bool", "scalar", "complex"):
        return NUMBER
    if kind == "str":
        return Text(frozenset({str(description.get("value", ""))}))
    if kind == "dict":
        items = description["items"].items()
        return Fields(tuple((str(key), seen_value(item)) for key, item in items))
    if kind in ("list", "tuple") and "each" in description:
        return Row(None, seen_value(description["each"]))
    if kind in ("list", "tuple") and "items" in description:
        return Row(tuple(seen_value(item) for item in description["items"]))
    return Other()
