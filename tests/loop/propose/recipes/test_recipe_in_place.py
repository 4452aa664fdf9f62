"""Tests of the recipe `in-place`."""

from __future__ import annotations

import numpy as np
import pytest
from recipe_workbench import check, variants

from tachograph.loop.propose.recipes import in_place

X = np.random.default_rng(4).normal(size=6)


def test_an_array_of_ones_own_is_updated_in_place() -> None:
    """Sums, products and elementwise functions go into the array that they read."""
    source = """
import numpy as np

def main(x):
    a = np.zeros(6)
    a = a + x
    a = 2.0 * a
    a = np.exp(a)
    a = 0.5 * a + x * x
    return a
"""
    text = check(in_place.find, source, "a += x", "a *= 2.0", "np.exp(a, out=a)", x=X)
    assert "a *= 0.5" in text


@pytest.mark.parametrize(
    "body",
    [
        "a = np.zeros(6); b = a\n    a = a + x\n    return a + b",
        "a = x\n    a = a + 1.0\n    return a",
        "a = np.zeros(6)\n    b = a[1:]\n    a = a + x\n    return a, b",
        "a = np.zeros(6)\n    kept = [a]\n    a = a + x\n    return kept",
        "a = np.zeros(6)\n    hold(a)\n    a = a + x\n    return a, KEPT[-1]",
        "x = x + 1.0\n    return x",
        "a = 0.0\n    a = a + 1.0\n    return a",
        "a = [1.0]\n    a = a + [2.0]\n    return a",
    ],
)
def test_what_others_may_hold_is_left_alone(body: str) -> None:
    """Aliases, views, containers, unknown calls, arguments, numbers, lists."""
    source = f"""
import numpy as np

KEPT = []

def hold(a):
    KEPT.append(a)

def main(x):
    {body}
"""
    assert variants(in_place.find, source, x=X) == []


def test_moving_means_in_containers_are_offered_apart() -> None:
    """Entries are a gamble of their own."""
    source = """
def main(x):
    m = {"a": x.copy()}
    g = x * 2.0
    m["a"] = 0.9 * m["a"] + 0.1 * g
    return m
"""
    text = check(in_place.find, source, "m['a'] *= 0.9", "m['a'] += 0.1 * g", x=X)
    found = variants(in_place.find, source, x=X)
    assert text
    assert [variant.label.split("@")[0] for variant in found] == ["in-place/main/items"]
