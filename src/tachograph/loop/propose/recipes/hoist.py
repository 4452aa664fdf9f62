"""Recipe `hoist`: what a loop works out anew each time round, though it cannot change, once before.

Safe with respect to values, aliases and calls. It gambles on one thing: that what is moved would
not fail (an index, a division) in a loop that never runs.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Sequence

from tachograph.loop.propose.recipes.binding import bound_names, used_names
from tachograph.loop.propose.recipes.effects import FunctionFacts
from tachograph.loop.propose.recipes.everywhere import (
    Subject,
    Swap,
    assignment,
    per_function,
    statement_lists,
)
from tachograph.loop.propose.recipes.operands import operands
from tachograph.loop.propose.recipes.workpiece import Variant, Workpiece

NOTE = "what does not change in a loop is worked out before it, even if the loop never runs"
MOST = 64
"""Expressions moved in one function."""


def find(piece: Workpiece) -> Iterator[Variant]:
    """A variant for each function with something to move."""
    yield from per_function(piece, "hoist", NOTE, hoist)


def hoist(subject: Subject) -> bool:
    """Moves one expression at a time, from outer loops first, until there is none left."""
    moved = 0
    while moved < MOST and move_one(subject):
        moved += 1
    return moved > 0


def move_one(subject: Subject) -> bool:
    facts = subject.facts
    for statements in statement_lists(subject.syntax):
        for at, loop in enumerate(statements):
            if not isinstance(loop, ast.For | ast.While):
                continue
            found = next(invariants(loop, facts), None)
            if found is not None:
                name = subject.fresh_name("fixed")
                value = copy.deepcopy(found)
                swap = Swap(found, name)
                if isinstance(loop, ast.While):
                    loop.test = swap.expression(loop.test)
                loop.body = [swap.statement(statement) for statement in loop.body]
                statements.insert(at, assignment(name, value))
                return True
    return False


def invariants(loop: ast.For | ast.While, facts: FunctionFacts) -> Iterator[ast.expr]:
    """Expressions in the loop whose value is the same each time round."""
    inside = [*loop.body, *([loop.test] if isinstance(loop, ast.While) else [loop.target])]
    bound = bound_names(inside)
    changed = facts.changed([loop])
    for node in candidates(loop, facts):
        names = used_names([node])
        if names & bound or facts.reads(node) & changed or isinstance(node, ast.Constant):
            continue
        if names & facts.locals or isinstance(node, ast.Call | ast.BinOp):
            yield node


def candidates(loop: ast.For | ast.While, facts: FunctionFacts) -> Iterator[ast.expr]:
    yield from always(loop.body, facts)


def always(body: Sequence[ast.stmt], facts: FunctionFacts) -> Iterator[ast.expr]:
    """Operands of the statements that run whenever the body does; inner loops count as running."""
    for statement in body:
        yield from operands(statement, facts)
        if isinstance(statement, ast.For):
            yield from always(statement.body, facts)
        if leaves(statement):
            return


def leaves(statement: ast.stmt) -> bool:
    """Whether what follows may be skipped."""
    return any(
        isinstance(node, ast.Break | ast.Continue | ast.Return | ast.Raise)
        for node in ast.walk(statement)
    )
