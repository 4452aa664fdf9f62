"""What a function's text lets one conclude: which names are scalars, what may alias what, what a
statement changes, and which expressions only compute.

It believes that methods and operators with the names of NumPy's, lists', dicts' and strings' are
those; classes that overload them with side effects are beyond it. Everything it cannot read counts
as changing everything. Proven by tests/loop/propose/recipes/test_recipe_effects.py.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from tachograph.loop.propose.recipes.binding import (
    ODD,
    arguments_of,
    bound_names,
    every_argument,
    has_out,
    import_aliases,
    is_literal,
    is_ordinary,
    is_own_update,
    stores_of,
    unpacked,
)
from tachograph.loop.propose.recipes.observe import Description
from tachograph.loop.propose.recipes.pure_calls import (
    BUILTINS,
    CHANGES_FIRST,
    CHANGES_RECEIVER,
    FRESH,
    FRESH_METHODS,
    SCALAR_ATTRIBUTES,
    SCALAR_CALLS,
    VIEW,
    VIEW_METHODS,
)

OUTSIDE = "*"
"""Stands for all that a function did not make itself: arguments, globals, unknown objects."""


class Summary(NamedTuple):
    """What calling a function does, as far as its text tells."""

    pure: bool
    """It changes nothing but what it made."""
    own: bool
    """It is pure, and what it returns shares no storage with anything else."""
    reads_globals: bool
    """It looks at something, not in its arguments, that may change."""


UNKNOWN = Summary(pure=False, own=False, reads_globals=True)


class ModuleFacts:
    """What a module's text says of its names."""

    def __init__(self, module: ast.Module) -> None:
        self.module = module
        self.aliases = import_aliases(module)
        self.functions = {n.name: n for n in module.body if isinstance(n, ast.FunctionDef)}
        self.bound = bound_names(module.body)
        """Every name that is bound anywhere in it."""
        stored: dict[str, int] = {}
        for node in ast.walk(module):
            if isinstance(node, ast.Global):
                for name in node.names:
                    stored[name] = stored.get(name, 0) + 2
        for name in (n for statement in module.body for n in bound_names([statement])):
            stored[name] = stored.get(name, 0) + 1
        self.settled = {name for name, times in stored.items() if times == 1}
        """Names bound once, at the top."""
        self._summaries: dict[str, Summary] = {}

    @cached_property
    def constants(self) -> set[str]:
        """Names that stand for one number or text for good."""
        found = set()
        for statement in self.module.body:
            if isinstance(statement, ast.Assign):
                pairs = [(t, statement.value) for t in statement.targets]
            elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
                pairs = [(statement.target, statement.value)]
            else:
                continue
            for target, value in pairs:
                for name, item in unpacked(target, value):
                    if name in self.settled and is_literal(item):
                        found.add(name)
        return found

    def summary(self, name: str) -> Summary:
        """Of a function of this module; recursive ones count as unknown."""
        if name not in self._summaries:
            self._summaries[name] = UNKNOWN
            syntax = self.functions[name]
            if name in self.settled and not syntax.decorator_list and is_ordinary(syntax):
                self._summaries[name] = FunctionFacts(self, syntax, ()).summary()
        return self._summaries[name]


