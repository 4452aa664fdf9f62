"""Names in syntax trees: what binds them, to what, who reads them, and which functions are straight
code. Proven by tests/loop/propose/recipes/test_recipe_effects.py.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

ODD = (
    ast.Yield, ast.YieldFrom, ast.Await, ast.Lambda, ast.ClassDef, ast.Global, ast.Nonlocal,
    ast.Try, ast.TryStar, ast.With, ast.AsyncWith, ast.AsyncFor, ast.Match, ast.Delete,
    ast.NamedExpr, ast.Import, ast.ImportFrom, ast.AsyncFunctionDef, ast.Starred,
)  # fmt: skip
ODD_CALLS = {"locals", "globals", "vars", "eval", "exec", "dir", "super", "__import__"}


def is_ordinary(syntax: ast.FunctionDef) -> bool:
    """Whether it is straight code: no closures, generators, exceptions handled, or scope tricks."""
    arguments = syntax.args
    if arguments.vararg or arguments.kwarg:
        return False
    for node in ast.walk(syntax):
        if isinstance(node, ODD) or (isinstance(node, ast.FunctionDef) and node is not syntax):
            return False
        if isinstance(node, ast.Name) and node.id in ODD_CALLS:
            return False
    return True


def every_argument(arguments: ast.arguments) -> list[ast.arg]:
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]


def arguments_of(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def has_out(call: ast.Call) -> bool:
    return any(keyword.arg in ("out", None) for keyword in call.keywords)


def import_aliases(module: ast.Module) -> dict[str, str]:
    """Name to what was imported under it: `np` to `numpy`, `sqrt` to `math.sqrt`."""
    found = {}
    for statement in module.body:
        if isinstance(statement, ast.Import):
            for item in statement.names:
                found[item.asname or item.name.partition(".")[0]] = (
                    item.name if item.asname else item.name.partition(".")[0]
                )
        elif isinstance(statement, ast.ImportFrom) and statement.module and not statement.level:
            for item in statement.names:
                found[item.asname or item.name] = f"{statement.module}.{item.name}"
    return found


def bound_names(statements: Iterable[ast.AST]) -> set[str]:
    """Names that the statements bind, comprehensions' own included."""
    found = set()
    for node in (n for statement in statements for n in ast.walk(statement)):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).partition(".")[0])
    return found


def used_names(nodes: Iterable[ast.AST]) -> set[str]:
    """Names that are read."""
    return {
        n.id
        for node in nodes
        for n in ast.walk(node)
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)
    }


def stores_of(statements: Iterable[ast.AST]) -> Iterator[tuple[str, ast.expr | None]]:
    """Each binding of a name with the value that it gets; None where no one expression is it."""
    for node in (n for statement in statements for n in ast.walk(statement)):
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    yield from unpacked(target, value)
            case ast.AnnAssign(target=target, value=value) if value is not None:
                yield from unpacked(target, value)
            case ast.AugAssign(target=ast.Name(id=name), op=op, value=value):
                left = ast.Name(id=name, ctx=ast.Load())
                yield name, ast.BinOp(left=left, op=op, right=value)
            case (
                ast.For(target=target, iter=iterable)
                | ast.comprehension(target=target, iter=iterable)
            ):
                yield from loop_stores(target, iterable)


def unpacked(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr | None]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple | ast.List):
        items: list[ast.expr]
        if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts):
            items = value.elts
        else:
            items = [item_of(value, index) for index in range(len(target.elts))]
        for part, item in zip(target.elts, items, strict=True):
            yield from unpacked(part, item)


def is_own_update(name: str, value: ast.expr | None) -> bool:
    """Whether the value is what `name += ...` stands for."""
    return isinstance(value, ast.BinOp) and (
        isinstance(value.left, ast.Name) and value.left.id == name
    )


def item_of(value: ast.expr, index: int) -> ast.expr:
    return ast.Subscript(value=value, slice=ast.Constant(value=index), ctx=ast.Load())


def loop_stores(target: ast.expr, iterable: ast.expr) -> Iterator[tuple[str, ast.expr | None]]:
    """Loop variables with an expression that aliases what they may be."""
    if isinstance(iterable, ast.Call) and isinstance(iterable.func, ast.Name):
        if iterable.func.id == "range" and isinstance(target, ast.Name):
            yield target.id, ast.Constant(value=0)
            return
        pair = isinstance(target, ast.Tuple) and len(target.elts) == 2 and bool(iterable.args)
        if iterable.func.id == "enumerate" and pair:
            assert isinstance(target, ast.Tuple)
            yield from unpacked(target.elts[0], ast.Constant(value=0))
            yield from unpacked(target.elts[1], item_of(iterable.args[0], 0))
            return
    if isinstance(target, ast.Name):
        yield target.id, item_of(iterable, 0)
    else:
        yield from unpacked(target, item_of(iterable, 0))


def is_literal(node: ast.expr | None) -> bool:
    """A number, text, or arithmetic on them."""
    match node:
        case ast.Constant():
            return True
        case ast.UnaryOp(operand=operand):
            return is_literal(operand)
        case ast.BinOp(left=left, right=right):
            return is_literal(left) and is_literal(right)
    return False
