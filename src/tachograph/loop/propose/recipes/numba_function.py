"""Recipe `numba`: compile a function, and what it calls, with numba for the types it was seen with.

Signatures are written out, so compiling happens when the module is imported and is cached, not at
the first call. It gambles that numba can type the text, that other inputs bring the same types,
and that a number instead of a NumPy scalar does not matter to a caller.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

import libcst as cst

from tachograph.loop.propose.recipes.edit import add_import, statements, swap_functions
from tachograph.loop.propose.recipes.numba_subset import called_name, is_jitted, joint
from tachograph.loop.propose.recipes.numba_types import signatures
from tachograph.loop.propose.recipes.workpiece import Function, Variant, Workpiece


def find(piece: Workpiece) -> Iterator[Variant]:
    """One variant for each function that can be compiled with all that it calls."""
    if not piece.observation.has_numba:
        return
    for function in piece.functions:
        if function.is_plain and function.seen is not None:
            yield from variants_of(piece, function)


def variants_of(piece: Workpiece, root: Function) -> Iterator[Variant]:
    file = piece.in_file(root.path)
    order = joint(root, file)
    if order is None:
        return
    plain = [function for function in order if function.is_plain]
    outside = called_from_outside({function.name for function in order}, file)
    decorated = {}
    for function in plain:
        node = decorate(function, explicit=function is root or function.name in outside)
        if node is None:
            return
        decorated[function.name] = node
    module = swap_functions(piece.modules[root.path][0], decorated)
    module = in_call_order(add_import(module, "import numba"), [f.name for f in order])
    files = piece.with_module(root.path, module)
    names = ", ".join(function.name for function in plain)
    made = piece.variant("numba", root, files, f"compile {names} with numba for the types seen")
    yield Variant(made.label, made.note, made.files, root.total_share)


def called_from_outside(inside: set[str], file: Mapping[str, Function]) -> set[str]:
    """Those that a function which stays uncompiled calls, too."""
    found = set()
    for function in file.values():
        if function.name in inside or is_jitted(function.syntax):
            continue
        for node in ast.walk(function.syntax):
            if isinstance(node, ast.Call) and called_name(node) in inside:
                found.add(called_name(node))
    return found


def decorate(function: Function, explicit: bool) -> cst.FunctionDef | None:
    """The function under `numba.njit`, with its observed signatures if they are to be explicit."""
    types = ""
    if explicit:
        if function.seen is None:
            return None
        arguments = function.syntax.args
        names = [argument.arg for argument in arguments.posonlyargs + arguments.args]
        found = signatures(names, function.seen)
        if found is None:
            return None
        types = f"[{', '.join(found)}], "
    return with_decorator(function.node, f"@numba.njit({types}cache=True)")


def with_decorator(node: cst.FunctionDef, line: str) -> cst.FunctionDef:
    made = statements(f"{line}\ndef placeholder(): pass\n")[0]
    assert isinstance(made, cst.FunctionDef)
    return node.with_changes(decorators=[*node.decorators, *made.decorators])


def in_call_order(module: cst.Module, order: Sequence[str]) -> cst.Module:
    """The module with each compiled function after those it calls: compiling happens on definition.

    The functions of `order` move to where the last of them stands, together.
    """
    body = list(module.body)
    at = [i for i, s in enumerate(body) if isinstance(s, cst.FunctionDef) and s.name.value in order]
    by_name = {}
    for index in at:
        statement = body[index]
        assert isinstance(statement, cst.FunctionDef)
        by_name[statement.name.value] = statement
    if not at or [body_name(body[i]) for i in at] == list(order):
        return module
    moved = [by_name[name] for name in order]
    rest = [statement for i, statement in enumerate(body) if i not in at[:-1]]
    place = rest.index(body[at[-1]])
    return module.with_changes(body=[*rest[:place], *moved, *rest[place + 1 :]])


def body_name(statement: cst.BaseStatement) -> str:
    return statement.name.value if isinstance(statement, cst.FunctionDef) else ""
