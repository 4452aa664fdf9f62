"""Residual code as nested blocks of lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from tachograph.loop.propose.recipes.specialise.kernels import Kernels, index_names
from tachograph.loop.propose.recipes.specialise.values import BeyondError, Dim

LINES_MOST = 6000


TUPLE_MOST = 24
"""Items of a tuple display: from about thirty on Python makes a list first, which numba refuses."""


def tuple_code(codes: Sequence[str]) -> str:
    """Code of a tuple of any length."""
    parts = [codes[at : at + TUPLE_MOST] for at in range(0, len(codes), TUPLE_MOST)]
    return " + ".join(f"({', '.join(part)},)" for part in parts) or "()"


@dataclass
class Block:
    """Lines under a header such as `for i in range(n):`."""

    header: str
    lines: list[str | Block] = field(default_factory=list)

    def text(self, depth: int = 0) -> Iterator[str]:
        pad = " " * depth
        if self.header:
            yield pad + self.header
            depth += 1
            pad += " "
        inner = [
            text
            for line in self.lines
            for text in (line.text(depth) if isinstance(line, Block) else [pad + line])
        ]
        yield from inner or ([pad + "pass"] if self.header else [])


class Builder:
    """Writes residual code; names are fresh and never reused."""

    def __init__(self, kernels: Kernels | None = None) -> None:
        self.kernels = kernels or Kernels()
        self.strided: set[str] = set()
        """Names of arrays that are not C-contiguous."""
        self.root = Block("")
        self.block = self.root
        self.count = 0
        self.written = 0
        self.ranges: dict[str, tuple[int, int]] = {}
        """Least and greatest value of names where both are known."""
        self.veiled: set[int] = set()
        """Lengths that the code reads from an argument although they are known."""

    def fresh(self, stem: str) -> str:
        """A new name that begins with the stem."""
        self.count += 1
        clean = "".join(c if c.isalnum() and c.isascii() else "_" for c in stem)[:24]
        return f"{clean}_{self.count}"

    def line(self, text: str) -> None:
        self.written += 1
        if self.written > LINES_MOST * 4 or len(self.block.lines) > LINES_MOST:
            raise BeyondError("too much code")
        self.block.lines.append(text)

    def bind(self, code: str, stem: str = "v") -> str:
        """The code, held by a name; names and plain numbers are left as they are."""
        if code.isidentifier() or code.isdigit():
            return code
        name = self.fresh(stem)
        self.line(f"{name} = {code}")
        return name

    @contextmanager
    def under(self, header: str) -> Iterator[Block]:
        """Write into a new block at the end of this one."""
        made = Block(header)
        self.block.lines.append(made)
        with self.into(made):
            yield made

    @contextmanager
    def into(self, block: Block) -> Iterator[None]:
        """Write at the end of this block."""
        before, self.block = self.block, block
        try:
            yield
        finally:
            self.block = before

    @contextmanager
    def loops(self, dims: tuple[Dim, ...], is_veiled: bool = False) -> Iterator[list[str]]:
        """Write inside one loop for each dimension; gives the index names. Length 1: no loop."""
        before = self.block
        indices = []
        for place, length in enumerate(dims):
            if length.static == 1:
                indices.append("0")
                continue
            index = self.fresh("i")
            is_outer = any(d.static != 1 for d in dims[place + 1 :])
            code = self.veil(length) if is_outer or is_veiled else length.code
            made = Block(f"for {index} in range({code}):")
            self.block.lines.append(made)
            self.block = made
            indices.append(index)
        try:
            yield indices
        finally:
            self.block = before

    def each_element(self, dims: tuple[Dim, ...], body: Callable[[Sequence[str]], None]) -> None:
        """Write `body` for every place of these dimensions; it gets the index codes."""
        if len(dims) < 2 or any(d.static == 1 for d in dims):
            with self.loops(dims) as indices:
                body(indices)
            return
        scratch = Block("")
        names = index_names(len(dims))
        with self.into(scratch):
            body(names)
        lines = list(scratch.text())
        call = self.kernels.call(lines, len(dims), frozenset(self.strided))
        if call is not None:
            self.line(call)
            return
        with self.loops(dims) as indices:
            place = dict(zip(names, indices, strict=True))
            for line in lines:
                self.line(re.sub(r"\bI\d+\b", lambda m: place.get(m[0], m[0]), line))

    def veil(self, length: Dim) -> str:
        """Code for a known length that the compiler cannot see through.

        It would unroll whole nests of loops otherwise, and take minutes over them.
        """
        if length.static is None or length.static < 3:
            return length.code
        self.veiled.add(length.static)
        return f"d{length.static}"

    def unveiled(self, arrays: Iterable[tuple[str, Sequence[Dim]]]) -> list[str]:
        """Lines that read the veiled lengths from these arrays, or set them where none has one."""
        lines = []
        for length in sorted(self.veiled):
            found = str(length)
            for name, dims in arrays:
                places = [axis for axis, d in enumerate(dims) if d.static == length]
                if places:
                    found = f"{name}.shape[{places[0]}]"
                    break
            lines.append(f"d{length} = {found}")
        return lines

    def checkpoint(self) -> tuple[Block, int]:
        """A place to come back to."""
        return self.block, len(self.block.lines)

    def roll_back(self, place: tuple[Block, int]) -> None:
        """Unwrite all since then."""
        self.block, length = place
        del self.block.lines[length:]

    def source(self) -> list[str]:
        return list(self.root.text())
