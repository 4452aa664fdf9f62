"""Functions of NumPy and `math`, on known values by NumPy itself and on others as residual code."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tachograph.loop.propose.recipes.specialise.arguments import Call, array_of, axes_of
from tachograph.loop.propose.recipes.specialise.arrays import (
    as_array,
    copy,
    elementwise,
    promote,
    store,
)
from tachograph.loop.propose.recipes.specialise.creation import CREATION, Handler
from tachograph.loop.propose.recipes.specialise.indexing import select
from tachograph.loop.propose.recipes.specialise.machine import Machine
from tachograph.loop.propose.recipes.specialise.operators import arithmetic, chosen, comparison
from tachograph.loop.propose.recipes.specialise.products import einsum, matmul
from tachograph.loop.propose.recipes.specialise.reductions import (
    FOLDS,
    arg_extreme,
    cumulative,
    mean,
    reduce,
    variance,
)
from tachograph.loop.propose.recipes.specialise.shapes import (
    expanded,
)
from tachograph.loop.propose.recipes.specialise.values import (
    Array,
    BeyondError,
    Ref,
    Scalar,
    Static,
)

CONSTANTS: Mapping[str, Any] = {
    "numpy.inf": math.inf, "numpy.pi": math.pi, "numpy.e": math.e, "numpy.nan": math.nan,
    "math.inf": math.inf, "math.pi": math.pi, "math.e": math.e,
    "math.nan": math.nan, "math.tau": math.tau,
}  # fmt: skip
DTYPES = ("float64", "float32", "int64", "int32", "int8", "uint8", "int16", "bool_", "intp")

UNARY = {
    "exp", "log", "sqrt", "tanh", "sin", "cos", "tan", "log1p", "expm1", "log2", "log10", "exp2",
    "floor", "ceil", "arctan", "arcsin", "arccos", "sinh", "cosh", "abs", "absolute", "fabs",
    "sign", "cbrt", "trunc", "rint",
}  # fmt: skip
MATH_NAMES = {"atan": "arctan", "asin": "arcsin", "acos": "arccos"}
KEEPS_INTEGERS = {"abs", "absolute", "sign", "floor", "ceil", "trunc"}
TESTS = {"isnan", "isfinite", "isinf"}
BINARY = {
    "add": "+", "subtract": "-", "multiply": "*", "divide": "/", "true_divide": "/", "power": "**",
    "floor_divide": "//", "mod": "%", "remainder": "%",
}  # fmt: skip
COMPARE = {
    "less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">=", "equal": "==",
    "not_equal": "!=",
}  # fmt: skip
PAIRWISE = {
    "maximum": "({0} if {0} > {1} or {0} != {0} else {1})",
    "minimum": "({0} if {0} < {1} or {0} != {0} else {1})",
    "fmax": "max({0}, {1})", "hypot": "np.hypot({0}, {1})", "arctan2": "np.arctan2({0}, {1})",
}  # fmt: skip
LOGICAL = {"logical_and": "({0} and {1})", "logical_or": "({0} or {1})"}


def numpy_constant(name: str) -> Any:
    """The value of `np.pi` and its like, a dtype for `np.float32`; None for all else."""
    known = CONSTANTS.get(name)
    if known is None and name.startswith("numpy.") and name[6:] in DTYPES:
        return np.dtype(getattr(np, name[6:]))
    return known


def call_numpy(machine: Machine, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Call a function of NumPy or `math` by its full name."""
    module, _, last = name.partition(".")
    if all(isinstance(a, Static) and isinstance(a.value, int | float) for a in args) and not kwargs:
        known = on_known(module, last, [a.value for a in args])
        if known is not None:
            return known
    call = Call(machine, args, kwargs)
    if module == "math":
        return call_math(call, MATH_NAMES.get(last, last))
    if "out" in kwargs or "where" in kwargs:
        raise BeyondError("the keyword out")
    if last in UNARY or last in TESTS:
        call.allow()
        return unary(call, last)
    if last in BINARY:
        return arithmetic(machine.builder, BINARY[last], call.number(0), call.number(1))
    if last in COMPARE:
        return comparison(machine.builder, COMPARE[last], call.number(0), call.number(1))
    handler = HANDLERS.get(last)
    if handler is None:
        raise BeyondError(f"np.{last}")
    return handler(call, last)


