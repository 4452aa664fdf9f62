"""The recipes, with what each is believed to gain before anything is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tachograph.loop.propose.recipes import (
    comprehension,
    drop_checks,
    float32,
    hoist,
    in_place,
    local_names,
    numba_function,
    numba_options,
    powers,
    preallocate,
    specialised,
    subexpressions,
    threads,
    vectorise,
)
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
    Recipe("threads", 0.5, threads.find),
    Recipe("vectorise", 0.8, vectorise.find),
    Recipe("float32", 0.1, float32.find),
    Recipe("in-place", 0.06, in_place.find),
    Recipe("hoist", 0.05, hoist.find),
    Recipe("powers", 0.05, powers.find),
    Recipe("subexpressions", 0.05, subexpressions.find),
    Recipe("preallocate", 0.04, preallocate.find),
    Recipe("comprehension", 0.04, comprehension.find),
    Recipe("drop-checks", 0.02, drop_checks.find),
    Recipe("local-names", 0.01, local_names.find),
)
