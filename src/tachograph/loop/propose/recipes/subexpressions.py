"""Recipe `subexpressions`: what neighbouring statements work out twice is worked out once.

Safe: only pure operands, only as long as nothing that they read is bound or changed in between.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

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

NOTE = "expressions that occur twice are worked out once"
SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.Return)
MOST = 32


def find(piece: Workpiece) -> Iterator[Variant]:
    """A variant for each function that repeats itself."""
    yield from per_function(piece, "subexpressions", NOTE, share)


def share(subject: Subject) -> bool:
    """Names one repeated expression at a time."""
    count = 0
    while count < MOST and share_one(subject):
        count += 1
    return count > 0


def share_one(subject: Subject) -> bool:
    facts = subject.facts
    for statements in statement_lists(subject.syntax):
        for at, statement in enumerate(statements):
            if not isinstance(statement, SIMPLE):
                continue
            for node in operands(statement, facts):
                if not is_worth_it(node, facts):
                    continue
                until = reach(statements, at, node, facts)
                if occurrences(statements[at:until], node, facts) > 1:
                    swap = Swap(node, subject.fresh_name("shared"))
                    made = assignment(swap.name, node)
                    for index in range(at, until):
                        swap_read(statements[index], swap, facts)
                    statements.insert(at, made)
                    return True
    return False


def is_worth_it(node: ast.expr, facts: FunctionFacts) -> bool:
    """More than a look-up of a name, and not made of literals alone."""
    if isinstance(node, ast.UnaryOp) or not used_names([node]):
        return False
    return not (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name))


def reach(statements: list[ast.stmt], at: int, node: ast.expr, facts: FunctionFacts) -> int:
    """The end of the stretch in which the value stays the same, as an index.

    A statement that stores belongs to the stretch that it ends: it evaluates all before it stores.
    """
    names, groups = used_names([node]), facts.reads(node)
    for index in range(at, len(statements)):
        statement = statements[index]
        if not isinstance(statement, SIMPLE):
            return index
        evaluated = [n for n in ast.iter_child_nodes(statement) if isinstance(n, ast.expr)]
        if facts.changed(evaluated) & groups:
            return index
        if facts.changed([statement]) & groups or bound_names([statement]) & names:
            return index + 1
    return len(statements)


def occurrences(statements: list[ast.stmt], node: ast.expr, facts: FunctionFacts) -> int:
    key = ast.dump(node)
    return sum(ast.dump(n) == key for s in statements for n in operands(s, facts))


def swap_read(statement: ast.stmt, swap: Swap, facts: FunctionFacts) -> None:
    """Puts the name in place of those occurrences that are operands."""
    allowed = {id(node) for node in operands(statement, facts) if ast.dump(node) == swap.key}
    for parent in list(ast.walk(statement)):
        for field, value in ast.iter_fields(parent):
            if isinstance(value, ast.expr) and id(value) in allowed:
                setattr(parent, field, ast.Name(id=swap.name, ctx=ast.Load()))
            elif isinstance(value, list):
                value[:] = [
                    ast.Name(id=swap.name, ctx=ast.Load()) if id(item) in allowed else item
                    for item in value
                ]