def on_known(module: str, name: str, values: Sequence[Any]) -> Static | None:
    """The function of known numbers, by the module itself."""
    function = getattr(math if module == "math" else np, name, None)
    if function is None or not values or (module != "math" and name not in UNARY | set(PAIRWISE)):
        return None
    try:
        with np.errstate(all="ignore"):
            return Static(function(*values))
    except (ValueError, TypeError, ArithmeticError):
        return None


def call_math(call: Call, name: str) -> Any:
    """`math` functions give Python floats."""
    if name == "pow":
        made = arithmetic(call.machine.builder, "**", call.number(0), call.number(1))
    elif name in PAIRWISE:
        made = pairwise(call, name)
    elif name in UNARY:
        made = unary(call, name)
    else:
        raise BeyondError(f"math.{name}")
    if not isinstance(made, Scalar):
        raise BeyondError("math of an array")
    if name in ("floor", "ceil", "trunc"):
        builder = call.machine.builder
        return Scalar("int64", builder.bind(f"np.int64({made.code})", "s"))
    return Scalar(made.dtype, made.code)


def unary(call: Call, name: str) -> Any:
    value = call.number(0)
    dtype = promote(value, value)
    if dtype[0] in "iub" and name not in KEEPS_INTEGERS:
        dtype = call.machine.dtype("float64")
    result = "bool" if name in TESTS else dtype
    function = {"absolute": "abs", "fabs": "abs"}.get(name, name)
    form = "abs({0})" if function == "abs" else f"np.{function}({{0}})"
    made = elementwise(call.machine.builder, [value], lambda _, c: form.format(c[0]), result, dtype)
    return as_numpy(made)


def as_numpy(value: Array | Scalar) -> Array | Scalar:
    """NumPy functions of numbers give NumPy scalars."""
    return Scalar(value.dtype, value.code, is_numpy=True) if isinstance(value, Scalar) else value


def pairwise(call: Call, name: str) -> Any:
    left, right = call.number(0), call.number(1)
    dtype = promote(left, right)
    if name in ("hypot", "arctan2") and dtype[0] in "iub":
        dtype = "float64"
    form = PAIRWISE[name]

    def write(builder: Any, codes: Sequence[str]) -> str:
        held = [builder.bind(code, "p") if not code.isdigit() else code for code in codes]
        return form.format(*held)

    return as_numpy(elementwise(call.machine.builder, [left, right], write, dtype, dtype))


def logical(call: Call, name: str) -> Any:
    form = LOGICAL[name]
    operands = [call.number(0), call.number(1)]
    return elementwise(call.machine.builder, operands, lambda _, c: form.format(*c), "bool", "bool")


def where(call: Call, name: str) -> Any:
    if len(call.args) != 3:
        raise BeyondError("np.where of one argument")
    return chosen(call.machine.builder, call.number(0), call.number(1), call.number(2))


def clip(call: Call, name: str) -> Any:
    low, high = call.get(1, "a_min"), call.get(2, "a_max")
    made: Any = call.number(0)
    for bound, function in ((low, "maximum"), (high, "minimum")):
        if bound is not None and not (isinstance(bound, Static) and bound.value is None):
            made = pairwise(Call(call.machine, [made, bound], {}), function)
    return made


def reduced(call: Call, name: str) -> Any:
    call.allow("axis", "keepdims")
    name = {"amax": "max", "amin": "min"}.get(name, name)
    axes, keepdims = axes_of(call), bool(call.known(9, "keepdims", False))
    array = call.array(0)
    if name == "mean":
        return mean(call.machine.builder, array, axes, keepdims)
    if name in FOLDS:
        return reduce(call.machine.builder, name, array, axes, keepdims)
    raise BeyondError(f"np.{name}")


def spread(call: Call, name: str) -> Any:
    """`std` and `var`."""
    call.allow("axis", "keepdims", "ddof")
    builder = call.machine.builder
    keepdims, ddof = bool(call.known(9, "keepdims", False)), call.known(9, "ddof", 0)
    made = variance(builder, call.array(0), axes_of(call), keepdims, ddof)
    if name == "var":
        return made
    return unary(Call(call.machine, [made], {}), "sqrt")


