"""Recipe `vectorise`: a loop whose rounds do not need one another, done for all rounds at once.

Every array of a round gets an axis in front, one entry a round, in the loop's body and in all that
it calls; sums over the rounds stay sums. It gambles on memory for all rounds, on sums in another
order, on names from outside that do not alias one another, and on windows within bounds.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Sequence

from tachograph.loop.propose.recipes.batching import (
    COUNT,
    NUMBER,
    Array,
    CannotBatchError,
    Other,
    Shared,
    Statements,
    WidenError,
)
from tachograph.loop.propose.recipes.batching.statements import WIDENED_MOST
from tachograph.loop.propose.recipes.batching.values import Row, Value, common_item, seen_value
from tachograph.loop.propose.recipes.binding import bound_names, is_ordinary
from tachograph.loop.propose.recipes.effects import FunctionFacts, ModuleFacts
from tachograph.loop.propose.recipes.printing import patched
from tachograph.loop.propose.recipes.workpiece import Function, Variant, Workpiece, compiles

COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
NOTE = "a loop over independent rounds as one; gambles on memory, order of sums, and no aliases"


def find(piece: Workpiece) -> Iterator[Variant]:
    """A variant for each loop, those of the functions that take most time first."""
    for function in sorted(piece.functions, key=lambda function: -function.total_share):
        if not function.is_plain or function.seen is None or not is_ordinary(function.syntax):
            continue
        module = ModuleFacts(piece.modules[function.path][1])
        if module.functions[function.name] is not function.syntax or numpy_name(module) is None:
            continue
        loops = [node for node in ast.walk(function.syntax) if isinstance(node, ast.For)]
        for number, loop in enumerate(loops, start=1):
            files = vectorised(piece, function, module, loop)
            if files is not None:
                note = f"{function.name}: {NOTE}"
                made = piece.variant("vectorise", function, files, note, site=f"loop-{number}")
                yield Variant(made.label, made.note, made.files, function.total_share)


def numpy_name(module: ModuleFacts) -> str | None:
    return next((n for n, m in module.aliases.items() if m == "numpy"), None)


def vectorised(
    piece: Workpiece, function: Function, module: ModuleFacts, loop: ast.For
) -> dict[str, str] | None:
    """The files with this loop done at once; None where it cannot be."""
    shared = Shared(module, numpy_name(module) or "np")
    try:
        lines = batched_loop(function, shared, loop)
    except (CannotBatchError, WidenError, SyntaxError, RecursionError):
        return None
    made = [*ast.parse("\n".join(lines)).body]
    new = Replace(loop, made).function(function.syntax)
    tree = piece.modules[function.path][1]
    body = [new if statement is function.syntax else statement for statement in tree.body]
    text = patched(piece.files[function.path], tree.body, body)
    if text is None:
        return None
    added = "".join(f"\n\n{tidy(code)}\n" for code in shared.texts.values())
    files = {**piece.files, function.path: text.rstrip("\n") + "\n" + added}
    return files if compiles(files) else None


def tidy(code: str) -> str:
    """Without needless parentheses."""
    return ast.unparse(ast.parse(code))


class Replace(ast.NodeTransformer):
    """A copy of a function with one of its loops replaced."""

    def __init__(self, loop: ast.For, made: list[ast.stmt]) -> None:
        self.loop, self.made = loop, made

    def function(self, syntax: ast.FunctionDef) -> ast.FunctionDef:
        new = copy.deepcopy(syntax, {id(self.loop): self.loop})
        made = self.visit(new)
        assert isinstance(made, ast.FunctionDef)
        return made

    def visit_For(self, node: ast.For) -> ast.AST | list[ast.stmt]:
        return self.made if node is self.loop else self.generic_visit(node)


def batched_loop(function: Function, shared: Shared, loop: ast.For) -> list[str]:
    """The statements that take the loop's place."""
    assert function.seen is not None
    facts = FunctionFacts(shared.module, function.syntax, function.seen.kinds)
    if loop.orelse or COUNT in facts.locals:
        raise CannotBatchError("else")
    start: dict[str, Value] = {}
    for name in facts.parameters:
        kinds = [kind[name] for kind in function.seen.kinds if name in kind]
        values = {seen_value(kind) for kind in kinds}
        start[name] = values.pop() if len(values) == 1 else Other()
    before = Statements(shared, facts, start)
    until(before, function.syntax.body, loop)
    own = own_names(loop)
    if read_outside(function.syntax, loop, own) or carried(loop, facts, own):
        raise CannotBatchError("rounds need one another")
    wide: set[str] = set()
    for _ in range(WIDENED_MOST):
        shared.made.clear()
        shared.texts.clear()
        known = {name: value for name, value in before.values.items() if name not in own}
        frame = Statements(shared, facts, known, frozenset(facts.locals - own), counter(loop))
        frame.widened = wide
        head = opening(frame, loop)
        try:
            return [*head, *frame.lines(loop.body)]
        except WidenError as error:
            if error.name not in own or error.name in wide:
                raise CannotBatchError("an array from outside is changed") from None
            wide = wide | {error.name}
    raise CannotBatchError("too many names to widen")


