"""Recipe `threads`: spread the outermost loops of a compiled function over the task's cores.

Offered only where the task allows more than one thread. Gambles that the rounds of a loop do not
depend on each other; sums and products over rounds are recognised by numba itself.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from tachograph.loop.propose.recipes.edit import code_of, statements, swap_functions
from tachograph.loop.propose.recipes.workpiece import Variant, Workpiece

ENDS_EARLY = (cst.Break, cst.Return, cst.Yield)


def find(piece: Workpiece) -> Iterator[Variant]:
    """For each compiled function with a loop to spread, the same with `parallel=True`."""
    if piece.threads < 2:
        return
    for function in piece.functions:
        made = spread(function.node)
        if made is not None:
            module, _ = piece.modules[function.path]
            files = piece.with_module(function.path, swap_functions(module, {function.name: made}))
            note = f"rounds of {function.name}'s outer loops side by side, if they are independent"
            yield piece.variant("threads", function, files, note)


def spread(node: cst.FunctionDef) -> cst.FunctionDef | None:
    """The function with its outermost loops spread; None where it is not compiled or has none."""
    decorators = [parallel(each) for each in node.decorators]
    if decorators == list(node.decorators):
        return None
    loops = OuterLoops()
    body = node.body.visit(loops)
    if not loops.found or not isinstance(body, cst.BaseSuite):
        return None
    return node.with_changes(decorators=decorators, body=body)


def parallel(decorator: cst.Decorator) -> cst.Decorator:
    """`numba.njit(...)` with `parallel=True`; any other decorator as it is."""
    call = decorator.decorator
    text = code_of(call)
    if not isinstance(call, cst.Call) or code_of(call.func) != "numba.njit" or "parallel" in text:
        return decorator
    given = [code_of(a.with_changes(comma=cst.MaybeSentinel.DEFAULT)) for a in call.args]
    line = f"@numba.njit({', '.join([*given, 'parallel=True'])})\ndef placeholder(): pass\n"
    made = statements(line)[0]
    assert isinstance(made, cst.FunctionDef)
    return made.decorators[0]


class OuterLoops(cst.CSTTransformer):
    """Turns `range` of the outermost loops into `numba.prange`, where no round ends the loop."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = 0
        self.found = 0

    def visit_For(self, node: cst.For) -> None:  # noqa: N802 - LibCST's name
        self.depth += 1

    def leave_For(self, original_node: cst.For, updated_node: cst.For) -> cst.For:  # noqa: N802
        self.depth -= 1
        counts = updated_node.iter
        if self.depth or not isinstance(counts, cst.Call) or code_of(counts.func) != "range":
            return updated_node
        if ends_early(updated_node):
            return updated_node
        self.found += 1
        name = cst.Attribute(cst.Name("numba"), cst.Name("prange"))
        return updated_node.with_changes(iter=counts.with_changes(func=name))


def ends_early(loop: cst.For) -> bool:
    """Whether some round may leave the loop, which numba does not spread."""
    waiting: list[cst.CSTNode] = [loop.body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ENDS_EARLY):
            return True
        waiting += node.children
    return loop.orelse is not None
