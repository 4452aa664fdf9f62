"""Tests of the recipe `subexpressions`."""

from __future__ import annotations

import numpy as np
from recipe_workbench import check, variants

from tachograph.loop.propose.recipes import subexpressions

X = np.random.default_rng(2).normal(size=(4, 3))


def test_a_repeated_operand_is_named() -> None:
    """Two readings of the same pure expression become one."""
    source = """
import numpy as np

def main(x):
    a = np.exp(x - np.max(x)) * 2.0
    b = np.exp(x - np.max(x)) + 1.0
    return a / b
"""
    text = check(subexpressions.find, source, "shared = np.exp(x - np.max(x))", x=X)
    assert text.count("np.exp") == 1


def test_a_binding_or_a_change_in_between_ends_it() -> None:
    """The same text after a store is another value."""
    source = """
import numpy as np

def main(x):
    y = x
    a = np.sum(x * 2.0)
    y[0] = 7.0
    b = np.sum(x * 2.0)
    x = x + 1.0
    return a + b + np.sum(x * 2.0)
"""
    assert variants(subexpressions.find, source, x=X) == []


def test_a_store_that_reads_its_own_target_is_the_last_to_share() -> None:
    """`d[a] += d[a] ...` reads before it writes; what follows reads anew."""
    source = """
def main(d):
    d[0] = d[1] * 2.0 + d[1] * 2.0
    d[1] = d[0] * 3.0
    d[2] = d[0] * 3.0 + d[1] * 2.0
    return d
"""
    check(subexpressions.find, source, d=[1.0, 2.0, 3.0])