def until(frame: Statements, body: Sequence[ast.stmt], loop: ast.For) -> bool:
    """Learns what names hold when the loop begins; says whether the loop was met."""
    for statement in body:
        if statement is loop:
            return True
        if any(node is loop for node in ast.walk(statement)):
            if isinstance(statement, ast.For):
                learn_target(frame, statement)
            inner = [getattr(statement, field, []) for field in ("body", "orelse")]
            return any(until(frame, part, loop) for part in inner)
        kept = dict(frame.values)
        try:
            frame.statement(statement)
        except (CannotBatchError, WidenError):
            frame.values = {**kept, **dict.fromkeys(bound_names([statement]), Other())}
        frame.result = None
    return False


def learn_target(frame: Statements, loop: ast.For) -> None:
    try:
        for target, value in targets(frame, loop.target, loop.iter):
            frame.bind(target, value[1])
    except CannotBatchError:
        frame.values |= dict.fromkeys(bound_names([loop.target]), Other())


def targets(
    frame: Statements, target: ast.expr, iterable: ast.expr
) -> Iterator[tuple[ast.expr, tuple[str, Value]]]:
    """Loop variables, each with code for all its values in a row, and what one of them is."""
    match target, iterable:
        case ast.Name(), ast.Call(func=ast.Name(id="range")):
            yield target, (f"{frame.np}.arange({arguments(iterable)})", NUMBER)
        case ast.Tuple(elts=[first, second]), ast.Call(func=ast.Name(id="enumerate")):
            assert isinstance(iterable, ast.Call)
            items = list(targets(frame, second, iterable.args[0]))
            start = [*iterable.args[1:], *(k.value for k in iterable.keywords)]
            shift = f" + ({ast.unparse(start[0])})" if start else ""
            size = f"len({ast.unparse(iterable.args[0])})"
            yield first, (f"{frame.np}.arange({size}){shift}", NUMBER)
            yield from items
        case ast.Tuple(elts=parts), ast.Call(func=ast.Name(id="zip"), args=sources, keywords=[]):
            if len(parts) != len(sources):
                raise CannotBatchError("zip")
            for part, source in zip(parts, sources, strict=True):
                yield from targets(frame, part, source)
        case ast.Name(), _:
            code, value = frame.expr(iterable)
            item = common_item(value) if isinstance(value, Row) else None
            if isinstance(value, Array) and value.rank:
                item = Array(value.rank - 1)
            if not isinstance(item, Array):
                raise CannotBatchError("a loop over something else")
            yield target, (f"{frame.np}.asarray({code})", item)
        case _:
            raise CannotBatchError("loop variables")


def arguments(call: ast.expr) -> str:
    assert isinstance(call, ast.Call)
    return ", ".join(ast.unparse(item) for item in call.args)


def opening(frame: Statements, loop: ast.For) -> list[str]:
    """Statements that bind the loop's variables for all rounds, and the number of rounds."""
    lines = []
    for target, (code, item) in list(targets(frame, loop.target, loop.iter)):
        if not isinstance(target, ast.Name) or not isinstance(item, Array):
            raise CannotBatchError("loop variables")
        frame.values[target.id] = Array(item.rank, True)
        lines.append(f"{target.id} = {code}")
    return [*lines, f"{COUNT} = len({lines[-1].partition(' = ')[0]})"]


