"""Sums and other reductions as loops, fused with the expression that they reduce."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tachograph.loop.propose.recipes.specialise.arrays import (
    allocate,
    cast,
    cast_code,
    elementwise,
    materialise,
)
from tachograph.loop.propose.recipes.specialise.emit import Builder
from tachograph.loop.propose.recipes.specialise.values import (
    Array,
    BeyondError,
    Scalar,
    dim,
)


@dataclass(frozen=True)
class Fold:
    """How elements are put together: the start, and the next total from total and element."""

    start: str
    """Code of the first total; empty: the first element."""
    step: Callable[[str, str], str]


FOLDS = {
    "sum": Fold("0", lambda total, each: f"{total} + {each}"),
    "prod": Fold("1", lambda total, each: f"{total} * {each}"),
    "max": Fold("", lambda total, each: f"{each} if {each} > {total} else {total}"),
    "min": Fold("", lambda total, each: f"{each} if {each} < {total} else {total}"),
    "any": Fold("False", lambda total, each: f"{total} or {each}"),
    "all": Fold("True", lambda total, each: f"{total} and {each}"),
}


def fold_dtype(name: str, dtype: str) -> str:
    """The dtype of NumPy's result."""
    if name in ("any", "all"):
        return "bool"
    if name in ("sum", "prod") and dtype in ("bool", "int8", "int16", "int32"):
        return "int64"
    return dtype


def reduce(
    builder: Builder,
    name: str,
    array: Array,
    axes: Sequence[int] | None,
    keepdims: bool,
    over_count: str = "",
) -> Array | Scalar:
    """A reduction over these axes, all of them for None; each total divided by `over_count`."""
    fold, dtype = FOLDS[name], fold_dtype(name, array.dtype)
    over = [a % array.rank for a in axes] if axes is not None else list(range(array.rank))
    kept = [axis for axis in range(array.rank) if axis not in over]
    if not fold.start and not array.is_leaf and not array.base:
        array = materialise(builder, array)
    if not kept and not keepdims:
        total = fold_into(builder, array, over, {}, fold, dtype)
        code = builder.bind(f"{total}{over_count}", "total")
        return Scalar(dtype, code, is_numpy=True)
    dims = tuple(array.dims[a] if a in kept else dim(1) for a in range(array.rank))
    small = dims if keepdims else tuple(array.dims[a] for a in kept)
    made = allocate(builder, dtype, small, name, "empty")
    with builder.loops(tuple(array.dims[a] for a in kept)) as indices:
        place = dict(zip(kept, indices, strict=True))
        total = fold_into(builder, array, over, place, fold, dtype)
        out = [place.get(a, "0") for a in range(array.rank)] if keepdims else indices
        builder.line(f"{made.element(builder, out)} = {total}{over_count}")
    return made


def fold_into(
    builder: Builder,
    array: Array,
    over: Sequence[int],
    place: dict[int, str],
    fold: Fold,
    dtype: str,
) -> str:
    """Write the loop over `over` for one place of the other axes; gives the total's name."""
    total = builder.fresh("total")
    if fold.start:
        builder.line(f"{total} = {cast_code(fold.start, '', dtype)}")
    else:
        first = [place.get(axis, "0") for axis in range(array.rank)]
        builder.line(f"{total} = {array.element(builder, first)}")
    with builder.loops(tuple(array.dims[axis] for axis in over)) as indices:
        where = {**place, **dict(zip(over, indices, strict=True))}
        code = array.element(builder, [where[axis] for axis in range(array.rank)])
        each = builder.bind(cast_code(code, array.dtype, dtype), "x")
        builder.line(f"{total} = {fold.step(total, each)}")
    return total


def count_code(array: Array, axes: Sequence[int] | None) -> str:
    over = [a % array.rank for a in axes] if axes is not None else range(array.rank)
    return " * ".join(array.dims[axis].code for axis in over) or "1"


def mean(
    builder: Builder, array: Array, axes: Sequence[int] | None, keepdims: bool
) -> Array | Scalar:
    """The mean, in the array's own float type."""
    dtype = array.dtype if array.dtype[0] in "fc" else "float64"
    count = dtype_call(count_code(array, axes), dtype)
    if array.dtype != dtype:
        array = cast(builder, array, dtype)
    return reduce(builder, "sum", array, axes, keepdims, f" / {count}")


def dtype_call(code: str, dtype: str) -> str:
    return f"np.{dtype}({code})"


def variance(
    builder: Builder, array: Array, axes: Sequence[int] | None, keepdims: bool, ddof: int
) -> Array | Scalar:
    """The variance around the mean; deviations are squared before they are summed, as in NumPy."""
    array = materialise(builder, array)
    middle = mean(builder, array, axes, True)
    dtype = array.dtype if array.dtype[0] in "f" else "float64"

    def write(inner: Builder, codes: Sequence[str]) -> str:
        apart = inner.bind(f"{codes[0]} - {codes[1]}", "d")
        return f"{apart} * {apart}"

    squares = elementwise(builder, [array, middle], write, dtype, dtype)
    assert isinstance(squares, Array)
    count = dtype_call(f"{count_code(array, axes)} - {ddof}", dtype)
    return reduce(builder, "sum", squares, axes, keepdims, f" / {count}")


def arg_extreme(builder: Builder, name: str, array: Array, axis: int | None) -> Array | Scalar:
    """`argmax` and `argmin`: the first place of the extreme. NaN is not treated apart."""
    sign = ">" if name == "argmax" else "<"
    if axis is None and array.rank != 1:
        raise BeyondError(f"{name} over several axes")
    axis = 0 if axis is None else axis % array.rank
    array = materialise(builder, array)
    others = tuple(d for a, d in enumerate(array.dims) if a != axis)

    def place(indices: Sequence[str], at: str) -> list[str]:
        return [*indices[:axis], at, *indices[axis:]]

    def search(indices: Sequence[str]) -> str:
        best, top = builder.fresh("best"), builder.fresh("top")
        builder.line(f"{best} = 0")
        builder.line(f"{top} = {array.element(builder, place(indices, '0'))}")
        with builder.loops((array.dims[axis],)) as (index,):
            each = builder.bind(array.element(builder, place(indices, index)), "x")
            with builder.under(f"if {each} {sign} {top}:"):
                builder.line(f"{top} = {each}")
                builder.line(f"{best} = {index}")
        return best

    if not others:
        return Scalar("int64", search(()), is_numpy=True)
    made = allocate(builder, "int64", others, name, "empty")
    with builder.loops(others) as indices:
        best = search(indices)
        builder.line(f"{made.element(builder, indices)} = {best}")
    return made


def cumulative(builder: Builder, array: Array, axis: int | None) -> Array:
    """`cumsum` along one axis."""
    if axis is None and array.rank != 1:
        raise BeyondError("cumsum over several axes")
    axis = 0 if axis is None else axis % array.rank
    dtype = fold_dtype("sum", array.dtype)
    made = allocate(builder, dtype, array.dims, "cumsum", "empty")
    others = tuple(d for a, d in enumerate(array.dims) if a != axis)
    with builder.loops(others) as indices:
        total = builder.fresh("total")
        builder.line(f"{total} = {cast_code('0', '', dtype)}")
        with builder.loops((array.dims[axis],)) as (index,):
            at = [*indices[:axis], index, *indices[axis:]]
            builder.line(f"{total} = {total} + {array.element(builder, at)}")
            builder.line(f"{made.element(builder, at)} = {total}")
    return made
