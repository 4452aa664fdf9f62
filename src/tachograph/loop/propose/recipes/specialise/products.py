"""Matrix products: loops for small ones, `np.dot` for large ones; `einsum` as loops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tachograph.loop.propose.recipes.specialise.arrays import (
    allocate,
    broadcast_dims,
    cast_code,
    contiguous,
    join_dims,
    materialise,
    promote,
)
from tachograph.loop.propose.recipes.specialise.emit import Builder
from tachograph.loop.propose.recipes.specialise.shapes import squeezed, transposed
from tachograph.loop.propose.recipes.specialise.values import (
    Array,
    BeyondError,
    Dim,
    Scalar,
    dim,
)

LIBRARY_FROM = 40_000
"""Multiplications from which on two matrices are given to the library."""


UNROLLED_MOST = 128
"""Multiplications of a row with a matrix that the compiler may write out one by one."""


def matmul(builder: Builder, left: Array, right: Array) -> Array | Scalar:
    """`left @ right`, for any ranks that NumPy takes."""
    if left.rank == 0 or right.rank == 0:
        raise BeyondError("@ of a number")
    left, right = materialise(builder, left), materialise(builder, right)
    row, column = left.rank == 1, right.rank == 1
    if row and column:
        return inner(builder, left, right)
    one = with_axis(left, 0) if row else left
    other = with_axis(right, 1) if column else right
    product = matrices(builder, one, other)
    if row:
        product = squeezed_named(builder, product, product.rank - 2)
    return squeezed_named(builder, product, product.rank - 1) if column else product


def squeezed_named(builder: Builder, array: Array, axis: int) -> Array:
    """Without the axis of length one, still a whole C-contiguous array."""
    made = squeezed(array, axis)
    name = builder.fresh("q")
    index = ", ".join("0" if a == axis else ":" for a in range(array.rank))
    if axis == array.rank - 1:
        builder.line(f"{name} = {array.view}.reshape(({', '.join(d.code for d in made.dims)},))")
        return named(made, name)
    builder.line(f"{name} = {array.view}[{index}]")
    return named(made, name)


def named(array: Array, name: str) -> Array:
    return replace(array, view=name, layout="C", unit_axis=array.rank - 1)


def with_axis(array: Array, axis: int) -> Array:
    """A vector as a matrix with one row (0) or one column (1)."""
    dims = (dim(1), array.dims[0]) if axis == 0 else (array.dims[0], dim(1))

    def element(builder: Builder, indices: Sequence[str]) -> str:
        return array.element(builder, [indices[1 - axis]])

    unit = None if array.unit_axis is None else 1 - axis
    return replace(array, dims=dims, element=element, view="", layout="A", unit_axis=unit)


def inner(builder: Builder, left: Array, right: Array) -> Scalar:
    """The product of two vectors."""
    dtype = promote(left, right)
    total = builder.fresh("total")
    builder.line(f"{total} = {cast_code('0', '', dtype)}")
    length = join_dims(builder, left.dims[0], right.dims[0])
    with builder.loops((length,)) as indices:
        one, other = left.element(builder, indices), right.element(builder, indices)
        builder.line(f"{total} += {one} * {other}")
    return Scalar(dtype, total, is_numpy=True)


def matrices(builder: Builder, left: Array, right: Array) -> Array:
    """The product of two stacks of matrices, the stacks broadcast."""
    dtype = promote(left, right)
    lead = broadcast_dims(builder, [left.dims[:-2], right.dims[:-2], ()])
    depth = join_dims(builder, left.dims[-1], right.dims[-2])
    dims = (*lead, left.dims[-2], right.dims[-1])
    if not lead and dtype[0] == "f" and is_large(left, right):
        return library_dot(builder, left, right, dtype, dims)
    is_dense = right.unit_axis == right.rank - 1 or right.unit_axis is None
    made = allocate(builder, dtype, dims, "dot", "empty")
    with builder.loops(lead) as indices:
        one, other = stack_indices(left, indices), stack_indices(right, indices)
        if is_dense:
            by_rows(builder, made, indices, (left, one), (right, other), depth)
        else:
            by_sums(builder, made, indices, (left, one), (right, other), depth)
    return made


def is_large(left: Array, right: Array) -> bool:
    seen = [left.dims[-2].seen, left.dims[-1].seen, right.dims[-1].seen]
    whole = 1
    for length in seen:
        whole *= length if length is not None else 64
    return whole >= LIBRARY_FROM


def stack_indices(array: Array, indices: Sequence[str]) -> list[str]:
    """The leading indices of one matrix of the stack."""
    lead = array.dims[:-2]
    own = indices[len(indices) - len(lead) :] if lead else []
    return ["0" if d.static == 1 else i for d, i in zip(lead, own, strict=True)]


Placed = tuple[Array, list[str]]


def by_rows(
    builder: Builder, made: Array, lead: Sequence[str], left: Placed, right: Placed, depth: Dim
) -> None:
    """Row by row, multiples of up to four rows of `right` at a time: dense along the columns."""
    rows, columns = made.dims[-2], made.dims[-1]
    with builder.loops((rows,)) as (row,):
        with builder.loops((columns,)) as (column,):
            place = made.element(builder, [*lead, row, column])
            builder.line(f"{place} = {cast_code('0', '', made.dtype)}")
        step = next(n for n in (4, 2, 1) if n == 1 or (depth.static or 1) % n == 0)
        steps = Dim(str(depth.static // step), None) if depth.static else depth
        with builder.loops((steps,), is_veiled=is_wide(depth, columns)) as (chunk,):
            ks = [f"{step} * {chunk} + {n}" for n in range(step)] if step > 1 else [chunk]
            factors = [builder.bind(left[0].element(builder, [*left[1], row, k]), "f") for k in ks]
            with builder.loops((columns,)) as (column,):
                place = made.element(builder, [*lead, row, column])
                terms = [
                    f"{factor} * {right[0].element(builder, [*right[1], k, column])}"
                    for factor, k in zip(factors, ks, strict=True)
                ]
                builder.line(f"{place} += {' + '.join(terms)}")


def is_wide(depth: Dim, columns: Dim) -> bool:
    """Whether a product is too wide to be written out by the compiler."""
    return (depth.static or 0) * (columns.static or 0) > UNROLLED_MOST


def by_sums(
    builder: Builder, made: Array, lead: Sequence[str], left: Placed, right: Placed, depth: Dim
) -> None:
    """Element by element, each a sum along memory of both."""
    with builder.loops((made.dims[-2], made.dims[-1])) as (row, column):
        total = builder.fresh("total")
        builder.line(f"{total} = {cast_code('0', '', made.dtype)}")
        with builder.loops((depth,)) as (k,):
            one = left[0].element(builder, [*left[1], row, k])
            other = right[0].element(builder, [*right[1], k, column])
            builder.line(f"{total} += {one} * {other}")
        builder.line(f"{made.element(builder, [*lead, row, column])} = {total}")


def library_dot(
    builder: Builder, left: Array, right: Array, dtype: str, dims: tuple[Dim, ...]
) -> Array:
    """`np.dot` of whole arrays in C or Fortran order."""
    made = allocate(builder, dtype, dims, "dot", "empty")
    codes = [whole(builder, each, dtype) for each in (left, right)]
    builder.line(f"np.dot({codes[0]}, {codes[1]}, {made.view})")
    return made


def whole(builder: Builder, array: Array, dtype: str) -> str:
    if array.dtype != dtype:
        raise BeyondError("a product of two types")
    if array.view and array.layout in "CF":
        return array.view
    if array.unit_axis == 0 and array.rank == 2:
        return contiguous(builder, transposed(array, (1, 0))).view + ".T"
    return contiguous(builder, array).view


def einsum(builder: Builder, subscripts: str, operands: Sequence[Array]) -> Array | Scalar:
    """`np.einsum` with letters and an explicit or implied result, as one nest of loops."""
    inputs, _, result = subscripts.replace(" ", "").partition("->")
    terms = inputs.split(",")
    letters = "".join(terms)
    if "->" not in subscripts:
        result = "".join(sorted({c for c in letters if letters.count(c) == 1}))
    if "." in subscripts or len(terms) != len(operands):
        raise BeyondError("einsum with an ellipsis")
    operands = [materialise(builder, operand) for operand in operands]
    lengths: dict[str, Dim] = {}
    for term, operand in zip(terms, operands, strict=True):
        for letter, length in zip(term, operand.dims, strict=True):
            known = lengths.get(letter, length)
            lengths[letter] = join_dims(builder, known, length)
    summed = sorted(set(letters) - set(result))
    dtype = promote(*operands)
    made = allocate(builder, dtype, [lengths[c] for c in result], "einsum", "zeros")
    with builder.loops(tuple(lengths[c] for c in result)) as outer:
        at = dict(zip(result, outer, strict=True))
        total = sum_of_products(builder, operands, terms, summed, lengths, at, dtype)
        builder.line(f"{made.element(builder, outer)} = {total}")
    if result:
        return made
    return Scalar(dtype, builder.bind(made.element(builder, ()), "s"), is_numpy=True)


def sum_of_products(
    builder: Builder,
    operands: Sequence[Array],
    terms: Sequence[str],
    summed: Sequence[str],
    lengths: Mapping[str, Dim],
    at: Mapping[str, str],
    dtype: str,
) -> str:
    total = builder.fresh("total")
    builder.line(f"{total} = {cast_code('0', '', dtype)}")
    with builder.loops(tuple(lengths[c] for c in summed)) as indices:
        place = {**at, **dict(zip(summed, indices, strict=True))}
        factors = [
            operand.element(builder, [place[c] for c in term])
            for term, operand in zip(terms, operands, strict=True)
        ]
        builder.line(f"{total} += {' * '.join(factors)}")
    return total
