"""Tests of the recipe `float32`."""

from __future__ import annotations

import numpy as np
from recipe_workbench import call, variants, workpiece

from tachograph.loop.propose.recipes import float32

SOURCE = """
import numpy as np

def scaled(x):
    assert x.dtype != np.float64 or True
    return x / np.sqrt(x.shape[0]) + np.zeros(x.shape) + np.ones((1, 1))

def main(weights, n):
    return {"out": scaled(weights["a"]) * n, "type": str(scaled(weights["a"]).dtype)}
"""
WEIGHTS = {"a": np.random.default_rng(3).normal(size=(4, 3))}


def test_the_inside_is_single_and_the_outside_double() -> None:
    """Arguments in dicts are cast on the way in, results on the way out, nothing widens inside."""
    piece = workpiece(SOURCE, {"weights": WEIGHTS, "n": 2})
    (variant,) = float32.find(piece)
    before, _ = call(piece.files, piece.entry, {"weights": WEIGHTS, "n": 2})
    after, _ = call(variant.files, piece.entry, {"weights": WEIGHTS, "n": 2})
    assert (before["type"], after["type"]) == ("float64", "float32")
    assert after["out"].dtype == np.float64
    np.testing.assert_allclose(after["out"], before["out"], rtol=1e-5)


def test_programs_without_doubles_or_already_single_are_left_alone() -> None:
    """There is nothing to narrow, or it has been done."""
    assert variants(float32.find, SOURCE, weights={"a": np.ones((2, 2), np.int64)}, n=1) == []
    done = SOURCE + "# float32\n"
    assert variants(float32.find, done, weights=WEIGHTS, n=1) == []
