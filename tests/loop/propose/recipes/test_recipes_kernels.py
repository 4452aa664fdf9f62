"""Loops that occur again and again become functions, and only those that are really the same."""

from __future__ import annotations

import numpy as np
from compiled_running import assert_equal, run, workpiece
from compiled_samples import Sample

from tachograph.loop.propose.recipes import specialised
from tachograph.loop.propose.recipes.specialise.kernels import Kernels, canonical, kernel_text

NOTHING: frozenset[str] = frozenset()


def test_bodies_that_differ_in_names_alone_are_the_same() -> None:
    """Arrays and numbers are operands; constants are part of the body."""
    one = canonical(["x[I0, I1] = (y[I0, I1] * s_1)"], 2, NOTHING)
    other = canonical(["p[I0, I1] = (q[I0, I1] * k_9)"], 2, NOTHING)
    third = canonical(["p[I0, I1] = (q[I0, I1] * 2.0)"], 2, NOTHING)
    assert one is not None
    assert other is not None
    assert third is not None
    assert one[0] == other[0] != third[0]
    assert one[1] == ["x", "y", "s_1"]


def test_locals_of_a_body_are_no_operands() -> None:
    """A value that the body itself names is not passed."""
    made = canonical(["v_3 = (y[I0, I1] + 1e-05)", "x[I0, I1] = v_3 * np.exp(v_3)"], 2, NOTHING)
    assert made is not None
    assert made[1] == ["y", "x"]
    text = kernel_text("k", made[0], 2, 2)
    compile(text, "k", "exec")
    assert "1e-05" in text


def test_other_places_and_layouts_are_left_alone() -> None:
    """Broadcast, shifted or strided operands, and bodies that use the place itself."""
    assert canonical(["x[I0, I1] = y[I0, 0]"], 2, NOTHING) is None
    assert canonical(["x[I0, I1] = y[t[I0], I1]"], 2, NOTHING) is None
    assert canonical(["x[I0, I1] = y[I0, I1]"], 2, frozenset({"y"})) is None
    assert canonical(["x[I0, I1] = (y[I0, I1] if I1 <= I0 else 0)"], 2, NOTHING) is None


def test_only_wanted_bodies_are_called() -> None:
    """The first attempt counts, the second one calls."""
    lines = ["x[I0, I1] = y[I0, I1]"]
    first = Kernels()
    assert [first.call(lines, 2, NOTHING) for _ in range(3)] == [None] * 3
    second = Kernels(wanted=first.repeated, stem="train")
    assert second.call(lines, 2, NOTHING) == "_train_each_0(x, y)"
    assert list(second.written) == ["_train_each_0"]


def test_programs_with_repeated_loops_give_the_same() -> None:
    """The same update of many arrays, in different shapes, by one function."""
    text = """
import numpy as np

def f(weights, rate):
    for _ in range(3):
        weights = {k: w * 0.5 + np.exp(-w) / (1.0 + rate) for k, w in weights.items()}
    return weights
"""
    shapes = {"a": (3, 4), "b": (5, 6), "c": (4, 4), "d": (7,)}

    def draw(rng: np.random.Generator) -> dict[str, object]:
        weights = {name: rng.normal(size=shape) for name, shape in shapes.items()}
        return {"weights": weights, "rate": float(rng.uniform())}

    sample = Sample("repeats", text, "f", draw)
    variant = next(iter(specialised.find(workpiece(sample))))
    assert "_f_each_0(" in variant.files["repeats.py"]
    inputs = draw(np.random.default_rng(6))
    assert_equal(run(sample.files, "repeats:f", inputs), run(variant.files, "repeats:f", inputs))