def counter(loop: ast.For) -> str | None:
    """The name that is another whole number in each round."""
    if isinstance(loop.iter, ast.Call) and isinstance(loop.iter.func, ast.Name):
        if loop.iter.func.id == "range" and isinstance(loop.target, ast.Name):
            return loop.target.id
        if loop.iter.func.id == "enumerate" and isinstance(loop.target, ast.Tuple):
            first = loop.target.elts[0]
            return first.id if isinstance(first, ast.Name) else None
    return None


def own_names(loop: ast.For) -> set[str]:
    """Names that each round binds for itself: loop variables, and what is plainly assigned."""
    own = bound_names([loop.target])
    for statement in (node for part in loop.body for node in ast.walk(part)):
        if isinstance(statement, ast.Assign | ast.AnnAssign | ast.For | ast.comprehension):
            found = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            own |= {n for target in found for n in bound_names([target])}
    return own


def read_outside(syntax: ast.FunctionDef, loop: ast.For, own: set[str]) -> bool:
    """Whether something outside the loop may read what its rounds leave in such a name.

    Reads below another loop or a comprehension that binds the name are that one's own.
    """
    inside = {id(node) for node in ast.walk(loop)}
    covered: dict[int, set[str]] = {}
    for node in ast.walk(syntax):
        if isinstance(node, ast.For):
            binds, below = bound_names([node.target]), [node.target, *node.body]
        elif isinstance(node, COMPREHENSIONS):
            binds, below = bound_names(node.generators), [node]
        else:
            continue
        for part in (n for each in below for n in ast.walk(each)):
            covered[id(part)] = covered.get(id(part), set()) | binds
    encloses = any(
        isinstance(n, ast.For | ast.While) and n is not loop and any(m is loop for m in ast.walk(n))
        for n in ast.walk(syntax)
    )
    open_names = [
        n
        for n in ast.walk(syntax)
        if isinstance(n, ast.Name) and n.id in own and id(n) not in inside
        and n.id not in covered.get(id(n), ())
    ]  # fmt: skip
    for name in {n.id for n in open_names if isinstance(n.ctx, ast.Load)}:
        later = [n for n in open_names if n.id == name and n.lineno > loop.lineno]
        first = min(later, key=lambda n: (n.lineno, isinstance(n.ctx, ast.Store)), default=None)
        if encloses or (first is not None and not isinstance(first.ctx, ast.Store)):
            return True
    return False


def carried(loop: ast.For, facts: FunctionFacts, own: set[str]) -> bool:
    """Whether rounds may need one another, but by sums, stores and appends that nobody reads.

    So it is where a round reads what it changes outside, or changes it under a name of its own.
    """
    nodes = [node for part in loop.body for node in ast.walk(part)]
    outside = facts.locals - own - facts.scalars
    touched: dict[str, int] = {}
    for root in filter(None, (changed_name(node, facts) for node in nodes)):
        if root.id in own:
            if any(facts.group(root.id) == facts.group(name) for name in outside):
                return True
        else:
            is_read = isinstance(root.ctx, ast.Load)
            touched[root.id] = touched.get(root.id, 0) + is_read
    for name, times in touched.items():
        reads = [n for n in nodes if isinstance(n, ast.Name) and n.id == name]
        if sum(isinstance(n.ctx, ast.Load) for n in reads) > times:
            return True
    return False


def changed_name(node: ast.AST, facts: FunctionFacts) -> ast.Name | None:
    """The name at the root of what the node changes in place."""
    target: ast.expr | None = None
    match node:
        case ast.AugAssign(target=place):
            target = place
        case ast.Assign(targets=[ast.Subscript() as place]):
            target = place
        case ast.Call(func=ast.Attribute(value=place)) if facts.target(node) == ".append":
            target = place
        case ast.Call(args=[place, *_]) if facts.target(node) == "numpy.add.at":
            target = place
    while isinstance(target, ast.Subscript | ast.Attribute):
        target = target.value
    return target if isinstance(target, ast.Name) else None
