"""Views of other shape: transpose, reshape, joins of arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tachograph.loop.propose.recipes.specialise.arrays import (
    allocate,
    contiguous,
    promote,
    reshaped,
    shape_code,
    store,
)
from tachograph.loop.propose.recipes.specialise.emit import Builder
from tachograph.loop.propose.recipes.specialise.indexing import FULL, select
from tachograph.loop.propose.recipes.specialise.values import (
    Array,
    BeyondError,
    Dim,
    Scalar,
    Slice,
    Static,
    dim,
)


def transposed(array: Array, axes: Sequence[int]) -> Array:
    """The array with its axes in this order."""
    order = [axis % array.rank for axis in axes]
    if sorted(order) != list(range(array.rank)):
        raise BeyondError("axes that are no permutation")
    place = [order.index(axis) for axis in range(array.rank)]

    def element(builder: Builder, indices: Sequence[str]) -> str:
        return array.element(builder, [indices[at] for at in place])

    is_flip = order == list(reversed(range(array.rank)))
    flipped = {"C": "F", "F": "C"}.get(array.layout, "A")
    return reshaped(
        array,
        dims=tuple(array.dims[axis] for axis in order),
        element=element,
        view=f"{array.view}.T" if array.view and is_flip else "",
        layout=flipped if is_flip else "A",
        unit_axis=None if array.unit_axis is None else place[array.unit_axis],
    )


def reshape(builder: Builder, array: Array, lengths: Sequence[Dim | None]) -> Array:
    """`reshape`; None stands for the length that follows from the others."""
    source = contiguous(builder, array)
    dims = fill_in(builder, source.dims, lengths)
    if [d.code for d in dims] == [d.code for d in source.dims]:
        return source
    name = builder.fresh("r")
    builder.line(f"{name} = {source.view}.reshape({shape_code(dims)})")
    return named_view(source, name, dims)


def named_view(source: Array, name: str, dims: Sequence[Dim]) -> Array:
    """A residual name for the same memory. It counts as the same buffer."""

    def element(_: Builder, indices: Sequence[str]) -> str:
        return f"{name}[{', '.join(indices)}]" if indices else f"{name}[()]"

    return reshaped(
        source, dims=tuple(dims), element=element, view=name, layout="C", unit_axis=len(dims) - 1
    )


def fill_in(builder: Builder, old: Sequence[Dim], new: Sequence[Dim | None]) -> list[Dim]:
    """The new lengths with the open one worked out."""
    missing = [axis for axis, length in enumerate(new) if length is None]
    if len(missing) > 1:
        raise BeyondError("two open lengths")
    if not missing:
        return [length for length in new if length is not None]
    known = [length for length in new if length is not None]
    rest = list(old)
    for length in known:
        match = next((d for d in rest if d.code == length.code), None)
        if match is None:
            return with_open(builder, old, new, known)
        rest.remove(match)
    if len(rest) == 1:
        return [rest[0] if length is None else length for length in new]
    return with_open(builder, old, new, known)


def with_open(
    builder: Builder, old: Sequence[Dim], new: Sequence[Dim | None], known: Sequence[Dim]
) -> list[Dim]:
    whole, part = [d.static for d in old], [d.static for d in known]
    numbers = [n for n in whole if n is not None], [n for n in part if n is not None]
    if len(numbers[0]) == len(whole) and len(numbers[1]) == len(part):
        open_length = dim(math.prod(numbers[0]) // max(1, math.prod(numbers[1])))
    else:
        product = " * ".join(d.code for d in old)
        others = " * ".join(d.code for d in known) or "1"
        seen = [d.seen for d in (*old, *known)]
        value = None
        if all(n is not None for n in seen):
            value = math.prod(d.seen or 0 for d in old) // max(
                1, math.prod(d.seen or 0 for d in known)
            )
        open_length = Dim(builder.bind(f"({product}) // ({others})", "n"), value)
    return [open_length if length is None else length for length in new]


def squeezed(array: Array, axis: int) -> Array:
    """Without an axis of length one."""
    axis %= array.rank

    def element(builder: Builder, indices: Sequence[str]) -> str:
        return array.element(builder, [*indices[:axis], "0", *indices[axis:]])

    if array.dims[axis].static != 1:
        raise BeyondError("a squeeze of an axis that is not 1")
    return reshaped(array, dims=array.dims[:axis] + array.dims[axis + 1 :], element=element)


def expanded(builder: Builder, array: Array, axis: int) -> Array:
    """With a new axis of length one."""
    axis %= array.rank + 1
    made, _ = select(builder, array, [*[FULL] * axis, Static(None)])
    return made


def concatenated(builder: Builder, parts: Sequence[Array], axis: int) -> Array:
    """A fresh buffer with the parts one after the other."""
    axis %= parts[0].rank
    lengths = [part.dims[axis] for part in parts]
    if any(length.static is None for length in lengths):
        raise BeyondError("a concatenation of unknown length")
    whole = dim(sum(length.static or 0 for length in lengths))
    dims = (*parts[0].dims[:axis], whole, *parts[0].dims[axis + 1 :])
    made = allocate(builder, promote(*parts), dims, "t", "empty")
    start = 0
    for part, length in zip(parts, lengths, strict=True):
        stop = start + (length.static or 0)
        window = Slice(Static(start), Static(stop), None)
        target, _ = select(builder, made, [*[FULL] * axis, window])
        store(builder, target, part)
        start = stop
    return made


def stacked(builder: Builder, parts: Sequence[Array], axis: int) -> Array:
    """A fresh buffer with the parts side by side on a new axis."""
    axis %= parts[0].rank + 1
    dims = (*parts[0].dims[:axis], dim(len(parts)), *parts[0].dims[axis:])
    made = allocate(builder, promote(*parts), dims, "t", "empty")
    for place, part in enumerate(parts):
        target, _ = select(builder, made, [*[FULL] * axis, Static(place)])
        store(builder, target, part)
    return made


def length_value(length: Dim) -> Static | Scalar:
    """A dimension as a number of the program."""
    if length.static is not None:
        return Static(length.static)
    return Scalar("int64", length.code, linear={length.code: 1}, seen=length.seen)


def as_dim(builder: Builder, value: Static | Scalar) -> Dim:
    """A number of the program as a dimension. Its code stays true if the number changes later."""
    if isinstance(value, Static):
        if not isinstance(value.value, int) or value.value < 0:
            raise BeyondError("a length that is none")
        return dim(int(value.value))
    if value.dtype[0] not in "iu":
        raise BeyondError("a length of another kind")
    name = builder.fresh("n")
    builder.line(f"{name} = {value.code}")
    return Dim(name, int(value.seen) if value.seen is not None else None)
