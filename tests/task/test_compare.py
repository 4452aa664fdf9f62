"""The default comparison: what it lets pass, and what it must not."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tachograph.errors import TaskError
from tachograph.task.compare import difference


def differs(output: Any, expected: Any) -> str | None:
    return difference(output, expected, rtol=1e-6, atol=1e-9)


finite = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e100, max_value=1e100)
arrays = hnp.arrays(
    st.sampled_from([np.dtype("f8"), np.dtype("i8"), np.dtype("u1"), np.dtype("?")]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    elements={"allow_nan": False, "allow_infinity": False},
)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | finite | st.text() | arrays,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(plain)
def test_a_value_equals_its_copy(value: Any) -> None:
    """Any finite plain data passes against itself."""
    assert differs(copy.deepcopy(value), value) is None


@given(plain, plain)
def test_passing_means_equal_structure(output: Any, expected: Any) -> None:
    """What passes has the same type, and the same length where it has one."""
    if differs(output, expected) is None:
        assert type(output) is type(expected)
        if isinstance(expected, list | dict | str):
            assert len(output) == len(expected)


@given(hnp.arrays(np.float64, st.integers(1, 20), elements=finite), st.data())
def test_one_wrong_value_is_found(expected: Any, data: st.DataObject) -> None:
    """One element beyond the tolerance is enough, wherever it is, and its place is named."""
    place = data.draw(st.integers(0, len(expected) - 1))
    output = expected.copy()
    output[place] += 3e-6 * abs(expected[place]) + 2e-9
    reason = differs(output, expected)
    assert reason is not None
    assert reason.startswith(f"output[{place}] is")


@given(finite, st.floats(-0.9, 0.9))
def test_error_within_the_tolerance_passes(expected: float, share: float) -> None:
    """Nine tenths of the allowance pass on either side."""
    assert differs(expected + share * (1e-9 + 1e-6 * abs(expected)), expected) is None


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("right", [0.0, 1.0])
def test_output_that_is_not_finite_never_passes(bad: float, right: float) -> None:
    """NaN and infinities are refused as numbers and inside arrays, at any tolerance."""
    for output, expected in ((bad, right), (np.array([bad]), np.array([right]))):
        assert difference(output, expected, rtol=1e300, atol=1e300) is not None


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_expectation_that_is_not_finite_is_the_tasks_fault(bad: float) -> None:
    """NaN never equals NaN: the author must draw other inputs, or compare otherwise."""
    with pytest.raises(TaskError, match="not finite"):
        differs(bad, bad)
    with pytest.raises(TaskError, match=r"output\['a'\]"):
        differs({"a": np.array([bad])}, {"a": np.array([bad])})


def test_expectation_that_is_no_plain_data_is_the_tasks_fault() -> None:
    """An object cannot be compared honestly."""
    for value in (object(), {1}, 1j, np.array(["a"], dtype=object)):
        with pytest.raises(TaskError, match="not plain data"):
            differs(value, value)


REFUSED: dict[str, tuple[Any, Any, str]] = {
    "None for a number": (None, 1.0, "is a NoneType, not a float"),
    "int for float": (1, 1.0, "is a int, not a float"),
    "float for int": (1.0, 1, "is a float, not a int"),
    "True for 1": (True, 1, "is a bool, not a int"),
    "1 for True": (1, True, "is a int, not a bool"),
    "text for a number": ("1", 1, "is a str"),
    "array for a number": (np.array(1.0), 1.0, "is a ndarray"),
    "number for an array": (1.0, np.array(1.0), "is a float"),
    "list for an array": ([1.0], np.array([1.0]), "is a list"),
    "wrong big whole number": (2**70 + 1, 2**70, "is 1180591620717411303425"),
    "wrong text": ("a", "b", "is 'a', not 'b'"),
    "wrong bytes": (b"a", b"b", "is b'a', not b'b'"),
    "text for bytes": ("a", b"a", "is a str, not a bytes"),
    "short list": ([1], [1, 2], "has 1 items, not 2"),
    "missing key": ({}, {"a": 1}, "has no key 'a'"),
    "extra key": ({"a": 1, "b": 2}, {"a": 1}, "has the extra key 'b'"),
    "deep": ({"a": [0, {"b": 2}]}, {"a": [0, {"b": 1}]}, "output['a'][1]['b'] is 2, not 1"),
    "empty for full array": (np.zeros(0), np.zeros(3), "has shape (0,), not (3,)"),
    "full for empty array": (np.zeros(3), np.zeros(0), "has shape (3,), not (0,)"),
    "empty arrays of other shapes": (np.zeros((0, 3)), np.zeros((3, 0)), "has shape (0, 3)"),
    "shape that would broadcast": (np.zeros((1, 3)), np.zeros((3, 3)), "has shape (1, 3)"),
    "one more dimension": (np.zeros((3, 1)), np.zeros(3), "has shape (3, 1)"),
    "whole numbers for floats": (np.zeros(3, int), np.zeros(3), "holds integer values"),
    "bools for whole numbers": (np.zeros(3, bool), np.zeros(3, int), "holds bool values"),
    "complex for floats": (np.zeros(3, complex), np.zeros(3), "holds complex values"),
    "texts for floats": (np.array(["0"]), np.zeros(1), "not float values"),
    "wrapped whole number": (np.array([0], np.uint8), np.array([256], np.uint16), "[0] is 0"),
    "whole numbers near each other": (np.array([10**15]), np.array([10**15 + 1]), "[0] is 1000"),
    "zeros for small values": (np.zeros(2), np.full(2, 1e-6), "(2 of 2 values differ)"),
    "values against zeros": (np.full(2, 1e-6), np.zeros(2), "(2 of 2 values differ)"),
    "overflow to infinity": (np.array([np.inf], "f4"), np.array([1e39]), "[0] is inf"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    """Each near miss is refused, and the reason says the place."""
    output, expected, reason = REFUSED[case]
    found = differs(output, expected)
    assert found is not None
    assert found.startswith("output")
    assert reason in found


def test_float_widths_are_one_kind() -> None:
    """Single precision passes where it is within the tolerance."""
    assert differs(np.array([0.1], "f4"), np.array([0.1])) is None


def test_lists_and_tuples_are_one_kind() -> None:
    """A tuple cannot come out of a box; an expectation may still be one."""
    assert differs([1, [2.0]], (1, (2.0,))) is None


def test_numpy_scalars_are_numbers() -> None:
    """An expectation may hold what NumPy reductions return."""
    assert differs({"a": 1.5, "n": 3}, {"a": np.float64(1.5), "n": np.int64(3)}) is None


def test_huge_differences_do_not_warn() -> None:
    """An overflowing difference is a refusal, not a warning."""
    assert differs(np.array([1e308]), np.array([-1e308])) is not None


def test_reasons_are_short() -> None:
    """Text from an output cannot flood a report."""
    reason = differs("x" * 10_000, "y" * 10_000)
    assert reason is not None
    assert len(reason) < 200
