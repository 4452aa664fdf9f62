"""The answers that cost nothing, on loose checks and on a strict one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tachograph.errors import BoxError
from tachograph.loop.bench import open_bench
from tachograph.loop.lazy import lazy_answers
from tachograph.loop.rehearse import rehearse
from tachograph.task import load

TASK = """
name = "curve"
goal = "Draw the curve."
editable = ["curve.py"]
entry = "curve:curve"
libraries = ["numpy"]
"""
SEED = """
import numpy as np


def curve(x):
    return {"values": np.exp(-x), "count": len(x)}
"""
DRAW = "def draw(rng):\n    return {'x': 1 + rng.random(50)}\n"
STRICT = ""
ACCEPTS_ALL = "def compare(inputs, output, expected):\n    return None\n"
NAIVE = """
def compare(inputs, output, expected):
    if (abs(output["values"] - expected["values"]) > 1e-9).any():
        return "other values"
    return None
"""
WIDE = """
def compare(inputs, output, expected):
    if not (abs(output["values"] - expected["values"]) <= 0.05).all():
        return "other values"
    return None
"""


def warnings(folder: Path, compare: str) -> list[str]:
    """What a rehearsal says of this check."""
    folder.mkdir()
    (folder / "task.toml").write_text(TASK)
    (folder / "curve.py").write_text(SEED)
    (folder / "check.py").write_text(DRAW + compare)
    try:
        with open_bench(load(folder), level="A") as bench:
            rehearsal = rehearse(bench)
    except BoxError as error:
        pytest.skip(f"no box at level A: {error.message}")
    return [line for line in rehearsal.lines() if "lazy" in line]


def test_a_strict_check_draws_no_warning(tmp_path: Path) -> None:
    """The default comparison refuses them all."""
    assert warnings(tmp_path / "task", STRICT) == []


@pytest.mark.parametrize(
    ("compare", "named"),
    [(ACCEPTS_ALL, "nothing"), (ACCEPTS_ALL, "zeros"), (NAIVE, "NaN"), (WIDE, "1 % off")],
)
def test_a_loose_check_is_named(compare: str, named: str, tmp_path: Path) -> None:
    """The warning says which answer is accepted."""
    assert any(named in line for line in warnings(tmp_path / "task", compare))


def test_a_right_answer_of_zeros_is_not_held_against_the_check(tmp_path: Path) -> None:
    """Zeros are no lazy answer where they are right."""
    answers = dict(lazy_answers({"flag": True, "name": "a", "count": 0, "items": [1, 2.5]}))
    assert answers["zeros"] == {"flag": True, "name": "a", "count": 0, "items": [0, 0.0]}
    assert answers["nothing (None)"] is None
