"""Tests of the recipes `comprehension`, `preallocate`, `drop-checks` and `local-names`."""

from __future__ import annotations

import numpy as np
import pytest
from recipe_workbench import check, variants

from tachograph.loop.propose.recipes import comprehension, drop_checks, local_names, preallocate

X = np.random.default_rng(5).normal(size=6)


def test_loops_that_append_become_comprehensions() -> None:
    """With a condition, with iteration in place of indices, with text joined once."""
    source = """
def main(x):
    kept = []
    for i in range(len(x)):
        if x[i] > 0:
            kept.append(x[i] * i)
    text = ""
    for item in kept:
        text += str(item)
    return kept, text
"""
    text = check(comprehension.find, source, "enumerate(x)", "''.join(", x=list(X))
    assert "append" not in text


@pytest.mark.parametrize(
    "body",
    [
        "for i in range(len(x)):\n        out.append(i)\n    return out, i",
        "for i in range(3):\n        out.append(len(out))\n    return out",
        "for i in range(len(x)):\n        x[i] = x[i] + 1\n    return x",
        "for i in range(3):\n        out.append(i)\n        x[0] = i\n    return out, x",
        "for i in range(3):\n        out.append(i)\n    else:\n        x[0] = 2\n    return out, x",
    ],
)
def test_loops_with_more_to_them_stay(body: str) -> None:
    """A variable read later, the list itself read, stores, an else."""
    source = f"def main(x):\n    out = []\n    {body}\n"
    assert variants(comprehension.find, source, x=list(X)) == []


def test_an_array_of_each_round_is_made_once() -> None:
    """Zeros of a fixed size that no round leaves behind are refilled."""
    source = """
import numpy as np

def main(x):
    total = 0.0
    for i in range(3):
        work = np.zeros(x.shape)
        work[i] = x[i]
        total += np.sum(work * x)
    return total
"""
    text = check(preallocate.find, source, "work.fill(0)", x=X)
    assert text.index("np.zeros") < text.index("for i")


@pytest.mark.parametrize(
    "body",
    ["kept.append(work)", "kept = work[1:]", "kept = [work]", "x = work", "n = i"],
)
def test_an_array_that_outlives_its_round_is_made_anew(body: str) -> None:
    """Held in a list, through a view, under another name; or of another size each time."""
    source = f"""
import numpy as np

def main(x):
    kept = []
    n = 2
    for i in range(3):
        work = np.zeros(n)
        work[0] = i
        {body}
        n = i + 1
    return kept, x
"""
    assert variants(preallocate.find, source, x=X) == []


def test_assertions_and_unread_values_go() -> None:
    """What is left does the same; a call that may do something stays."""
    source = """
import numpy as np

SEEN = []

def note(x):
    SEEN.append(1)
    return x

def main(x):
    assert len(x) > 0, "empty"
    unread = np.sum(x)
    also = unread + 1.0
    effect = note(x)
    return x, len(SEEN)
"""
    text = check(drop_checks.find, source, "effect = note(x)", x=X)
    assert "assert" not in text
    assert "np.sum" not in text


def test_attributes_of_modules_in_loops_become_names() -> None:
    """Bound once, before the first loop."""
    source = """
import math

def main(x):
    total = 0.0
    for item in x:
        total += math.exp(item) * math.pi
    return total
"""
    check(local_names.find, source, "local_math_exp = math.exp", "local_math_exp(item)", x=list(X))
