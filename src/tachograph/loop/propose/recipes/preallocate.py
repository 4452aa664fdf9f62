"""Recipe `preallocate`: arrays that a loop makes anew each time round are made once and refilled.

Safe: only arrays that nothing outlives the round with, of a size that does not change in the loop.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator

from tachograph.loop.propose.recipes.binding import bound_names, used_names
from tachograph.loop.propose.recipes.effects import FunctionFacts
from tachograph.loop.propose.recipes.everywhere import Subject, per_function, statement_lists
from tachograph.loop.propose.recipes.in_place import escapes, is_own_array
from tachograph.loop.propose.recipes.workpiece import Variant, Workpiece

NOTE = "arrays of a loop are made once before it and refilled"
FILLS = {"zeros": 0, "ones": 1, "empty": None, "zeros_like": 0, "ones_like": 1, "empty_like": None}


def find(piece: Workpiece) -> Iterator[Variant]:
    """A variant for each function that makes arrays in loops."""
    yield from per_function(piece, "preallocate", NOTE, preallocate)


def preallocate(subject: Subject) -> bool:
    changed = False
    while move_one(subject):
        changed = True
    return changed


def move_one(subject: Subject) -> bool:
    facts = subject.facts
    for statements in statement_lists(subject.syntax):
        for at, loop in enumerate(statements):
            if not isinstance(loop, ast.For | ast.While):
                continue
            for index, statement in enumerate(loop.body):
                name = movable(statement, loop, facts, subject.syntax)
                if name is not None:
                    refill = refilled(statement, name)
                    loop.body[index : index + 1] = refill or [ast.Pass()]
                    statements.insert(at, copy.deepcopy(statement))
                    return True
    return False


def movable(
    statement: ast.stmt, loop: ast.For | ast.While, facts: FunctionFacts, syntax: ast.FunctionDef
) -> str | None:
    """The name of the array that the statement makes, where it may be made once."""
    call = maker(statement, facts)
    if call is None:
        return None
    target = statement.targets[0] if isinstance(statement, ast.Assign) else None
    if not isinstance(target, ast.Name) or not is_own_array(target.id, facts):
        return None
    inside = bound_names([loop])
    fixed = not used_names([call]) & inside and not facts.reads(call) & facts.changed([loop])
    bound_once = sum(target.id in bound_names([s]) for s in loop.body) == 1
    if not fixed or not bound_once or escapes(target.id, facts):
        return None
    return target.id if stays_inside(target.id, loop, syntax) else None


def maker(statement: ast.stmt, facts: FunctionFacts) -> ast.Call | None:
    """The call where the statement is `name = np.zeros(...)` or the like."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        call = statement.value
        if isinstance(call, ast.Call):
            target = facts.target(call)
            known = target.startswith("numpy.") and target.removeprefix("numpy.") in FILLS
            if known and facts.is_pure(call):
                return call
    return None


def refilled(statement: ast.stmt, name: str) -> list[ast.stmt]:
    assert isinstance(statement, ast.Assign)
    assert isinstance(statement.value, ast.Call)
    value = FILLS[ast.unparse(statement.value.func).rpartition(".")[2]]
    return [] if value is None else ast.parse(f"{name}.fill({value})").body


def stays_inside(name: str, loop: ast.For | ast.While, syntax: ast.FunctionDef) -> bool:
    """Whether the name occurs nowhere but in the loop, and is not what is returned."""
    own = {id(node) for node in ast.walk(loop)}
    for node in ast.walk(syntax):
        if isinstance(node, ast.Name) and node.id == name and id(node) not in own:
            return False
        if isinstance(node, ast.Return) and name in used_names([node]):
            return False
    return True
