"""Tests of the recipe `powers`."""

from __future__ import annotations

import numpy as np
from recipe_workbench import check, variants

from tachograph.loop.propose.recipes import powers


def test_squares_and_scalar_roots() -> None:
    """A square becomes a product; the root of a plain number comes from `math`."""
    source = """
import numpy as np

def main(x, s):
    return x**2 + np.sqrt(s) + s**0.5 + x**3
"""
    text = check(powers.find, source, "import math", "x * x", x=np.arange(4.0), s=3.5)
    assert text.count("math.sqrt(s)") == 2


def test_roots_of_arrays_and_unknown_values_stay() -> None:
    """`math` takes plain numbers only."""
    source = """
import numpy as np

def main(x):
    math = 3.0
    return np.sqrt(x) + math
"""
    assert variants(powers.find, source, x=np.arange(4.0)) == []
