"""Indexing of arrays: views for basic indices, gathers for index arrays, masks for stores.

Lengths of slices with moving bounds are told apart as linear forms: `a[4 * h : 4 * h + 4]` has four
rows whatever h is. A slice that would be clipped at run time stops the program instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tachograph.loop.propose.recipes.specialise.arrays import (
    broadcast_dims,
    element_in,
    materialise,
    require,
)
from tachograph.loop.propose.recipes.specialise.emit import Builder
from tachograph.loop.propose.recipes.specialise.values import (
    Array,
    BeyondError,
    Dim,
    NeedStaticError,
    Scalar,
    Slice,
    Static,
    dim,
)

Linear = Mapping[str, int]
Source = Callable[[Builder, Sequence[str]], str]
"""From the result's index codes to the index code on one axis of the indexed array."""


def linear_of(value: Static | Scalar) -> Linear:
    """An integer as a linear form over residual names."""
    if isinstance(value, Static):
        return {"": int(value.value)}
    return value.linear if value.linear is not None else {value.code: 1}


def combine(one: Linear, other: Linear, factor: int) -> Linear:
    """one + factor * other."""
    made = dict(one)
    for atom, coefficient in other.items():
        made[atom] = made.get(atom, 0) + factor * coefficient
    return {atom: value for atom, value in made.items() if value or atom == ""}


def constant(form: Linear) -> int | None:
    """The form's value where no name is left in it."""
    return None if any(atom for atom in form) else form.get("", 0)


@dataclass(frozen=True)
class Axis:
    """How one axis of the indexed array is reached from the result's indices."""

    source: Source
    kept: int | None
    """The axis of the result that runs along it, for slices."""
    dense: bool
    """Neighbours in the result are neighbours in the array."""


def select(builder: Builder, array: Array, items: Sequence[Any]) -> tuple[Array, bool]:
    """`array[items]`, still tied to its buffer, and whether it is a gather (not a view)."""
    full = expand(array, items)
    advanced = [item for item in full if isinstance(item, Array)]
    lead = gather_dims(builder, advanced)
    dims: list[Dim] = []
    axes: list[Axis] = []
    at = gather_place(full) if advanced else None
    for position, item in enumerate(full):
        if at == position:
            start_of_gather = len(dims)
            dims += lead
        if isinstance(item, Static) and item.value is None:
            dims.append(dim(1))
            continue
        length = array.dims[len(axes)]
        if isinstance(item, Slice):
            source_maker, size, dense = sliced(builder, item, length)
            axes.append(Axis(source_maker(len(dims)), len(dims), dense))
            dims.append(size)
        elif isinstance(item, Array):
            axes.append(Axis(gathered(builder, item, lead, start_of_gather), None, False))
        else:
            code = index_code(builder, item, length)
            axes.append(Axis(fixed(code), None, True))
    return selected(array, axes, tuple(dims), full, advanced), bool(advanced)


def selected(
    array: Array, axes: Sequence[Axis], dims: tuple[Dim, ...], full: Sequence[Any],
    advanced: Sequence[Array],
) -> Array:  # fmt: skip
    def element(builder: Builder, indices: Sequence[str]) -> str:
        return array.element(builder, [axis.source(builder, indices) for axis in axes])

    unit = axes[array.unit_axis] if array.unit_axis is not None else None
    view, layout = ("", "A") if advanced else view_of(array, full)
    return replace(
        array,
        dims=dims,
        element=element,
        view=view,
        layout=layout,
        unit_axis=unit.kept if unit is not None and unit.dense else None,
        reads=array.reads.union(*(item.reads for item in advanced)),
        is_leaf=array.is_leaf and not advanced,
    )


def fixed(code: str) -> Source:
    return lambda builder, indices: code


