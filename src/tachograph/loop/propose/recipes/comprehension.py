"""Recipe `comprehension`: loops that only append become comprehensions, indices that only look up
items become iteration, text that grows becomes one join.

Safe for lists, tuples, text and arrays. A loop variable that is read after the loop stays as it is.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Sequence

from tachograph.loop.propose.recipes.binding import bound_names, used_names
from tachograph.loop.propose.recipes.effects import FunctionFacts
from tachograph.loop.propose.recipes.everywhere import Subject, Swap, per_function, statement_lists
from tachograph.loop.propose.recipes.workpiece import Variant, Workpiece

NOTE = "loops that append as comprehensions, look-ups by index as iteration, text joined once"


def find(piece: Workpiece) -> Iterator[Variant]:
    """A variant for each function with such a loop."""
    yield from per_function(piece, "comprehension", NOTE, simplify)


def simplify(subject: Subject) -> bool:
    changed = False
    for statements in list(statement_lists(subject.syntax)):
        for at in range(len(statements) - 1, -1, -1):
            loop = statements[at]
            if isinstance(loop, ast.For) and not loop.orelse:
                changed |= iterate(subject, loop)
                changed |= gather(subject, statements, at)
    return changed


def iterate(subject: Subject, loop: ast.For) -> bool:
    """`for i in range(len(x))` with x[i] read: `for i, item in enumerate(x)`."""
    facts = subject.facts
    source = counted(loop, facts)
    if source is None or not isinstance(loop.target, ast.Name):
        return False
    index = loop.target.id
    inside = bound_names(loop.body)
    if index in inside or source in inside or facts.changed(loop.body) & {facts.group(source)}:
        return False
    look = ast.dump(ast.parse(f"{source}[{index}]", mode="eval").body)
    reads = [n for s in loop.body for n in ast.walk(s) if ast.dump(n) == look]
    if not reads or read_elsewhere(subject.syntax, loop, {index}):
        return False
    name = subject.fresh_name(f"{source}_item")
    swap = Swap(ast.parse(f"{source}[{index}]", mode="eval").body, name)
    loop.body = [swap.statement(statement) for statement in loop.body]
    item = ast.Name(id=name, ctx=ast.Store())
    if index in used_names(loop.body):
        pair = ast.Tuple(elts=[loop.target, item], ctx=ast.Store())
        loop.target, loop.iter = pair, ast.parse(f"enumerate({source})", mode="eval").body
    else:
        loop.target, loop.iter = item, ast.Name(id=source, ctx=ast.Load())
    return True


def counted(loop: ast.For, facts: FunctionFacts) -> str | None:
    """The name x where the loop runs over range(len(x))."""
    match loop.iter:
        case ast.Call(args=[ast.Call(args=[ast.Name(id=name)], keywords=[]) as size], keywords=[]):
            known = facts.target(loop.iter) == "range" and facts.target(size) == "len"
            return name if known and "enumerate" not in facts.locals else None
    return None


def gather(subject: Subject, statements: list[ast.stmt], at: int) -> bool:
    """`a = []` and a loop that appends, or `t = ""` and a loop that adds: one expression."""
    if at == 0:
        return False
    loop, start = statements[at], statements[at - 1]
    assert isinstance(loop, ast.For)
    facts = subject.facts
    found = emptied(start)
    if found is None or loop.type_comment:
        return False
    name, is_text = found
    item = one_item(loop.body, name, facts, is_text)
    if item is None:
        return False
    condition, value = item
    targets = bound_names([loop.target])
    seen = [loop.iter, value, *([condition] if condition else [])]
    if name in used_names(seen) or read_elsewhere(subject.syntax, loop, targets):
        return False
    if any(isinstance(n, ast.Yield | ast.Await) for part in seen for n in ast.walk(part)):
        return False
    if is_text and not is_surely_text(value, facts):
        return False
    part = ast.comprehension(loop.target, loop.iter, [condition] if condition else [], 0)
    made: ast.expr = ast.ListComp(elt=value, generators=[part])
    if is_text:
        made = ast.Call(ast.Attribute(ast.Constant(""), "join", ast.Load()), [made], [])
    new = copy.deepcopy(start)
    assert isinstance(new, ast.Assign | ast.AnnAssign)
    new.value = made
    statements[at - 1 : at + 1] = [new]
    return True


def emptied(statement: ast.stmt) -> tuple[str, bool] | None:
    """The name, and whether it is text, where the statement is `a = []` or `t = ""`."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            pass
        case ast.AnnAssign(target=ast.Name(id=name), value=value):
            pass
        case _:
            return None
    if isinstance(value, ast.List) and not value.elts:
        return name, False
    return (name, True) if isinstance(value, ast.Constant) and value.value == "" else None


def one_item(
    body: Sequence[ast.stmt], name: str, facts: FunctionFacts, is_text: bool
) -> tuple[ast.expr | None, ast.expr] | None:
    """(condition, item) of a body that does nothing but add one item."""
    if len(body) != 1:
        return None
    statement = body[0]
    if isinstance(statement, ast.If) and not statement.orelse:
        inner = one_item(statement.body, name, facts, is_text)
        if inner is None or inner[0] is not None:
            return None
        return statement.test, inner[1]
    match statement:
        case ast.Expr(
            value=ast.Call(
                func=ast.Attribute(value=ast.Name(id=owner), attr="append"),
                args=[item],
                keywords=[],
            )
        ) if owner == name and not is_text:
            return None, item
        case ast.AugAssign(target=ast.Name(id=owner), op=ast.Add(), value=item) if (
            owner == name and is_text
        ):
            return None, item
    return None


def is_surely_text(value: ast.expr, facts: FunctionFacts) -> bool:
    """Joining refuses what adding to text would refuse, but only text is known to be equal."""
    if isinstance(value, ast.JoinedStr):
        return True
    if isinstance(value, ast.Constant):
        return isinstance(value.value, str)
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
        return is_surely_text(value.left, facts) or is_surely_text(value.right, facts)
    return isinstance(value, ast.Call) and facts.target(value) in ("str", "chr", "repr")


def read_elsewhere(syntax: ast.FunctionDef, loop: ast.For, names: set[str]) -> bool:
    """Whether the loop's variables are read or bound anywhere outside it."""
    own = {id(node) for node in ast.walk(loop)}
    return any(
        isinstance(node, ast.Name) and node.id in names and id(node) not in own
        for node in ast.walk(syntax)
    )
