"""The state of one rewrite: values of names, what functions share, ranks brought in line.

Code is kept as text in parentheses and parsed at the end.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from tachograph.loop.propose.recipes.batching.values import (
    Array,
    CannotBatchError,
    Other,
    Value,
    is_batched,
)
from tachograph.loop.propose.recipes.effects import FunctionFacts, ModuleFacts

COUNT = "batch_size"
"""Name of the number of rounds in the code that is made."""

Coded = tuple[str, Value]
"""Code and what it gives."""


@dataclass
class Shared:
    """What all functions of one rewrite have in common."""

    module: ModuleFacts
    numpy: str
    """The name under which the module imports NumPy."""
    made: dict[tuple[str, tuple[Value, ...]], tuple[str, Value]] = field(default_factory=dict)
    """Function and arguments to the batched function's name and result."""
    changes: dict[tuple[str, tuple[Value, ...]], frozenset[str]] = field(default_factory=dict)
    """Function and arguments to the parameters that it changes in place."""
    texts: dict[str, str] = field(default_factory=dict)
    """Batched functions by name."""
    busy: list[str] = field(default_factory=list)
    """Functions being rewritten, so that recursion is noticed."""


class Frame:
    """One function, or the body of the loop itself."""

    def __init__(self, shared: Shared, facts: FunctionFacts, values: dict[str, Value]) -> None:
        self.shared, self.facts, self.values = shared, facts, values
        self.np = shared.numpy
        self.widened: set[str] = set()

    def expr(self, node: ast.expr) -> Coded:
        """Code that gives the value for all rounds at once."""
        if self.touches_batched(node):
            return self.translated(node)
        if not self.facts.is_pure(node):
            raise CannotBatchError(f"not pure: {ast.unparse(node)}")
        return f"({ast.unparse(node)})", self.inferred(node)

    def translated(self, node: ast.expr) -> Coded:
        raise NotImplementedError

    def inferred(self, node: ast.expr) -> Value:
        """The value of an expression with nothing batched in it; `Other` where it is not known."""
        try:
            return self.translated(node)[1]
        except CannotBatchError:
            return Other()

    def touches_batched(self, node: ast.AST) -> bool:
        names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        return any(is_batched(self.values[name]) for name in names & set(self.values))

    def array(self, node: ast.expr) -> tuple[str, Array]:
        """An expression that must give an array or a number."""
        code, value = self.expr(node)
        return code, as_array(value)

    def lined_up(self, coded: list[tuple[str, Array]]) -> tuple[list[str], Array]:
        """The operands of an elementwise operation, with axes put in behind the first where some
        have a lower rank than others."""
        batched = any(value.batched for _, value in coded)
        if not batched:
            ranks = [value.rank for _, value in coded]
            known = [rank for rank in ranks if rank is not None]
            rank = max(known) if len(known) == len(ranks) else None
            return [code for code, _ in coded], Array(rank)
        ranks = [value.rank for _, value in coded]
        if any(rank is None for rank in ranks):
            return self._lined_up_unknown(coded)
        top = max(rank for rank in ranks if rank is not None)
        return [self.raised(code, value, top) for code, value in coded], Array(top, True)

    def _lined_up_unknown(self, coded: list[tuple[str, Array]]) -> tuple[list[str], Array]:
        """Right whatever the rank, where the others are plain numbers for all rounds."""
        for _, value in coded:
            if value.rank is not None and (value.rank > 0 or value.batched):
                raise CannotBatchError("rank not known")
        if sum(value.rank is None for _, value in coded) > 1:
            raise CannotBatchError("ranks not known")
        return [code for code, _ in coded], Array(None, True)

    def raised(self, code: str, value: Array, rank: int) -> str:
        """A batched array of lower rank, ready to meet others of this rank."""
        if not value.batched or value.rank is None or value.rank >= rank:
            return code
        return f"{code}[:, {', '.join(['None'] * (rank - value.rank))}]"


def as_array(value: Value) -> Array:
    if isinstance(value, Array):
        return value
    if is_batched(value):
        raise CannotBatchError("not an array")
    return Array(None) if isinstance(value, Other) else _refuse()


def _refuse() -> Array:
    raise CannotBatchError("not an array")


def rank_of(value: Array) -> int:
    """Its rank. Raises CannotBatchError where it is not known."""
    if value.rank is None:
        raise CannotBatchError("rank not known")
    return value.rank
