"""Choosing parents: a policy is one function of the archive's prefix, and one file here.

>>> from tachograph.loop.choose import POLICIES, find_policy
>>> sorted(POLICIES)
['best', 'islands', 'tree']
>>> find_policy("best") is POLICIES["best"]
True

A new one: write its file, name it in `POLICIES`. It draws from nothing but the random numbers that
it is given, so that every choice can be derived again from the ledger. Proven by
tests/loop/test_choose.py. Not covered: which proposer gets the parent (loop/bandit.py).
"""

from __future__ import annotations

from tachograph.errors import UsageError
from tachograph.loop.choose.best import best
from tachograph.loop.choose.islands import islands
from tachograph.loop.choose.policy import Place, Policy
from tachograph.loop.choose.tree import tree

POLICIES: dict[str, Policy] = {"best": best, "islands": islands, "tree": tree}
"""By the name that `--policy` takes."""

__all__ = ["POLICIES", "Place", "Policy", "find_policy"]


def find_policy(name: str) -> Policy:
    """The policy of that name. Raises UsageError."""
    if name not in POLICIES:
        raise UsageError(f"no policy '{name}'", hint=f"there are: {', '.join(sorted(POLICIES))}")
    return POLICIES[name]
