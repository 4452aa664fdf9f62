"""The recipes, with what each is believed to gain before anything is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tachograph.loop.propose.recipes import numba_function, numba_options, specialised
from tachograph.loop.propose.recipes.workpiece import Variant, Workpiece


@dataclass(frozen=True)
class Recipe:
    """One idea."""

    name: str
    prior: float
    """Natural logarithm of the speed-up to expect of the code it touches, failures counted as 0."""
    find: Callable[[Workpiece], Iterator[Variant]]
    """Every rewrite it offers. Never raises; offers nothing where the source is beyond it."""


CATALOGUE: tuple[Recipe, ...] = (
    Recipe("specialise", 2.0, specialised.find),
    Recipe("numba", 1.5, numba_function.find),
    Recipe("numba-options", 0.15, numba_options.find),
)