class FunctionFacts:
    """The same of one function. Rebuild it after its text has changed."""

    def __init__(
        self,
        module: ModuleFacts,
        syntax: ast.FunctionDef,
        kinds: Sequence[Mapping[str, Description]],
    ) -> None:
        self.module, self.syntax = module, syntax
        self.parameters = [a.arg for a in every_argument(syntax.args)]
        self.locals = set(self.parameters) | bound_names(syntax.body)
        self.stores = list(stores_of(syntax.body))
        self.scalars = self._find_scalars(kinds)
        self._group: dict[str, str] = {}
        self._join_all()

    # Names and calls

    def target(self, call: ast.Call) -> str:
        """`numpy.sqrt`, `math.exp`, `len`, `own:softmax`, `.sum` for a method, `?` if unknown."""
        function = call.func
        if isinstance(function, ast.Name):
            name = function.id
            if name in self.locals:
                values = [value for other, value in self.stores if other == name]
                only = values[0] if len(values) == 1 and name not in self.parameters else None
                return (self.dotted(only) if only is not None else None) or "?"
            if name in self.module.functions:
                return f"own:{name}" if name in self.module.settled else "?"
            if name in self.module.aliases:
                return self.module.aliases[name] if name in self.module.settled else "?"
            return name if name in BUILTINS and name not in self.module.bound else "?"
        if isinstance(function, ast.Attribute):
            return self.dotted(function) or f".{function.attr}"
        return "?"

    def dotted(self, node: ast.expr) -> str | None:
        """`numpy.linalg.norm` for a chain of attributes that starts at an imported module."""
        trail: list[str] = []
        while isinstance(node, ast.Attribute):
            trail.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id in self.locals:
            return None
        if node.id not in self.module.aliases or node.id not in self.module.settled:
            return None
        return ".".join([self.module.aliases[node.id], *reversed(trail)])

    # Scalars: numbers, text, booleans; nothing can change one in place

    def _find_scalars(self, kinds: Sequence[Mapping[str, Description]]) -> set[str]:
        plain = ("int", "float", "bool", "str", "scalar", "complex")
        stores = self.stores
        found = self.locals - set(self.parameters)
        found |= {
            name
            for name in self.parameters
            if kinds and all(kind.get(name, {}).get("kind") in plain for kind in kinds)
        }
        changed = True
        self.scalars = found
        while changed:
            wrong = {n for n, v in stores if n in found and (v is None or not self.is_scalar(v))}
            found -= wrong
            changed = bool(wrong)
        return found

    def is_scalar(self, node: ast.expr) -> bool:
        """Whether the value is surely a number, a text or a boolean."""
        match node:
            case ast.Constant():
                return True
            case ast.Name(id=name):
                return name in self.scalars or (
                    name not in self.locals and name in self.module.constants
                )
            case ast.UnaryOp(operand=operand):
                return self.is_scalar(operand)
            case ast.BinOp(left=left, right=right):
                return self.is_scalar(left) and self.is_scalar(right)
            case ast.BoolOp(values=values):
                return all(self.is_scalar(value) for value in values)
            case ast.IfExp(body=body, orelse=orelse):
                return self.is_scalar(body) and self.is_scalar(orelse)
            case ast.Compare(left=left, comparators=others):
                return self.is_scalar(left) and all(self.is_scalar(other) for other in others)
            case ast.Attribute(attr=attr):
                dotted = self.dotted(node)
                known = dotted in ("math.inf", "math.pi", "math.e", "numpy.inf", "numpy.pi")
                return known or attr in ("size", "ndim")
            case ast.Subscript(value=ast.Attribute(attr="shape"), slice=index):
                return not isinstance(index, ast.Slice)
            case ast.Call():
                return self._is_scalar_call(node)
        return False

    def _is_scalar_call(self, call: ast.Call) -> bool:
        target = self.target(call)
        if target in SCALAR_CALLS or target.startswith("math."):
            return True
        if target in FRESH and target.startswith("numpy.") and not call.keywords:
            elementwise = target.rpartition(".")[2] in {"sqrt", "exp", "log", "abs", "tanh"}
            return elementwise and all(self.is_scalar(argument) for argument in call.args)
        return target in ("abs", "min", "max", "round", "pow") and all(
            self.is_scalar(argument) for argument in call.args
        )

    # Aliases: names that may share storage are in one group

    def group(self, name: str) -> str:
        while self._group.get(name, name) != name:
            name = self._group[name]
        return name

    def join(self, names: Iterable[str]) -> None:
        known = [name for name in names if name not in self.scalars]
        for name in known[1:]:
            self._group[self.group(known[0])] = self.group(name)

    def _join_all(self) -> None:
        self.join([OUTSIDE, *self.parameters])
        for name, value in self.stores:
            self.join([name, *(self.sources(value) if value is not None else [OUTSIDE])])
        for node in ast.walk(self.syntax):
            match node:
                case ast.Assign(targets=targets, value=value):
                    for target in targets:
                        if isinstance(target, ast.Subscript | ast.Attribute):
                            self._join_stored(target, value)
                case ast.AugAssign(target=target, value=value):
                    self._join_stored(target, value)
                case ast.Call(func=ast.Attribute(value=receiver), args=arguments):
                    if self.target(node) in CHANGES_RECEIVER:
                        inside = [n for a in arguments for n in self.sources(a)]
                        self.join([*self.sources(receiver), *inside])
            if isinstance(node, ast.Call) and self.is_unknown(node):
                handed = [n for a in arguments_of(node) for n in self.sources(a)]
                if isinstance(node.func, ast.Attribute) and self.target(node).startswith("."):
                    handed += self.sources(node.func.value)
                self.join([OUTSIDE, *handed])

    def _join_stored(self, target: ast.expr, value: ast.expr) -> None:
        """An array copies what is stored into it; anything else may hold on to it."""
        held = target.value if isinstance(target, ast.Subscript) else target
        if not (isinstance(held, ast.Name) and self.is_array(held.id)):
            self.join([*self.roots(target), *self.sources(value)])

    def is_array(self, name: str) -> bool:
        """Whether every value of the name comes from a NumPy function that makes arrays."""
        values = [value for other, value in self.stores if other == name]
        values = [value for value in values if not is_own_update(name, value)]
        return bool(values) and name not in self.parameters and all(map(self._is_made, values))

    def _is_made(self, value: ast.expr | None) -> bool:
        if not isinstance(value, ast.Call) or "object" in ast.unparse(value):
            return False
        target = self.target(value)
        return target.startswith("numpy.") and target in FRESH and not has_out(value)

    def roots(self, node: ast.expr) -> list[str]:
        """The names whose storage a store to `node` changes."""
        if isinstance(node, ast.Starred):
            return self.roots(node.value)
        if isinstance(node, ast.Tuple | ast.List):
            return [name for item in node.elts for name in self.roots(item)]
        if isinstance(node, ast.Subscript | ast.Attribute):
            return self.sources(node.value)
        return self.sources(node)

    def sources(self, node: ast.expr) -> list[str]:
        """Names that the value of `node` may share storage with; none: it is new, or a scalar."""
        if self.is_scalar(node):
            return []
        match node:
            case ast.Name(id=name):
                return [name] if name in self.locals else [OUTSIDE]
            case ast.Constant() | ast.UnaryOp() | ast.Compare() | ast.JoinedStr():
                return []
            case ast.BinOp(left=left, right=right):
                if self.may_be_list(left) or self.may_be_list(right):
                    return [*self.sources(left), *self.sources(right)]
                return []
            case ast.Call():
                return self._call_sources(node)
            case ast.Attribute(value=value, attr=attr) if self.dotted(node) is None:
                return [] if attr in SCALAR_ATTRIBUTES else self.sources(value)
            case ast.Subscript(value=value):
                return self.sources(value)
            case ast.ListComp(elt=item) | ast.SetComp(elt=item):
                return self.sources(item)
            case ast.DictComp(value=value):
                return self.sources(value)  # what may be a key cannot be changed
        return [
            name
            for child in ast.iter_child_nodes(node)
            for name in (
                self.sources(child) if isinstance(child, ast.expr) else self._inner_sources(child)
            )
        ] + ([OUTSIDE] if isinstance(node, ast.Attribute) else [])

    def _inner_sources(self, node: ast.AST) -> list[str]:
        children = [child for child in ast.walk(node) if isinstance(child, ast.Name)]
        return [name for child in children for name in self.sources(child)]

    def _call_sources(self, call: ast.Call) -> list[str]:
        target = self.target(call)
        arguments = [name for a in arguments_of(call) for name in self.sources(a)]
        if has_out(call):
            return [*arguments, OUTSIDE]
        if target in FRESH or (target in FRESH_METHODS and target.startswith(".")):
            return []
        if target in VIEW or target in ("min", "max", "sum"):
            return arguments
        if target in VIEW_METHODS and isinstance(call.func, ast.Attribute):
            return [*self.sources(call.func.value), *arguments]
        if target.startswith("own:"):
            return [] if self.module.summary(target[4:]).own else [*arguments, OUTSIDE]
        if isinstance(call.func, ast.Attribute) and target.startswith("."):
            return [*self.sources(call.func.value), *arguments, OUTSIDE]
        return [*arguments, OUTSIDE]

    def may_be_list(self, node: ast.expr) -> bool:
        """Lists that are added share their items with the sum."""
        if isinstance(node, ast.List | ast.Tuple | ast.ListComp | ast.Dict | ast.DictComp):
            return True
        if isinstance(node, ast.Name):
            return any(
                name == node.id and value is not None and not isinstance(value, ast.Name)
                and self.may_be_list(value)
                for name, value in self.stores
            )  # fmt: skip
        return False

    def origins(self, name: str) -> set[str]:
        """Names that it may share storage with by what it was assigned from, itself included."""
        found, waiting = {name}, [name]
        while waiting:
            last = waiting.pop()
            for other, value in self.stores:
                if other == last and value is not None:
                    new = set(self.sources(value)) - found
                    found |= new
                    waiting += new
        return found

    # Purity and change

    def is_unknown(self, call: ast.Call) -> bool:
        """Whether the call may change anything at all."""
        target = self.target(call)
        if target.startswith("own:"):
            return not self.module.summary(target[4:]).pure
        known = FRESH | FRESH_METHODS | VIEW | VIEW_METHODS | BUILTINS | CHANGES_RECEIVER
        return target not in known and target not in CHANGES_FIRST

    def is_pure(self, node: ast.expr) -> bool:
        """Whether evaluating it only computes. It may raise."""
        for part in ast.walk(node):
            if isinstance(part, ast.Call):
                target = self.target(part)
                changes = target in CHANGES_RECEIVER or target in CHANGES_FIRST or has_out(part)
                if changes or self.is_unknown(part) or target in ("print", "input", "open", "next"):
                    return False
                if target in ("iter", "zip", "enumerate", "map", "filter", "reversed"):
                    return False
            elif isinstance(part, (ast.GeneratorExp, *ODD)):
                return False
        return True

    def changed(self, statements: Sequence[ast.AST]) -> set[str]:
        """Groups of storage that the statements may change in place."""
        found: set[str] = set()
        for node in (n for statement in statements for n in ast.walk(statement)):
            for name in self._changed_by(node):
                if name not in self.scalars:
                    found.add(self.group(name))
        return found

    def _changed_by(self, node: ast.AST) -> list[str]:
        match node:
            case ast.Assign(targets=targets):
                return [n for t in targets for n in self._stored_into(t)]
            case ast.AugAssign(target=target):
                return self.roots(target)
            case ast.AnnAssign(target=target) | ast.For(target=target):
                return self._stored_into(target)
            case ast.Call():
                return self._changed_by_call(node)
        return []

    def _stored_into(self, target: ast.expr) -> list[str]:
        if isinstance(target, ast.Tuple | ast.List):
            return [name for item in target.elts for name in self._stored_into(item)]
        return self.roots(target) if isinstance(target, ast.Subscript | ast.Attribute) else []

    def _changed_by_call(self, call: ast.Call) -> list[str]:
        target = self.target(call)
        found: list[str] = []
        for keyword in call.keywords:
            if keyword.arg in ("out", "where"):
                found += self.sources(keyword.value)
        if target in CHANGES_FIRST:
            found += self.sources(call.args[0]) if call.args else [OUTSIDE]
        elif target in CHANGES_RECEIVER and isinstance(call.func, ast.Attribute):
            found += self.sources(call.func.value)
        elif self.is_unknown(call):
            found += [OUTSIDE, *(n for a in arguments_of(call) for n in self.sources(a))]
            if isinstance(call.func, ast.Attribute):
                found += self.sources(call.func.value)
        return found

    def summary(self) -> Summary:
        pure = self.group(OUTSIDE) not in self.changed(self.syntax.body)
        for node in ast.walk(self.syntax):
            if isinstance(node, ast.Call) and self.target(node) in ("print", "input", "open"):
                pure = False
        returned = [n.value for n in ast.walk(self.syntax) if isinstance(n, ast.Return) and n.value]
        own = all(
            self.group(name) != self.group(OUTSIDE) for v in returned for name in self.sources(v)
        )
        return Summary(pure, pure and own, self._reads_globals())

    def _reads_globals(self) -> bool:
        for node in ast.walk(self.syntax):
            if isinstance(node, ast.Call):
                target = self.target(node)
                if target.startswith("own:") and self.module.summary(target[4:]).reads_globals:
                    return True
            if isinstance(node, ast.Name) and node.id not in self.locals:
                module = self.module
                fixed = module.constants | set(module.aliases) | set(module.functions)
                if node.id not in BUILTINS and node.id not in fixed & module.settled:
                    return True
        return False

    def reads(self, node: ast.expr) -> set[str]:
        """Groups whose content the value of `node` depends on; sizes and scalars left out."""
        if self.is_scalar(node) and not isinstance(node, ast.Call | ast.BinOp | ast.Compare):
            return set()
        if isinstance(node, ast.Attribute) and node.attr in SCALAR_ATTRIBUTES:
            return set()
        if isinstance(node, ast.Name):
            if node.id in self.locals:
                return set() if node.id in self.scalars else {self.group(node.id)}
            known = node.id in self.module.settled and (
                node.id in self.module.aliases or node.id in self.module.functions
            )
            builtin = node.id in BUILTINS
            return set() if known or builtin else {self.group(OUTSIDE)}
        if isinstance(node, ast.Call):
            target = self.target(node)
            if target.startswith("own:") and self.module.summary(target[4:]).reads_globals:
                return {self.group(OUTSIDE)} | self._read_inside(node)
        return self._read_inside(node)

    def _read_inside(self, node: ast.expr) -> set[str]:
        return {
            name
            for child in ast.iter_child_nodes(node)
            for name in (
                self.reads(child)
                if isinstance(child, ast.expr)
                else {
                    self.group(n) for n in self._inner_sources(child)
                }
            )
        }  # fmt: skip
