"""Tree: every sound candidate is a node; a node is worth its merit, and what is little tried more.

A parent is chosen by the upper confidence bound of Auer, Cesa-Bianchi and Fischer (2002,
"Finite-time analysis of the multiarmed bandit problem", UCB1), over all nodes at once:

    merit, scaled to 0..1, + WIDTH * sqrt(2 ln(turns) / (1 + tries of the node))

so that a node which bore many children without a gain gives way to a slower one which bore few.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterator

from tachograph.loop.archive import Archive
from tachograph.loop.choose.policy import Place, merits

WIDTH = 0.5
"""Of the bound, in units of the whole range of merits: 1 for rewards that fill 0 to 1 evenly."""


def tree(archive: Archive, seed: str, place: Place, rng: random.Random) -> Iterator[str]:
    """All nodes, the highest bound first; equal ones in an order that is drawn."""
    known = {seed: 0.0} | merits(archive)
    tries = Counter(turn.begun.parent for turn in archive.turns.values())
    tries.update(parent for record in archive.trials if record.proposed.turn is None
                 for parent in record.proposed.parents)  # fmt: skip
    low, high = min(known.values()), max(known.values())
    turns = 1 + sum(tries.values())

    def bound(candidate: str) -> float:
        worth = (known[candidate] - low) / (high - low) if high > low else 1.0
        return worth + WIDTH * math.sqrt(2 * math.log(turns) / (1 + tries[candidate]))

    nodes = sorted(known)
    rng.shuffle(nodes)
    return iter(sorted(nodes, key=bound, reverse=True))
