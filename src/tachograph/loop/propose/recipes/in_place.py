"""Recipe `in_place`: results written over an operand that nothing else needs.

`names`: `a = a + b` becomes `a += b` for arrays made here that nothing else refers to. It gambles
that the sum has a's shape and type; where not, it fails loudly or rounds. `items`: the same for
entries of containers (`d[k] = d[k] + b`), and moving means `m = p * m + q` in two steps; it gambles
besides that nobody else holds the old entry.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator

from tachograph.loop.propose.recipes.binding import is_literal, used_names
from tachograph.loop.propose.recipes.effects import OUTSIDE, FunctionFacts
from tachograph.loop.propose.recipes.everywhere import Subject, per_function, statement_lists
from tachograph.loop.propose.recipes.pure_calls import NUMPY_ELEMENTWISE
from tachograph.loop.propose.recipes.workpiece import Variant, Workpiece

NAMES = "results over their first operand; gambles on equal shapes and types"
ITEMS = "entries of containers updated in place; gambles on shapes, types, and nobody else's hold"
COMMUTES = (ast.Add, ast.Mult)
CONTAINERS = (ast.List, ast.Tuple, ast.Dict, ast.Set, ast.ListComp, ast.DictComp)
OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div)


def find(piece: Workpiece) -> Iterator[Variant]:
    """Two variants for each function: own arrays only, and entries of containers, too."""
    yield from per_function(piece, "in-place", NAMES, own_names, site="names")
    yield from per_function(piece, "in-place", ITEMS, all_targets, site="items")


def own_names(subject: Subject) -> bool:
    return update(subject, entries=False)


def all_targets(subject: Subject) -> bool:
    """Only where `own_names` would not do the same."""
    return update(subject, entries=True)


def update(subject: Subject, *, entries: bool) -> bool:
    facts = subject.facts
    touched_entries = changed = False
    for statements in statement_lists(subject.syntax):
        for at in range(len(statements) - 1, -1, -1):
            statement = statements[at]
            if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
                continue
            target = statement.targets[0]
            is_entry = isinstance(target, ast.Subscript)
            if is_entry and (not entries or not facts.is_pure(target)):
                continue
            if isinstance(target, ast.Name) and not is_own_array(target.id, facts):
                continue
            new = updated(target, statement.value, facts)
            if new is not None:
                statements[at : at + 1] = new
                changed = True
                touched_entries |= is_entry
    return changed and (touched_entries or not entries)


def updated(target: ast.expr, value: ast.expr, facts: FunctionFacts) -> list[ast.stmt] | None:
    """The statements that do the same in place."""
    if not isinstance(target, ast.Name | ast.Subscript) or not facts.is_pure(value):
        return None
    key = read_key(target)
    if isinstance(value, ast.Call):
        return elementwise(target, value, key, facts)
    if not isinstance(value, ast.BinOp) or not isinstance(value.op, OPERATORS):
        return None
    left, right, op = value.left, value.right, value.op
    if isinstance(op, COMMUTES) and key == ast.dump(right):
        left, right = right, left
    if key == ast.dump(left):
        return None if mentions(right, key) else [augmented(target, op, right)]
    if isinstance(op, ast.Add | ast.Sub):
        if mentions(right, key) and isinstance(op, ast.Add):
            left, right = right, left
        first = updated(target, left, facts) if isinstance(left, ast.BinOp) else None
        if first is not None and not mentions(right, key) and not touches(target, right, facts):
            return [*first, augmented(target, op, right)]
    return None


def elementwise(
    target: ast.expr, value: ast.Call, key: str, facts: FunctionFacts
) -> list[ast.stmt] | None:
    """`a = np.exp(a)` as `np.exp(a, out=a)`."""
    name = facts.target(value).removeprefix("numpy.")
    known = name in NUMPY_ELEMENTWISE and name != facts.target(value)
    if not known or name in ("where", "real", "imag", "conj") or value.keywords:
        return None
    if name.startswith(("is", "logical", "equal", "not_equal", "less", "greater")):
        return None
    if not value.args or ast.dump(value.args[0]) != key:
        return None
    call = copy.deepcopy(value)
    call.keywords.append(ast.keyword(arg="out", value=copy.deepcopy(value.args[0])))
    return [ast.Expr(value=call)]


def augmented(target: ast.expr, op: ast.operator, value: ast.expr) -> ast.stmt:
    assert isinstance(target, ast.Name | ast.Subscript)
    return ast.AugAssign(target=copy.deepcopy(target), op=op, value=copy.deepcopy(value))


def read_key(target: ast.expr) -> str:
    """How the target looks when it is read."""
    node = copy.deepcopy(target)
    assert isinstance(node, ast.Name | ast.Subscript)
    node.ctx = ast.Load()
    return ast.dump(node)


def mentions(node: ast.expr, key: str) -> bool:
    return any(isinstance(part, ast.expr) and ast.dump(part) == key for part in ast.walk(node))


def touches(target: ast.expr, other: ast.expr, facts: FunctionFacts) -> bool:
    """Whether `other`, read after a first step, may see what that step changed."""
    if isinstance(target, ast.Name):
        return bool({facts.group(target.id)} & facts.reads(other))
    roots = set(facts.roots(target))
    return bool(roots & used_names([other]))


def is_own_array(name: str, facts: FunctionFacts) -> bool:
    """Whether the name only ever holds arrays made here that no other name refers to."""
    if name in facts.scalars or name in facts.parameters:
        return False
    group = facts.group(name)
    if any(facts.group(other) == group for other in facts.locals - {name} - facts.scalars):
        return False
    values = [value for other, value in facts.stores if other == name]
    if facts.group(OUTSIDE) == group or escapes(name, facts):
        return False
    return all(v is not None and not is_literal(v) and is_array_like(v, facts) for v in values)


def is_array_like(value: ast.expr, facts: FunctionFacts) -> bool:
    """New, and neither a list nor a plain number as far as the text shows."""
    if facts.sources(value) or facts.is_scalar(value) or facts.may_be_list(value):
        return False
    return isinstance(value, ast.BinOp | ast.Call | ast.UnaryOp)


def escapes(name: str, facts: FunctionFacts) -> bool:
    """Whether a container or an unknown call is given it: an earlier value may live on there."""
    for node in ast.walk(facts.syntax):
        if isinstance(
            node, ast.List | ast.Tuple | ast.Dict | ast.Set | ast.ListComp | ast.DictComp
        ):
            if isinstance(getattr(node, "ctx", None), ast.Store):
                continue
            if name in used_names([node]):
                return True
        if isinstance(node, ast.Call) and facts.is_unknown(node) and name in used_names([node]):
            return True
    return False