def norm(call: Call, name: str) -> Any:
    """The Euclidean norm."""
    call.allow("axis", "keepdims")
    builder, array = call.machine.builder, call.array(0)
    axis = call.known(2, "axis")
    if len(call.args) > 1 or isinstance(axis, tuple):
        raise BeyondError("another norm")
    squares = arithmetic(builder, "**", array, Static(2))
    assert isinstance(squares, Array)
    keepdims = bool(call.known(9, "keepdims", False))
    total = reduce(builder, "sum", squares, None if axis is None else [axis], keepdims)
    return unary(Call(call.machine, [total], {}), "sqrt")


def place_of_extreme(call: Call, name: str) -> Any:
    call.allow("axis")
    return arg_extreme(call.machine.builder, name, call.array(0), call.known(1, "axis"))


def running(call: Call, name: str) -> Any:
    call.allow("axis")
    return cumulative(call.machine.builder, call.array(0), call.known(1, "axis"))


def product(call: Call, name: str) -> Any:
    left, right = call.array(0), call.array(1)
    if name == "dot" and (left.rank > 2 or right.rank > 2):
        raise BeyondError("np.dot of stacks")
    if left.rank == 0 or right.rank == 0:
        return arithmetic(call.machine.builder, "*", call.number(0), call.number(1))
    return matmul(call.machine.builder, left, right)


def outer(call: Call, name: str) -> Any:
    builder = call.machine.builder
    left, right = call.array(0), call.array(1)
    if left.rank != 1 or right.rank != 1:
        raise BeyondError("np.outer of matrices")
    return arithmetic(builder, "*", expanded(builder, left, 1), expanded(builder, right, 0))


def summed(call: Call, name: str) -> Any:
    call.allow("optimize")
    subscripts = call.known(0, "subscripts")
    operands = [array_of(call.machine, each) for each in call.args[1:]]
    return einsum(call.machine.builder, subscripts, operands)


def add_at(call: Call, name: str) -> Any:
    """`np.add.at`: repeated places count each time."""
    builder = call.machine.builder
    target, index = call.args[0], call.args[1]
    if not isinstance(target, Array) or not isinstance(index, Array | Ref):
        raise BeyondError("np.add.at of this")
    items = call.machine.items(index)
    places = list(items) if items is not None else [index]
    call.machine.stored.add(target.base)
    selected, _ = select(builder, target, places)
    value = call.number(2)
    if isinstance(value, Array) and target.base in value.reads:
        value = copy(builder, value)
    store(builder, selected, value, "+")
    return Static(None)


def filled(call: Call, name: str) -> Any:
    target, value = call.args[0], call.number(1)
    builder = call.machine.builder
    if not isinstance(target, Array) or target.rank != 2 or isinstance(value, Array):
        raise BeyondError("np.fill_diagonal of this")
    call.machine.stored.add(target.base)
    element = as_array(value).element
    count = min(target.dims, key=lambda d: d.static if d.static is not None else 0)
    if target.dims[0].code != target.dims[1].code:
        raise BeyondError("the diagonal of an oblong")
    with builder.loops((count,)) as (index,):
        builder.line(f"{target.element(builder, [index, index])} = {element(builder, ())}")
    return Static(None)


HANDLERS: Mapping[str, Handler] = {
    "where": where, "clip": clip, "sum": reduced, "mean": reduced, "max": reduced, "min": reduced,
    "amax": reduced, "amin": reduced, "prod": reduced, "any": reduced, "all": reduced,
    "std": spread, "var": spread, "linalg.norm": norm, "argmax": place_of_extreme,
    "argmin": place_of_extreme, "cumsum": running, "dot": product, "matmul": product,
    "outer": outer, "einsum": summed, "add.at": add_at, "fill_diagonal": filled,
    **CREATION, **dict.fromkeys(PAIRWISE, pairwise), **dict.fromkeys(LOGICAL, logical),
}  # fmt: skip
