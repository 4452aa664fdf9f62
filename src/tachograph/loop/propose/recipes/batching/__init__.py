"""Rewrites the body of a loop, with all that it calls, so that it does all rounds at once.

    frame = Statements(Shared(module, "np"), facts, values, outer, index="i")
    lines = frame.lines(loop.body)      # raises CannotBatchError, or WidenError to begin again

Proven by tests/loop/propose/recipes/test_recipe_vectorise.py. Not covered: rounds that depend on
one another but by sums, branches that depend on the round (but for expressions), closures.
"""

from tachograph.loop.propose.recipes.batching.frame import COUNT, Shared
from tachograph.loop.propose.recipes.batching.statements import Statements
from tachograph.loop.propose.recipes.batching.values import (
    NUMBER,
    Array,
    CannotBatchError,
    Other,
    WidenError,
)

__all__ = [
    "COUNT", "NUMBER", "Array", "CannotBatchError", "Other", "Shared", "Statements", "WidenError",
]  # fmt: skip
