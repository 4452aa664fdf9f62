"""Attributes and methods of arrays, lists, dicts and known text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tachograph.loop.propose.recipes.specialise.arrays import (
    cast_code,
    copy,
    materialise,
    number_code,
    store,
)
from tachograph.loop.propose.recipes.specialise.machine import Machine
from tachograph.loop.propose.recipes.specialise.numpy_calls import call_numpy
from tachograph.loop.propose.recipes.specialise.shapes import length_value, transposed
from tachograph.loop.propose.recipes.specialise.values import (
    Array,
    BeyondError,
    Growing,
    Items,
    Method,
    Ref,
    Scalar,
    Static,
    Table,
)

ARRAY_METHODS = {
    "sum", "mean", "max", "min", "prod", "any", "all", "argmax", "argmin", "std", "var", "cumsum",
    "reshape", "transpose", "swapaxes", "ravel", "dot", "astype", "clip", "squeeze",
}  # fmt: skip


def array_attribute(machine: Machine, array: Array, name: str) -> Any:
    """`x.T`, `x.shape`, or a method about to be called."""
    if name == "T":
        return transposed(materialise(machine.builder, array), range(array.rank)[::-1])
    if name == "shape":
        return machine.new(Items("tuple", tuple(length_value(d) for d in array.dims)))
    if name == "ndim":
        return Static(array.rank)
    if name == "dtype":
        return Static(np.dtype(array.dtype))
    if name == "size":
        lengths = [d.static for d in array.dims]
        known = [n for n in lengths if n is not None]
        if len(known) == len(lengths):
            size = 1
            for n in known:
                size *= n
            return Static(size)
        code = machine.builder.bind(" * ".join(d.code for d in array.dims), "n")
        return Scalar("int64", code)
    return Method(array, name)


def call_method(
    machine: Machine, method: Method, args: list[Any], kwargs: Mapping[str, Any]
) -> Any:
    """Call a method of a value."""
    owner, name = method.owner, method.name
    if isinstance(owner, Array):
        return call_array_method(machine, owner, name, args, kwargs)
    if isinstance(owner, Static) and isinstance(owner.value, str):
        return call_text_method(owner.value, name, args)
    if isinstance(owner, Scalar) and name in ("item", "copy", "sum", "mean"):
        return Scalar(owner.dtype, owner.code, owner.is_numpy and name != "item")
    content = machine.at(owner) if isinstance(owner, Ref) else None
    if isinstance(content, Table) and isinstance(owner, Ref):
        return call_table_method(machine, owner, content, name, args)
    if isinstance(owner, Ref) and content is not None:
        return call_list_method(machine, owner, content, name, args)
    raise BeyondError(f"the method {name}")


def call_array_method(
    machine: Machine, array: Array, name: str, args: list[Any], kwargs: Mapping[str, Any]
) -> Any:
    builder = machine.builder
    if name in ("copy", "flatten"):
        made = copy(builder, array, "copy")
        return made if name == "copy" else call_numpy(machine, "numpy.ravel", [made], {})
    if name == "fill":
        machine.stored.add(array.base)
        store(builder, array, args[0])
        return Static(None)
    if name == "item" and not args:
        code = builder.bind(array.element(builder, ["0"] * array.rank), "e")
        return Scalar(array.dtype, code)
    if name == "reshape" and args and not isinstance(args[0], Ref):
        args = [machine.new(Items("tuple", tuple(args)))]
    if name == "transpose" and args and not isinstance(args[0], Ref):
        args = [machine.new(Items("tuple", tuple(args)))]
    if name not in ARRAY_METHODS:
        raise BeyondError(f"the method {name}")
    return call_numpy(machine, f"numpy.{name}", [array, *args], kwargs)


def call_text_method(text: str, name: str, args: Sequence[Any]) -> Any:
    """Methods of known text with known arguments."""
    if not all(isinstance(arg, Static) for arg in args):
        raise BeyondError("text that is not known")
    values = [arg.value for arg in args]
    safe = {"startswith", "endswith", "upper", "lower", "strip", "format", "replace"}
    if name not in safe or not all(isinstance(value, str | int) for value in values):
        raise BeyondError(f"the method {name}")
    return Static(getattr(text, name)(*values))


def call_table_method(
    machine: Machine, owner: Ref, content: Table, name: str, args: Sequence[Any]
) -> Any:
    """`items`, `keys`, `values`, `get`, `copy`, `update` of a dict."""
    new = machine.new
    if name == "items":
        pairs = (new(Items("tuple", (Static(key), value))) for key, value in content.items)
        return new(Items("list", tuple(pairs)))
    if name == "keys":
        return new(Items("list", tuple(Static(key) for key, _ in content.items)))
    if name == "values":
        return new(Items("list", tuple(value for _, value in content.items)))
    if name == "copy":
        return new(content)
    if name == "get" and args and isinstance(args[0], Static):
        found = content.get(args[0].value)
        return found if found is not None else (args[1] if len(args) > 1 else Static(None))
    other = machine.table(args[0]) if name == "update" and len(args) == 1 else None
    if other is not None:
        for key, value in other.items:
            content = content.put(key, value)
        machine.heap[owner.at] = content
        return Static(None)
    raise BeyondError(f"the method {name} of a dict")


def call_list_method(
    machine: Machine, owner: Ref, content: Items | Growing | Table, name: str, args: Sequence[Any]
) -> Any:
    """`append`, `pop`, `copy` of a list."""
    if name == "append" and isinstance(content, Growing):
        code = number_for_list(args[0], content.dtype)
        machine.builder.line(f"{content.code}.append({code})")
        return Static(None)
    if not isinstance(content, Items) or content.kind != "list":
        raise BeyondError(f"the method {name} of a container")
    if name == "append":
        value = args[0]
        if isinstance(value, Array) and not value.base:
            value = materialise(machine.builder, value, "item")
        machine.heap[owner.at] = Items("list", (*content.items, value))
        return Static(None)
    if name == "pop" and content.items and not args:
        machine.heap[owner.at] = Items("list", content.items[:-1])
        return content.items[-1]
    if name == "copy":
        return machine.new(content)
    raise BeyondError(f"the method {name} of a list")


def number_for_list(value: Any, dtype: str) -> str:
    if isinstance(value, Static):
        return number_code(value.value, dtype)
    if isinstance(value, Scalar) and value.dtype == dtype:
        return value.code
    if isinstance(value, Scalar):
        return cast_code(value.code, value.dtype, dtype)
    raise BeyondError("a list that grows with other than numbers")
