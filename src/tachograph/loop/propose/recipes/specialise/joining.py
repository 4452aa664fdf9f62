"""One state of several: what differs between them gets a residual variable that each one sets.

Used where branches meet and where a loop comes round again. A template says what kind of variable;
containers are joined item by item, and a list whose length differs becomes one that grows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tachograph.loop.propose.recipes.specialise.arrays import (
    buffer,
    cast_code,
    contiguous,
    number_code,
)
from tachograph.loop.propose.recipes.specialise.emit import Block
from tachograph.loop.propose.recipes.specialise.machine import Content, Machine, State
from tachograph.loop.propose.recipes.specialise.values import (
    Array,
    BeyondError,
    Dim,
    Growing,
    Items,
    Ref,
    Scalar,
    Static,
    Table,
)


@dataclass(frozen=True)
class Same:
    """Every state has this very value."""

    value: Any


@dataclass(frozen=True)
class Number:
    dtype: str
    is_numpy: bool


@dataclass(frozen=True)
class Held:
    """An array; None for a dimension that differs."""

    dtype: str
    dims: tuple[Dim | None, ...]


@dataclass(frozen=True)
class Joined:
    """A container: kind, keys, and a template for each item."""

    kind: str
    keys: tuple[Any, ...]
    items: tuple[Any, ...]


@dataclass(frozen=True)
class Grown:
    dtype: str
    is_numpy: bool


Template = Same | Number | Held | Joined | Grown


def is_same(one: Any, other: Any) -> bool:
    if one is other:
        return True
    if isinstance(one, Static) and isinstance(other, Static):
        return type(one.value) is type(other.value) and repr(one.value) == repr(other.value)
    if isinstance(one, Array) and isinstance(other, Array):
        same_view = one.view == other.view and bool(one.view)
        return same_view and one.dtype == other.dtype and one.dims == other.dims
    return type(one) is type(other) and not isinstance(one, Array | Static) and bool(one == other)


def template(values: Sequence[Any], heaps: Sequence[Any]) -> Template:
    """What holds all of these values, each read in its own heap."""
    first = values[0]
    if all(is_same(first, value) for value in values[1:]) and not isinstance(first, Ref):
        return Same(first)
    if all(isinstance(value, Static | Scalar) for value in values):
        return number_template(values)
    if all(isinstance(value, Array) for value in values):
        return array_template(values)
    if all(isinstance(value, Ref) for value in values):
        if all(value == first for value in values):
            return Same(first)
        contents = [heap[value.at] for value, heap in zip(values, heaps, strict=True)]
        return content_template(contents, heaps)
    raise BeyondError("values of two kinds meet")


def number_template(values: Sequence[Static | Scalar]) -> Number:
    dtypes = {number_dtype(value) for value in values}
    is_numpy = any(isinstance(value, Scalar) and value.is_numpy for value in values)
    if len(dtypes) == 1:
        return Number(dtypes.pop(), is_numpy)
    if dtypes <= {"int64", "float32", "float64"}:
        return Number("float64", is_numpy)
    raise BeyondError(f"numbers of two kinds meet: {sorted(dtypes)}")


def number_dtype(value: Static | Scalar) -> str:
    if isinstance(value, Scalar):
        return value.dtype
    names = {bool: "bool", int: "int64", float: "float64"}
    plain = value.value.item() if hasattr(value.value, "item") else value.value
    if type(plain) not in names:
        raise BeyondError(f"{type(plain).__name__} differs between branches or rounds")
    return names[type(plain)]


def array_template(values: Sequence[Array]) -> Held:
    first = values[0]
    if any(v.dtype != first.dtype or v.rank != first.rank for v in values):
        raise BeyondError("arrays of two types meet")
    dims = [
        length if all(v.dims[axis].code == length.code for v in values) else None
        for axis, length in enumerate(first.dims)
    ]
    return Held(first.dtype, tuple(dims))


def content_template(contents: Sequence[Content], heaps: Sequence[Any]) -> Template:
    first = contents[0]
    if all(isinstance(c, Table) for c in contents):
        tables = [c for c in contents if isinstance(c, Table)]
        keys = tuple(key for key, _ in tables[0].items)
        if any(tuple(key for key, _ in t.items) != keys for t in tables):
            raise BeyondError("dicts with other keys meet")
        columns = zip(*([v for _, v in t.items] for t in tables), strict=True)
        return Joined("dict", keys, tuple(template(column, heaps) for column in columns))
    lists = [c for c in contents if isinstance(c, Items)]
    if len(lists) == len(contents) and len({(c.kind, len(c.items)) for c in lists}) == 1:
        columns = zip(*(c.items for c in lists), strict=True)
        kind = lists[0].kind
        return Joined(kind, (), tuple(template(column, heaps) for column in columns))
    if any(c.kind != "list" for c in lists) or isinstance(first, Table):
        raise BeyondError("containers of two kinds meet")
    numbers: list[Any] = [item for c in lists for item in c.items]
    numbers += [Scalar(c.dtype, "", c.is_numpy) for c in contents if isinstance(c, Growing)]
    if not numbers or not all(isinstance(n, Static | Scalar) for n in numbers):
        raise BeyondError("a list that grows with other than numbers")
    held = number_template(numbers)
    return Grown(held.dtype, held.is_numpy)


def declare(machine: Machine, wanted: Template, stem: str) -> Any:
    """A value of fresh residual names for the template. Nothing is assigned yet."""
    if isinstance(wanted, Same):
        return wanted.value
    if isinstance(wanted, Joined):
        inner = tuple(declare(machine, item, stem) for item in wanted.items)
        if wanted.kind == "dict":
            return machine.new(Table(tuple(zip(wanted.keys, inner, strict=True))))
        return machine.new(Items(wanted.kind, inner))
    name = machine.builder.fresh(stem)
    if isinstance(wanted, Number):
        return Scalar(wanted.dtype, name, wanted.is_numpy)
    if isinstance(wanted, Grown):
        return machine.new(Growing(name, wanted.dtype, wanted.is_numpy))
    dims = [d or Dim(f"{name}.shape[{axis}]", None) for axis, d in enumerate(wanted.dims)]
    return buffer(name, wanted.dtype, dims)


def assignments(machine: Machine, target: Any, value: Any, heap: Any) -> list[tuple[str, str]]:
    """What to assign so that the declared target holds the value; may write code first."""
    if isinstance(target, Scalar) and isinstance(value, Static | Scalar):
        if target == value:
            return []
        if isinstance(value, Static):
            return [(target.code, number_code(value.value, target.dtype))]
        return [(target.code, cast_code(value.code, value.dtype, target.dtype))]
    if isinstance(target, Array) and isinstance(value, Array):
        if target is value or is_same(target, value):
            return []
        if value.base and (value.layout != "C" or not value.view):
            raise BeyondError("a strided view is kept")
        return [(target.view, contiguous(machine.builder, value).view)]
    if isinstance(target, Ref) and isinstance(value, Ref):
        if target == value and machine.heap.get(target.at) is heap.get(value.at):
            return []
        return content_assignments(machine, machine.heap[target.at], heap[value.at], heap)
    return []


def content_assignments(
    machine: Machine, target: Content, value: Content, heap: Any
) -> list[tuple[str, str]]:
    if isinstance(target, Growing):
        return grown_assignment(machine, target, value)
    if isinstance(target, Table) and isinstance(value, Table):
        pairs = [(t, v) for (_, t), (_, v) in zip(target.items, value.items, strict=True)]
    elif isinstance(target, Items) and isinstance(value, Items):
        pairs = list(zip(target.items, value.items, strict=True))
    else:
        raise BeyondError("containers of two kinds meet")
    return [made for t, v in pairs for made in assignments(machine, t, v, heap)]


def grown_assignment(machine: Machine, target: Growing, value: Content) -> list[tuple[str, str]]:
    if isinstance(value, Growing):
        return [] if value.code == target.code else [(target.code, value.code)]
    if not isinstance(value, Items):
        raise BeyondError("containers of two kinds meet")
    name = machine.builder.fresh("list")
    machine.builder.line(f"{name} = [{number_code(0, target.dtype)}]")
    machine.builder.line(f"{name}.pop()")
    for item in value.items:
        code = item.code if isinstance(item, Scalar) else number_code(item.value)
        machine.builder.line(f"{name}.append({cast_code(code, '', target.dtype)})")
    return [(target.code, name)]


def assign_all(machine: Machine, pairs: Sequence[tuple[str, str]]) -> None:
    """Assign in parallel."""
    targets = {name for name, _ in pairs}
    held = []
    for name, code in pairs:
        if len(pairs) > 1 and any(other in code for other in targets if other != name):
            code = machine.builder.bind(f"({code})", "w")
        held.append((name, code))
    for name, code in held:
        machine.builder.line(f"{name} = {code}")


Location = tuple[Any, ...]


def locations(state: State) -> dict[Location, Any]:
    """Every variable and every container of a state."""
    found: dict[Location, Any] = {}
    for depth, frame in enumerate(state.frames):
        for name, value in frame.items():
            found["variable", depth, name] = value
    for cell, content in state.heap.items():
        found["cell", cell] = content
    return found


def location_template(values: Sequence[Any], heaps: Sequence[Any]) -> Template:
    if isinstance(values[0], Items | Table | Growing):
        return content_template(values, heaps)
    return template(values, heaps)


def is_unchanged(one: Any, other: Any) -> bool:
    if isinstance(one, Items) and isinstance(other, Items):
        same = one.kind == other.kind and len(one.items) == len(other.items)
        return same and all(is_same(a, b) for a, b in zip(one.items, other.items, strict=True))
    if isinstance(one, Table) and isinstance(other, Table):
        same = [k for k, _ in one.items] == [k for k, _ in other.items]
        pairs = zip(one.items, other.items, strict=False)
        return same and all(is_same(a, b) for (_, a), (_, b) in pairs)
    return is_same(one, other)


def place_value(machine: Machine, location: Location, value: Any) -> None:
    """Put a declared value where the location says. Containers keep their own cell."""
    if location[0] == "variable":
        machine.frames[location[1]][location[2]] = value
    else:
        machine.heap[location[1]] = machine.heap[value.at]


def declared_content(machine: Machine, location: Location) -> Any:
    if location[0] == "variable":
        return machine.frames[location[1]].get(location[2])
    return machine.heap[location[1]]


def set_location(machine: Machine, location: Location, value: Any, heap: Any) -> list[Any]:
    """Assignments that bring the value of one location into its declared names."""
    target = declared_content(machine, location)
    if isinstance(target, Items | Table | Growing):
        return content_assignments(machine, target, value, heap)
    return assignments(machine, target, value, heap)


def join(machine: Machine, ends: Sequence[tuple[State, Block]]) -> None:
    """Make the machine's state the one that follows from any of these ends."""
    seen = [locations(state) for state, _ in ends]
    heaps = [state.heap for state, _ in ends]
    machine.put_back(ends[0][0])
    for _, heap in enumerate(heaps):
        for cell, content in heap.items():
            machine.heap.setdefault(cell, content)
    shared = [loc for loc in seen[0] if all(loc in each for each in seen[1:])]
    changed = [loc for loc in shared if not all(is_unchanged(seen[0][loc], s[loc]) for s in seen)]
    for location in seen[0]:
        if location not in shared and location[0] == "variable":
            del machine.frames[location[1]][location[2]]
    for location in changed:
        wanted = location_template([each[location] for each in seen], heaps)
        stem = location[2] if location[0] == "variable" else "item"
        place_value(machine, location, declare(machine, wanted, stem))
    for (_, block), values, heap in zip(ends, seen, heaps, strict=True):
        with machine.builder.into(block):
            pairs = []
            for location in changed:
                pairs += set_location(machine, location, values[location], heap)
            assign_all(machine, pairs)
