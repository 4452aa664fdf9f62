"""Recipe `numba-options`: loosen what a compiled function promises about floating point.

`error_model="numpy"` gambles that nothing relies on ZeroDivisionError; `fastmath` lets sums be
reordered but keeps infinities and NaN meaningful; full fastmath gambles that there are none.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from tachograph.loop.propose.recipes.edit import code_of, statements, swap_functions
from tachograph.loop.propose.recipes.workpiece import Function, Variant, Workpiece

SAFE_FLAGS = '{"reassoc", "contract", "arcp", "nsz", "afn"}'
OPTIONS = (
    ("numpy", 'error_model="numpy"', "no check of divisors"),
    ("reorder", f'error_model="numpy", fastmath={SAFE_FLAGS}', "sums in any order"),
    ("fast", 'error_model="numpy", fastmath=True', "no infinities or NaN expected"),
)


def find(piece: Workpiece) -> Iterator[Variant]:
    """For each file with compiled functions, each set of options on all of them."""
    for path, (module, _) in piece.modules.items():
        functions = [f for f in piece.functions if f.path == path and options_of(f) is not None]
        if not functions:
            continue
        share = min(1.0, max(f.total_share for f in functions))
        for name, options, why in OPTIONS:
            nodes = {f.name: loosen(f.node, options) for f in functions}
            files = piece.with_module(path, swap_functions(module, nodes))
            note = f"compiled functions: {why}"
            made = piece.variant("numba-options", functions[0], files, note, site=name)
            yield Variant(made.label, made.note, made.files, share)


def options_of(function: Function) -> cst.Call | None:
    """The call of `numba.njit` that decorates it and that says nothing of floating point yet."""
    for decorator in function.node.decorators:
        call = decorator.decorator
        if isinstance(call, cst.Call) and code_of(call.func) in ("numba.njit", "njit"):
            return None if "fastmath" in code_of(call) else call
    return None


def loosen(node: cst.FunctionDef, options: str) -> cst.FunctionDef:
    decorators = []
    for decorator in node.decorators:
        call = decorator.decorator
        if isinstance(call, cst.Call) and code_of(call.func) in ("numba.njit", "njit"):
            kept = [a for a in call.args if a.keyword is None or a.keyword.value != "error_model"]
            text = ", ".join([*(code_of(a.with_changes(comma=cst.MaybeSentinel.DEFAULT))
                                for a in kept), options])  # fmt: skip
            made = statements(f"@{code_of(call.func)}({text})\ndef placeholder(): pass\n")[0]
            assert isinstance(made, cst.FunctionDef)
            decorator = made.decorators[0]
        decorators.append(decorator)
    return node.with_changes(decorators=decorators)
