"""Arguments of a call of NumPy: by place or by name, known or residual, as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tachograph.loop.propose.recipes.specialise.arrays import (
    Operand,
    allocate,
    as_array,
)
from tachograph.loop.propose.recipes.specialise.machine import Machine
from tachograph.loop.propose.recipes.specialise.shapes import (
    as_dim,
    stacked,
)
from tachograph.loop.propose.recipes.specialise.values import (
    Array,
    BeyondError,
    Dim,
    Growing,
    Items,
    Ref,
    Scalar,
    Static,
)


@dataclass(frozen=True)
class Call:
    """One call: arguments by place and by name."""

    machine: Machine
    args: Sequence[Any]
    kwargs: Mapping[str, Any]

    def get(self, place: int, name: str, default: Any = None) -> Any:
        if place < len(self.args):
            return self.args[place]
        return self.kwargs.get(name, default)

    def known(self, place: int, name: str, default: Any = None) -> Any:
        value = self.get(place, name)
        if value is None:
            return default
        items = self.machine.items(value)
        if items is not None:
            value = Static(tuple(item.value for item in items if isinstance(item, Static)))
        if not isinstance(value, Static):
            raise BeyondError(f"{name} is not known")
        return value.value

    def array(self, place: int, name: str = "a") -> Array:
        return array_of(self.machine, self.get(place, name))

    def number(self, place: int, name: str = "x") -> Operand:
        value = self.get(place, name)
        if isinstance(value, Ref):
            return array_of(self.machine, value)
        if isinstance(value, Array | Scalar | Static):
            return value
        raise BeyondError("an argument that is no number")

    def allow(self, *names: str) -> None:
        """Refuse keywords that the lowering does not know."""
        extra = set(self.kwargs) - set(names)
        if extra:
            raise BeyondError(f"the keyword {extra.pop()}")


def array_of(machine: Machine, value: Any) -> Array:
    """`np.asarray`: lists of numbers or arrays become arrays."""
    if isinstance(value, Array | Scalar | Static):
        return as_array(value)
    content = machine.at(value) if isinstance(value, Ref) else None
    builder = machine.builder
    if isinstance(content, Growing):
        count = builder.bind(f"len({content.code})", "n")
        made = allocate(builder, content.dtype, [Dim(count, None)], "array", "empty")
        with builder.loops(made.dims) as indices:
            place = made.element(builder, indices)
            builder.line(f"{place} = {content.code}[{indices[0]}]")
        return made
    if isinstance(content, Items) and content.items:
        parts = [array_of(machine, item) for item in content.items]
        return stacked(builder, parts, 0)
    raise BeyondError("an array of this")


def shape_of(call: Call, value: Any) -> list[Dim]:
    items = call.machine.items(value)
    builder = call.machine.builder
    if items is None:
        return [as_dim(builder, value)]
    return [as_dim(builder, item) for item in items]


def dtype_argument(call: Call, place: int, default: str) -> str:
    value = call.get(place, "dtype")
    if value is None or (isinstance(value, Static) and value.value is None):
        return call.machine.dtype(default)
    name = getattr(value, "name", None) or getattr(value, "value", None)
    name = {"float": "float64", "int": "int64", "bool": "bool"}.get(str(name), str(name))
    try:
        return call.machine.dtype(np.dtype(name).name)
    except TypeError as error:
        raise BeyondError("a dtype that is not known") from error


def axes_of(call: Call) -> list[int] | None:
    axis = call.known(1, "axis")
    if axis is None:
        return None
    return list(axis) if isinstance(axis, tuple) else [axis]
