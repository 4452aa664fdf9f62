"""The recipe `threads`: spreads loops of compiled functions, where the task has the cores."""

from __future__ import annotations

import numpy as np
import pytest

from tachograph.loop.propose.recipes import threads
from tachograph.loop.propose.recipes.observe import Observation
from tachograph.loop.propose.recipes.workpiece import Workpiece

COMPILED = """
import numba
import numpy as np


@numba.njit([(numba.float64[:, ::1],)])
def rows(x):
    out = np.zeros(x.shape[0])
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            out[i] += x[i, j]
    return out
"""
PLAIN = COMPILED.replace("@numba.njit([(numba.float64[:, ::1],)])\n", "")
SEARCH = """
import numba


@numba.njit([(numba.float64[::1],)])
def first(x):
    for i in range(x.shape[0]):
        if x[i] > 0:
            return i
    return -1
"""


def offered(text: str, cores: int) -> list[str]:
    piece = Workpiece({"p.py": text}, "p:rows", Observation({}), cores)
    return [variant.files["p.py"] for variant in threads.find(piece)]


def test_the_outer_loop_is_spread_and_gives_the_same():
    """Only the outermost loop; the result is the same."""
    (text,) = offered(COMPILED, 2)
    assert text.count("numba.prange") == 1
    assert "parallel=True" in text
    module: dict[str, object] = {}
    exec(text, module)
    x = np.random.default_rng(1).random((20, 3))
    rows = module["rows"]
    assert callable(rows)
    np.testing.assert_allclose(rows(x), x.sum(axis=1))


@pytest.mark.parametrize(("text", "cores"), [(COMPILED, 1), (PLAIN, 2), (SEARCH, 2)])
def test_it_is_not_offered(text, cores):
    """With one core, for what is not compiled, and for loops that end early: nothing."""
    assert offered(text, cores) == []
