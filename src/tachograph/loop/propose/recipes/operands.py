"""Which expressions of a statement may be worked out beforehand, and kept under a name.

Only operands: values that are read and given up at once, so that nobody can keep or change the
object itself. Proven by tests/loop/propose/recipes/test_recipe_hoist.py and _subexpressions.py.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tachograph.loop.propose.recipes.effects import FunctionFacts
from tachograph.loop.propose.recipes.pure_calls import FRESH, FRESH_METHODS, SCALAR_ATTRIBUTES

WORTHWHILE = (ast.Call, ast.BinOp, ast.Attribute, ast.Subscript, ast.UnaryOp, ast.Compare)


def operands(statement: ast.stmt, facts: FunctionFacts) -> Iterator[ast.expr]:
    """Expressions of a simple statement, or of a loop's or an `if`'s head, that are evaluated
    whenever it is; larger ones before those inside them."""
    for value, used_up in evaluated(statement, facts):
        yield from inside(value, used_up, facts)


def evaluated(statement: ast.stmt, facts: FunctionFacts) -> Iterator[tuple[ast.expr, bool]]:
    """The expressions that it evaluates, and whether their value is used up by that."""
    match statement:
        case ast.Assign(targets=targets, value=value):
            yield value, all(isinstance(target, ast.Subscript) for target in targets)
            for target in targets:
                yield from addressed(target)
        case ast.AugAssign(target=target, value=value):
            yield value, True
            yield from addressed(target)
        case ast.AnnAssign(target=target, value=value) if value is not None:
            yield value, False
            yield from addressed(target)
        case ast.Return(value=value) if value is not None:
            yield value, False
        case ast.Expr(value=value):
            yield value, False
        case ast.If(test=test):
            yield test, True
        case ast.For(iter=iterable):
            yield iterable, facts.is_scalar(iterable)


def addressed(target: ast.expr) -> Iterator[tuple[ast.expr, bool]]:
    """What a store to `target` evaluates."""
    if isinstance(target, ast.Subscript):
        yield target.value, False
        yield target.slice, True
    elif isinstance(target, ast.Attribute):
        yield target.value, False
    elif isinstance(target, ast.Tuple | ast.List):
        for item in target.elts:
            yield from addressed(item)


def inside(node: ast.expr, used_up: bool, facts: FunctionFacts) -> Iterator[ast.expr]:
    if isinstance(node, ast.IfExp):
        yield from inside(node.test, True, facts)
        return
    if isinstance(node, ast.BoolOp):
        yield from inside(node.values[0], False, facts)
        return
    if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        return
    if isinstance(node, WORTHWHILE) and isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        named = isinstance(node, ast.Attribute) and facts.dotted(node) is not None
        if (used_up or facts.is_scalar(node)) and not named and facts.is_pure(node):
            yield node
    for child, child_used_up in children(node, used_up, facts):
        yield from inside(child, child_used_up, facts)


def children(
    node: ast.expr, used_up: bool, facts: FunctionFacts
) -> Iterator[tuple[ast.expr, bool]]:
    match node:
        case ast.Call(func=function):
            target = facts.target(node)
            consumes = target in FRESH or target in FRESH_METHODS
            if target.startswith("own:"):
                consumes = facts.module.summary(target[4:]).own
            if isinstance(function, ast.Attribute) and target.startswith("."):
                yield function.value, consumes
            for argument in [*node.args, *(k.value for k in node.keywords)]:
                yield argument, consumes
        case ast.BinOp() | ast.UnaryOp() | ast.Compare():
            lists = isinstance(node, ast.BinOp) and (
                facts.may_be_list(node.left) or facts.may_be_list(node.right)
            )
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr):
                    yield child, not lists
        case ast.Subscript(value=value, slice=index):
            yield value, used_up
            yield index, True
        case ast.Attribute(value=value, attr=attr):
            yield value, used_up or attr in SCALAR_ATTRIBUTES
        case ast.Tuple(elts=items):
            for item in items:
                yield item, used_up
        case ast.Slice():
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr):
                    yield child, True
        case _:
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr):
                    yield child, False
