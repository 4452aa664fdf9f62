"""Built-in functions of Python: `range`, `len`, `zip`, `float`, `sum` and their like."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from tachograph.loop.propose.recipes.specialise.arrays import cast_code, elementwise, promote
from tachograph.loop.propose.recipes.specialise.machine import Machine
from tachograph.loop.propose.recipes.specialise.operators import arithmetic
from tachograph.loop.propose.recipes.specialise.shapes import as_dim, length_value
from tachograph.loop.propose.recipes.specialise.values import (
    Array,
    BeyondError,
    Dim,
    Growing,
    Items,
    Iteration,
    NeedStaticError,
    Scalar,
    Slice,
    Static,
    dim,
)


class Going(Protocol):
    """What built-in functions need of the evaluator."""

    machine: Machine

    def iterated(self, value: Any) -> Iteration | list[Any]:
        """What can be gone through."""
        ...

    def known_items(self, value: Any) -> list[Any]:
        """The same where all is known now."""
        ...


def of_len(going: Going, args: Sequence[Any]) -> Any:
    value = args[0]
    if isinstance(value, Array) and value.dims:
        return length_value(value.dims[0])
    if isinstance(value, Static) and isinstance(value.value, str):
        return Static(len(value.value))
    content = going.machine.heap.get(getattr(value, "at", -1))
    if isinstance(content, Growing):
        return Scalar("int64", going.machine.builder.bind(f"len({content.code})", "n"))
    if content is None:
        raise BeyondError("the length of this")
    return Static(len(content.items))


def of_range(going: Going, args: Sequence[Any]) -> Any:
    """`range` with a step known now; its numbers are start + k * step."""
    start, stop, step = range_parts(args)
    builder = going.machine.builder
    if isinstance(start, Static) and isinstance(stop, Static):
        count = dim(len(range(start.value, stop.value, step)))
    else:
        length = arithmetic(builder, "-", stop, start)
        assert not isinstance(length, Array)
        count = residual_count(going, length, step)

    def item(index: Scalar | Static) -> Any:
        times = arithmetic(builder, "*", index, Static(step)) if step != 1 else index
        is_plain = isinstance(start, Static) and start.value == 0
        return times if is_plain else arithmetic(builder, "+", start, times)

    return Iteration(count, item)


def residual_count(going: Going, length: Static | Scalar, step: int) -> Dim:
    builder = going.machine.builder
    if isinstance(length, Static):
        return dim(len(range(0, length.value, step)))
    form = {atom: value for atom, value in (length.linear or {"?": 1}).items() if value}
    if step == 1 and set(form) == {""}:
        return dim(max(0, form[""]))
    if step == 1:
        return as_dim(builder, length) if not length.code.isidentifier() else Dim(
            length.code, None if length.seen is None else int(length.seen))  # fmt: skip
    code = f"max(0, -((-{length.code}) // {step}))"
    return Dim(builder.bind(code, "n"), None)


def range_parts(args: Sequence[Any]) -> tuple[Static | Scalar, Static | Scalar, int]:
    for each in args:
        if not isinstance(each, Static | Scalar):
            raise BeyondError("a range of other than numbers")
    if len(args) == 1:
        return Static(0), args[0], 1
    if len(args) == 2:
        return args[0], args[1], 1
    if not isinstance(args[2], Static) or not args[2].value:
        raise NeedStaticError("the step of a range", getattr(args[2], "code", ""))
    return args[0], args[1], args[2].value


def of_enumerate(going: Going, args: Sequence[Any]) -> Any:
    start = args[1] if len(args) > 1 else Static(0)
    over = going.iterated(args[0])
    new = going.machine.new
    if not isinstance(over, Iteration):
        first = start.value
        return new(
            Items("list", tuple(new(Items("tuple", (Static(first + k), item)))
                                for k, item in enumerate(over)))
        )  # fmt: skip

    def item(index: Scalar | Static) -> Any:
        is_plain = isinstance(start, Static) and start.value == 0
        builder = going.machine.builder
        number = index if is_plain else arithmetic(builder, "+", index, start)
        return new(Items("tuple", (number, over.item(index))))

    return Iteration(over.count, item)


def of_zip(going: Going, args: Sequence[Any]) -> Any:
    new = going.machine.new
    overs = [going.iterated(each) for each in args]
    if not any(isinstance(over, Iteration) for over in overs):
        lists = [over for over in overs if not isinstance(over, Iteration)]
        rows = tuple(new(Items("tuple", tuple(row))) for row in zip(*lists, strict=False))
        return new(Items("list", rows))
    counts = [over.count if isinstance(over, Iteration) else dim(len(over)) for over in overs]
    known = [count.static for count in counts]
    numbers = [n for n in known if n is not None]
    if len(numbers) < len(known) and len({count.code for count in counts}) > 1:
        raise BeyondError("zip of unknown lengths")
    count = dim(min(numbers)) if numbers else counts[0]
    if not all(isinstance(over, Iteration) for over in overs):
        columns = [going.known_items(each)[: count.static] for each in args]
        rows = tuple(new(Items("tuple", tuple(row))) for row in zip(*columns, strict=True))
        return new(Items("list", rows))
    going_on = [over for over in overs if isinstance(over, Iteration)]
    return Iteration(
        count, lambda index: new(Items("tuple", tuple(over.item(index) for over in going_on)))
    )


def of_reversed(going: Going, args: Sequence[Any]) -> Any:
    over = going.iterated(args[0])
    if not isinstance(over, Iteration):
        return going.machine.new(Items("list", tuple(reversed(over))))
    builder = going.machine.builder
    last = arithmetic(builder, "-", length_value(over.count), Static(1))

    def item(index: Scalar | Static) -> Any:
        return over.item(arithmetic(builder, "-", last, index))  # type: ignore[arg-type]

    return Iteration(over.count, item)


def converted(dtype: str, known: Callable[[Any], Any]) -> Callable[[Going, Sequence[Any]], Any]:
    """`float`, `int`, `bool` of a number."""

    def convert(going: Going, args: Sequence[Any]) -> Any:
        value = args[0]
        if isinstance(value, Static):
            return Static(known(value.value))
        if isinstance(value, Scalar):
            if value.dtype == dtype:
                return Scalar(dtype, value.code, linear=value.linear, seen=value.seen)
            code = going.machine.builder.bind(cast_code(value.code, value.dtype, dtype), "s")
            return Scalar(dtype, code)
        if isinstance(value, Array) and all(d.static == 1 for d in value.dims):
            builder = going.machine.builder
            element = value.element(builder, ["0"] * value.rank)
            return Scalar(dtype, builder.bind(cast_code(element, value.dtype, dtype), "s"))
        raise BeyondError("a conversion of a container")

    return convert


def of_sum(going: Going, args: Sequence[Any]) -> Any:
    """The sum of known items, from the left."""
    items = going.known_items(args[0])
    total = args[1] if len(args) > 1 else Static(0)
    for item in items:
        is_start = isinstance(total, Static) and total.value == 0
        total = item if is_start else arithmetic(going.machine.builder, "+", total, item)
    return total


def extreme(sign: str) -> Callable[[Going, Sequence[Any]], Any]:
    """`min` and `max` of numbers."""

    def pick(going: Going, args: Sequence[Any]) -> Any:
        items = list(args) if len(args) > 1 else going.known_items(args[0])
        if not all(isinstance(item, Static | Scalar) for item in items):
            raise BeyondError("min or max of arrays")
        best = items[0]
        for item in items[1:]:
            best = pick_two(going, sign, best, item)
        return best

    return pick


def pick_two(going: Going, sign: str, best: Any, item: Any) -> Any:
    if isinstance(best, Static) and isinstance(item, Static):
        return item if (item.value < best.value) == (sign == "<") else best
    dtype = promote(best, item)

    def write(_: Any, codes: Sequence[str]) -> str:
        return f"({codes[1]} if {codes[1]} {sign} {codes[0]} else {codes[0]})"

    return elementwise(going.machine.builder, [best, item], write, dtype, dtype)


def of_abs(going: Going, args: Sequence[Any]) -> Any:
    value = args[0]
    if isinstance(value, Static):
        return Static(abs(value.value))
    if not isinstance(value, Scalar | Array):
        raise BeyondError("abs of a container")
    builder = going.machine.builder
    return elementwise(builder, [value], lambda _, c: f"abs({c[0]})", value.dtype, value.dtype)


def container(kind: str) -> Callable[[Going, Sequence[Any]], Any]:
    """`list` and `tuple`."""

    def make(going: Going, args: Sequence[Any]) -> Any:
        items = tuple(going.known_items(args[0])) if args else ()
        return going.machine.new(Items(kind, items))

    return make


def of_slice(going: Going, args: Sequence[Any]) -> Any:
    ends = [None, *args] if len(args) == 1 else list(args)
    return Slice(*(ends + [None] * (3 - len(ends))))


def of_sorted(going: Going, args: Sequence[Any]) -> Any:
    """Of values that are known now."""
    items = going.known_items(args[0])
    if not all(isinstance(item, Static) for item in items):
        raise BeyondError("sorting unknown values")
    return going.machine.new(Items("list", tuple(sorted(items, key=lambda item: item.value))))


BUILTINS: Mapping[str, Callable[[Going, Sequence[Any]], Any]] = {
    "len": of_len, "range": of_range, "enumerate": of_enumerate, "zip": of_zip,
    "reversed": of_reversed, "float": converted("float64", float), "int": converted("int64", int),
    "bool": converted("bool", bool), "sum": of_sum, "min": extreme("<"), "max": extreme(">"),
    "abs": of_abs, "list": container("list"), "tuple": container("tuple"), "slice": of_slice,
    "sorted": of_sorted,
}  # fmt: skip


def call_builtin(going: Going, name: str, args: list[Any], kwargs: Mapping[str, Any]) -> Any:
    """Call a built-in function."""
    if name == "enumerate" and set(kwargs) == {"start"}:
        args, kwargs = [*args, kwargs["start"]], {}
    if name == "zip":
        kwargs = {key: value for key, value in kwargs.items() if key != "strict"}
    if name not in BUILTINS or kwargs or (not args and name not in ("list", "tuple")):
        raise BeyondError(f"a call of {name}")
    return BUILTINS[name](going, args)
