"""The numba recipes: what they compile gives the same, and what numba cannot take is left alone."""

from __future__ import annotations

import numpy as np
import pytest
from compiled_running import assert_equal, run, workpiece
from compiled_samples import EDIT_DISTANCE, HISTOGRAM, MANDELBROT, MATRIX_VECTOR, WORDS, Sample

from tachograph.loop.propose.recipes import numba_function, numba_options
from tachograph.loop.propose.recipes.numba_types import numba_type, signature
from tachograph.loop.propose.recipes.observe import Observation
from tachograph.loop.propose.recipes.workpiece import Workpiece, compiles


def labels(piece: Workpiece) -> dict[str, dict[str, str]]:
    return {v.label.split("@")[0]: dict(v.files) for v in numba_function.find(piece)}


@pytest.mark.parametrize(
    "sample", [MANDELBROT, EDIT_DISTANCE, HISTOGRAM], ids=lambda sample: sample.name
)
def test_numeric_functions_are_compiled_and_give_the_same(sample: Sample) -> None:
    """The entry compiles with its helpers, and gives the same on other inputs."""
    files = labels(workpiece(sample))[f"numba/{sample.function}"]
    assert compiles(files)
    inputs = sample.draw(np.random.default_rng(4))
    before = run(sample.files, sample.entry, inputs)
    assert_equal(before, run(files, sample.entry, inputs))


def test_a_helper_is_compiled_where_its_caller_cannot_be() -> None:
    """A function that stays with Python calls the compiled helper by explicit types."""
    text = """
def cost(a, n):
    total = 0.0
    for i in range(n):
        total += a[i] * a[i]
    return total

def f(a):
    return {"cost": cost(a, len(a))}
"""
    sample = Sample("helper", text, "f", lambda rng: {"a": rng.normal(size=5)})
    found = labels(workpiece(sample))
    assert set(found) == {"numba/cost"}
    source = found["numba/cost"]["helper.py"]
    assert '@numba.njit([(numba.types.Array(numba.float64, 1, "C"), numba.int64)]' in source
    inputs = {"a": np.arange(4.0)}
    assert_equal(
        run(sample.files, "helper:f", inputs), run(found["numba/cost"], "helper:f", inputs)
    )


def test_text_processing_is_left_alone() -> None:
    """Dicts and methods of text are beyond numba."""
    assert labels(workpiece(WORDS)) == {}


def test_without_numba_nothing_is_offered() -> None:
    """Where the box's Python has no numba, no variant needs it."""
    seen = workpiece(MANDELBROT)
    without = Observation(seen.observation.functions, has_numba=False)
    assert labels(Workpiece(seen.files, seen.entry, without)) == {}


def test_compiled_functions_follow_those_they_call() -> None:
    """Explicit types compile on definition, so helpers must be defined before."""
    text = """
def f(n):
    return twice(n) + 1

def twice(n):
    return 2 * n
"""
    sample = Sample("order", text, "f", lambda rng: {"n": 3})
    source = labels(workpiece(sample))["numba/f"]["order.py"]
    assert source.index("def twice") < source.index("def f")


def test_options_keep_the_results() -> None:
    """Each set of options on an already compiled program gives the same within rounding."""
    files = labels(workpiece(MATRIX_VECTOR))["numba/multiply"]
    compiled = Sample(MATRIX_VECTOR.name, files["matvec.py"], "power_iteration", MATRIX_VECTOR.draw)
    inputs = compiled.draw(np.random.default_rng(1))
    before = run(MATRIX_VECTOR.files, compiled.entry, inputs)
    found = list(numba_options.find(workpiece(compiled)))
    assert [variant.label.split("/")[2].split("@")[0] for variant in found] == [
        "numpy", "reorder", "fast",
    ]  # fmt: skip
    assert_equal(before, run(found[1].files, compiled.entry, inputs), 1e-8)
    assert_equal(before, run(found[2].files, compiled.entry, inputs), 1e-8)


def test_programs_without_compiled_functions_have_no_options() -> None:
    """There is nothing to loosen."""
    assert list(numba_options.find(workpiece(MATRIX_VECTOR))) == []


def test_types_are_spelt_as_numba_does() -> None:
    """Arrays keep layout and whether they may be written."""
    array = {"kind": "array", "dtype": "float32", "shape": [2, 3], "layout": "A"}
    frozen = {**array, "writeable": False}
    assert numba_type(frozen) == 'numba.types.Array(numba.float32, 2, "A", readonly=True)'
    assert signature(["x"], {"x": {"kind": "bool", "value": True}}) == "(numba.boolean,)"
    assert signature(["x"], {"x": {"kind": "dict", "items": {}}}) is None
