"""What the recipes offer for one parent; each is asked once, when its offers are first wanted."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from tachograph.loop.propose.recipes.catalogue import Recipe
from tachograph.loop.propose.recipes.workpiece import Variant, Workpiece

FAULTS = (
    LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError,
    AssertionError, SyntaxError, cst.ParserSyntaxError,
)  # fmt: skip
"""What a recipe may run into on a source or an observation that its author did not think of."""


class Offers:
    """Of code that never runs there are none, unless nothing was seen to run."""

    def __init__(self, piece: Workpiece) -> None:
        self.piece = piece
        self._found: dict[str, Sequence[Variant]] = {}

    def of(self, recipe: Recipe) -> Sequence[Variant]:
        """All of one recipe, in its order; those it found before it ran into a fault."""
        if recipe.name not in self._found:
            self._found[recipe.name] = tuple(self._find(recipe))
        return self._found[recipe.name]

    def _find(self, recipe: Recipe) -> list[Variant]:
        found: list[Variant] = []
        try:
            for variant in recipe.find(self.piece):
                if variant.share > 0.0 or not self.piece.observation.functions:
                    found.append(variant)
        except FAULTS:
            pass
        return found
