"""The `recipes` proposer: general source rewrites that make Python and NumPy code faster.

It needs no model; any model must beat it. Each recipe is one idea; they compose because a kept
candidate becomes the next parent. docs/reference/recipes.md lists them.

    proposer = Recipes()
    proposal = proposer.propose(brief)       # None: nothing more to try on this parent

Proven by tests/loop/propose/recipes. Only Python sources are rewritten; a recipe may gamble on
something that the judge then refuses, and its note says on what.
"""

from tachograph.loop.propose.recipes.catalogue import CATALOGUE, Recipe
from tachograph.loop.propose.recipes.proposer import Recipes
from tachograph.loop.propose.recipes.workpiece import Variant, Workpiece

__all__ = ["CATALOGUE", "Recipe", "Recipes", "Variant", "Workpiece"]
