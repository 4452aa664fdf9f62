"""Statements: what is known now is done now, the rest is written as residual code.

A loop over known items is written out; any other loop is written as a loop, and what changes from
round to round becomes residual variables. A loop of known, short length that cannot be written as a
loop is written out as well.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tachograph.loop.propose.recipes.specialise.apart import call_apart
from tachograph.loop.propose.recipes.specialise.arrays import (
    as_array,
    materialise,
    store,
)
from tachograph.loop.propose.recipes.specialise.emit import Block
from tachograph.loop.propose.recipes.specialise.expressions import (
    ARITHMETIC,
    Evaluator,
    number_of,
    truth,
    unbased,
)
from tachograph.loop.propose.recipes.specialise.fusing import unbuilt_names
from tachograph.loop.propose.recipes.specialise.indexing import select
from tachograph.loop.propose.recipes.specialise.joining import (
    assign_all,
    declare,
    is_unchanged,
    join,
    location_template,
    locations,
    place_value,
    set_location,
)
from tachograph.loop.propose.recipes.specialise.machine import Loop, Machine, State
from tachograph.loop.propose.recipes.specialise.values import (
    Array,
    BeyondError,
    Closure,
    Items,
    Iteration,
    NeedStaticError,
    Ref,
    Scalar,
    Static,
    Table,
)

UNROLL_MOST = 16
ROUNDS_MOST = 6


@dataclass(frozen=True)
class Returned:
    """The block ended with this value."""

    value: Any


Flow = None | str | Returned
"""How a block ended: normally, "break", "continue", "raise", or with a value."""


class Executor(Evaluator):
    """Runs functions of the program on values that may be known by type only."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        machine.call = self.call
        self.functions: list[ast.FunctionDef | ast.Lambda] = []
        self.unbuilt: dict[int, str] = {}
        """Variables that may hold an expression instead of a buffer, by line of assignment."""
        self.noted: set[int] = set()
        self.loop_block = Block("")
        """The residual loop whose header is about to be known."""

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

    # Branches

    def branch(self, node: ast.If, rest: Sequence[ast.stmt]) -> tuple[Flow, bool]:
        """How it ended, and whether `rest` has been run as well."""
        test = truth(self.machine.builder, self.evaluate(node.test))
        if isinstance(test, bool):
            return self.block(node.body if test else node.orelse), False
        if any(isinstance(n, ast.Return) for n in ast.walk(node)):
            if self.machine.loops and self.machine.loops[-1].depth == len(self.machine.frames):
                raise BeyondError("a return from inside a loop")
            return self.branch_returning(test, [*node.body, *rest], [*node.orelse, *rest]), True
        return self.branch_joined(test, node), False

    def branch_joined(self, test: str, node: ast.If) -> Flow:
        machine = self.machine
        before = machine.take()
        ends: list[tuple[State, Block]] = []
        flows: list[Flow] = []
        for header, body in ((f"if {test}:", node.body), ("else:", node.orelse)):
            machine.put_back(before)
            with machine.builder.under(header):
                flow = self.block(body)
                flows.append(flow)
                if flow is None:
                    tail = Block("")
                    machine.builder.block.lines.append(tail)
                    ends.append((machine.take(), tail))
                elif flow in ("break", "continue"):
                    self.leave(str(flow))
        if not ends:
            return "jump" if flows else None
        join(machine, ends)
        return None

    def branch_returning(
        self, test: str, body: Sequence[ast.stmt], orelse: Sequence[ast.stmt]
    ) -> Flow:
        machine = self.machine
        before = machine.take()
        ends: list[tuple[State, Block]] = []
        name = "returned value"
        for header, statements in ((f"if {test}:", body), ("else:", orelse)):
            machine.put_back(before)
            with machine.builder.under(header):
                flow = self.block(statements)
                if flow == "raise":
                    continue
                value = flow.value if isinstance(flow, Returned) else Static(None)
                if not isinstance(flow, Returned) and flow is not None:
                    raise BeyondError("a jump out of a function")
                machine.variables[name] = value
                tail = Block("")
                machine.builder.block.lines.append(tail)
                ends.append((machine.take(), tail))
        if not ends:
            return "raise"
        join(machine, ends)
        return Returned(machine.variables.pop(name))

    # Loops

    def do_break(self, node: ast.Break) -> Flow:
        return "break"

    def do_continue(self, node: ast.Continue) -> Flow:
        return "continue"

    def leave(self, how: str) -> None:
        """Write a jump out of the residual loop's body."""
        machine = self.machine
        loop = machine.loops[-1] if machine.loops else None
        if loop is None or not loop.is_residual or loop.depth != len(machine.frames):
            raise BeyondError(f"a {how} out of a loop that is written out")
        tail = Block("")
        machine.builder.block.lines.append(tail)
        machine.builder.line(how)
        machine.loops[-1].ends.append((machine.take(), tail))

    def do_for(self, node: ast.For) -> Flow:
        if node.orelse:
            raise BeyondError("else after a loop")
        over = self.iterated(self.evaluate(node.iter))
        if isinstance(over, Iteration):
            return self.residual_for(node, over)
        return self.written_out(node, over)

    def written_out(self, node: ast.For, items: Sequence[Any]) -> Flow:
        """The body once for each item that is known now."""
        loop = Loop(depth=len(self.machine.frames), is_residual=False)
        outer, self.machine.loops = self.machine.loops, [*self.machine.loops, loop]
        try:
            for item in items:
                self.assign(node.target, item)
                flow = self.block(node.body)
                if flow == "break":
                    break
                if flow not in (None, "continue"):
                    return flow
        finally:
            self.machine.loops = outer
        return None

    def residual_for(self, node: ast.For, over: Iteration) -> Flow:
        machine = self.machine
        before, place = machine.take(), machine.builder.checkpoint()
        stored = set(machine.stored)

        def body() -> Flow:
            index = Scalar("int64", machine.builder.fresh("k"))
            self.loop_block.header = f"for {index.code} in range({over.count.code}):"
            if over.count.static:
                machine.builder.ranges[index.code] = (0, over.count.static - 1)
            self.assign(node.target, over.item(index))
            return self.block(node.body)

        try:
            self.residual_loop(body)
        except BeyondError as error:
            count = over.count.static
            if count is None or count > UNROLL_MOST:
                if count is None and over.count.code.isidentifier():
                    raise NeedStaticError(str(error), over.count.code) from error
                raise
            machine.put_back(before)
            machine.builder.roll_back(place)
            machine.stored = stored
            return self.written_out(node, [over.item(Static(k)) for k in range(count)])
        return None

    def do_while(self, node: ast.While) -> Flow:
        if node.orelse:
            raise BeyondError("else after a loop")

        def body() -> Flow:
            self.loop_block.header = "while True:"
            test = truth(self.machine.builder, self.evaluate(node.test))
            if isinstance(test, bool):
                if not test:
                    raise BeyondError("a loop that never runs")
            else:
                with self.machine.builder.under(f"if not ({test}):"):
                    self.leave("break")
            return self.block(node.body)

        self.residual_loop(body)
        return None

    def residual_loop(self, body: Callable[[], Flow]) -> None:
        """Write a loop. Its body is run until it is known what changes from round to round."""
        machine = self.machine
        before, place = machine.take(), machine.builder.checkpoint()
        outer = list(machine.loops)
        try:
            self.rounds(body, before, place)
        finally:
            machine.loops = outer

    def rounds(self, body: Callable[[], Flow], before: State, place: tuple[Block, int]) -> None:
        """Round after round, each with what the last one found."""
        machine = self.machine
        depth = len(machine.loops)
        widened: dict[Any, Any] = {}
        for _ in range(ROUNDS_MOST):
            machine.put_back(before)
            machine.builder.roll_back(place)
            del machine.loops[depth:]
            head = self.declare_head(widened, before)
            ends = self.one_round(body)
            del machine.loops[depth:]
            if not self.widen(widened, before, head, ends):
                self.close_loop(widened, head, ends)
                return
        raise BeyondError("a loop whose variables do not settle")

    def declare_head(self, widened: Mapping[Any, Any], before: State) -> State:
        """Give each variable that changes its residual name, and its first value."""
        machine = self.machine
        first = locations(before)
        pairs = []
        for location, wanted in widened.items():
            stem = location[2] if location[0] == "variable" else "item"
            place_value(machine, location, declare(machine, wanted, stem))
            pairs += set_location(machine, location, first[location], before.heap)
        assign_all(machine, pairs)
        return machine.take()

    def one_round(self, body: Callable[[], Flow]) -> list[tuple[State, Block]]:
        machine = self.machine
        loop = Loop(depth=len(machine.frames))
        machine.loops.append(loop)
        with machine.builder.under("") as block:
            outer, self.loop_block = self.loop_block, block
            try:
                flow = body()
            finally:
                self.loop_block = outer
            if isinstance(flow, Returned):
                raise BeyondError("a return from inside a loop")
            if flow in ("break", "continue"):
                self.leave(str(flow))
            elif flow is None:
                tail = Block("")
                machine.builder.block.lines.append(tail)
                loop.ends.append((machine.take(), tail))
        if not loop.ends:
            raise BeyondError("a loop without an end")
        return loop.ends

    def widen(
        self, widened: dict[Any, Any], before: State, head: State, ends: Sequence[Any]
    ) -> bool:
        """Note what a round changed; whether anything new was found."""
        start, top = locations(before), locations(head)
        last = [locations(state) for state, _ in ends]
        heaps = [before.heap, *(state.heap for state, _ in ends)]
        found = False
        for location, value in start.items():
            now = [each.get(location, value) for each in last]
            if all(is_unchanged(top[location], each) for each in now):
                continue
            joined = {**heaps[0], **head.heap}
            wanted = location_template([value, top[location], *now], [heaps[0], joined, *heaps[1:]])
            if widened.get(location) != wanted:
                widened[location] = wanted
                found = True
        return found

    def close_loop(
        self, widened: Mapping[Any, Any], head: State, ends: Sequence[tuple[State, Block]]
    ) -> None:
        """Write what each end of the body hands to the next round; go on after the loop."""
        machine = self.machine
        names = set()
        for state, block in ends:
            machine.put_back(State(head.frames, {**state.heap, **head.heap}))
            with machine.builder.into(block):
                pairs = []
                for location in widened:
                    value = locations(state)[location]
                    pairs += set_location(machine, location, value, state.heap)
                names |= {name for name, _ in pairs}
                assign_all(machine, pairs)
        after = {**ends[-1][0].heap, **head.heap}
        frames = [dict(frame) for frame in head.frames]
        machine.put_back(State(tuple(frames), after))
        if len(ends) == 1:
            self.keep_new(ends[0][0], names)

    def keep_new(self, end: State, names: set[str]) -> None:
        """Variables that the body made stay, unless they hang on names that change."""
        for name, value in end.frames[-1].items():
            if name in self.machine.variables:
                continue
            code = getattr(value, "view", "") or getattr(value, "code", "")
            if code.isidentifier() and code not in names:
                self.machine.variables[name] = value


ARITHMETIC_BY_SIGN = {sign: operator for operator, sign in ARITHMETIC.items()}
