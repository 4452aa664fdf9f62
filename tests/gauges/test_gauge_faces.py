"""The examples in the faces of the folders run."""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest


@pytest.mark.parametrize("name", ["gauges", "gauges.read", "gauges.stats"])
def test_the_example_of_a_face_runs(name: str):
    """Every line prints what it says."""
    found = doctest.testmod(import_module(f"tachograph.{name}"), optionflags=doctest.ELLIPSIS)
    assert found.attempted > 0
    assert found.failed == 0
