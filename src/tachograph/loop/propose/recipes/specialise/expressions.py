"""Expressions: names, containers, indexing, calls."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tachograph.loop.propose.recipes.specialise.arrays import materialise, number_code
from tachograph.loop.propose.recipes.specialise.builtin_calls import BUILTINS, call_builtin
from tachograph.loop.propose.recipes.specialise.emit import Builder
from tachograph.loop.propose.recipes.specialise.indexing import select
from tachograph.loop.propose.recipes.specialise.machine import Machine
from tachograph.loop.propose.recipes.specialise.methods import array_attribute, call_method
from tachograph.loop.propose.recipes.specialise.numpy_calls import call_numpy, numpy_constant
from tachograph.loop.propose.recipes.specialise.operators import (
    ARITHMETIC,
    COMPARISONS,
    arithmetic,
    chosen,
    comparison,
    inverted,
    negative,
)
from tachograph.loop.propose.recipes.specialise.products import matmul
from tachograph.loop.propose.recipes.specialise.values import (
    Array,
    BeyondError,
    Closure,
    Dim,
    Growing,
    Items,
    Iteration,
    Method,
    Named,
    NeedStaticError,
    Ref,
    Scalar,
    Slice,
    Static,
    Table,
)

__all__ = ["ARITHMETIC", "Evaluator", "number_of", "truth"]


class Evaluator:
    """Evaluates expressions in a machine."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def evaluate(self, node: ast.expr) -> Any:
        handler = getattr(self, "of_" + type(node).__name__.lower(), None)
        if handler is None:
            raise BeyondError(f"{type(node).__name__} on line {node.lineno}")
        return handler(node)

    def of_constant(self, node: ast.Constant) -> Any:
        return Static(node.value)

    def of_name(self, node: ast.Name) -> Any:
        name = node.id
        if name in self.machine.variables:
            return self.machine.variables[name]
        return self.module_name(name)

    def module_name(self, name: str) -> Any:
        """What a name means at module level."""
        machine = self.machine
        program = machine.program
        if name in machine.constants:
            return machine.constants[name]
        if name in program.functions:
            return Closure(program.functions[name], None)
        if name in program.imports:
            return Named(program.imports[name])
        if name in program.constants:
            with machine.frame({}):
                value = self.evaluate(program.constants[name])
            if not self.is_known(value):
                raise BeyondError(f"the global {name} is not known")
            if not isinstance(value, Ref):
                machine.constants[name] = value
            return value
        if name in BUILTINS:
            return Named(name)
        raise BeyondError(f"the name {name}")

    def is_known(self, value: Any) -> bool:
        items = self.machine.items(value)
        if items is not None:
            content = self.machine.at(value)
            is_tuple = isinstance(content, Items) and content.kind == "tuple"
            return is_tuple and all(self.is_known(item) for item in items)
        return isinstance(value, Static | Named)

    def of_tuple(self, node: ast.Tuple) -> Any:
        return self.machine.new(Items("tuple", self.each(node.elts)))

    def of_list(self, node: ast.List) -> Any:
        return self.machine.new(Items("list", self.each(node.elts)))

    def each(self, nodes: Sequence[ast.expr]) -> tuple[Any, ...]:
        values: list[Any] = []
        for node in nodes:
            if isinstance(node, ast.Starred):
                values += self.known_items(self.evaluate(node.value))
            else:
                values.append(self.held(self.evaluate(node)))
        return tuple(values)

    def held(self, value: Any) -> Any:
        """As a container may hold it."""
        if isinstance(value, Array) and not value.base:
            return materialise(self.machine.builder, value, "item")
        return value

    def of_dict(self, node: ast.Dict) -> Any:
        content = Table(())
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                for known, item in self.known_table(self.evaluate(value)).items:
                    content = content.put(known, item)
            else:
                content = content.put(
                    self.static_value(self.evaluate(key)), self.held(self.evaluate(value))
                )
        return self.machine.new(content)

    def of_joinedstr(self, node: ast.JoinedStr) -> Any:
        parts = []
        for part in node.values:
            if isinstance(part, ast.Constant):
                parts.append(str(part.value))
            elif isinstance(part, ast.FormattedValue) and part.format_spec is None:
                parts.append(str(self.static_value(self.evaluate(part.value))))
            else:
                raise BeyondError("a format")
        return Static("".join(parts))

    def static_value(self, value: Any) -> Any:
        """A value that must be known now."""
        if isinstance(value, Static):
            return value.value
        items = self.machine.items(value)
        if items is not None:
            return tuple(self.static_value(item) for item in items)
        raise NeedStaticError("a value must be known", getattr(value, "code", ""))

    def known_key(self, index: ast.expr) -> Any:
        return self.static_value(self.evaluate(index))

    def known_table(self, value: Any) -> Table:
        content = self.machine.table(value)
        if content is None:
            raise BeyondError("a dict whose keys are not known")
        return content

    def of_unaryop(self, node: ast.UnaryOp) -> Any:
        value = self.evaluate(node.operand)
        builder = self.machine.builder
        if isinstance(node.op, ast.Not):
            test = truth(builder, value)
            return Static(not test) if isinstance(test, bool) else Scalar("bool", f"(not {test})")
        if isinstance(node.op, ast.USub):
            return negative(builder, number_of(value))
        if isinstance(node.op, ast.Invert):
            return inverted(builder, number_of(value))
        return value

    def of_binop(self, node: ast.BinOp) -> Any:
        left, right = self.evaluate(node.left), self.evaluate(node.right)
        return self.binary(type(node.op), left, right)

    def binary(self, operator: type[ast.operator], left: Any, right: Any) -> Any:
        builder = self.machine.builder
        if operator is ast.MatMult:
            if not isinstance(left, Array) or not isinstance(right, Array):
                raise BeyondError("@ of other than arrays")
            return matmul(builder, left, right)
        if isinstance(left, Ref) or isinstance(right, Ref):
            return self.on_containers(operator, left, right)
        sign = ARITHMETIC.get(operator)
        if sign is None:
            raise BeyondError(f"the operator {operator.__name__}")
        return arithmetic(builder, sign, number_of(left), number_of(right))

    def on_containers(self, operator: type[ast.operator], left: Any, right: Any) -> Any:
        """Lists and tuples joined or repeated."""
        one, other = self.machine.items(left), self.machine.items(right)
        if operator is ast.Add and one is not None and other is not None:
            return self.machine.new(Items(self.kind(left), one + other))
        times = right.value if isinstance(right, Static) else None
        if operator is ast.Mult and one is not None and isinstance(times, int) and times <= 256:
            return self.machine.new(Items(self.kind(left), one * times))
        raise BeyondError("an operator on containers")

    def kind(self, ref: Ref) -> str:
        content = self.machine.at(ref)
        return content.kind if isinstance(content, Items) else ""

    def of_compare(self, node: ast.Compare) -> Any:
        left = self.evaluate(node.left)
        tests: list[Any] = []
        for operator, comparator in zip(node.ops, node.comparators, strict=True):
            right = self.evaluate(comparator)
            tests.append(self.compare(operator, left, right))
            left = right
        return tests[0] if len(tests) == 1 else self.all_of(tests)

    def all_of(self, tests: Sequence[Any]) -> Any:
        codes = []
        for test in tests:
            known = truth(self.machine.builder, test)
            if known is False:
                return Static(False)
            if known is not True:
                codes.append(str(known))
        return Scalar("bool", f"({' and '.join(codes)})") if codes else Static(True)

    def compare(self, operator: ast.cmpop, left: Any, right: Any) -> Any:
        if isinstance(operator, ast.Is | ast.IsNot):
            return self.identity(left, right, isinstance(operator, ast.Is))
        if isinstance(operator, ast.In | ast.NotIn):
            found = self.contains(right, self.static_value(left))
            return Static(found == isinstance(operator, ast.In))
        sign = COMPARISONS[type(operator)]
        return comparison(self.machine.builder, sign, number_of(left), number_of(right))

    def identity(self, left: Any, right: Any, same: bool) -> Static:
        """`is None`, which is known for every value."""
        nones = [isinstance(v, Static) and v.value is None for v in (left, right)]
        if not any(nones):
            raise BeyondError("identity of two values")
        return Static(all(nones) == same)

    def contains(self, container: Any, key: Any) -> bool:
        table = self.machine.table(container)
        if table is not None:
            return any(known == key for known, _ in table.items)
        return key in self.static_value(container)

    def of_boolop(self, node: ast.BoolOp) -> Any:
        """Both sides are evaluated: expressions that can be specialised have no side effects."""
        is_and = isinstance(node.op, ast.And)
        codes = []
        for each in node.values:
            known = truth(self.machine.builder, self.evaluate(each))
            if isinstance(known, bool):
                if known != is_and:
                    return Static(known)
                continue
            codes.append(known)
        word = " and " if is_and else " or "
        return Scalar("bool", f"({word.join(codes)})") if codes else Static(is_and)

    def of_ifexp(self, node: ast.IfExp) -> Any:
        test = truth(self.machine.builder, self.evaluate(node.test))
        if isinstance(test, bool):
            return self.evaluate(node.body if test else node.orelse)
        left, right = number_of(self.evaluate(node.body)), number_of(self.evaluate(node.orelse))
        if isinstance(left, Array) or isinstance(right, Array):
            raise BeyondError("a choice between arrays")
        return chosen(self.machine.builder, Scalar("bool", test), left, right)

    def of_slice(self, node: ast.Slice) -> Any:
        ends = [
            None if n is None else self.evaluate(n) for n in (node.lower, node.upper, node.step)
        ]
        return Slice(*ends)

    def index_items(self, node: ast.expr) -> list[Any]:
        """The indices between the brackets, tuples spread out, lists of numbers as arrays."""
        value = self.evaluate(node)
        items = self.machine.items(value)
        if items is not None and self.kind(value) == "tuple":
            return [self.index_item(item) for item in items]
        return [self.index_item(value)]

    def index_item(self, value: Any) -> Any:
        if isinstance(value, Static | Scalar | Slice | Array):
            return value
        raise BeyondError("an index of another kind")

    def of_subscript(self, node: ast.Subscript) -> Any:
        owner = self.evaluate(node.value)
        if isinstance(owner, Array):
            return self.item_of_array(owner, self.index_items(node.slice))
        if isinstance(owner, Static) and isinstance(owner.value, str | tuple):
            return self.item_of_static(owner.value, self.evaluate(node.slice))
        content = self.machine.at(owner) if isinstance(owner, Ref) else None
        if isinstance(content, Table):
            found = content.get(self.known_key(node.slice))
            if found is None:
                raise BeyondError("a key that is not there")
            return found
        if isinstance(content, Items):
            return self.item_of_items(content, self.evaluate(node.slice))
        if isinstance(content, Growing):
            return self.item_of_growing(content, self.evaluate(node.slice))
        raise BeyondError("an item of no container")

    def item_of_array(self, owner: Array, items: Sequence[Any]) -> Any:
        """An element as a number, a view, or a gather."""
        builder = self.machine.builder
        made, is_gather = select(builder, owner, items)
        if made.rank == 0:
            return Scalar(made.dtype, builder.bind(made.element(builder, ()), "e"), is_numpy=True)
        if is_gather or not owner.base:
            return materialise(builder, unbased(made))
        return made

    def item_of_static(self, value: Any, index: Any) -> Any:
        try:
            return Static(value[self.static_value(index)])
        except (IndexError, TypeError) as error:
            raise BeyondError(str(error)) from error

    def item_of_items(self, content: Items, index: Any) -> Any:
        if isinstance(index, Slice):
            ends = [None if e is None else self.static_value(e)
                    for e in (index.start, index.stop, index.step)]  # fmt: skip
            return self.machine.new(Items(content.kind, content.items[slice(*ends)]))
        try:
            return content.items[self.static_value(index)]
        except (IndexError, TypeError) as error:
            raise BeyondError(str(error)) from error

    def item_of_growing(self, content: Growing, index: Any) -> Any:
        code = number_code(index.value) if isinstance(index, Static) else index.code
        name = self.machine.builder.bind(f"{content.code}[{code}]", "e")
        return Scalar(content.dtype, name, content.is_numpy)

    def of_attribute(self, node: ast.Attribute) -> Any:
        owner = self.evaluate(node.value)
        if isinstance(owner, Named):
            full = f"{owner.name}.{node.attr}"
            if full == "numpy.newaxis":
                return Static(None)
            constant = numpy_constant(full)
            return Named(full) if constant is None else Static(constant)
        if isinstance(owner, Array):
            return array_attribute(self.machine, owner, node.attr)
        return Method(owner, node.attr)

    def of_lambda(self, node: ast.Lambda) -> Any:
        return Closure(node, self.machine.variables)

    def of_call(self, node: ast.Call) -> Any:
        function = self.evaluate(node.func)
        args = self.each_argument(node.args)
        kwargs: dict[str, Any] = {}
        for keyword in node.keywords:
            value = self.evaluate(keyword.value)
            if keyword.arg is None:
                kwargs.update({str(k): v for k, v in self.known_table(value).items})
            else:
                kwargs[keyword.arg] = value
        if isinstance(function, Closure):
            args = [self.held(arg) for arg in args]
            kwargs = {name: self.held(value) for name, value in kwargs.items()}
            return self.machine.call(function, args, kwargs)
        if isinstance(function, Method):
            return self.called_method(function, args, kwargs)
        if not isinstance(function, Named):
            raise BeyondError("a call of no function")
        return self.called_by_name(function.name, args, kwargs)

    def each_argument(self, nodes: Sequence[ast.expr]) -> list[Any]:
        values: list[Any] = []
        for node in nodes:
            if isinstance(node, ast.Starred):
                values += self.known_items(self.evaluate(node.value))
            else:
                values.append(self.evaluate(node))
        return values

    def called_by_name(self, name: str, args: list[Any], kwargs: Mapping[str, Any]) -> Any:
        if name.startswith(("numpy.", "math.")):
            return call_numpy(self.machine, name, args, kwargs)
        return call_builtin(self, name, args, kwargs)

    def called_method(self, method: Method, args: list[Any], kwargs: Mapping[str, Any]) -> Any:
        if isinstance(method.owner, Ref) and method.name == "extend" and len(args) == 1:
            self.extend(method.owner, args[0])
            return Static(None)
        return call_method(self.machine, method, args, kwargs)

    def extend(self, owner: Ref, value: Any) -> None:
        content = self.machine.at(owner)
        if not isinstance(content, Items) or content.kind != "list":
            raise BeyondError("a list that grows by another")
        items = tuple(self.known_items(value))
        self.machine.heap[owner.at] = Items("list", content.items + items)

    # What can be gone through

    def iterated(self, value: Any) -> Iteration | list[Any]:
        """A residual iteration, or the items where all are known now."""
        if isinstance(value, Iteration):
            return value
        if isinstance(value, Array):
            return self.rows(value)
        content = self.machine.at(value) if isinstance(value, Ref) else None
        if isinstance(content, Growing):
            return self.grown_items(content)
        return self.known_items(value)

    def rows(self, array: Array) -> Iteration:
        if not array.dims:
            raise BeyondError("going through a number")
        return Iteration(array.dims[0], lambda index: self.item_of_array(array, [index]))

    def grown_items(self, content: Growing) -> Iteration:
        count = self.machine.builder.bind(f"len({content.code})", "n")
        return Iteration(Dim(count, None), lambda index: self.item_of_growing(content, index))

    def known_items(self, value: Any) -> list[Any]:
        """Items that are known now, one by one."""
        if isinstance(value, Iteration | Array):
            over = self.rows(value) if isinstance(value, Array) else value
            length = over.count.static
            if length is None or length > 64:
                raise NeedStaticError("how many items", over.count.code)
            return [over.item(Static(index)) for index in range(length)]
        table = self.machine.table(value)
        if table is not None:
            return [Static(key) for key, _ in table.items]
        items = self.machine.items(value)
        if items is not None:
            return list(items)
        if isinstance(value, Static) and isinstance(value.value, str):
            return [Static(letter) for letter in value.value]
        raise BeyondError("going through this")

    def unpacked(self, value: Any, count: int) -> list[Any]:
        items = self.known_items(value)
        if len(items) != count:
            raise BeyondError("unpacking that does not fit")
        return items

    # Comprehensions

    def of_listcomp(self, node: ast.ListComp) -> Any:
        return self.comprehended(node, ast.List([], ast.Load()), "append", node.elt)

    def of_generatorexp(self, node: ast.GeneratorExp) -> Any:
        return self.comprehended(node, ast.List([], ast.Load()), "append", node.elt)

    def comprehended(
        self, node: ast.ListComp | ast.GeneratorExp, empty: ast.expr, method: str, each: ast.expr
    ) -> Any:
        """A comprehension as the loop that it stands for, in a scope of its own."""
        call = f"({COMPREHENDED}).{method}({ast.unparse(each)})"
        return self.run_loops(node.generators, empty, ast.parse(call).body)

    def of_dictcomp(self, node: ast.DictComp) -> Any:
        text = f"{COMPREHENDED}[{ast.unparse(node.key)}] = {ast.unparse(node.value)}"
        return self.run_loops(node.generators, ast.Dict([], []), ast.parse(text).body)

    def run_loops(
        self, generators: Sequence[ast.comprehension], empty: ast.expr, body: list[ast.stmt]
    ) -> Any:
        for generator in reversed(generators):
            for test in generator.ifs:
                body = [ast.If(test, body, [])]
            loop = ast.For(generator.target, generator.iter, body, [])
            body = [ast.copy_location(loop, generator.target)]
        lines = [ast.fix_missing_locations(statement) for statement in body]
        names = {
            n.id for g in generators for n in ast.walk(g.target) if isinstance(n, ast.Name)
        } | {COMPREHENDED}
        variables = self.machine.variables
        kept = {name: variables[name] for name in names if name in variables}
        variables[COMPREHENDED] = self.evaluate(ast.copy_location(empty, generators[0].target))
        self.block(lines)
        result = self.machine.variables[COMPREHENDED]
        for name in names:
            self.machine.variables.pop(name, None)
        self.machine.variables.update(kept)
        return result

    def block(self, body: Sequence[ast.stmt]) -> Any:
        """Statements in order; the executor knows how."""
        raise NotImplementedError


COMPREHENDED = "comprehended_"


def unbased(array: Array) -> Array:
    """The elements without the buffer: to be copied."""
    return replace(array, base="", view="", layout="A", unit_axis=None)


def number_of(value: Any) -> Array | Scalar | Static:
    """An operand of arithmetic."""
    if isinstance(value, Array | Scalar | Static):
        return value
    raise BeyondError("arithmetic on a container")


def truth(builder: Builder, value: Any) -> bool | str:
    """A test: known now, or code."""
    if isinstance(value, Static):
        return bool(value.value)
    if isinstance(value, Scalar):
        return value.code if value.dtype == "bool" else f"({value.code} != 0)"
    raise BeyondError("the truth of this")
