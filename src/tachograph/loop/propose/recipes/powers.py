"""Recipe `powers`: small whole powers as products, roots as roots, and for plain numbers the
functions of `math` instead of NumPy's.

Gambles on the last bit of a product, on a Python float in place of a NumPy one, and on numbers
whose root or logarithm exists.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Mapping

from tachograph.loop.propose.recipes.edit import add_import
from tachograph.loop.propose.recipes.effects import FunctionFacts
from tachograph.loop.propose.recipes.everywhere import Subject, parsed, per_function
from tachograph.loop.propose.recipes.pure_calls import names
from tachograph.loop.propose.recipes.workpiece import Variant, Workpiece, parse

NOTE = "powers as products and roots, `math` for plain numbers; may differ in the last bit"
MATH = names("", "sqrt exp log log2 log10 sin cos tan tanh sinh cosh floor ceil hypot")


def find(piece: Workpiece) -> Iterator[Variant]:
    """A variant for each function with a power, or with NumPy on plain numbers."""
    for variant in per_function(piece, "powers", NOTE, simplify):
        yield Variant(variant.label, variant.note, with_math(variant.files), variant.share)


def with_math(files: Mapping[str, str]) -> dict[str, str]:
    """Every file that uses `math.` imports it."""
    found = dict(files)
    for path, text in files.items():
        if path.endswith(".py") and "math." in text:
            both = parse(text)
            if both is not None and uses_math(both[1]):
                found[path] = add_import(both[0], "import math").code
    return found


def uses_math(tree: ast.Module) -> bool:
    """Whether `math` is read as a name."""
    return any(isinstance(node, ast.Name) and node.id == "math" for node in ast.walk(tree))


def simplify(subject: Subject) -> bool:
    facts = subject.facts
    imported = subject.module.aliases.get("math") == "math"
    math_is_free = "math" not in facts.locals and (imported or subject.is_free("math"))
    change = Simplify(facts, math_is_free)
    subject.syntax.body = [change.visit(statement) for statement in subject.syntax.body]
    return change.count > 0


class Simplify(ast.NodeTransformer):
    def __init__(self, facts: FunctionFacts, math_is_free: bool) -> None:
        self.facts, self.math_is_free, self.count = facts, math_is_free, 0

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        scalar = self.facts.is_scalar(node.left)
        self.generic_visit(node)
        if not isinstance(node.op, ast.Pow) or not isinstance(node.right, ast.Constant):
            return node
        power = node.right.value
        if isinstance(power, int | float) and power in (2, 3) and is_cheap(node.left):
            self.count += 1
            product: ast.expr = node.left
            for _ in range(int(power) - 1):
                product = ast.BinOp(product, ast.Mult(), copy.deepcopy(node.left))
            return product
        if power == 0.5 and scalar and self.math_is_free:
            self.count += 1
            return ast.Call(parsed("math.sqrt"), [node.left], [])
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        target = self.facts.target(node)
        scalar = bool(node.args) and all(self.facts.is_scalar(item) for item in node.args)
        self.generic_visit(node)
        name = target.removeprefix("numpy.")
        if not scalar or node.keywords or target == name:
            return node
        if name in MATH and self.math_is_free:
            self.count += 1
            return ast.Call(parsed(f"math.{name}"), node.args, [])
        if name in ("abs", "absolute") and "abs" not in self.facts.locals:
            self.count += 1
            return ast.Call(parsed("abs"), node.args, [])
        binary = {"maximum": "max", "minimum": "min"}
        if name in binary and binary[name] not in self.facts.locals:
            self.count += 1
            return ast.Call(parsed(binary[name]), node.args, [])
        return node


def is_cheap(node: ast.expr) -> bool:
    """Whether reading it again costs less than a power."""
    return isinstance(node, ast.Name)
