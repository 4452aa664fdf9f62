"""Arrays of residual code: buffers, views, broadcasting, elementwise expressions.

Types follow NumPy's promotion (NEP 50), by asking NumPy itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tachograph.loop.propose.recipes.specialise.emit import Builder
from tachograph.loop.propose.recipes.specialise.values import (
    Array,
    BeyondError,
    Dim,
    Element,
    Scalar,
    Static,
    dim,
)  # fmt: skip

Operand = Array | Scalar | Static
KINDS = "biufc"


def buffer(name: str, dtype: str, dims: Sequence[Dim], layout: str = "C") -> Array:
    """An array that a residual variable holds."""

    def element(_: Builder, indices: Sequence[str]) -> str:
        return f"{name}[{', '.join(indices)}]" if indices else f"{name}[()]"

    unit = {"C": len(dims) - 1, "F": 0}.get(layout) if dims else None
    return Array(
        dtype, tuple(dims), element, base=name, view=name, layout=layout, unit_axis=unit,
        reads=frozenset({name}), is_leaf=True,
    )  # fmt: skip


def shape_code(dims: Sequence[Dim]) -> str:
    codes = [length.code for length in dims]
    return f"({codes[0]},)" if len(codes) == 1 else f"({', '.join(codes)})"


def allocate(builder: Builder, dtype: str, dims: Sequence[Dim], stem: str, how: str) -> Array:
    """A new buffer; `how` is empty, zeros or ones."""
    name = builder.fresh(stem)
    codes = [Dim(builder.veil(each), each.seen) for each in dims[:-1]] + list(dims[-1:])
    builder.line(f"{name} = np.{how}({shape_code(codes)}, np.{numpy_name(dtype)})")
    return buffer(name, dtype, dims)


def numpy_name(dtype: str) -> str:
    return "bool_" if dtype == "bool" else dtype


def materialise(builder: Builder, array: Array, stem: str = "t") -> Array:
    """The array, with a buffer: itself where it has one."""
    return array if array.base else copy(builder, array, stem)


def copy(builder: Builder, array: Array, stem: str = "t") -> Array:
    """A fresh C-contiguous buffer with the array's elements."""
    if array.view and array.layout == "C":
        name = builder.fresh(stem)
        builder.line(f"{name} = {array.view}.copy()")
        return buffer(name, array.dtype, array.dims)
    made = allocate(builder, array.dtype, array.dims, stem, "empty")

    def body(indices: Sequence[str]) -> None:
        value = array.element(builder, indices)
        builder.line(f"{made.element(builder, indices)} = {value}")

    builder.each_element(array.dims, body)
    return made


def contiguous(builder: Builder, array: Array, stem: str = "t") -> Array:
    """A C-contiguous buffer of its own name."""
    return (
        array if array.base and array.layout == "C" and array.view else copy(builder, array, stem)
    )


def dtype_of(value: Operand) -> Any:
    """What NumPy's promotion is to be asked with: weak Python numbers stay values."""
    if isinstance(value, Static):
        if isinstance(value.value, bool | int | float | complex | np.generic):
            return value.value
        raise BeyondError(f"not a number: {value.value!r}")
    if isinstance(value, Scalar) and not value.is_numpy:
        return {"int64": 0, "float64": 0.0, "bool": False, "complex128": 0j}[value.dtype]
    return np.dtype(value.dtype)


def promote(*values: Operand) -> str:
    """The dtype of NumPy's result for these operands."""
    asked = [dtype_of(value) for value in values]
    try:
        return str(np.result_type(*asked).name)
    except (TypeError, OverflowError) as error:
        raise BeyondError(str(error)) from error


def number_code(value: Any, dtype: str = "") -> str:
    """A known number as code."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        code = "np.nan" if math.isnan(value) else "np.inf" if value > 0 else "(-np.inf)"
    else:
        code = repr(value) if not isinstance(value, int | float) or value >= 0 else f"({value!r})"
    return cast_code(code, kind_dtype(value), dtype) if dtype else code


def kind_dtype(value: Any) -> str:
    return np.dtype(type(value)).name


def cast_code(code: str, source: str, target: str) -> str:
    """Code for the value in another dtype."""
    if source == target:
        return code
    if target == "bool":
        return f"({code} != 0)"
    return f"np.{target}({code})"


def broadcast_dims(builder: Builder, shapes: Sequence[tuple[Dim, ...]]) -> tuple[Dim, ...]:
    """NumPy's broadcast of the shapes. Lengths that only looked equal are checked at run time."""
    rank = max(len(shape) for shape in shapes)
    result = [dim(1)] * rank
    for shape in shapes:
        for axis, length in enumerate(shape, start=rank - len(shape)):
            result[axis] = join_dims(builder, result[axis], length)
    return tuple(result)


