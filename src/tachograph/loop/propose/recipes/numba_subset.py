"""Whether a function's text stays within what numba compiles, as far as the text shows it.

A guess from syntax and names alone: types decide the rest, and the judge has the last word.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

from tachograph.loop.propose.recipes.workpiece import Function

REFUSED_SYNTAX = (
    ast.Dict, ast.DictComp, ast.SetComp, ast.Set, ast.Try, ast.With, ast.Yield, ast.YieldFrom,
    ast.Await, ast.Lambda, ast.ClassDef, ast.JoinedStr, ast.Global, ast.Nonlocal, ast.Import,
    ast.ImportFrom, ast.Starred, ast.AsyncFunctionDef, ast.Delete, ast.GeneratorExp, ast.Match,
)  # fmt: skip
BUILTINS = {
    "range", "len", "abs", "min", "max", "int", "float", "bool", "enumerate", "zip", "round",
    "divmod", "pow", "complex", "sum", "tuple", "ord", "chr", "slice", "isinstance", "reversed",
}  # fmt: skip
METHODS = {
    "sum", "copy", "astype", "reshape", "mean", "min", "max", "argmax", "argmin", "append", "fill",
    "ravel", "flatten", "dot", "any", "all", "item", "std", "var", "cumsum", "transpose", "sort",
    "view", "prod", "argsort", "pop", "extend", "conj", "conjugate", "nonzero", "take",
}  # fmt: skip
NUMPY_REFUSED = {
    "einsum", "tensordot", "matmul", "pad", "apply_along_axis", "inner", "add", "subtract.at",
    "random", "save", "load", "linalg.multi_dot", "fft", "vectorize", "frompyfunc", "errstate",
    "ix_", "put_along_axis", "lib", "block", "gradient", "insert", "char", "strings",
}  # fmt: skip
KEYWORDS = {"dtype", "axis", "start", "n", "k", "ndigits"}
AXIS_CALLS = {"sum", "argmax", "argmin", "concatenate", "stack", "take", "expand_dims", "flip"}


def joint(root: Function, file: Mapping[str, Function]) -> list[Function] | None:
    """The function and all it calls in its file, callees first; None where one is beyond numba."""
    order: list[Function] = []

    def visit(function: Function, trail: tuple[str, ...]) -> bool:
        if function in order:
            return True
        called = calls_of(function, file)
        if called is None or function.name in trail:
            return False
        trail = (*trail, function.name)
        if not all(visit(file[name], trail) for name in called):
            return False
        order.append(function)
        return True

    return order if visit(root, ()) else None


def calls_of(function: Function, file: Mapping[str, Function]) -> list[str] | None:
    """Functions of the same file that it calls, or None where its text is refused."""
    syntax = function.syntax
    arguments = syntax.args
    if arguments.vararg or arguments.kwarg or arguments.kwonlyargs:
        return None
    if syntax.decorator_list and not is_jitted(syntax):
        return None
    found: list[str] = []
    for node in ast.walk(syntax):
        if isinstance(node, REFUSED_SYNTAX):
            return None
        if isinstance(node, ast.FunctionDef) and node is not syntax:
            return None
        if isinstance(node, ast.Call):
            name = called_name(node)
            if name in file:
                found.append(name)
            elif not is_supported_call(node, name):
                return None
    return found


def is_jitted(syntax: ast.FunctionDef) -> bool:
    """Whether a decorator of numba is on it already."""
    return any("njit" in ast.unparse(node) for node in syntax.decorator_list)


def called_name(node: ast.Call) -> str:
    """`f`, `np.dot`, or `.method` for a call on a value."""
    function = node.func
    if isinstance(function, ast.Name):
        return function.id
    text = ast.unparse(function)
    if text.startswith(("np.", "numpy.", "math.", "cmath.")):
        return text
    return "." + function.attr if isinstance(function, ast.Attribute) else "?"


def is_supported_call(node: ast.Call, name: str) -> bool:
    keywords = {keyword.arg for keyword in node.keywords}
    if not keywords <= KEYWORDS:
        return False
    last = name.rpartition(".")[2]
    if "axis" in keywords and last not in AXIS_CALLS:
        return False
    if name.startswith("."):
        return last in METHODS
    module, dot, rest = name.partition(".")
    if not dot:
        return name in BUILTINS
    if module in ("np", "numpy"):
        return rest not in NUMPY_REFUSED and rest.partition(".")[0] not in NUMPY_REFUSED
    return True
