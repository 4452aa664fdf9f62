"""Observe the parent, collect what every recipe would do, propose the most promising."""

from __future__ import annotations

from tachograph.loop.propose.protocol import Brief, Proposal
from tachograph.loop.propose.recipes.catalogue import CATALOGUE
from tachograph.loop.propose.recipes.choose import ranked
from tachograph.loop.propose.recipes.observe import Observation, observe
from tachograph.loop.propose.recipes.workpiece import Variant, Workpiece, compiles
from tachograph.task.candidate import Candidate


class Recipes:
    """Proposes rewrites in the order of what they promise: share of the run times usual gain."""

    name = "recipes"

    def __init__(self) -> None:
        self._observed: dict[str, Observation] = {}

    def propose(self, brief: Brief) -> Proposal | None:
        """The next rewrite of `brief.parent`, or None when every recipe has had its turn.

        Watches the parent once through `brief.execute`. What it saw is remembered for the same
        parent, and nothing else is: the same brief gives the same proposal.
        """
        piece = Workpiece(brief.parent.files, brief.task.entry, self._observe(brief))
        for variant in ranked(variants(piece), brief):
            candidate = Candidate(variant.files)
            if self._may_propose(candidate, brief):
                return Proposal(candidate, variant.label, variant.note)
        return None

    def _observe(self, brief: Brief) -> Observation:
        if brief.parent.id not in self._observed:
            files = {**brief.parent.files, **brief.task.fixed}
            self._observed[brief.parent.id] = observe(files, brief.task.entry, brief.execute)
        return self._observed[brief.parent.id]

    def _may_propose(self, candidate: Candidate, brief: Brief) -> bool:
        small = candidate.source_bytes <= brief.task.source_kib * 1024
        is_new = candidate.id not in brief.tried and candidate.id != brief.parent.id
        return small and is_new and compiles(candidate.files)


def variants(piece: Workpiece) -> list[Variant]:
    """All that the catalogue offers for this workpiece."""
    return [variant for recipe in CATALOGUE for variant in recipe.find(piece)]
