"""In which order to try variants: what the same recipe gained so far in this run, and where.

A label that was judged on this parent or an ancestor is not tried again: labels carry a digest of
the code they rewrite, so the same label means the same code. A label that was wrong or failed
anywhere is not tried again either.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator, Sequence

from tachograph.loop.propose.protocol import Attempt, Brief
from tachograph.loop.propose.recipes.catalogue import CATALOGUE, Recipe
from tachograph.loop.propose.recipes.workpiece import Variant

BELIEF_WEIGHT = 2.0
"""How many attempts a recipe's prior gain counts for."""
JITTER = 0.05
"""Relative noise on the order, so that parallel proposers part ways."""
GIVES_UP_AFTER = 4
"""A recipe that was only wrong or failed this many times in the run goes last."""

RETRIED = ("box-failed", "faster-unconfirmed")
"""Verdicts that say nothing final about a rewrite."""


def ranked(offers: Callable[[Recipe], Sequence[Variant]], brief: Brief) -> Iterator[Variant]:
    """Best first; without those whose outcome is known.

    A recipe is asked only once nothing found promises more than all its rewrites possibly can:
    most of them need not be looked for while the best ones are tried.
    """
    known = settled_labels(brief)
    gains = expected_gains(brief.history)
    unasked = sorted(CATALOGUE, key=lambda recipe: gains[recipe.name])
    found: list[tuple[float, str, int, Variant]] = []
    while unasked or found:
        while unasked and (not found or -found[0][0] <= gains[unasked[-1].name] * (1 + JITTER)):
            for variant in offers(unasked.pop()):
                noise = 1.0 + brief.rng.uniform(-JITTER, JITTER)
                if variant.label not in known:
                    score = promise(variant, gains) * noise
                    heapq.heappush(found, (-score, variant.label, len(found), variant))
        if found:
            yield heapq.heappop(found)[-1]


def promise(variant: Variant, gains: dict[str, float]) -> float:
    """Log speed-up of the whole run that the variant may bring, by Amdahl's law."""
    ratio = math.exp(gains.get(recipe_of(variant.label), 0.0))
    share = max(0.01, min(1.0, variant.share))
    return -math.log((1.0 - share) + share / ratio)


def recipe_of(label: str) -> str:
    """`numba/forward@3fa2c1` was made by the recipe `numba`."""
    return label.partition("/")[0]


def expected_gains(history: Sequence[Attempt]) -> dict[str, float]:
    """Log speed-up to expect of each recipe: its prior, corrected by what happened in this run."""
    gains = {}
    for recipe in CATALOGUE:
        outcomes = [
            outcome(attempt)
            for attempt in history
            if attempt.proposer == "recipes" and recipe_of(attempt.label) == recipe.name
        ]
        weight = BELIEF_WEIGHT + len(outcomes)
        gains[recipe.name] = (BELIEF_WEIGHT * recipe.prior + sum(outcomes)) / weight
        if len(outcomes) >= GIVES_UP_AFTER and not any(outcomes):
            gains[recipe.name] *= 0.1
    return gains


def outcome(attempt: Attempt) -> float:
    """Log speed-up that was confirmed; 0 for all else."""
    if attempt.verdict == "kept" and attempt.ratio is not None and attempt.ratio > 1.0:
        return math.log(attempt.ratio)
    return 0.0


def settled_labels(brief: Brief) -> set[str]:
    """Labels not to be tried again on this parent."""
    lineage = ancestors(brief) | {brief.parent.id}
    settled = set()
    for attempt in brief.history:
        if attempt.proposer != "recipes" or attempt.verdict in RETRIED:
            continue
        if attempt.verdict in ("wrong", "failed") or lineage & set(attempt.parents):
            settled.add(attempt.label)
    return settled


def ancestors(brief: Brief) -> set[str]:
    """Ids of the candidates that the parent descends from."""
    parents = {attempt.candidate: attempt.parents for attempt in brief.history}
    found: set[str] = set()
    waiting = list(parents.get(brief.parent.id, ()))
    while waiting:
        candidate = waiting.pop()
        if candidate not in found:
            found.add(candidate)
            waiting += parents.get(candidate, ())
    return found
