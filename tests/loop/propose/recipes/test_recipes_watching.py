"""What is run when a parent is watched, and what of it counts."""

from __future__ import annotations

from typing import Any

import numpy as np
from compiled_running import run, workpiece
from compiled_samples import NETWORK

from tachograph.loop.propose.recipes import specialised
from tachograph.loop.propose.recipes.watching import originals, reachable, watched
from tachograph.loop.propose.recipes.workpiece import Workpiece


def test_a_parent_that_compiles_for_long_is_watched_as_its_original() -> None:
    """Nothing is compiled, the types are seen, and what the parent does not run is left out."""
    variant = next(iter(specialised.find(workpiece(NETWORK))))
    files = dict(variant.files)
    assert "numba.config.OPT" in files["network.py"]
    ran = []

    def execute(given: Any, entry: str) -> Any:
        ran.append(given["network.py"])
        return run(given, entry, NETWORK.draw(np.random.default_rng(0)))

    seen = watched(files, {}, NETWORK.entry, execute)
    assert "@numba.njit" not in ran[0]
    assert set(seen.functions) == {"network:fit"}
    assert seen.total_share("network:fit") == 1.0
    labels = [v.label for v in specialised.find(Workpiece(files, NETWORK.entry, seen))]
    assert "specialise/fit/free" in [label.split("@")[0] for label in labels]


def test_other_parents_are_watched_as_they_are() -> None:
    """Without large specialised functions nothing is taken back."""
    assert originals(NETWORK.files) == (NETWORK.files, set())
    assert originals({"a.py": "def f(:"}) == ({"a.py": "def f(:"}, set())


def test_blocked_functions_lead_nowhere() -> None:
    """Functions are found by the names that they mention."""
    text = "def a(): b(); p()\ndef b(): m.c()\ndef c(): a()\ndef p(): d()\ndef d(): pass\n"
    assert reachable({"a.py": text, "b.py": "("}, "a", {"p"}) == {"a", "b", "c"}
