"""Branches and loops.

A test that is known now picks its branch. A loop over known items is written out; any other loop is
written as a loop, and what changes from round to round becomes residual variables. A loop of known,
short length that cannot be written as a loop is written out as well.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tachograph.loop.propose.recipes.specialise.emit import Block
from tachograph.loop.propose.recipes.specialise.expressions import Evaluator, truth
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
    BeyondError,
    Iteration,
    NeedStaticError,
    Scalar,
    Static,
)

UNROLL_MOST = 16
"""Rounds up to which a loop may be written out."""
ROUNDS_MOST = 6
"""Times that a loop's body is run to find out what changes in it."""


@dataclass(frozen=True)
class Returned:
    """The block ended with this value."""

    value: Any


Flow = None | str | Returned
"""How a block ended: normally, "break", "continue", "raise", or with a value."""


class Control(Evaluator):
    """Writes branches and loops; what single statements do is up to the executor."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        self.loop_block = Block("")
        """The residual loop whose header is about to be known."""

    def block(self, body: Sequence[ast.stmt]) -> Flow:
        """Statements in order."""
        raise NotImplementedError

    def assign(self, target: ast.expr, value: Any) -> None:
        """Bind a target to a value."""
        raise NotImplementedError

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
