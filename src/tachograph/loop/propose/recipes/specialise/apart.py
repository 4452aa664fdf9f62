"""Calls written as calls: a function of the program becomes a residual function of its own.

It is shared by all calls whose arguments have the same types, sizes and known values. Containers
are taken apart into leaves on the way in and put together on the way out. A function that stays
small, or whose result cannot travel, is written out in place instead.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tachograph.loop.propose.recipes.specialise.arrays import buffer, copy, materialise
from tachograph.loop.propose.recipes.specialise.emit import Builder, tuple_code
from tachograph.loop.propose.recipes.specialise.kernels import DECORATOR
from tachograph.loop.propose.recipes.specialise.machine import Content, Machine
from tachograph.loop.propose.recipes.specialise.values import (
    Array,
    BeyondError,
    Dim,
    Growing,
    Items,
    Ref,
    Scalar,
    Static,
    Table,
)

SMALL = 8
"""Lines of residual code up to which a call is written out in place."""


@dataclass(frozen=True)
class Leaf:
    """A result that travels: its place in the returned tuple, and its type."""

    place: int
    model: Any


@dataclass(frozen=True)
class Passed:
    """A result that is an argument again."""

    place: int


@dataclass(frozen=True)
class PassedContainer:
    place: int


@dataclass(frozen=True)
class Whole:
    """A container of results."""

    kind: str
    keys: tuple[Any, ...]
    items: tuple[Any, ...]


@dataclass(frozen=True)
class Residual:
    """A finished residual function."""

    name: str
    result: Any
    changes: tuple[tuple[int, Any], ...]
    """Argument containers that it changes, by place, with their new content."""
    stored: tuple[int, ...]
    """Arguments that it writes into."""
    leaf_count: int
    used: tuple[int, ...]
    """Arguments that it reads or writes at all; the others are not passed."""
    open_ranges: int
    """Loops whose length is not known now."""


@dataclass
class Crossing:
    """The arguments of one call, on both sides."""

    machine: Machine
    heap: dict[int, Content] = field(default_factory=dict)
    """The callee's heap."""
    key: list[Any] = field(default_factory=list)
    outside: list[Any] = field(default_factory=list)
    inside: list[Any] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    containers: dict[int, int] = field(default_factory=dict)
    """Cell outside to place; the cell inside is the same number."""
    lengths: dict[str, Dim] = field(default_factory=dict)
    """Length code outside to the length inside."""
    lines: list[str] = field(default_factory=list)

    def enter(self, value: Any) -> Any:
        """The value as the callee sees it."""
        if isinstance(value, Array):
            return self.enter_array(value)
        if isinstance(value, Scalar):
            name = self.leaf(value, value.code)
            self.key.append(("scalar", value.dtype, value.is_numpy))
            made = Scalar(value.dtype, name, value.is_numpy, seen=value.seen)
            self.inside.append(made)
            return made
        if isinstance(value, Ref):
            return self.enter_container(value)
        shown = repr(value.value) if isinstance(value, Static) else repr(value)
        self.key.append((type(getattr(value, "value", value)).__name__, shown))
        return value

    def leaf(self, value: Any, code: str) -> str:
        name = f"p{len(self.names)}"
        self.names.append(name)
        self.codes.append(code)
        self.outside.append(value)
        return name

    def enter_array(self, value: Array) -> Array:
        builder = self.machine.builder
        held = materialise(builder, value)
        if not held.view:
            raise BeyondError("a view that has no code")
        name = self.leaf(held, held.view)
        dims = tuple(self.length(name, axis, d) for axis, d in enumerate(held.dims))
        made = buffer(name, held.dtype, dims, held.layout)
        made = Array(
            made.dtype, made.dims, made.element, made.base, made.view, made.layout,
            held.unit_axis, made.reads, True,
        )  # fmt: skip
        shape = tuple(d.code for d in dims)
        self.key.append(("array", held.dtype, shape, held.layout, held.unit_axis))
        self.inside.append(made)
        return made

    def length(self, name: str, axis: int, outside: Dim) -> Dim:
        if outside.static is not None:
            return outside
        if outside.code not in self.lengths:
            code = f"{name}_n{axis}"
            self.lines.append(f"{code} = {name}.shape[{axis}]")
            self.lengths[outside.code] = Dim(code, outside.seen)
        return self.lengths[outside.code]

    def enter_container(self, ref: Ref) -> Ref:
        if ref.at in self.containers:
            self.key.append(("again", self.containers[ref.at]))
            return ref
        self.containers[ref.at] = len(self.containers)
        content = self.machine.at(ref)
        if isinstance(content, Growing):
            self.key.append(("growing", content.dtype, content.is_numpy))
            name = self.leaf(content, content.code)
            self.inside.append(content)
            self.heap[ref.at] = Growing(name, content.dtype, content.is_numpy)
        elif isinstance(content, Table):
            self.key.append(("dict", tuple(k for k, _ in content.items)))
            self.heap[ref.at] = Table(tuple((k, self.enter(v)) for k, v in content.items))
        else:
            self.key.append((content.kind, len(content.items)))
            made = tuple(self.enter(v) for v in content.items)
            self.heap[ref.at] = Items(content.kind, made)
        return ref


