"""Observe the parent, collect what every recipe would do, propose the most promising."""

from __future__ import annotations

from tachograph.loop.propose.protocol import Brief, Desk, Proposal
from tachograph.loop.propose.recipes.choose import ranked
from tachograph.loop.propose.recipes.offers import FAULTS, Offers
from tachograph.loop.propose.recipes.watching import watched
from tachograph.loop.propose.recipes.workpiece import Workpiece, compiles
from tachograph.task.candidate import Candidate


class Recipes:
    """Proposes rewrites in the order of what they promise: share of the run times usual gain."""

    name = "recipes"

    thinks_here = True

    def __init__(self) -> None:
        self._offers: dict[str, Offers] = {}

    def propose(self, brief: Brief, desk: Desk) -> Proposal | None:
        """The next rewrite of `brief.parent`, or None when every recipe has had its turn.

        Watches the parent once through `desk.execute`. What came of it is remembered for the same
        parent, and nothing else is. Raises nothing on odd sources: they get fewer rewrites.
        """
        for variant in ranked(self._offers_for(brief, desk).of, brief):
            try:
                candidate = Candidate(variant.files)
            except FAULTS:
                continue
            if self._may_propose(candidate, brief):
                return Proposal(candidate, variant.label, variant.note)
        return None

    def _offers_for(self, brief: Brief, desk: Desk) -> Offers:
        """What the recipes offer for the parent. A run that failed is watched again next time."""
        parent, entry = brief.parent, brief.task.entry
        if parent.id in self._offers:
            return self._offers[parent.id]
        seen = watched(parent.files, brief.task.fixed, entry, desk.execute)
        offers = Offers(Workpiece(parent.files, entry, seen, brief.task.limits.threads))
        if seen.functions:
            self._offers[parent.id] = offers
        return offers

    def _may_propose(self, candidate: Candidate, brief: Brief) -> bool:
        small = candidate.source_bytes <= brief.task.source_kib * 1024
        is_new = candidate.id not in brief.tried and candidate.id != brief.parent.id
        return small and is_new and compiles(candidate.files)
