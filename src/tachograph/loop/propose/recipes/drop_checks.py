"""Recipe `drop-checks`: without assertions, and without values that nobody reads.

Safe for programs whose assertions hold; a program that relies on one to fail is changed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tachograph.loop.propose.recipes.binding import used_names
from tachograph.loop.propose.recipes.effects import FunctionFacts
from tachograph.loop.propose.recipes.everywhere import Subject, per_function, statement_lists
from tachograph.loop.propose.recipes.workpiece import Variant, Workpiece

NOTE = "without assertions and unread values; gambles that no assertion is meant to fail"


def find(piece: Workpiece) -> Iterator[Variant]:
    """A variant for each function that checks or works out what it does not need."""
    yield from per_function(piece, "drop-checks", NOTE, drop)


def drop(subject: Subject) -> bool:
    changed = False
    while drop_once(subject):
        changed = True
    return changed


def drop_once(subject: Subject) -> bool:
    facts = subject.facts
    read = used_names([subject.syntax]) | updated_names(subject.syntax)
    for statements in statement_lists(subject.syntax):
        kept = [s for s in statements if not is_needless(s, facts, read)]
        if len(kept) < len(statements):
            statements[:] = kept or [ast.Pass()]
            return True
    return False


def is_needless(statement: ast.stmt, facts: FunctionFacts, read: set[str]) -> bool:
    match statement:
        case ast.Assert(test=test, msg=message):
            return facts.is_pure(test) and (message is None or facts.is_pure(message))
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return name not in read and facts.is_pure(value)
        case ast.AnnAssign(target=ast.Name(id=name), value=value):
            return value is not None and name not in read and facts.is_pure(value)
    return False


def updated_names(syntax: ast.FunctionDef) -> set[str]:
    return {
        node.target.id
        for node in ast.walk(syntax)
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)
    }