def expand(array: Array, items: Sequence[Any]) -> list[Any]:
    """Ellipsis written out, missing indices as full slices."""
    used = sum(1 for item in items if not is_static(item, None) and not is_static(item, ...))
    missing = array.rank - used
    if missing < 0 or any(isinstance(i, Array) and i.dtype == "bool" for i in items):
        raise BeyondError("an index of another kind")
    full: list[Any] = []
    for item in items:
        full += [FULL] * missing if is_static(item, ...) else [item]
    if not any(is_static(item, ...) for item in items):
        full += [FULL] * missing
    has_array = any(isinstance(item, Array) for item in full)
    if has_array and any(isinstance(i, Scalar) or is_integer(i) for i in full):
        raise BeyondError("index arrays mixed with numbers")
    return full


def is_static(item: Any, value: Any) -> bool:
    return isinstance(item, Static) and item.value is value


def is_integer(item: Any) -> bool:
    return isinstance(item, Static) and isinstance(item.value, int)


FULL = Slice(None, None, None)


def gather_dims(builder: Builder, advanced: Sequence[Array]) -> tuple[Dim, ...]:
    return broadcast_dims(builder, [item.dims for item in advanced]) if advanced else ()


def gather_place(full: Sequence[Any]) -> int:
    """Before which index the gathered axes go: their own place if together, else first."""
    places = [i for i, item in enumerate(full) if isinstance(item, Array)]
    together = places[-1] - places[0] + 1 == len(places)
    if not together:
        raise BeyondError("index arrays apart from each other")
    return places[0]


def gathered(builder: Builder, item: Array, lead: tuple[Dim, ...], start: int) -> Source:
    if item.dtype[0] not in "iu":
        raise BeyondError(f"an index of {item.dtype}")
    element = element_in(materialise_deep(builder, item), lead, item.dtype)
    return lambda inner, indices: element(inner, indices[start : start + len(lead)])


def materialise_deep(builder: Builder, item: Array) -> Array:
    """Index expressions are cheap to write out again unless they are more than one access."""
    return item if item.is_leaf else materialise(builder, item)


def index_code(builder: Builder, item: Any, length: Dim) -> str:
    """A single index, counted from the start."""
    if isinstance(item, Static) and isinstance(item.value, int):
        if item.value < 0:
            known = length.static
            return str(known + item.value) if known is not None else f"{length.code}{item.value}"
        return str(item.value)
    if isinstance(item, Scalar) and item.dtype[0] in "iu":
        return builder.bind(item.code)
    raise BeyondError("an index of another kind")


def sliced(builder: Builder, item: Slice, length: Dim) -> tuple[Callable[[int], Source], Dim, bool]:
    """From the result's axis to the source; the slice's length; whether it is dense."""
    step = static_or(item.step, 1)
    if step == -1 and item.start is None and item.stop is None:
        return reversed_source(length), length, False
    if step < 1:
        raise BeyondError("a slice that runs backwards")
    start, size = bounds(builder, item, length, step)

    def maker(axis: int) -> Source:
        def source(_: Builder, indices: Sequence[str]) -> str:
            code = indices[axis] if step == 1 else f"{indices[axis]} * {step}"
            return code if start == "0" else f"{start} + {code}"

        return source

    return maker, size, step == 1


def reversed_source(length: Dim) -> Callable[[int], Source]:
    return lambda axis: lambda builder, indices: f"{length.code} - 1 - {indices[axis]}"


def static_or(value: Any, default: int) -> int:
    """A bound that must be known now."""
    if value is None or is_static(value, None):
        return default
    if isinstance(value, Static) and isinstance(value.value, int):
        return value.value
    raise NeedStaticError("a step", getattr(value, "code", ""))


