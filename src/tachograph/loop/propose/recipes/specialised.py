"""Recipe `specialise`: rewrite a function, with all that it calls, as loops over plain arrays, and
compile those with numba.

It needs no function to be numeric throughout: dicts, lists, helper calls and text that is known at
the call are worked out when the rewrite is made. Lengths up to 64 are taken to be fixed, in another
variant none; inputs that differ from what was observed go to the original function, which is kept.
A function that was specialised already is taken back first, so one variant can follow another.
It gambles on integers that do not overflow, on indices within bounds, and on sums in any order.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import partial

import libcst as cst

from tachograph.loop.propose.recipes.edit import (
    add_import,
    add_statements,
    append_statements,
    code_of,
    swap_functions,
)
from tachograph.loop.propose.recipes.specialise import BeyondError, Specialised, specialise
from tachograph.loop.propose.recipes.specialise.entry import HASTE, IS_ARRAY
from tachograph.loop.propose.recipes.workpiece import Function, LateFiles, Variant, Workpiece

WORTH = 0.02
"""Least part of the run that a function must account for, with what it calls."""
VARIANTS = (
    ("fixed", "float64", 64, "small sizes fixed"),
    ("narrow", "float32", 64, "small sizes fixed, numbers in float32"),
    ("free", "float64", 0, "any sizes"),
)


def find(piece: Workpiece) -> Iterator[Variant]:
    """Variants for every function that was seen with one combination of types."""
    if not piece.observation.has_numba:
        return
    functions = sorted(piece.functions, key=lambda function: -function.total_share)
    for function in functions:
        worth = function.total_share >= WORTH and function.is_plain
        if worth and function.seen is not None and len(function.seen.kinds) == 1:
            yield from variants_of(piece, function)


def variants_of(piece: Workpiece, function: Function) -> Iterator[Variant]:
    assert function.seen is not None
    module = taken_back(piece.modules[function.path][0], function.name)
    abstract = ast.parse(module.code)
    for site, real, fixed_up_to, note in VARIANTS:
        try:
            made = specialise(
                abstract, function.name, function.seen.kinds[0], real=real, fixed_up_to=fixed_up_to
            )
        except BeyondError:
            continue
        write = partial(files_of, piece, function, module, made)
        text = f"{function.name} and what it calls as compiled loops; {note}"
        variant = piece.variant("specialise", function, LateFiles(write), text, site=site)
        yield Variant(variant.label, variant.note, variant.files, function.total_share)


def files_of(
    piece: Workpiece, function: Function, module: cst.Module, made: Specialised
) -> Mapping[str, str]:
    return piece.with_module(function.path, replaced(module, function.name, made))


def replaced(module: cst.Module, name: str, made: Specialised) -> cst.Module:
    """The module with the original under another name and the specialised one under its own.

    Functions are looked up when they are called, so the end of the module will do for both.
    """
    node = functions_of(module)[name]
    renamed = node.with_changes(name=cst.Name(made.plain_name))
    module = swap_functions(module, {name: renamed})
    module = add_import(add_import(module, "import numba"), "import numpy as np")
    if "def _is_array(" not in module.code:
        module = add_statements(module, IS_ARRAY)
    return append_statements(module, made.source)


def functions_of(module: cst.Module) -> dict[str, cst.FunctionDef]:
    return {s.name.value: s for s in module.body if isinstance(s, cst.FunctionDef)}


def taken_back(module: cst.Module, name: str) -> cst.Module:
    """The module as it was before this function was specialised; itself where it was not."""
    functions = functions_of(module)
    plain = functions.get(f"_{name}_plain")
    if plain is None or f"_{name}_compiled" not in functions:
        return module
    body: list[cst.CSTNode] = []
    for statement in module.body:
        own = statement.name.value if isinstance(statement, cst.FunctionDef) else ""
        if statement is plain:
            body.append(plain.with_changes(name=cst.Name(name)))
        elif own != name and not own.startswith(f"_{name}_") and HASTE not in code_of(statement):
            body.append(statement)
    return module.with_changes(body=body)