Run = Callable[[ast.FunctionDef, dict[str, Any]], Any]


def call_apart(
    machine: Machine, node: ast.FunctionDef, variables: Mapping[str, Any], run: Run
) -> Any:
    """Write the call. Raises BeyondError where the function had better be written out in place."""
    crossing, made = crossed(machine, node, variables, run)
    if made is not None and any(is_count(value) for value in variables.values()):
        loose = {name: loosened(value) for name, value in variables.items()}
        other, general = crossed(machine, node, loose, run)
        if general is not None and general.open_ranges <= made.open_ranges:
            crossing, made = other, general
    if made is None:
        raise BeyondError(f"{node.name} is small, or its result cannot travel")
    check_aliases(crossing, made)
    return leave(machine, crossing, made)


def crossed(
    machine: Machine, node: ast.FunctionDef, variables: Mapping[str, Any], run: Run
) -> tuple[Crossing, Residual | None]:
    """The arguments, entered, and the residual function for their types."""
    crossing = Crossing(machine)
    inner = {}
    for name, value in variables.items():
        crossing.key.append(name)
        inner[name] = crossing.enter(value)
    key = (node.name, node.lineno, tuple(crossing.key))
    if key in machine.in_place:
        return crossing, None
    if key not in machine.residuals:
        machine.residuals[key] = write_function(machine, node, crossing, inner, run)
    return crossing, machine.residuals[key]


def is_count(value: Any) -> bool:
    return isinstance(value, Static) and type(value.value) is int


def loosened(value: Any) -> Any:
    """A known whole number as one that may differ: one function for all blocks, say."""
    if is_count(value):
        return Scalar("int64", str(value.value), seen=value.value)
    return value


def check_aliases(crossing: Crossing, made: Residual) -> None:
    """A function that writes into an argument must not get the same memory twice."""
    bases = [value.base if isinstance(value, Array) else "" for value in crossing.outside]
    for place in made.stored:
        if bases.count(bases[place]) > 1:
            raise BeyondError("an argument written to is passed twice")
        crossing.machine.stored.add(bases[place])


def write_function(
    machine: Machine, node: ast.FunctionDef, crossing: Crossing, inner: dict[str, Any], run: Run
) -> Residual | None:
    """Run the function on the entered arguments; None where it is to be written out in place."""
    kept = (machine.builder, machine.frames, machine.heap, machine.loops, machine.stored)
    before = dict(crossing.heap)
    machine.builder, machine.heap = Builder(machine.kernels), crossing.heap
    machine.builder.strided = {
        value.base for value in crossing.inside if isinstance(value, Array) and value.layout != "C"
    }
    machine.frames, machine.loops, machine.stored = [{}], [], set()
    for line in crossing.lines:
        machine.builder.line(line)
    try:
        value = run(node, inner)
        return finish(machine, node, crossing, value, before)
    except BeyondError:
        return None
    finally:
        machine.builder, machine.frames, machine.heap, machine.loops, machine.stored = kept


def finish(
    machine: Machine, node: ast.FunctionDef, crossing: Crossing, value: Any, before: Any
) -> Residual | None:
    places = crossing.containers
    leaving = Leaving(machine, crossing, places)
    result = leaving.tree(value)
    changes = []
    for cell, place in places.items():
        if machine.heap[cell] is not before[cell]:
            changes.append((place, leaving.content(machine.heap[cell])))
    arrays = [(a.base, a.dims) for a in crossing.inside if isinstance(a, Array)]
    body = machine.builder.unveiled(arrays) + machine.builder.source()
    if len(body) <= SMALL:
        return None
    name = f"_{machine.stem}_{node.name}_{len(machine.written)}"
    codes = leaving.codes
    single = codes[0] if codes else "None"
    ending = [f"return {tuple_code(codes) if len(codes) > 1 else single}"]
    words = set(re.findall(r"\w+", "\n".join([*body, *ending])))
    used = tuple(k for k, n in enumerate(crossing.names) if n in words)
    lines = [DECORATOR, f"def {name}({', '.join(crossing.names[k] for k in used)}):"]
    lines += [f" {line}" for line in [*body, *ending]]
    machine.written[name] = "\n".join(lines)
    open_ranges = sum(1 for line in body if re.search(r"range\((?!\d+\))", line))
    stored = tuple(k for k, n in enumerate(crossing.names) if n in machine.stored)
    return Residual(name, result, tuple(changes), stored, len(leaving.codes), used, open_ranges)


