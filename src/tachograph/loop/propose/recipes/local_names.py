"""Recipe `local-names`: attributes of modules that a loop looks up each time round (`math.sqrt`),
bound to local names before it.

It gambles that nobody replaces an attribute of a module while the loop runs.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tachograph.loop.propose.recipes.effects import FunctionFacts
from tachograph.loop.propose.recipes.everywhere import (
    Subject,
    Swap,
    assignment,
    per_function,
    statement_lists,
)
from tachograph.loop.propose.recipes.workpiece import Variant, Workpiece

NOTE = "what loops look up in modules is bound to local names"
LOOPS = (ast.For, ast.While, ast.ListComp, ast.SetComp, ast.DictComp)


def find(piece: Workpiece) -> Iterator[Variant]:
    """A variant for each function that looks up the same thing in a loop."""
    yield from per_function(piece, "local-names", NOTE, bind)


def bind(subject: Subject) -> bool:
    """Puts the look-ups before the first statement that holds a loop."""
    facts = subject.facts
    keys: dict[str, ast.expr] = {}
    for node in ast.walk(subject.syntax):
        if isinstance(node, LOOPS):
            for found in lookups(node, facts):
                keys.setdefault(ast.dump(found), found)
    body = subject.syntax.body
    at = next((i for i, s in enumerate(body) if has_loop(s)), len(body))
    made: list[ast.stmt] = []
    for found in keys.values():
        stem = ast.unparse(found).replace(".", "_").removeprefix("_")
        swap = Swap(found, subject.fresh_name(f"local_{stem}"))
        for statement in body[at:]:
            for statements in statement_lists(statement):
                statements[:] = [swap_in_heads(inner, swap) for inner in statements]
        body[at:] = [swap_in_heads(statement, swap) for statement in body[at:]]
        made.append(assignment(swap.name, found))
    body[at:at] = made
    return bool(made)


def swap_in_heads(statement: ast.stmt, swap: Swap) -> ast.stmt:
    """The rest of a statement, without its annotations."""
    if isinstance(statement, ast.AnnAssign):
        if statement.value is not None:
            statement.value = swap.expression(statement.value)
        return statement
    made = swap.visit(statement)
    assert isinstance(made, ast.stmt)
    return made


def lookups(loop: ast.AST, facts: FunctionFacts) -> Iterator[ast.expr]:
    """Attributes of modules that are read inside the loop."""
    skipped: set[int] = set()
    for node in ast.walk(loop):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.AnnAssign):
            skipped |= {id(part) for part in ast.walk(node.annotation)}
        if isinstance(node, ast.Attribute) and facts.dotted(node) is not None:
            skipped |= {id(part) for part in ast.walk(node)}
            if isinstance(node.ctx, ast.Load):
                yield node


def has_loop(statement: ast.stmt) -> bool:
    return any(isinstance(node, LOOPS) for node in ast.walk(statement))
