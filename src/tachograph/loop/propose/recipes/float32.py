"""Recipe `float32`: the whole program in single precision, results handed back in double.

Every file is rewritten together, since one array left in float64 makes all that it meets float64.
It gambles that the check tolerates single precision, and that no sum or difference loses more.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Mapping

from tachograph.loop.propose.recipes.binding import every_argument
from tachograph.loop.propose.recipes.edit import add_import, add_statements
from tachograph.loop.propose.recipes.effects import FunctionFacts, ModuleFacts
from tachograph.loop.propose.recipes.everywhere import parsed
from tachograph.loop.propose.recipes.observe import Description
from tachograph.loop.propose.recipes.printing import patched
from tachograph.loop.propose.recipes.pure_calls import names
from tachograph.loop.propose.recipes.workpiece import Function, Variant, Workpiece, digest, parse

NOTE = "the whole program in float32; gambles that the check tolerates it"
SUFFIX = "_in_single"
CASTS = '''\
def _cast_floats(value, wanted, given):
    """The value with every array of type `given` in type `wanted`."""
    if isinstance(value, np.ndarray):
        return value.astype(wanted) if value.dtype == given else value
    if isinstance(value, dict):
        return {key: _cast_floats(item, wanted, given) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_cast_floats(item, wanted, given) for item in value)
    return value


'''
MAKERS = names("numpy.", "zeros ones empty eye identity")
ELEMENTWISE_MATH = names("", "sqrt exp log log2 log10 sin cos tan tanh")


def find(piece: Workpiece) -> Iterator[Variant]:
    """One variant, where the entry is given arrays of float64 and all of it is plain Python."""
    entry = piece.entry_function
    if entry is None or not may_narrow(piece, entry):
        return
    files = dict(piece.files)
    for path, (_, tree) in piece.modules.items():
        text = narrowed(piece.files[path], tree, entry if entry.path == path else None)
        if text is None:
            return
        files[path] = text
    both = parse(files[entry.path])
    if both is None:
        return
    module = add_statements(add_import(both[0], "import numpy as np"), CASTS)
    files[entry.path] = module.code
    key = digest("".join(piece.files[path] for path in sorted(piece.modules)))
    yield Variant(f"float32/{entry.name}@{key}", NOTE, files, 1.0)


def may_narrow(piece: Workpiece, entry: Function) -> bool:
    """Not done already, nothing compiled for given types, and float64 among the arguments."""
    text = "".join(piece.files[path] for path in piece.modules)
    if SUFFIX in text or "numba" in text or "float32" in text or "_cast_floats" in text:
        return False
    if not entry.is_plain or entry.seen is None or entry.syntax.args.vararg:
        return False
    if entry.syntax.args.kwarg or entry.syntax.args.posonlyargs:
        return False
    return any(has_double(item) for kind in entry.seen.kinds for item in kind.values())


def has_double(description: Description) -> bool:
    """Whether an array of float64 is in it."""
    if description["kind"] == "array":
        return bool(description["dtype"] == "float64")
    items = description.get("items", ())
    inner = items.values() if isinstance(items, Mapping) else items
    return any(has_double(item) for item in inner)


def narrowed(text: str, tree: ast.Module, entry: Function | None) -> str | None:
    """The file with makers of arrays set to float32, and the entry wrapped if it is in this one."""
    module = ModuleFacts(tree)
    body: list[ast.stmt] = []
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef):
            facts = FunctionFacts(module, statement, ())
            changed = Narrow(facts).visit(copy.deepcopy(statement))
            body.append(changed)
            if entry is not None and statement is entry.syntax:
                body[-1:] = wrapped(changed)
        else:
            body.append(statement)
    return patched(text, tree.body, body)


def wrapped(function: ast.FunctionDef) -> list[ast.stmt]:
    """The function under another name, and one under its own that casts on the way in and out."""
    parameters = [argument.arg for argument in every_argument(function.args)]
    inner = f"{function.name}{SUFFIX}"
    given = ", ".join(f"{n}=_cast_floats({n}, np.float32, np.float64)" for n in parameters)
    call = f"_cast_floats({inner}({given}), np.float64, np.float32)"
    outer = copy.deepcopy(function)
    outer.body = [ast.Return(value=parsed(call))]
    function.name = inner
    return [function, outer]


class Narrow(ast.NodeTransformer):
    """Makers of float64 arrays make float32; NumPy numbers made of plain ones become plain."""

    def __init__(self, facts: FunctionFacts) -> None:
        self.facts = facts
        self.numpy = next((n for n, m in facts.module.aliases.items() if m == "numpy"), None)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is not None:
            node.value = self.visit(node.value)
        node.target = self.visit(node.target)
        return node

    def visit_arguments(self, node: ast.arguments) -> ast.AST:
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.body = [self.visit(statement) for statement in node.body]
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        if self.facts.dotted(node) in ("numpy.float64", "numpy.double"):
            return ast.Attribute(value=node.value, attr="float32", ctx=node.ctx)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        target = self.facts.target(node)
        plain = bool(node.args) and all(self.facts.is_scalar(item) for item in node.args)
        self.generic_visit(node)
        single = ast.Name(id=f"{self.numpy}.float32", ctx=ast.Load())
        for keyword in node.keywords:
            if keyword.arg == "dtype" and ast.unparse(keyword.value) in ("float", "'float64'"):
                keyword.value = single
        if self.numpy is None:
            return node
        if target == ".astype" and node.args and ast.unparse(node.args[0]) == "float":
            node.args[0] = single
        typed = any(keyword.arg in ("dtype", None) for keyword in node.keywords)
        if target in MAKERS and not typed and len(node.args) == 1:
            node.keywords.append(ast.keyword(arg="dtype", value=single))
        elif target == "numpy.full" and not typed and len(node.args) == 2:
            if is_float_literal(node.args[1]):
                node.keywords.append(ast.keyword(arg="dtype", value=single))
        elif target == "numpy.linspace" and not typed:
            node.keywords.append(ast.keyword(arg="dtype", value=single))
        elif target.removeprefix("numpy.") in ELEMENTWISE_MATH and plain and "." in target:
            # A NumPy number of float64 would make every array that it meets float64.
            return ast.Call(ast.Name(id="float", ctx=ast.Load()), [node], [])
        return node


def is_float_literal(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, float)
