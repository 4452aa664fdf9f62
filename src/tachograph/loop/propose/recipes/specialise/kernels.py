"""Elementwise loops that occur again and again, written once as a function of their operands.

Two loops are the same when their bodies differ in names alone and every array is read and written
at the very same place. Shorter code compiles sooner; nothing else changes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

DECORATOR = (
    '@numba.njit(error_model="numpy", fastmath={"reassoc", "contract", "arcp", "nsz", "afn"})'
)
REPEATS = 3
"""Occurrences from which a loop gets a function."""
ACCESS = re.compile(r"\b([A-Za-z_]\w*)\[([^\[\]]*)\]")
NAME = re.compile(r"(?<![\w.])[A-Za-z_]\w*")
PLAIN_WORDS = frozenset({"if", "else", "or", "and", "not", "np", "abs", "max", "min"})


def index_names(rank: int) -> list[str]:
    """What stands for the loop's indices while its body is compared."""
    return [f"I{axis}" for axis in range(rank)]


@dataclass
class Kernels:
    """The loops of one program."""

    wanted: frozenset[str] = frozenset()
    """Bodies that are to be functions."""
    counts: dict[str, int] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)
    """Text of functions, by name; shared with the machine."""
    stem: str = "f"

    @property
    def repeated(self) -> frozenset[str]:
        """Bodies that occur often enough."""
        return frozenset(body for body, count in self.counts.items() if count >= REPEATS)

    def call(self, lines: Sequence[str], rank: int, strided: frozenset[str]) -> str | None:
        """A call that does what this loop body does, where it is wanted; counts it in any case."""
        found = canonical(lines, rank, strided)
        if found is None:
            return None
        body, operands = found
        self.counts[body] = self.counts.get(body, 0) + 1
        if body not in self.wanted:
            return None
        if body not in self.names:
            self.names[body] = name = f"_{self.stem}_each_{len(self.names)}"
            self.written[name] = kernel_text(name, body, len(operands), rank)
        return f"{self.names[body]}({', '.join(operands)})"


def canonical(
    lines: Sequence[str], rank: int, strided: frozenset[str]
) -> tuple[str, list[str]] | None:
    """The body with its operands renamed `a0`, `a1`, ..., and the operands; None if it is other."""
    text = "\n".join(lines)
    place = ", ".join(index_names(rank))
    accesses = ACCESS.findall(text)
    plain = all(index == place and name not in strided for name, index in accesses)
    if not accesses or not plain or text.count("[") != len(accesses):
        return None
    bare = ACCESS.sub(r"\1", text)
    local = {line.partition(" = ")[0] for line in bare.split("\n")[:-1]}
    renamed: dict[str, str] = {}
    operands = [accesses[0][0]]
    for name in [operands[0], *NAME.findall(bare)]:
        if name in index_names(rank):
            return None
        if name in PLAIN_WORDS or name in renamed:
            continue
        if name in local:
            renamed[name] = f"v{len(renamed)}"
        else:
            renamed[name] = f"a{len(renamed)}"
            operands += [name] if name != operands[0] else []
    body = NAME.sub(lambda match: renamed.get(match[0], match[0]), text)
    return f"{rank}\n{body}", operands


def kernel_text(name: str, body: str, count: int, rank: int) -> str:
    """The function: operands in the order in which they were found."""
    lines = body.split("\n")[1:]
    found = [word for line in lines for word in NAME.findall(line) if re.fullmatch(r"a\d+", word)]
    parameters = list(dict.fromkeys(sorted(found, key=lambda word: int(word[1:]))))
    assert len(parameters) == count
    text = [DECORATOR, f"def {name}({', '.join(parameters)}):"]
    for axis, index in enumerate(index_names(rank)):
        text.append(" " * (axis + 1) + f"for {index} in range({parameters[0]}.shape[{axis}]):")
    return "\n".join([*text, *(" " * (rank + 1) + line for line in lines)])
