"""The recipes, with what each is believed to gain before anything is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module

from tachograph.loop.propose.recipes.workpiece import Variant, Workpiece


@dataclass(frozen=True)
class Recipe:
    """One idea."""

    name: str
    prior: float
    """Natural logarithm of the speed-up to expect of the code it touches, failures counted as 0."""
    module: str
    """The file beside this one that has it; imported when it is first asked."""

    def find(self, piece: Workpiece) -> Iterator[Variant]:
        """Every rewrite it offers. Never raises; offers nothing where the source is beyond it."""
        home = import_module(f"tachograph.loop.propose.recipes.{self.module}")
        found: Iterator[Variant] = home.find(piece)
        return found


CATALOGUE: tuple[Recipe, ...] = (
    Recipe("specialise", 2.0, "specialised"),
    Recipe("numba", 1.5, "numba_function"),
    Recipe("numba-options", 0.15, "numba_options"),
    Recipe("threads", 0.5, "threads"),
    Recipe("vectorise", 0.8, "vectorise"),
    Recipe("float32", 0.1, "float32"),
    Recipe("in-place", 0.06, "in_place"),
    Recipe("hoist", 0.05, "hoist"),
    Recipe("powers", 0.05, "powers"),
    Recipe("subexpressions", 0.05, "subexpressions"),
    Recipe("preallocate", 0.04, "preallocate"),
    Recipe("comprehension", 0.04, "comprehension"),
    Recipe("drop-checks", 0.02, "drop_checks"),
    Recipe("local-names", 0.01, "local_names"),
)
