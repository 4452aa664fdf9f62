"""Observe the parent, collect what every recipe would do, propose the most promising."""

from __future__ import annotations

import libcst as cst

from tachograph.loop.propose.protocol import Brief, Desk, Proposal
from tachograph.loop.propose.recipes.catalogue import CATALOGUE
from tachograph.loop.propose.recipes.choose import ranked
from tachograph.loop.propose.recipes.watching import watched
from tachograph.loop.propose.recipes.workpiece import Variant, Workpiece, compiles
from tachograph.task.candidate import Candidate

FAULTS = (
    LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError,
    AssertionError, SyntaxError, cst.ParserSyntaxError,
)  # fmt: skip
"""What a recipe may run into on a source or an observation that its author did not think of."""


class Recipes:
    """Proposes rewrites in the order of what they promise: share of the run times usual gain."""

    name = "recipes"

    thinks_here = True

    def __init__(self) -> None:
        self._found: dict[str, list[Variant]] = {}

    def propose(self, brief: Brief, desk: Desk) -> Proposal | None:
        """The next rewrite of `brief.parent`, or None when every recipe has had its turn.

        Watches the parent once through `desk.execute`. What came of it is remembered for the same
        parent, and nothing else is. Raises nothing on odd sources: they get fewer rewrites.
        """
        for variant in ranked(self._variants(brief, desk), brief):
            candidate = Candidate(variant.files)
            if self._may_propose(candidate, brief):
                return Proposal(candidate, variant.label, variant.note)
        return None

    def _variants(self, brief: Brief, desk: Desk) -> list[Variant]:
        """What the recipes offer for the parent, code that never runs left out.

        A run that failed is watched again next time.
        """
        parent, entry = brief.parent, brief.task.entry
        if parent.id not in self._found:
            seen = watched(parent.files, brief.task.fixed, entry, desk.execute)
            piece = Workpiece(parent.files, entry, seen, brief.task.limits.threads)
            found = variants(piece)
            found = [each for each in found if each.share > 0.0 or not seen.functions]
            if not seen.functions:
                return found
            self._found[parent.id] = found
        return self._found[parent.id]

    def _may_propose(self, candidate: Candidate, brief: Brief) -> bool:
        small = candidate.source_bytes <= brief.task.source_kib * 1024
        is_new = candidate.id not in brief.tried and candidate.id != brief.parent.id
        return small and is_new and compiles(candidate.files)


def variants(piece: Workpiece) -> list[Variant]:
    """All that the catalogue offers for this workpiece."""
    found = []
    for recipe in CATALOGUE:
        try:
            found += list(recipe.find(piece))
        except FAULTS:
            continue
    return found
