"""Which variables may stay unbuilt: those that are read once, soon, and before anything changes.

An expression held by such a variable is worked out inside the loop of the statement that reads it,
so that no array is written for it.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Sequence

LOOPING = (ast.ListComp, ast.DictComp, ast.SetComp, ast.GeneratorExp, ast.Lambda)
READERS = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return)


def unbuilt_names(
    function: ast.FunctionDef | ast.Lambda, body: Sequence[ast.stmt], modules: Collection[str]
) -> dict[int, str]:
    """For each assignment in the block that may stay unbuilt, by its line: the variable.

    `modules` are names whose functions change nothing, such as `np`.
    """
    loads, stores = counts(function)
    found = {}
    for place, statement in enumerate(body):
        name = assigned_name(statement)
        if name and loads.get(name) == 1 and stores.get(name) == 1:
            reader = reader_of(name, body[place + 1 :], modules)
            if reader:
                found[statement.lineno] = name
    return found


def counts(function: ast.AST) -> tuple[dict[str, int], dict[str, int]]:
    """How often each name is read and set in the function."""
    loads: dict[str, int] = {}
    stores: dict[str, int] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Name):
            into = loads if isinstance(node.ctx, ast.Load) else stores
            into[node.id] = into.get(node.id, 0) + 1
        elif isinstance(node, ast.arg):
            stores[node.arg] = stores.get(node.arg, 0) + 1
    return loads, stores


def assigned_name(statement: ast.stmt) -> str:
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
        return target.id if isinstance(target, ast.Name) else ""
    return ""


def reader_of(name: str, rest: Sequence[ast.stmt], modules: Collection[str]) -> bool:
    """Whether the one reader comes in this block before anything that may change an array."""
    for statement in rest:
        if not isinstance(statement, READERS) or not is_simple(statement, modules):
            return False
        if any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(statement)):
            return True
        if not assigned_name(statement):
            return False
    return False


def is_simple(statement: ast.stmt, modules: Collection[str]) -> bool:
    """No loop, and no call but of module functions and of methods of arithmetic."""
    for node in ast.walk(statement):
        if isinstance(node, LOOPING):
            return False
        if isinstance(node, ast.Call):
            root = node.func
            while isinstance(root, ast.Attribute):
                root = root.value
            if not isinstance(root, ast.Name) or root.id not in modules:
                return False
            if ast.unparse(node.func).endswith((".at", ".fill_diagonal", ".copyto")):
                return False
    return True
