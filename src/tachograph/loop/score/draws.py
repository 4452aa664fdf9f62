"""The draws of a scored run: the same name is always the same draw, for this run alone.

Names are `visible-1`, `fresh-7`, `sealed-3`. Each seeds a generator together with the run's secret
(loop/draws.py), so a resumed run goes on with the same visible draws, and nobody without the secret
can foresee one. Proven by tests/loop/score/test_score_judge.py. Not covered: whoever may read the
ledger's folder may also read check.py and the labels.
"""

from __future__ import annotations

import numpy as np

from tachograph.loop.draws import Secret
from tachograph.task.scoring import Split


class Draws:
    """Generators by name."""

    def __init__(self, secret: Secret) -> None:
        self.secret = secret

    def rng(self, name: str) -> np.random.Generator:
        """A fresh generator for this draw."""
        return np.random.default_rng(self.secret.seed(name))


def names(split: Split, count: int, first: int = 1) -> list[str]:
    """`count` names, numbered from `first` on."""
    return [f"{split}-{number}" for number in range(first, first + count)]
