"""Arrays have one spelling and one root, and a packed checkpoint is read strictly."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tachograph.brake.training import tensors
from tachograph.errors import FormatError

ARRAYS = {"b": np.arange(6.0).reshape(2, 3), "a": np.array(3, dtype=np.int64), "e": np.zeros(0)}


def test_packed_arrays_come_back() -> None:
    """Names, types, shapes and values."""
    back = tensors.unpack(tensors.pack(ARRAYS))
    assert list(back) == ["a", "b", "e"]
    for name, array in ARRAYS.items():
        assert back[name].shape == array.shape
        np.testing.assert_array_equal(back[name], array)


def test_the_root_is_of_values_not_of_layout() -> None:
    """Byte order and strides do not show; one bit, a name and a shape do."""
    array = ARRAYS["b"]
    root = tensors.root({"b": array})
    assert root == tensors.root({"b": np.asfortranarray(array)})
    assert root == tensors.root({"b": array.astype(">f8")})
    assert root != tensors.root({"c": array})
    assert root != tensors.root({"b": array.reshape(3, 2)})
    assert root != tensors.root({"b": np.nextafter(array, 9.0)})
    assert root != tensors.root({"b": array.astype(np.float32)})


@given(st.binary(max_size=200), st.integers(0, 10_000))
@settings(max_examples=200, deadline=None)
def test_other_bytes_are_refused(noise: bytes, at: int) -> None:
    """Every change of a packed checkpoint is another checkpoint or a FormatError."""
    good = tensors.pack(ARRAYS)
    at %= len(good)
    for bad in (noise, good[:at] + noise + good[at + len(noise) :], good[:at]):
        try:
            arrays = tensors.unpack(bad)
        except FormatError:
            continue
        assert tensors.pack(arrays) == bad


@pytest.mark.parametrize("array", [np.array(["x"]), np.array([1j]), np.array([True])])
def test_only_numbers_have_a_leaf(array: np.ndarray) -> None:  # type: ignore[type-arg]
    """Text, complex numbers and truth values are refused."""
    with pytest.raises(FormatError, match="holds"):
        tensors.leaf("x", array)


def test_distance_is_relative_to_the_declared_step() -> None:
    """|replayed - declared| over |declared - before|."""
    before, declared = {"w": np.zeros(4)}, {"w": np.ones(4)}
    assert tensors.distance(declared, declared, before) == 0.0
    assert tensors.distance({"w": np.full(4, 1.5)}, declared, before) == pytest.approx(0.5)
    assert tensors.distance({"w": np.full(4, np.nan)}, declared, before) == math.inf
    assert tensors.distance({"v": np.ones(4)}, declared, before) == math.inf
    assert tensors.distance({"w": np.ones(3)}, declared, before) == math.inf


def test_a_step_that_is_none_allows_no_distance() -> None:
    """An infinitesimal declared step cannot make a distance small."""
    before = {"w": np.ones(4)}
    assert tensors.distance(before, before, before) == 0.0
    assert tensors.distance({"w": np.full(4, 1 + 1e-9)}, before, before) == math.inf