@dataclass
class Leaving:
    """The results of a residual function as trees, seen from inside."""

    machine: Machine
    crossing: Crossing
    places: Mapping[int, int]
    codes: list[str] = field(default_factory=list)

    def tree(self, value: Any) -> Any:
        for place, known in enumerate(self.crossing.inside):
            if known is value:
                return Passed(place)
        if isinstance(value, Array):
            return self.array(value)
        if isinstance(value, Scalar):
            return self.leaf(value.code, value)
        if isinstance(value, Ref):
            if value.at in self.places:
                return PassedContainer(self.places[value.at])
            return self.content(self.machine.at(value))
        if isinstance(value, Static):
            return value
        raise BeyondError("a result that cannot travel")

    def array(self, value: Array) -> Leaf:
        builder = self.machine.builder
        if value.base in self.crossing.names:
            raise BeyondError("a result that is part of an argument")
        held = materialise(builder, value, "result")
        if not held.view or held.layout != "C":
            held = copy(builder, held, "result")
        known = {d.code: Dim(code, d.seen) for code, d in self.crossing.lengths.items()}
        dims = tuple(d if d.static is not None else known.get(d.code) for d in held.dims)
        return self.leaf(held.view, (held.dtype, dims))

    def leaf(self, code: str, model: Any) -> Leaf:
        self.codes.append(code)
        return Leaf(len(self.codes) - 1, model)

    def content(self, content: Content) -> Any:
        if isinstance(content, Growing):
            return self.leaf(content.code, content)
        if isinstance(content, Table):
            keys = tuple(key for key, _ in content.items)
            return Whole("dict", keys, tuple(self.tree(v) for _, v in content.items))
        return Whole(content.kind, (), tuple(self.tree(v) for v in content.items))


def leave(machine: Machine, crossing: Crossing, made: Residual) -> Any:
    """Write the call in the caller and put its results together."""
    builder = machine.builder
    names = [builder.fresh("r") for _ in range(made.leaf_count)]
    call = f"{made.name}({', '.join(crossing.codes[place] for place in made.used)})"
    builder.line(f"{', '.join(names)} = {call}" if names else call)
    cells = {place: cell for cell, place in crossing.containers.items()}
    rebuild = Rebuild(machine, crossing, cells, names)
    for place, tree in made.changes:
        machine.heap[cells[place]] = rebuild.content(tree)
    return rebuild.value(made.result)


@dataclass(frozen=True)
class Rebuild:
    """The results of a call as values of the caller."""

    machine: Machine
    crossing: Crossing
    cells: Mapping[int, int]
    names: list[str]

    def value(self, tree: Any) -> Any:
        if isinstance(tree, Passed):
            return self.crossing.outside[tree.place]
        if isinstance(tree, PassedContainer):
            return Ref(self.cells[tree.place])
        if isinstance(tree, Whole):
            return self.machine.new(self.content(tree))
        if isinstance(tree, Leaf):
            return self.leaf(tree)
        return tree

    def leaf(self, tree: Leaf) -> Any:
        name, model = self.names[tree.place], tree.model
        if isinstance(model, Growing):
            return self.machine.new(Growing(name, model.dtype, model.is_numpy))
        if isinstance(model, Scalar):
            return Scalar(model.dtype, name, model.is_numpy)
        dtype, known = model
        dims = [d or Dim(f"{name}.shape[{axis}]", None) for axis, d in enumerate(known)]
        return buffer(name, dtype, dims)

    def content(self, tree: Any) -> Content:
        if isinstance(tree, Leaf):
            return Growing(self.names[tree.place], tree.model.dtype, tree.model.is_numpy)
        items = tuple(self.value(item) for item in tree.items)
        if tree.kind == "dict":
            return Table(tuple(zip(tree.keys, items, strict=True)))
        return Items(tree.kind, items)
