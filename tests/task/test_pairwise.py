"""The task pairwise: seed, expectation and solutions agree; near misses do not pass."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tachograph.sandbox import Box, Finished
from tachograph.task import Check, load

SOLUTIONS = Path(__file__).parent / "solutions" / "pairwise"


@pytest.fixture(scope="module")
def check() -> Check:
    return Check(load("pairwise"))


def test_seed_and_expectation_agree(check: Check) -> None:
    """Two searches written apart find the same neighbours."""
    names: dict[str, Any] = {}
    exec(load("pairwise").seed.files["pairwise.py"], names)
    for seed in range(3):
        inputs = check.draw(np.random.default_rng(seed))
        assert check.compare(inputs, names["nearest"](**inputs), check.expected(inputs)) is None


@pytest.mark.parametrize("name", ["numpy", "numba"])
def test_solutions_pass(check: Check, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Both reference solutions give the right answer."""
    monkeypatch.syspath_prepend(SOLUTIONS / name)
    solution = importlib.import_module("pairwise")
    monkeypatch.delitem(sys.modules, "pairwise")
    for seed in range(3):
        inputs = check.draw(np.random.default_rng(seed))
        assert check.compare(inputs, solution.nearest(**inputs), check.expected(inputs)) is None


def test_the_seed_passes_from_a_box(check: Check) -> None:
    """What a box hands back, encoded and decoded, is what the check takes."""
    task = load("pairwise")
    inputs = check.draw(np.random.default_rng())
    with Box.open(level="D", libraries=task.libraries, limits=task.limits) as box:
        outcome = box.run(task.program(task.seed), inputs)
    assert isinstance(outcome, Finished)
    assert check.compare(inputs, outcome.output, check.expected(inputs)) is None


def swapped(right: dict[str, Any]) -> dict[str, Any]:
    index = right["index"].copy()
    index[0] = (index[0] + 1) % len(index)
    return right | {"index": index}


NEAR_MISSES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "one wrong index": swapped,
    "half precision": lambda right: right | {"distance": right["distance"].astype(np.float16)},
    "squared distance": lambda right: right | {"distance": right["distance"] ** 2},
    "one for all": lambda right: right | {"distance": right["distance"][:1]},
    "no index": lambda right: {"distance": right["distance"]},
    "nothing": lambda right: None,
    "zeros": lambda right: {name: np.zeros_like(value) for name, value in right.items()},
}


@pytest.mark.parametrize("miss", NEAR_MISSES)
def test_near_misses_fail(check: Check, miss: str) -> None:
    """A wrong index, less precision, another quantity, or less of it."""
    inputs = check.draw(np.random.default_rng(5))
    right = check.expected(inputs)
    assert check.compare(inputs, NEAR_MISSES[miss](right), right)


def test_sizes_differ_between_draws(check: Check) -> None:
    """A table of answers, or a fixed size, is of no use."""
    sizes = {check.draw(np.random.default_rng(seed))["points"].shape for seed in range(20)}
    assert len(sizes) > 5
