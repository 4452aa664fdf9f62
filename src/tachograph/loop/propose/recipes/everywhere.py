"""Makes variants of a rewrite of single functions: one for each function, and one for all together.

Gains too small to be told apart from noise add up in the one for all. Proven by
tests/loop/propose/recipes/test_recipe_corpus.py.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tachograph.loop.propose.recipes.binding import is_ordinary
from tachograph.loop.propose.recipes.effects import FunctionFacts, ModuleFacts
from tachograph.loop.propose.recipes.observe import Description
from tachograph.loop.propose.recipes.printing import patched
from tachograph.loop.propose.recipes.workpiece import Function, Variant, Workpiece, compiles, digest


@dataclass
class Subject:
    """A copy of one function to be changed in place, and what is known of it."""

    module: ModuleFacts
    syntax: ast.FunctionDef
    kinds: Sequence[Mapping[str, Description]]

    @property
    def facts(self) -> FunctionFacts:
        """Of the text as it stands now; worked out anew at each look."""
        return FunctionFacts(self.module, self.syntax, self.kinds)

    def fresh_name(self, stem: str) -> str:
        """A name that nothing in the module has."""
        number, name = 1, stem
        while not self.is_free(name):
            number += 1
            name = f"{stem}_{number}"
        return name

    def is_free(self, name: str) -> bool:
        """Whether nothing in the module has this name."""
        taken = {n.id for n in ast.walk(self.module.module) if isinstance(n, ast.Name)}
        taken |= {n.id for n in ast.walk(self.syntax) if isinstance(n, ast.Name)}
        taken |= {n.arg for n in ast.walk(self.module.module) if isinstance(n, ast.arg)}
        taken |= set(self.module.functions) | set(self.module.aliases)
        return name not in taken


Rewrite = Callable[[Subject], bool]
"""Changes the subject's syntax in place; says whether it did. Never raises."""


def per_function(
    piece: Workpiece, recipe: str, note: str, rewrite: Rewrite, site: str = ""
) -> Iterator[Variant]:
    """Variants of `rewrite`. Functions with decorators or beyond plain code are left alone."""
    changed: list[Function] = []
    texts: dict[str, str] = dict(piece.files)
    for path, (_, tree) in piece.modules.items():
        module = ModuleFacts(tree)
        old_bodies: list[ast.stmt] = list(tree.body)
        new_bodies = list(old_bodies)
        for function in piece.in_file(path).values():
            if piece.observation.functions and function.seen is None:
                continue  # it was never called
            new = rewritten(module, function, rewrite)
            if new is None:
                continue
            at = new_bodies.index(function.syntax)
            alone = [*old_bodies[:at], new, *old_bodies[at + 1 :]]
            text = patched(piece.files[path], old_bodies, alone)
            files = {**piece.files, path: text or ""}
            if text is None or text == piece.files[path] or not compiles({path: text}):
                continue
            new_bodies[at] = new
            changed.append(function)
            yield piece.variant(recipe, function, files, f"{function.name}: {note}", site)
        joint = patched(piece.files[path], old_bodies, new_bodies)
        if joint is not None:
            texts[path] = joint
    if len(changed) > 1 and compiles(texts):
        key = digest("".join(sorted(function.text for function in changed)))
        label = f"{recipe}/all{'/' + site if site else ''}@{key}"
        share = min(1.0, sum(function.share for function in changed))
        yield Variant(label, f"{len(changed)} functions: {note}", texts, share)


def rewritten(module: ModuleFacts, function: Function, rewrite: Rewrite) -> ast.FunctionDef | None:
    if not function.is_plain or not is_ordinary(function.syntax):
        return None
    if (
        function.name not in module.settled
        or module.functions[function.name] is not function.syntax
    ):
        return None
    kinds = function.seen.kinds if function.seen is not None else ()
    subject = Subject(module, copy.deepcopy(function.syntax), kinds)
    return subject.syntax if rewrite(subject) else None


def statement_lists(node: ast.AST) -> Iterator[list[ast.stmt]]:
    """Every list of statements inside, outer ones first."""
    for field in ("body", "orelse", "finalbody"):
        statements = getattr(node, field, None)
        if isinstance(statements, list) and statements and isinstance(statements[0], ast.stmt):
            yield statements
            for statement in statements:
                yield from statement_lists(statement)


class Swap(ast.NodeTransformer):
    """Puts `name` in place of every expression that equals `old`."""

    def __init__(self, old: ast.expr, name: str) -> None:
        self.key, self.name, self.count = ast.dump(old), name, 0

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.expr) and ast.dump(node) == self.key:
            self.count += 1
            return ast.Name(id=self.name, ctx=ast.Load())
        return self.generic_visit(node)

    def expression(self, node: ast.expr) -> ast.expr:
        made = self.visit(node)
        assert isinstance(made, ast.expr)
        return made

    def statement(self, node: ast.stmt) -> ast.stmt:
        made = self.visit(node)
        assert isinstance(made, ast.stmt)
        return made


def assignment(name: str, value: ast.expr) -> ast.Assign:
    target = ast.Name(id=name, ctx=ast.Store())
    return ast.Assign(targets=[target], value=copy.deepcopy(value), lineno=0)


def parsed(text: str) -> ast.expr:
    """One expression."""
    return ast.parse(text, mode="eval").body