def join_dims(builder: Builder, one: Dim, other: Dim) -> Dim:
    if one.code == other.code or other.static == 1:
        return one
    if one.static == 1:
        return other
    if one.static is not None and other.static is not None:
        raise BeyondError(f"lengths {one.code} and {other.code}")
    if one.seen is not None and other.seen is not None and one.seen != other.seen:
        raise BeyondError("a length seen as 1")
    require(builder, f"{one.code} == {other.code}")
    return one if one.static is not None else other


def require(builder: Builder, condition: str) -> None:
    """Stop at run time unless it holds."""
    with builder.under(f"if not ({condition}):"):
        builder.line('raise ValueError("not as observed")')


def element_in(value: Operand, dims: tuple[Dim, ...], dtype: str) -> Element:
    """The operand's element within a broadcast shape, as this dtype."""
    if isinstance(value, Static):
        code = number_code(value.value, dtype)
        return lambda builder, indices: code
    if isinstance(value, Scalar):
        scalar_code = cast_code(value.code, value.dtype, dtype)
        return lambda builder, indices: scalar_code
    array, skip = value, len(dims) - value.rank

    def element(builder: Builder, indices: Sequence[str]) -> str:
        own = [
            "0" if length.static == 1 else index
            for length, index in zip(array.dims, indices[skip:], strict=True)
        ]
        return cast_code(array.element(builder, own), array.dtype, dtype)

    return element


def settle(builder: Builder, value: Operand, dims: tuple[Dim, ...]) -> Operand:
    """An operand that will be read more than once for each of its elements gets a buffer first."""
    if isinstance(value, Array) and not value.is_leaf and not value.base:
        codes = [length.code for length in value.dims]
        if codes != [length.code for length in dims]:
            return materialise(builder, value)
    return value


def elementwise(
    builder: Builder,
    operands: Sequence[Operand],
    write: Callable[[Builder, Sequence[str]], str],
    result: str,
    inside: str | Sequence[str],
) -> Array | Scalar:
    """A function of single elements over broadcast operands.

    `write` gets the codes of one element of each operand, converted to the dtypes `inside`, and
    gives the code of the result, of dtype `result`.
    """
    dtypes = [inside] * len(operands) if isinstance(inside, str) else list(inside)
    arrays = [value for value in operands if isinstance(value, Array)]
    if not arrays:
        codes = [element_in(v, (), d)(builder, ()) for v, d in zip(operands, dtypes, strict=True)]
        is_numpy = any(isinstance(v, Scalar) and v.is_numpy for v in operands)
        return Scalar(result, builder.bind(write(builder, codes), "s"), is_numpy)
    dims = broadcast_dims(builder, [array.dims for array in arrays])
    settled = [settle(builder, value, dims) for value in operands]
    elements = [element_in(v, dims, d) for v, d in zip(settled, dtypes, strict=True)]

    def element(inner: Builder, indices: Sequence[str]) -> str:
        return write(inner, [each(inner, indices) for each in elements])

    reads = frozenset().union(*(v.reads for v in settled if isinstance(v, Array)))
    return Array(result, dims, element, reads=reads)


def as_array(value: Operand) -> Array:
    """A number as an array without dimensions."""
    if isinstance(value, Array):
        return value
    dtype = value.dtype if isinstance(value, Scalar) else promote(value, value)
    return Array(dtype, (), element_in(value, (), dtype), is_leaf=True)


def cast(builder: Builder, value: Operand, dtype: str) -> Array:
    """`astype`: unbuilt."""
    array = as_array(value)
    element = element_in(array, array.dims, dtype)
    return Array(dtype, array.dims, element, reads=array.reads)


def store(builder: Builder, target: Array, value: Operand, operator: str = "") -> None:
    """`target[...] = value`, or `target[...] += value`, element by element."""
    if not target.base:
        raise BeyondError("a store into an expression")
    dims = broadcast_dims(builder, [target.dims, as_array(value).dims])
    if len(dims) != target.rank or any(
        one.static == 1 and other.static != 1 for one, other in zip(target.dims, dims, strict=True)
    ):
        raise BeyondError("a store of more than fits")
    if isinstance(value, Array) and target.base in value.reads:
        value = copy(builder, value)
    value = settle(builder, value, target.dims)
    element = element_in(value, target.dims, target.dtype)

    def body(indices: Sequence[str]) -> None:
        code = element(builder, indices)
        place = target.element(builder, indices)
        builder.line(f"{place} {operator}= {code}")

    builder.each_element(target.dims, body)


def reshaped(array: Array, **changes: Any) -> Array:
    """The same buffer seen otherwise: a view that has no buffer code unless given."""
    changes = {"view": "", "layout": "A", "unit_axis": None, **changes}
    return replace(array, **changes)