def bounds(builder: Builder, item: Slice, length: Dim, step: int) -> tuple[str, Dim]:
    """Start code and length of a slice that runs forwards."""
    start = Static(0) if is_absent(item.start) else item.start
    if is_known(start) and (is_absent(item.stop) or is_known(item.stop)):
        stop = None if is_absent(item.stop) else item.stop.value
        if length.static is not None:
            first, last, _ = slice(start.value, stop, step).indices(length.static)
            return str(first), dim(len(range(first, last, step)))
    if step != 1:
        raise NeedStaticError("a strided slice of unknown length")
    stop_value = Scalar("int64", length.code) if is_absent(item.stop) else item.stop
    low, high = from_start(builder, start, length), from_start(builder, stop_value, length)
    size = constant(combine(linear_of(high), linear_of(low), -1))
    low_code = low.code if isinstance(low, Scalar) else str(low.value)
    if size is not None and size >= 0:
        if not surely_within(builder, linear_of(low), length, size):
            require(builder, f"0 <= {low_code} <= {length.code} - {size}")
        return low_code, dim(size)
    high_code = high.code if isinstance(high, Scalar) else str(high.value)
    code = builder.bind(f"max(0, min({high_code}, {length.code}) - {low_code})", "n")
    return low_code, Dim(code, seen_length(low, high, length))


def surely_within(builder: Builder, low: Linear, length: Dim, size: int) -> bool:
    """Whether a slice of this size from `low` is inside whatever values the names take."""
    if length.static is None or any(atom and atom not in builder.ranges for atom in low):
        return False
    ends = [
        [factor * end for end in builder.ranges[atom]] if atom else [factor, factor]
        for atom, factor in low.items()
    ]
    least, greatest = sum(min(end) for end in ends), sum(max(end) for end in ends)
    return least >= 0 and greatest + size <= length.static


def seen_length(low: Any, high: Any, length: Dim) -> int | None:
    ends = [each.value if isinstance(each, Static) else each.seen for each in (low, high)]
    if length.seen is None or ends[0] is None:
        return None
    last = length.seen if ends[1] is None and high.code == length.code else ends[1]
    return None if last is None else max(0, min(last, length.seen) - ends[0])


def is_absent(value: Any) -> bool:
    return value is None or is_static(value, None)


def is_known(value: Any) -> bool:
    return isinstance(value, Static) and isinstance(value.value, int)


def from_start(builder: Builder, value: Any, length: Dim) -> Static | Scalar:
    """A bound, counted from the start. Moving bounds are taken not to be negative."""
    if is_known(value):
        if value.value >= 0:
            return Static(value.value)
        code = builder.bind(f"{length.code} + ({value.value})", "n")
        seen = None if length.seen is None else length.seen + value.value
        form = {"": value.value, length.code: 1}
        return Scalar("int64", code, linear=form, seen=seen)
    if isinstance(value, Scalar) and value.dtype[0] in "iu":
        return replace(value, code=builder.bind(value.code, "n"), linear=linear_of(value))
    raise BeyondError("a bound of another kind")


def view_of(array: Array, full: Sequence[Any]) -> tuple[str, str]:
    """Code and layout of the whole view, by numba's rule for what stays contiguous."""
    if not array.view:
        return "", "A"
    parts = [part_code(item) for item in full]
    while parts and parts[-1] == ":":
        parts.pop()
    if not parts:
        return array.view, array.layout
    slices = [i for i, part in enumerate(parts) if ":" in part or part == "None"]
    dense = not slices or (slices == [len(parts) - 1] and parts[-1].count(":") == 1)
    layout = "C" if array.layout == "C" and dense else "A"
    if not all(parts):
        return "", "A"
    return f"{array.view}[{', '.join(parts)}]", layout


def part_code(item: Any) -> str:
    """One index as it is written; empty where it cannot be."""
    if isinstance(item, Slice):
        ends = [bound_code(each) for each in (item.start, item.stop)]
        step = "" if is_absent(item.step) else f":{bound_code(item.step)}"
        return f"{ends[0]}:{ends[1]}{step}"
    return "None" if is_static(item, None) else bound_code(item)


def bound_code(value: Any) -> str:
    if is_absent(value):
        return ""
    return value.code if isinstance(value, Scalar) else str(value.value)
