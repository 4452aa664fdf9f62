"""Operators on known and residual numbers and on arrays, typed as NumPy types them."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tachograph.loop.propose.recipes.specialise.arrays import Operand, elementwise, promote
from tachograph.loop.propose.recipes.specialise.emit import Builder
from tachograph.loop.propose.recipes.specialise.indexing import combine, linear_of
from tachograph.loop.propose.recipes.specialise.values import (
    Array,
    BeyondError,
    Scalar,
    Static,
)

ARITHMETIC: Mapping[type[ast.operator], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%",
    ast.Pow: "**", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^",
}  # fmt: skip
COMPARISONS: Mapping[type[ast.cmpop], str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip
STATIC_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
    "//": operator.floordiv, "%": operator.mod, "**": operator.pow, "&": operator.and_,
    "|": operator.or_, "^": operator.xor, "<": operator.lt, "<=": operator.le, ">": operator.gt,
    ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip


def on_static(sign: str, left: Any, right: Any) -> Static:
    """Both sides known."""
    if sign == "**" and isinstance(right, int) and abs(right) > 1024:
        raise BeyondError("a large power")
    if sign == "*" and isinstance(left, str | list) | isinstance(right, str | list):
        raise BeyondError("repeated text")
    try:
        with np.errstate(all="ignore"):
            return Static(STATIC_OPERATORS[sign](left, right))
    except (TypeError, ValueError, ArithmeticError) as error:
        raise BeyondError(f"{sign} fails: {error}") from error


def arithmetic(builder: Builder, sign: str, left: Operand, right: Operand) -> Operand:
    """`left sign right`."""
    if isinstance(left, Static) and isinstance(right, Static):
        return on_static(sign, left.value, right.value)
    dtype = promote(left, right)
    if sign == "/" and dtype[0] in "iub":
        dtype = "float64"
    if sign in "&|^" and dtype[0] not in "iub":
        raise BeyondError("bits of floats")
    if dtype == "bool" and sign not in "&|^":
        if isinstance(left, Array) or isinstance(right, Array):
            raise BeyondError("arithmetic on truth values")
        dtype = "int64"
    if sign == "**":
        return power(builder, left, right, dtype)

    def write(_: Builder, codes: Sequence[str]) -> str:
        return f"({codes[0]} {sign} {codes[1]})"

    made = elementwise(builder, [left, right], write, dtype, dtype)
    if isinstance(made, Scalar) and dtype == "int64":
        return with_linear(made, sign, left, right)
    return made


def with_linear(made: Scalar, sign: str, left: Operand, right: Operand) -> Scalar:
    """The integer, with its linear form and the value it had when observed."""
    assert not isinstance(left, Array)
    assert not isinstance(right, Array)
    form = None
    if sign in "+-":
        form = combine(linear_of(left), linear_of(right), 1 if sign == "+" else -1)
    elif sign == "*" and isinstance(right, Static):
        form = combine({"": 0}, linear_of(left), int(right.value))
    elif sign == "*" and isinstance(left, Static):
        form = combine({"": 0}, linear_of(right), int(left.value))
    seen = None
    values = [v.value if isinstance(v, Static) else v.seen for v in (left, right)]
    if all(v is not None for v in values) and not (sign in ("//", "%") and values[1] == 0):
        seen = STATIC_OPERATORS[sign](*values)
    return Scalar(made.dtype, made.code, made.is_numpy, form, seen)


def power(builder: Builder, left: Operand, right: Operand, dtype: str) -> Operand:
    """Small whole powers are products, a half is a root."""
    exponent = right.value if isinstance(right, Static) else None
    if isinstance(exponent, int) and 1 <= exponent <= 4:
        times = exponent

        def product(inner: Builder, codes: Sequence[str]) -> str:
            each = inner.bind(codes[0], "p")
            return f"({' * '.join([each] * times)})"

        return elementwise(builder, [left], product, dtype, dtype)
    if exponent == 0.5 and dtype[0] == "f":
        return elementwise(builder, [left], lambda _, c: f"np.sqrt({c[0]})", dtype, dtype)
    if dtype[0] in "iu":
        raise BeyondError("a power of integers")

    def write(_: Builder, codes: Sequence[str]) -> str:
        return f"({codes[0]} ** {codes[1]})"

    return elementwise(builder, [left, right], write, dtype, dtype)


def comparison(builder: Builder, sign: str, left: Operand, right: Operand) -> Operand:
    """`left sign right` as truth values."""
    if isinstance(left, Static) and isinstance(right, Static):
        return on_static(sign, left.value, right.value)
    dtype = promote(left, right)

    def write(_: Builder, codes: Sequence[str]) -> str:
        return f"({codes[0]} {sign} {codes[1]})"

    return elementwise(builder, [left, right], write, "bool", dtype)


def negative(builder: Builder, value: Operand) -> Operand:
    if isinstance(value, Static):
        return on_static("-", 0, value.value) if value.value == 0 else Static(-value.value)
    if isinstance(value, Scalar) and value.dtype == "int64" and not value.is_numpy:
        return arithmetic(builder, "-", Static(0), value)
    return elementwise(builder, [value], lambda _, c: f"(-{c[0]})", value.dtype, value.dtype)


def inverted(builder: Builder, value: Operand) -> Operand:
    """`~value` of truth values."""
    if isinstance(value, Static) or value.dtype != "bool":
        raise BeyondError("~ of numbers")
    return elementwise(builder, [value], lambda _, c: f"(not {c[0]})", "bool", "bool")


def chosen(builder: Builder, test: Operand, left: Operand, right: Operand) -> Operand:
    """`np.where(test, left, right)`."""
    dtype = promote(left, right)
    if isinstance(left, Static | Scalar) and isinstance(right, Static | Scalar):
        kinds = [number_kind(left), number_kind(right)]
        dtype = str(np.result_type(*kinds).name)

    def write(_: Builder, codes: Sequence[str]) -> str:
        return f"({codes[1]} if {codes[0]} else {codes[2]})"

    return elementwise(builder, [test, left, right], write, dtype, ["bool", dtype, dtype])


def number_kind(value: Static | Scalar) -> Any:
    return np.asarray(value.value).dtype if isinstance(value, Static) else np.dtype(value.dtype)
