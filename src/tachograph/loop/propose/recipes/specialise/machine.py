"""The state of a program that is being specialised: variables, heap, residual code.

A state can be taken and put back, so that a loop or a branch can be tried; `joining.py` makes one
state of several.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tachograph.loop.propose.recipes.specialise.emit import Block, Builder
from tachograph.loop.propose.recipes.specialise.kernels import Kernels
from tachograph.loop.propose.recipes.specialise.values import (
    BeyondError,
    Growing,
    Items,
    Ref,
    Table,
)

Content = Items | Table | Growing
DEPTH_MOST = 24


@dataclass(frozen=True)
class State:
    """Variables of every frame, and the heap, at one moment."""

    frames: tuple[Mapping[str, Any], ...]
    heap: Mapping[int, Content]


@dataclass
class Loop:
    """A loop that is being written: for a residual one, the states in which its body ends."""

    ends: list[tuple[State, Block]] = field(default_factory=list)
    depth: int = 0
    """Frames when it began: only its own function may leave it."""
    is_residual: bool = True


@dataclass(frozen=True)
class Program:
    """What names mean at module level."""

    functions: Mapping[str, ast.FunctionDef]
    constants: Mapping[str, ast.expr]
    imports: Mapping[str, str]
    """Local name to dotted origin: `np` to `numpy`."""


class Machine:
    """Everything that evaluation reads and changes."""

    def __init__(self, program: Program, real: str) -> None:
        self.program = program
        self.real = real
        """float64, or float32 to narrow every float64."""
        self.kernels = Kernels()
        self.builder = Builder(self.kernels)
        self.heap: dict[int, Content] = {}
        self.frames: list[dict[str, Any]] = []
        self.loops: list[Loop] = []
        self.stored: set[str] = set()
        """Buffers that are written to in place."""
        self.cells = 0
        self.constants: dict[str, Any] = {}
        self.residuals: dict[Any, Any] = {}
        """Functions written apart, by function and types of arguments; None: written out."""
        self.in_place: frozenset[Any] = frozenset()
        """Functions, by the same key, that are to be written out in place."""
        self.written: dict[str, str] = {}
        """Their text by name, callees first."""
        self.stem = "f"
        self.call: Callable[[Any, Sequence[Any], Mapping[str, Any]], Any] = refuse_call

    @property
    def variables(self) -> dict[str, Any]:
        return self.frames[-1]

    def new(self, content: Content) -> Ref:
        """Put a container into the heap."""
        self.cells += 1
        self.heap[self.cells] = content
        return Ref(self.cells)

    def at(self, ref: Ref) -> Content:
        return self.heap[ref.at]

    def items(self, value: Any) -> tuple[Any, ...] | None:
        """Items of a list or tuple of known length, or None."""
        content = self.heap[value.at] if isinstance(value, Ref) else None
        return content.items if isinstance(content, Items) else None

    def table(self, value: Any) -> Table | None:
        content = self.heap[value.at] if isinstance(value, Ref) else None
        return content if isinstance(content, Table) else None

    def dtype(self, name: str) -> str:
        """The dtype that residual code uses for this one."""
        return self.real if name == "float64" else name

    def take(self) -> State:
        return State(tuple(dict(frame) for frame in self.frames), dict(self.heap))

    def put_back(self, state: State) -> None:
        self.frames = [dict(frame) for frame in state.frames]
        self.heap = dict(state.heap)

    @contextmanager
    def frame(self, variables: dict[str, Any]) -> Iterator[None]:
        """Run inside a called function."""
        if len(self.frames) >= DEPTH_MOST:
            raise BeyondError("calls too deep")
        depth = len(self.frames)
        self.frames.append(variables)
        try:
            yield
        finally:
            del self.frames[depth:]


def refuse_call(function: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    raise BeyondError("a call with nobody to take it")
