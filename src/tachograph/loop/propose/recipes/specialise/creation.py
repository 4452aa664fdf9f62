"""NumPy functions that make arrays or give them another shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tachograph.loop.propose.recipes.specialise.arguments import (
    Call,
    array_of,
    dtype_argument,
    shape_of,
)
from tachograph.loop.propose.recipes.specialise.arrays import (
    allocate,
    as_array,
    cast,
    copy,
    materialise,
    promote,
    store,
)
from tachograph.loop.propose.recipes.specialise.operators import arithmetic
from tachograph.loop.propose.recipes.specialise.shapes import (
    as_dim,
    concatenated,
    expanded,
    reshape,
    squeezed,
    stacked,
    transposed,
)
from tachograph.loop.propose.recipes.specialise.values import (
    Array,
    BeyondError,
    Scalar,
    Static,
)


def created(call: Call, name: str) -> Any:
    call.allow("dtype", "shape", "fill_value")
    dims = shape_of(call, call.get(0, "shape"))
    builder = call.machine.builder
    if name == "full":
        value = call.number(1, "fill_value")
        dtype = dtype_argument(call, 2, as_array(value).dtype)
        made = allocate(builder, dtype, dims, "full", "empty")
        store(builder, made, value)
        return made
    return allocate(builder, dtype_argument(call, 1, "float64"), dims, name, name)


def created_like(call: Call, name: str) -> Any:
    call.allow("dtype", "fill_value")
    model, builder = call.array(0), call.machine.builder
    how = name.removesuffix("_like")
    place = 2 if how == "full" else 1
    dtype = dtype_argument(call, place, model.dtype)
    if how != "full":
        return allocate(builder, dtype, model.dims, how, how)
    made = allocate(builder, dtype, model.dims, how, "empty")
    store(builder, made, call.number(1, "fill_value"))
    return made


def arange(call: Call, name: str) -> Any:
    call.allow("dtype")
    builder = call.machine.builder
    start = call.number(0) if len(call.args) > 1 else Static(0)
    stop = call.number(1) if len(call.args) > 1 else call.number(0)
    if len(call.args) > 2 or isinstance(start, Array) or isinstance(stop, Array):
        raise BeyondError("np.arange with a step")
    length = arithmetic(builder, "-", stop, start)
    if isinstance(length, Array) or promote(start, stop) != "int64":
        raise BeyondError("np.arange of floats")
    dtype = dtype_argument(call, 9, "int64")
    first = start.code if isinstance(start, Scalar) else str(start.value)

    def element(_: Any, indices: Sequence[str]) -> str:
        code = indices[0] if first == "0" else f"({first} + {indices[0]})"
        return code if dtype == "int64" else f"np.{dtype}({code})"

    return Array(dtype, (as_dim(builder, length),), element, is_leaf=True)


def eye(call: Call, name: str) -> Any:
    call.allow("dtype")
    if len(call.args) > 1:
        raise BeyondError("np.eye of other shapes")
    size = shape_of(call, call.args[0])
    builder = call.machine.builder
    made = allocate(builder, dtype_argument(call, 9, "float64"), [*size, *size], "eye", "zeros")
    with builder.loops((size[0],)) as (index,):
        builder.line(f"{made.element(builder, [index, index])} = 1")
    return made


def triangle(call: Call, name: str) -> Any:
    """`tril` and `triu`: elements kept by their place."""
    source, k = call.array(0), call.known(1, "k", 0)
    sign = "<=" if name == "tril" else ">="
    if source.rank < 2:
        raise BeyondError("a triangle of a vector")

    def element(builder: Any, indices: Sequence[str]) -> str:
        code = source.element(builder, indices)
        return f"({code} if {indices[-1]} {sign} {indices[-2]} + {k} else 0 * {code})"

    return Array(source.dtype, source.dims, element, reads=source.reads)


def reshaped(call: Call, name: str) -> Any:
    call.allow("newshape", "shape")
    wanted = call.get(1, "shape")
    items = call.machine.items(wanted) or (wanted,)
    builder = call.machine.builder
    lengths = [
        None if isinstance(item, Static) and item.value == -1 else as_dim(builder, item)
        for item in items
    ]
    return reshape(builder, call.array(0), lengths)


def flat(call: Call, name: str) -> Any:
    return reshape(call.machine.builder, call.array(0), [None])


def turned(call: Call, name: str) -> Any:
    source = materialise(call.machine.builder, call.array(0))
    order = call.known(1, "axes")
    return transposed(source, order if order is not None else range(source.rank)[::-1])


def swapped(call: Call, name: str) -> Any:
    source = materialise(call.machine.builder, call.array(0))
    order = list(range(source.rank))
    one, other = call.known(1, "axis1"), call.known(2, "axis2")
    order[one], order[other] = order[other], order[one]
    return transposed(source, order)


def widened(call: Call, name: str) -> Any:
    source = materialise(call.machine.builder, call.array(0))
    return expanded(call.machine.builder, source, call.known(1, "axis"))


def narrowed(call: Call, name: str) -> Any:
    source = materialise(call.machine.builder, call.array(0))
    axis = call.known(1, "axis")
    if axis is None:
        raise BeyondError("a squeeze without an axis")
    return squeezed(source, axis)


def joined(call: Call, name: str) -> Any:
    call.allow("axis")
    items = call.machine.items(call.get(0, "arrays"))
    if not items:
        raise BeyondError("a join of an unknown number of arrays")
    parts = [array_of(call.machine, item) for item in items]
    axis = call.known(1, "axis", 0)
    if name == "stack":
        return stacked(call.machine.builder, parts, axis)
    if name == "vstack" and parts[0].rank == 1:
        return stacked(call.machine.builder, parts, 0)
    if name == "hstack":
        axis = 0 if parts[0].rank == 1 else 1
    return concatenated(call.machine.builder, parts, axis)


def arrayed(call: Call, name: str) -> Any:
    call.allow("dtype", "copy")
    made = call.array(0)
    dtype = dtype_argument(call, 1, made.dtype) if call.get(1, "dtype") is not None else made.dtype
    if dtype != made.dtype:
        return copy(call.machine.builder, cast(call.machine.builder, made, dtype))
    is_old = isinstance(call.args[0], Array)
    return copy(call.machine.builder, made) if name in ("array", "copy") and is_old else made


def retyped(call: Call, name: str) -> Any:
    call.allow("dtype", "copy")
    builder = call.machine.builder
    return copy(builder, cast(builder, call.array(0), dtype_argument(call, 1, "float64")))


Handler = Callable[[Call, str], Any]
CREATION: Mapping[str, Handler] = {
    "zeros": created, "ones": created, "empty": created, "full": created,
    "zeros_like": created_like, "ones_like": created_like, "empty_like": created_like,
    "full_like": created_like, "arange": arange, "eye": eye, "identity": eye, "tril": triangle,
    "triu": triangle, "reshape": reshaped, "ravel": flat, "transpose": turned,
    "swapaxes": swapped, "expand_dims": widened, "squeeze": narrowed, "concatenate": joined,
    "stack": joined, "vstack": joined, "hstack": joined, "array": arrayed, "asarray": arrayed,
    "copy": arrayed, "ascontiguousarray": arrayed, "astype": retyped,
}  # fmt: skip
"""By the name after `np.`."""
