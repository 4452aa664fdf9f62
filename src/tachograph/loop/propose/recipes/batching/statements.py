"""Statements for all rounds at once: assignments, sums, stores, inner loops, own functions.

Inside a round every name is the round's own. What a round adds to names from outside is summed over
the rounds; what it stores at its own index is stored for all; what it appends is appended in order.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from tachograph.loop.propose.recipes.batching.calls import Calls
from tachograph.loop.propose.recipes.batching.frame import COUNT, Coded, Shared
from tachograph.loop.propose.recipes.batching.indexing import parts_of
from tachograph.loop.propose.recipes.batching.values import (
    NUMBER,
    Array,
    CannotBatchError,
    Fields,
    Other,
    Row,
    Shape,
    Text,
    Value,
    WidenError,
    all_joined,
    common_item,
    is_batched,
    joined,
    widened,
)
from tachograph.loop.propose.recipes.binding import every_argument
from tachograph.loop.propose.recipes.effects import OUTSIDE, FunctionFacts

ROUNDS_MOST = 5
"""Passes over an inner loop until what is known of its names settles."""
WIDENED_MOST = 12


class Statements(Calls):
    """A list of statements."""

    def __init__(
        self,
        shared: Shared,
        facts: FunctionFacts,
        values: dict[str, Value],
        outer: frozenset[str] = frozenset(),
        counter: str | None = None,
    ) -> None:
        super().__init__(shared, facts, values)
        self.outer = outer
        """Names from outside the loop that rounds add to; none inside a function."""
        self.counter = counter
        """The loop's own counter."""
        self.result: Value | None = None
        self.changed: set[str] = set()
        """Parameters that are changed in place."""

    def lines(self, statements: Sequence[ast.stmt]) -> list[str]:
        found: list[str] = []
        for statement in statements:
            if self.result is not None:
                raise CannotBatchError("statements after a return")
            found += self.statement(statement)
        return found or ["pass"]

    def statement(self, node: ast.stmt) -> list[str]:
        match node:
            case ast.Expr(value=ast.Constant()) | ast.Pass():
                return []
            case ast.Assign(targets=[target], value=value):
                return self._assign(target, value)
            case ast.AnnAssign(target=target, value=value) if value is not None:
                return self._assign(target, value)
            case ast.AugAssign(target=target, op=op, value=value):
                return self._augment(target, op, value)
            case ast.Expr(value=ast.Call() as call):
                return self._bare_call(call)
            case ast.For(orelse=[]):
                return self._loop(node)
            case ast.If(test=test) if not self.touches_batched(test):
                return self._if(node)
            case ast.Return(value=value) if value is not None:
                code, self.result = self.expr(value)
                return [f"return {code}"]
        raise CannotBatchError(type(node).__name__)

    # Names

    def _assign(self, target: ast.expr, value: ast.expr) -> list[str]:
        if isinstance(target, ast.Name):
            if target.id in self.outer:
                raise CannotBatchError("a name from outside is bound")
            code, known = self._for_name(target.id, value)
            self.values[target.id] = known
            return [f"{target.id} = {code}"]
        if isinstance(target, ast.Tuple):
            code, known = self.expr(value)
            self.bind(target, known)
            return [f"{ast.unparse(target)} = {code}"]
        code, known = self.expr(value)
        return self._store(target, code, known)

    def _for_name(self, name: str, node: ast.expr) -> Coded:
        code, value = self.expr(node)
        if name not in self.widened or is_batched(value):
            return code, value
        return self._widened_maker(node), widened(value)

    def _widened_maker(self, node: ast.expr) -> str:
        """Code that makes what `node` makes once for each round."""
        if isinstance(node, ast.Constant):
            return f"{self.np}.full({COUNT}, {ast.unparse(node)})"
        if isinstance(node, ast.DictComp):
            inner = self._widened_maker(node.value)
            generator = ast.unparse(node).partition(" for ")[2].removesuffix("}")
            return f"{{{ast.unparse(node.key)}: {inner} for {generator}}}"
        if isinstance(node, ast.Call):
            target = self.facts.target(node).removeprefix("numpy.")
            rest = "".join(f", {ast.unparse(item)}" for item in [*node.args[1:], *node.keywords])
            if target in ("zeros_like", "ones_like", "empty_like") and not rest:
                like = f"({ast.unparse(node.args[0])})"
                maker = target.removesuffix("_like")
                return f"{self.np}.{maker}(({COUNT}, *{like}.shape), {like}.dtype)"
            if target in ("zeros", "ones", "empty") and node.args:
                shape = node.args[0]
                sizes = (
                    ", ".join(ast.unparse(item) for item in shape.elts)
                    if isinstance(shape, ast.Tuple)
                    else ast.unparse(shape)
                    if self.inferred(shape) == NUMBER
                    else f"*({ast.unparse(shape)})"
                )
                return f"{self.np}.{target}(({COUNT}, {sizes}){rest})"
        raise CannotBatchError("cannot be made once for each round")

    def bind(self, target: ast.expr, value: Value) -> None:
        """Names of a target get the parts of a value."""
        if isinstance(target, ast.Name):
            if target.id in self.outer or target.id in self.widened:
                raise CannotBatchError("a name from outside is bound")
            self.values[target.id] = value
            return
        if not isinstance(target, ast.Tuple):
            raise CannotBatchError("target")
        match value:
            case Row(items=items) if items is not None and len(items) == len(target.elts):
                parts = list(items)
            case Shape():
                parts = [NUMBER] * len(target.elts)
            case _ if not is_batched(value):
                parts = [Other()] * len(target.elts)
            case _:
                raise CannotBatchError("unpacking")
        for part, item in zip(target.elts, parts, strict=True):
            self.bind(part, item)

    # Stores and sums

    def _store(self, target: ast.expr, code: str, value: Value) -> list[str]:
        if not isinstance(target, ast.Subscript):
            raise CannotBatchError("target")
        root = root_name(target)
        if root in self.outer:
            return [f"{self._own_place(target, root)} = {code}"]
        place, held = self._place(target, root, is_batched(value))
        if not isinstance(held, Array):
            raise CannotBatchError("an entry is replaced")
        self._refuse_shared(root, held)
        return [f"{place} = {self._fitted(code, value, held)}"]

    def _own_place(self, target: ast.Subscript, root: str) -> str:
        """A place that no two rounds share: one index is the loop's own counter."""
        indices = parts_of(target.slice)
        counters = [i for i in indices if isinstance(i, ast.Name) and i.id == self.counter]
        is_root = isinstance(target.value, ast.Name)
        others = [i for i in indices if i not in counters]
        if len(counters) != 1 or not is_root or any(map(self.touches_batched, others)):
            raise CannotBatchError("a store that rounds may share")
        if indices[0] is not counters[0] and any(isinstance(i, ast.Slice) for i in others):
            raise CannotBatchError("a store across")
        return ast.unparse(target)

    def _place(self, target: ast.Subscript, root: str, batched: bool) -> tuple[str, Value]:
        """Where a round of its own stores; the root must hold one array for each round."""
        load = ast.Subscript(value=target.value, slice=target.slice, ctx=ast.Load())
        if not self.touches_batched(target.value) and (batched or self.touches_batched(load)):
            raise WidenError(root)
        return self.item(load)

    def _fitted(self, code: str, value: Value, held: Array) -> str:
        if not isinstance(value, Array):
            raise CannotBatchError("not an array")
        if not value.batched:
            return code
        if value.rank is None or held.rank is None:
            if value.rank != held.rank and value.rank != 0:
                raise CannotBatchError("rank not known")
            return code
        if value.rank > held.rank:
            raise CannotBatchError("rank")
        return self.raised(code, value, held.rank)

    def _augment(self, target: ast.expr, op: ast.operator, node: ast.expr) -> list[str]:
        code, value = self.expr(node)
        load = ast.parse(ast.unparse(target), mode="eval").body
        sign = ast.unparse(ast.BinOp(ast.Name("a"), op, ast.Name("b")))[2:-2]
        root = root_name(target)
        if root in self.outer:
            return self._sum(target, root, sign, code, value)
        if isinstance(target, ast.Name):
            held = self._named(root)
            if is_batched(value) and not is_batched(held):
                raise WidenError(root)
            if not isinstance(held, Array):
                raise CannotBatchError("not an array")
            if isinstance(value, Array) and held.rank == 0 and value.rank != 0:
                raise CannotBatchError("a number becomes an array")
            self._refuse_shared(root, held)
            return [f"{root} {sign}= {self._fitted(code, value, held)}"]
        assert isinstance(load, ast.Subscript)
        place, held = self._place(load, root, is_batched(value))
        if not isinstance(held, Array):
            raise CannotBatchError("not an array")
        self._refuse_shared(root, held)
        return [f"{place} {sign}= {self._fitted(code, value, held)}"]

    def _refuse_shared(self, root: str, held: Array) -> None:
        """A round's change of an array that all rounds share would be made once, not each time."""
        self._note_change(root)
        if root not in self.facts.scalars and held.rank != 0 and not held.batched:
            group = self.facts.group(root)
            others = self.outer | set(self.facts.parameters)
            if any(self.facts.group(name) == group for name in others - self.facts.scalars):
                raise CannotBatchError("an array that all rounds share is changed")

    def _note_change(self, root: str) -> None:
        if root not in self.facts.scalars:
            self.changed |= self.facts.origins(root) & set(self.facts.parameters)

    def _sum(self, target: ast.expr, root: str, sign: str, code: str, value: Value) -> list[str]:
        """What all rounds add to something from outside."""
        if not isinstance(value, Array):
            raise CannotBatchError("not an array")
        at = parts_of(target.slice) if isinstance(target, ast.Subscript) else []
        if any(isinstance(i, ast.Name) and i.id == self.counter for i in at):
            assert isinstance(target, ast.Subscript)
            return [f"{self._own_place(target, root)} {sign}= {code}"]
        if sign not in "+-":
            raise CannotBatchError("not a sum")
        if self.touches_batched(target):
            return self._scattered(target, sign, code, value)
        total = f"{code}.sum(axis=0)" if value.batched else f"{COUNT} * {code}"
        return [f"{ast.unparse(target)} {sign}= {total}"]

    def _scattered(self, target: ast.expr, sign: str, code: str, value: Array) -> list[str]:
        """`count[place] += 1`, places of each round's own, some perhaps the same."""
        if not isinstance(target, ast.Subscript) or self.touches_batched(target.value):
            raise CannotBatchError("target")
        place, kind = self.array(target.slice)
        if kind.rank != 0:
            raise CannotBatchError("places")
        name = "add" if sign == "+" else "subtract"
        return [f"{self.np}.{name}.at({ast.unparse(target.value)}, {place}, {code})"]

    # Calls for their effect

    def _bare_call(self, call: ast.Call) -> list[str]:
        match call:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=name), attr="append"), args=[item], keywords=[]
            ):
                return self._append(name, item)
        target = self.facts.target(call)
        if target in ("numpy.add.at", "numpy.subtract.at") and len(call.args) == 3:
            return self._add_at(target.removeprefix("numpy."), *call.args)
        if target.startswith("own:"):
            code, _ = self.own_call(target[4:], call)
            return [code]
        raise CannotBatchError("a call for its effect")

    def _append(self, name: str, item: ast.expr) -> list[str]:
        code, value = self.expr(item)
        if name in self.outer:
            if not isinstance(value, Array) or not value.batched:
                raise CannotBatchError("append")
            return [f"{name}.extend({code}{'.tolist()' if value.rank == 0 else ''})"]
        row = self.values.get(name)
        if not isinstance(row, Row):
            raise CannotBatchError("append to an unknown value")
        common = common_item(row)
        self.values[name] = Row(None, value if common is None else joined(common, value))
        return [f"{name}.append({code})"]

    def _add_at(self, name: str, target: ast.expr, place: ast.expr, item: ast.expr) -> list[str]:
        root = root_name(target)
        (index, kind), (code, value) = self.array(place), self.array(item)
        if root in self.outer or kind.rank is None:
            raise CannotBatchError("add.at outside")
        if not self.touches_batched(target):
            raise WidenError(root)
        self._note_change(root)
        held, _ = self.array(target)
        first = f"{self.np}.arange({COUNT})[:{', None' * kind.rank}]"
        if not value.batched and value.rank != 0:
            raise CannotBatchError("add.at of one for all")
        return [f"{self.np}.{name}({held}, ({first}, {index}), {code})"]

    # Control

    def _if(self, node: ast.If) -> list[str]:
        before = dict(self.values)
        body = self.lines(node.body)
        after = self.values
        self.values = dict(before)
        orelse = self.lines(node.orelse) if node.orelse else []
        if self.result is not None:
            raise CannotBatchError("return in a branch")
        both = set(after) & set(self.values)
        self.values = {name: joined(after[name], self.values[name]) for name in both}
        text = [f"if {ast.unparse(node.test)}:", *indented(body)]
        return [*text, "else:", *indented(orelse)] if orelse else text

    def _loop(self, node: ast.For) -> list[str]:
        if any(isinstance(n, ast.Break | ast.Continue | ast.Return) for n in ast.walk(node)):
            raise CannotBatchError("a way out of an inner loop")
        for _ in range(ROUNDS_MOST):
            before = dict(self.values)
            code, value = self.expr_or_items(node.iter)
            self.bind(node.target, self._item_of(value))
            body = self.lines(node.body)
            after = {
                name: joined(before[name], found) if name in before else found
                for name, found in self.values.items()
            }
            self.values = after
            if all(before.get(name) == found for name, found in after.items()):
                return [f"for {ast.unparse(node.target)} in {code}:", *indented(body)]
        raise CannotBatchError("an inner loop that does not settle")

    def expr_or_items(self, node: ast.expr) -> Coded:
        """An iterable; dictionaries' keys and items among them."""
        match node:
            case ast.Call(
                func=ast.Attribute(value=source, attr=("items" | "values") as kind), args=[]
            ):
                code, fields = self.expr(source)
                if isinstance(fields, Fields):
                    common = all_joined(value for _, value in fields.items)
                    keys = Text(frozenset(key for key, _ in fields.items))
                    each = Row((keys, common)) if kind == "items" else common
                    return f"{code}.{kind}()", Row(None, each)
            case ast.Call(func=ast.Name(id="enumerate" | "zip")):
                raise CannotBatchError("enumeration")
        return self.expr(node)

    def _item_of(self, value: Value) -> Value:
        if isinstance(value, Fields):
            return Text(frozenset(key for key, _ in value.items))
        if isinstance(value, Row):
            common = common_item(value)
            if common is not None:
                return common
        if isinstance(value, Array) and not value.batched and value.rank:
            return Array(value.rank - 1)
        raise CannotBatchError("an inner loop over something unknown")

    # Own functions

    def own_call(self, name: str, node: ast.Call) -> Coded:
        function = self.shared.module.functions[name]
        parameters = [argument.arg for argument in every_argument(function.args)]
        given: dict[str, ast.expr] = dict(zip(parameters, node.args, strict=False))
        given |= {k.arg: k.value for k in node.keywords if k.arg is not None}
        if set(given) != set(parameters):
            raise CannotBatchError("arguments")
        coded = [self.expr(given[parameter]) for parameter in parameters]
        values = tuple(value for _, value in coded)
        if not any(map(is_batched, values)):
            _, result = self.batched_function(name, values)
            return ast.unparse(node), result
        try:
            made, result = self.batched_function(name, values)
        except WidenError as error:
            argument = given.get(error.name)
            if isinstance(argument, ast.Name):
                raise WidenError(argument.id) from None
            raise CannotBatchError("an argument to widen") from None
        for parameter in self.shared.changes[(name, values)]:
            self._hand_over(given[parameter])
        return f"{made}({', '.join([COUNT, *(code for code, _ in coded)])})", result

    def _hand_over(self, node: ast.expr) -> None:
        """Checks an argument that the function changes: a copy would take the change in vain."""
        if not isinstance(node, ast.Name):
            raise CannotBatchError("a part is changed by a call")
        origins = self.facts.origins(node.id) - {node.id}
        if node.id in self.outer or origins & {*self.outer, *self.facts.parameters, OUTSIDE}:
            raise CannotBatchError("a part of something from outside is changed by a call")
        self._note_change(node.id)

    def batched_function(self, name: str, values: tuple[Value, ...]) -> tuple[str, Value]:
        """The function for these arguments: its new name and what it returns."""
        key = (name, values)
        if key in self.shared.made:
            return self.shared.made[key]
        function = self.shared.module.functions[name]
        usable = name in self.shared.module.settled and not function.decorator_list
        if name in self.shared.busy or not usable or len(self.shared.busy) > 20:
            raise CannotBatchError(f"call of {name}")
        self.shared.busy.append(name)
        try:
            lines, result, changed = self._function_lines(function, values)
        finally:
            self.shared.busy.pop()
        batched = any(map(is_batched, values))
        made = self._free_name(name) if batched else name
        if batched:
            parameters = [argument.arg for argument in every_argument(function.args)]
            head = f"def {made}({', '.join([COUNT, *parameters])}):"
            self.shared.texts[made] = "\n".join([head, *indented(lines)])
        self.shared.made[key] = (made, result)
        self.shared.changes[key] = frozenset(changed)
        return made, result

    def _function_lines(
        self, function: ast.FunctionDef, values: tuple[Value, ...]
    ) -> tuple[list[str], Value, set[str]]:
        facts = FunctionFacts(self.shared.module, function, ())
        parameters = [argument.arg for argument in every_argument(function.args)]
        wide: set[str] = set()
        for _ in range(WIDENED_MOST):
            frame = Statements(self.shared, facts, dict(zip(parameters, values, strict=True)))
            frame.widened = wide
            try:
                lines = frame.lines(function.body)
            except WidenError as error:
                if error.name in parameters or error.name in wide:
                    raise
                wide = wide | {error.name}
                continue
            return lines, frame.result if frame.result is not None else Other(), frame.changed
        raise CannotBatchError("too many names to widen")

    def _free_name(self, name: str) -> str:
        taken = set(self.shared.module.functions) | set(self.shared.texts)
        made, number = f"{name}_batched", 1
        while made in taken:
            number += 1
            made = f"{name}_batched_{number}"
        return made


def root_name(node: ast.expr) -> str:
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    if not isinstance(node, ast.Name):
        raise CannotBatchError("target")
    return node.id


def indented(lines: Sequence[str]) -> list[str]:
    return [f"    {line}" for line in lines]
