"""Statements: what is known now is done now, the rest is written as residual code.

Branches and loops are in `control.py`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tachograph.loop.propose.recipes.specialise.apart import call_apart
from tachograph.loop.propose.recipes.specialise.arrays import (
    as_array,
    materialise,
    store,
)
from tachograph.loop.propose.recipes.specialise.control import Control, Flow, Returned
from tachograph.loop.propose.recipes.specialise.expressions import (
    ARITHMETIC,
    number_of,
    unbased,
)
from tachograph.loop.propose.recipes.specialise.fusing import unbuilt_names
from tachograph.loop.propose.recipes.specialise.indexing import select
from tachograph.loop.propose.recipes.specialise.machine import Machine
from tachograph.loop.propose.recipes.specialise.values import (
    Array,
    BeyondError,
    Closure,
    Items,
    Ref,
    Static,
    Table,
)


class Executor(Control):
    """Runs functions of the program on values that may be known by type only."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        machine.call = self.call
        self.functions: list[ast.FunctionDef | ast.Lambda] = []
        self.unbuilt: dict[int, str] = {}
        """Variables that may hold an expression instead of a buffer, by line of assignment."""
        self.noted: set[int] = set()

    def call(self, function: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Call a function of the program: apart if that can be, else written out in place."""
        if not isinstance(function, Closure):
            raise BeyondError("a call of no function")
        node = function.node
        bound = self.bound(node.args, args, kwargs)
        if isinstance(node, ast.FunctionDef) and function.variables is None:
            before, place = self.machine.take(), self.machine.builder.checkpoint()
            try:
                return call_apart(self.machine, node, bound, self.run_in_place)
            except BeyondError:
                self.machine.put_back(before)
                self.machine.builder.roll_back(place)
        return self.run_in_place(node, {**(function.variables or {}), **bound})

    def run_in_place(self, node: ast.FunctionDef | ast.Lambda, variables: dict[str, Any]) -> Any:
        """The function's body, here."""
        self.functions.append(node)
        try:
            return self.run_body(node, variables)
        finally:
            self.functions.pop()

    def run_body(self, node: ast.FunctionDef | ast.Lambda, variables: dict[str, Any]) -> Any:
        with self.machine.frame(variables):
            if isinstance(node, ast.Lambda):
                return self.evaluate(node.body)
            flow = self.block(node.body)
        if isinstance(flow, Returned):
            return flow.value
        if flow is None:
            return Static(None)
        raise BeyondError(f"a function that ends with {flow}")

    def bound(
        self, spec: ast.arguments, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Parameters by name, defaults filled in."""
        if spec.vararg or spec.kwarg:
            raise BeyondError("a variable number of arguments")
        plain = [argument.arg for argument in spec.posonlyargs + spec.args]
        bound = dict(zip(plain, args, strict=False))
        if len(args) > len(plain) or set(bound) & set(kwargs):
            raise BeyondError("arguments that do not fit")
        bound.update(kwargs)
        defaults = zip(plain[len(plain) - len(spec.defaults) :], spec.defaults, strict=True)
        named = zip([argument.arg for argument in spec.kwonlyargs], spec.kw_defaults, strict=True)
        for name, default in [*defaults, *named]:
            if name not in bound and default is not None:
                bound[name] = self.evaluate(default)
        return bound

    def block(self, body: Sequence[ast.stmt]) -> Flow:
        """Statements in order."""
        if body:
            self.note_unbuilt(body)
        for place, statement in enumerate(body):
            if isinstance(statement, ast.If):
                flow, done = self.branch(statement, body[place + 1 :])
                if done or flow is not None:
                    return flow
                continue
            flow = self.statement(statement)
            if flow is not None:
                return flow
        return None

    def note_unbuilt(self, body: Sequence[ast.stmt]) -> None:
        """Work out once for each block which of its variables may stay unbuilt."""
        function = self.functions[-1] if self.functions else None
        if function is not None and id(body[0]) not in self.noted:
            self.noted.add(id(body[0]))
            self.unbuilt |= unbuilt_names(function, body, self.machine.program.imports)

    def statement(self, node: ast.stmt) -> Flow:
        handler: Callable[[Any], Flow] | None = getattr(
            self, "do_" + type(node).__name__.lower(), None
        )
        if handler is None:
            raise BeyondError(f"{type(node).__name__} on line {node.lineno}")
        return handler(node)

    def do_pass(self, node: ast.Pass) -> Flow:
        return None

    def do_assert(self, node: ast.Assert) -> Flow:
        return None

    def do_expr(self, node: ast.Expr) -> Flow:
        if not isinstance(node.value, ast.Constant):
            self.evaluate(node.value)
        return None

    def do_return(self, node: ast.Return) -> Flow:
        value = Static(None) if node.value is None else self.evaluate(node.value)
        return Returned(self.settled(value, "result"))

    def do_raise(self, node: ast.Raise) -> Flow:
        self.machine.builder.line('raise ValueError("raised")')
        return "raise"

    def do_functiondef(self, node: ast.FunctionDef) -> Flow:
        if node.decorator_list:
            raise BeyondError("a decorator")
        self.machine.variables[node.name] = Closure(node, self.machine.variables)
        return None

    def do_assign(self, node: ast.Assign) -> Flow:
        value = self.evaluate(node.value)
        name = self.unbuilt.get(node.lineno)
        if name is not None and isinstance(value, Array) and not value.base:
            self.machine.variables[name] = value
            return None
        for target in node.targets:
            self.assign(target, value)
        return None

    def do_annassign(self, node: ast.AnnAssign) -> Flow:
        if node.value is not None:
            self.assign(node.target, self.evaluate(node.value))
        return None

    def settled(self, value: Any, stem: str) -> Any:
        """The value as a variable may hold it: expressions get their buffer now."""
        if isinstance(value, Array) and not value.base:
            return materialise(self.machine.builder, value, stem)
        return value

    def assign(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Name):
            self.machine.variables[target.id] = self.settled(value, target.id)
        elif isinstance(target, ast.Tuple | ast.List):
            items = self.unpacked(value, len(target.elts))
            for each, item in zip(target.elts, items, strict=True):
                self.assign(each, item)
        elif isinstance(target, ast.Subscript):
            self.assign_item(self.evaluate(target.value), target.slice, value)
        else:
            raise BeyondError(f"an assignment to {type(target).__name__}")

    def assign_item(self, owner: Any, index: ast.expr, value: Any) -> None:
        machine = self.machine
        if isinstance(owner, Array):
            self.store_item(owner, index, value)
            return
        if not isinstance(owner, Ref):
            raise BeyondError("an item of no container")
        key = self.known_key(index)
        content = machine.at(owner)
        value = self.settled(value, "item")
        if isinstance(content, Table):
            machine.heap[owner.at] = content.put(key, value)
        elif isinstance(content, Items) and content.kind == "list" and isinstance(key, int):
            items = list(content.items)
            items[key] = value
            machine.heap[owner.at] = Items("list", tuple(items))
        else:
            raise BeyondError("an item of this container")

    def store_item(self, owner: Array, index: ast.expr, value: Any, operator: str = "") -> None:
        """`owner[index] = value` or, with an operator, `owner[index] += value`."""
        builder = self.machine.builder
        self.machine.stored.add(owner.base)
        items = self.index_items(index)
        if len(items) == 1 and isinstance(items[0], Array) and items[0].dtype == "bool":
            self.store_where(owner, items[0], value, operator)
            return
        target, is_gather = select(builder, owner, items)
        value = number_of(value)
        if is_gather and operator:
            # NumPy reads all, computes, then writes all: repeated places count once.
            current = materialise(builder, unbased(target))
            value = self.binary(ARITHMETIC_BY_SIGN[operator], current, value)
            value = materialise(builder, value) if isinstance(value, Array) else value
            operator = ""
        store(builder, target, value, operator)

    def store_where(self, owner: Array, mask: Array, value: Any, operator: str) -> None:
        builder = self.machine.builder
        value = number_of(value)
        if isinstance(value, Array) or mask.rank != owner.rank:
            raise BeyondError("a masked store of an array")
        mask = materialise(builder, mask)
        element = as_array(value).element
        with (
            builder.loops(owner.dims) as indices,
            builder.under(f"if {mask.element(builder, indices)}:"),
        ):
            place = owner.element(builder, indices)
            builder.line(f"{place} {operator}= {element(builder, ())}")

    def do_augassign(self, node: ast.AugAssign) -> Flow:
        sign = ARITHMETIC.get(type(node.op))
        value = self.evaluate(node.value)
        target = node.target
        if isinstance(target, ast.Subscript):
            owner = self.evaluate(target.value)
            if isinstance(owner, Array) and sign:
                self.check_kind(owner, value, sign)
                self.store_item(owner, target.slice, value, sign)
                return None
        load = ast.parse(ast.unparse(target), mode="eval").body
        current = self.evaluate(load)
        if isinstance(current, Array):
            if sign is None:
                raise BeyondError("an operator in place")
            self.check_kind(current, value, sign)
            self.machine.stored.add(current.base)
            store(self.machine.builder, current, number_of(value), sign)
            return None
        if isinstance(current, Ref) and isinstance(node.op, ast.Add):
            self.extend(current, value)
            return None
        self.assign(target, self.binary(type(node.op), current, value))
        return None

    def check_kind(self, target: Array, value: Any, sign: str) -> None:
        """NumPy refuses to put floats into integers in place."""
        operand = as_array(number_of(value))
        if target.dtype[0] in "iub" and (operand.dtype[0] in "fc" or sign == "/"):
            raise BeyondError("floats into integers")
        if target.dtype == "bool":
            raise BeyondError("arithmetic in place on truth values")


ARITHMETIC_BY_SIGN = {sign: operator for operator, sign in ARITHMETIC.items()}
