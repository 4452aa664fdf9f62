"""Tests of the recipe `hoist`."""

from __future__ import annotations

import numpy as np
import pytest
from recipe_workbench import check, variants

from tachograph.loop.propose.recipes import hoist

ROWS = np.random.default_rng(1).normal(size=(5, 4))


def test_transposes_roots_and_arithmetic_move_out() -> None:
    """What reads only names that the loop leaves alone is worked out before it."""
    source = """
import numpy as np

def main(x, scale):
    out = np.zeros(len(x))
    for i in range(len(x)):
        # kept
        out[i] = np.sum(x[i] @ x.T) / np.sqrt(scale * 2.0)
    return out
"""
    text = check(hoist.find, source, "# kept", "fixed = x.T", x=ROWS, scale=3.0)
    assert text.index("fixed_2 = np.sqrt(scale * 2.0)") < text.index("for i")


def test_a_pure_function_of_the_file_moves_out() -> None:
    """A call of a function that changes nothing is an expression like any other."""
    source = """
import numpy as np

def double(x):
    return x + x

def main(x):
    total = 0.0
    for i in range(3):
        total += i * np.sum(double(x))
    return total
"""
    check(hoist.find, source, "fixed = np.sum(double(x))", x=ROWS)


@pytest.mark.parametrize(
    "body",
    [
        "y = x\n        x[0] += 1.0\n        total += np.sum(y * 2.0)",
        "grow(x)\n        total += np.sum(x)",
        "np.add.at(x, [0], 1.0)\n        total += np.sum(x)",
        "np.tanh(x, out=x)\n        total += np.sum(x)",
        "total += np.random.default_rng(i).random() * 0 + i",
        "x = x + 1.0\n        total += np.sum(x)",
        "if i > 7:\n            total += np.sum(x / scale)",
        "if i > 1:\n            break\n        total += np.sum(x)",
    ],
)
def test_what_may_change_in_the_loop_stays(body: str) -> None:
    """Aliases, calls that change things, in-place results, and what runs only sometimes."""
    source = f"""
import numpy as np

def grow(x):
    x[0] *= 1.5

def main(x, scale):
    total = 0.0
    for i in range(4):
        {body}
    return total
"""
    assert variants(hoist.find, source, x=ROWS[0], scale=0.0) == []


def test_an_array_that_is_kept_is_made_anew() -> None:
    """An array that a list holds must be another one each time round."""
    source = """
import numpy as np

def main(n):
    rows = []
    for i in range(3):
        row = np.zeros(n)
        row[0] = i
        rows.append(row)
    return rows
"""
    assert variants(hoist.find, source, n=2) == []
