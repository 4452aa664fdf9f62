"""The arguments of the specialised function: observed types as values, leaves, and the guard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tachograph.loop.propose.recipes.numba_types import DTYPES, dtype_name
from tachograph.loop.propose.recipes.observe import Description
from tachograph.loop.propose.recipes.specialise.arrays import buffer
from tachograph.loop.propose.recipes.specialise.machine import Machine
from tachograph.loop.propose.recipes.specialise.values import (
    BeyondError,
    Dim,
    Items,
    Ref,
    Scalar,
    Static,
    Table,
    dim,
)


@dataclass
class Inputs:
    """Leaves of the arguments: what is passed, what numba type it has, what must hold of it."""

    machine: Machine
    fixed_up_to: int
    """Lengths up to this are part of the guard; longer ones may vary."""
    known: frozenset[str]
    """Numbers and lengths, by residual name, that must be known."""
    passed: list[str] = field(default_factory=list)
    """Code of each leaf, in terms of the parameters."""
    names: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    conditions: list[str] = field(default_factory=list)
    arrays: list[tuple[str, tuple[Dim, ...]]] = field(default_factory=list)
    cells: list[tuple[str, Ref]] = field(default_factory=list)
    """Containers, with the code that reaches them."""

    def value(self, path: str, seen: Description) -> Any:
        """The value of an argument or of an item of it."""
        kind = seen["kind"]
        if kind == "array":
            return self.array(path, seen)
        if kind in ("int", "float"):
            return self.number(path, seen)
        if kind == "scalar" and seen["dtype"] in DTYPES:
            name = self.leaf(path, dtype_name(seen["dtype"]))
            self.conditions.append(f"isinstance({path}, np.{seen['dtype']})")
            return Scalar(seen["dtype"], name, is_numpy=True)
        if kind in ("bool", "str", "none"):
            return self.fixed(path, seen.get("value"))
        if kind in ("list", "tuple", "dict") and "items" in seen:
            return self.container(path, seen)
        raise BeyondError(f"an argument of type {seen.get('type', kind)}")

    def leaf(self, path: str, numba_type: str) -> str:
        name = f"in_{len(self.names)}"
        self.names.append(name)
        self.passed.append(path)
        self.types.append(numba_type)
        return name

    def fixed(self, path: str, value: Any) -> Static:
        if isinstance(value, str) and len(value) >= 64:
            raise BeyondError("a long text")
        test = f"{path} is {value!r}" if value is None or isinstance(value, bool) else ""
        self.conditions.append(test or f"{path} == {value!r}")
        return Static(value)

    def number(self, path: str, seen: Description) -> Static | Scalar:
        kind, dtype = seen["kind"], {"int": "int64", "float": "float64"}[seen["kind"]]
        self.conditions.append(f"type({path}) is {kind}")
        name = f"in_{len(self.names)}"
        if name in self.known:
            self.leaf(path, f"numba.{dtype}")
            self.conditions.append(f"{path} == {seen['value']!r}")
            return Static(seen["value"])
        return Scalar(dtype, self.leaf(path, f"numba.{dtype}"), seen=seen["value"])

    def array(self, path: str, seen: Description) -> Any:
        if seen["dtype"] not in DTYPES or seen["layout"] != "C" or not seen["shape"]:
            raise BeyondError("an array that is not plain")
        dtype = self.machine.dtype(seen["dtype"])
        end = "" if seen["writeable"] or dtype != seen["dtype"] else ", readonly=True"
        rank = len(seen["shape"])
        numba_type = f'numba.types.Array({dtype_name(dtype)}, {rank}, "C"{end})'
        name = self.leaf(self.narrowed(path, seen["dtype"], dtype), numba_type)
        dims = tuple(self.length(name, axis, n) for axis, n in enumerate(seen["shape"]))
        shape = ", ".join(d.code if d.static is not None else "None" for d in dims)
        writeable = bool(seen["writeable"])
        self.conditions.append(f'_is_array({path}, "{seen["dtype"]}", ({shape},), {writeable})')
        self.arrays.append((name, dims))
        return buffer(name, dtype, dims)

    def narrowed(self, path: str, given: str, wanted: str) -> str:
        return path if given == wanted else f"{path}.astype(np.{wanted})"

    def length(self, name: str, axis: int, seen: int) -> Dim:
        code = f"{name}_n{axis}"
        if seen <= self.fixed_up_to or code in self.known:
            return dim(seen)
        self.machine.builder.line(f"{code} = {name}.shape[{axis}]")
        return Dim(code, seen)

    def container(self, path: str, seen: Description) -> Ref:
        kind, items = seen["kind"], seen["items"]
        self.conditions.append(f"type({path}) is {kind}")
        if isinstance(items, Mapping):
            self.conditions.append(f"list({path}) == {list(items)!r}")
            pairs = [(key, self.value(f"{path}[{key!r}]", item)) for key, item in items.items()]
            made = self.machine.new(Table(tuple(pairs)))
        else:
            self.conditions.append(f"len({path}) == {len(items)}")
            each = [self.value(f"{path}[{k}]", item) for k, item in enumerate(items)]
            made = self.machine.new(Items(kind, tuple(each)))
        self.cells.append((path, made))
        return made
