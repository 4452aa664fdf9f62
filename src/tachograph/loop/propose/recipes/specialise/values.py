"""What a program's values are while it is specialised: known now, or known by type and shape only.

A `Static` is known now. A `Scalar` is a number that residual code will hold. An `Array` knows its
dtype and dimensions, and how to write the code of one element: views and elementwise expressions
stay unbuilt until somebody needs a buffer. Containers live in a heap (`state.py`), so that a branch
or a loop can be tried and taken back.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


class BeyondError(Exception):
    """The program leaves what can be specialised; the text says where."""


class NeedStaticError(BeyondError):
    """A number must be known now: `leaf` is the input that would make it so, if there is one."""

    def __init__(self, message: str, leaf: str = "") -> None:
        super().__init__(message)
        self.leaf = leaf


@dataclass(frozen=True)
class Dim:
    """One dimension: code for its length, and the length seen, where it is known."""

    code: str
    seen: int | None = field(compare=False)

    @property
    def static(self) -> int | None:
        """The length, where the code is a plain number."""
        return int(self.code) if self.code.isdigit() else None


def dim(length: int) -> Dim:
    """A dimension of known length."""
    return Dim(str(length), length)


@dataclass(frozen=True)
class Static:
    """A value known now: number, text, None, NumPy scalar, dtype."""

    value: Any


@dataclass(frozen=True)
class Scalar:
    """A number of residual code."""

    dtype: str
    code: str
    is_numpy: bool = False
    """A NumPy scalar: its dtype counts in promotion, and callers get a NumPy scalar back."""
    linear: Mapping[str, int] | None = field(default=None, compare=False)
    """For integers: coefficient by atom, "" for the constant; None where not linear."""
    seen: int | float | None = field(default=None, compare=False)


Emit = Any
"""The builder of `emit.py`."""
Element = Callable[[Emit, Sequence[str]], str]
"""Code of one element for these index codes; may first write statements."""


@dataclass(frozen=True, eq=False)
class Array:
    """An array of residual code."""

    dtype: str
    dims: tuple[Dim, ...]
    element: Element
    base: str = ""
    """The buffer that it is, or is a view of; empty for an expression that has no buffer yet."""
    view: str = ""
    """Code of the whole array, where it has a buffer."""
    layout: str = "A"
    """C, F or A, of `view`."""
    unit_axis: int | None = None
    """The axis along which memory is dense, where known."""
    reads: frozenset[str] = frozenset()
    """Buffers that the element's code reads."""
    is_leaf: bool = False
    """The element is one memory access."""

    @property
    def rank(self) -> int:
        return len(self.dims)


@dataclass(frozen=True)
class Ref:
    """A list, tuple or dict in the heap."""

    at: int


@dataclass(frozen=True)
class Items:
    """Heap content: a list or tuple whose length is known now."""

    kind: str
    items: tuple[Any, ...]


@dataclass(frozen=True)
class Table:
    """Heap content: a dict whose keys are known now."""

    items: tuple[tuple[Any, Any], ...]

    def get(self, key: Any) -> Any:
        for known, value in self.items:
            if known == key and type(known) is type(key):
                return value
        return None

    def put(self, key: Any, value: Any) -> Table:
        kept = tuple((k, value if k == key else v) for k, v in self.items)
        known = any(k == key for k, _ in self.items)
        return Table(kept if known else (*kept, (key, value)))


@dataclass(frozen=True)
class Growing:
    """Heap content: a list of numbers that grows at run time, held by one residual variable."""

    code: str
    dtype: str
    is_numpy: bool


@dataclass(frozen=True)
class Slice:
    """A slice object; None for an absent bound."""

    start: Any
    stop: Any
    step: Any


@dataclass(frozen=True)
class Named:
    """A function or module outside the program: `np`, `np.exp`, `math.sqrt`, `len`."""

    name: str


@dataclass(frozen=True, eq=False)
class Closure:
    """A function of the program."""

    node: ast.FunctionDef | ast.Lambda
    variables: Mapping[str, Any] | None
    """Enclosing variables, for nested functions."""


@dataclass(frozen=True)
class Method:
    """A method of a value, about to be called."""

    owner: Any
    name: str


@dataclass(frozen=True)
class Iteration:
    """What a for loop runs over: `range`, or items of arrays, in step."""

    count: Dim
    item: Callable[[Scalar | Static], Any]
    """The value of the loop variable for this index."""
