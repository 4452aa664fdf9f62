"""The exercise before GO, in real boxes. What it is worth is measured by bench/warmup.py."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator

import numpy as np
import pytest
from box_tools import program

from tachograph.sandbox import Box, Failed, Finished
from tachograph.sandbox.inside import frame, warmth
from tachograph.sandbox.levels import LevelError
from tachograph.task.compare import difference

FAULTS = """
    import resource
    import numpy as np

    def faults():
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

    def f(values):
        before = faults()
        means = np.zeros(len(values))
        for i in range(1, len(values)):
            means[i] = values[:i].sum() / i + np.exp(means[i - 1])
        return faults() - before
"""


@pytest.fixture(scope="module")
def numpy_box() -> Iterator[Box]:
    """A box whose zygote has imported NumPy."""
    try:
        opened = Box.open(level="A", libraries=["numpy"])
    except LevelError as error:
        pytest.skip(error.message)
    with opened:
        yield opened


def median_faults(box: Box, *, warm: bool) -> float:
    """Page faults of some work, in a few boxes."""
    inputs = {"values": np.ones(100)}
    outcomes = [box.run(program(FAULTS), inputs, warm=warm) for _ in range(5)]
    assert all(isinstance(outcome, Finished) for outcome in outcomes), outcomes
    return statistics.median(o.output for o in outcomes if isinstance(o, Finished))


def test_an_exercised_box_has_its_pages(numpy_box: Box) -> None:
    """The pages that usual work touches are the box's own before GO, whatever it did at import."""
    cold = median_faults(numpy_box, warm=False)
    assert cold >= 10
    assert median_faults(numpy_box, warm=True) < 0.7 * cold


def test_the_exercise_changes_no_result(box: Box) -> None:
    """Random numbers, files, arguments: a call comes to the same."""
    source = """
        import os, random
        random.seed(5)
        def f(x): return [x, random.random(), sorted(os.listdir('.'))]
    """
    cold, warm = (box.run(program(source), {"x": [1, 2.5]}, warm=w) for w in (False, True))
    assert isinstance(cold, Finished)
    assert isinstance(warm, Finished)
    assert warm.output == cold.output


def test_who_breaks_the_exercise_has_failed(box: Box) -> None:
    """A library bent so that the exercise cannot run is the candidate's own fault."""
    source = """
        import sys
        sys.modules['numpy'] = object()
        def f(): return 1
    """
    outcome = box.run(program(source), {}, warm=True)
    assert isinstance(outcome, Failed)
    assert outcome.loading


def test_the_sample_crosses_the_line() -> None:
    """Every type that a frame can hold is in it, and comes back."""
    sample = warmth.sample()
    decoded = frame.decode(frame.encode_bytes(sample))
    assert difference(decoded, sample | {"item": 0.5}, rtol=0, atol=0) is None
    tags = {type(value) for value in sample.values()}
    assert tags >= {type(None), bool, int, float, str, bytes, list, np.ndarray}


def test_the_exercise_needs_no_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task that has not imported NumPy does not get it."""
    monkeypatch.delitem(sys.modules, "numpy")
    assert "array" not in warmth.sample()
    warmth.exercise()
    assert "numpy" not in sys.modules
