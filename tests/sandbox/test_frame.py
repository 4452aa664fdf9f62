"""The wire format: what is sent arrives; bytes that an adversary wrote raise FrameError only."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tachograph.sandbox import MemoryFile
from tachograph.sandbox.inside import frame

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = (
    st.none() | st.booleans() | TEXT | st.floats(allow_nan=False) | st.binary()
    | st.integers(-(2**1000), 2**1000)
)  # fmt: skip
ARRAYS = hnp.arrays(st.sampled_from(sorted(frame.DTYPES)), hnp.array_shapes(min_dims=0, min_side=0))
VALUES = st.recursive(
    SCALARS | ARRAYS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


def same(left: Any, right: Any) -> bool:
    """Equal in value, kind, dtype and shape."""
    if isinstance(left, np.ndarray):
        return (
            isinstance(right, np.ndarray) and left.dtype == right.dtype
            and left.shape == right.shape and left.tobytes() == right.tobytes()
        )  # fmt: skip
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return list(left) == list(right) and all(same(left[k], right[k]) for k in left)
    return type(left) is type(right) and bool(left == right)


def made(head: Any, blobs: bytes = b"") -> bytes:
    """A frame with any head."""
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    return len(text).to_bytes(8, "little") + text + b" " * (-(8 + len(text)) % 64) + blobs


@given(VALUES)
@settings(max_examples=150, deadline=None)
def test_what_is_sent_arrives(value: Any) -> None:
    """Decoding undoes encoding, bit by bit."""
    assert same(frame.decode(frame.encode_bytes(value)), value)


def test_tuples_arrive_as_lists_and_numbers_of_numpy_as_numbers() -> None:
    """What has no form of its own arrives in the nearest plain one."""
    value = frame.decode(frame.encode_bytes((1, np.float64(2.5), np.int8(3), np.bool_(True))))
    assert value == [1, 2.5, 3, True]


@pytest.mark.parametrize("number", [math.inf, -math.inf])
def test_infinities_arrive(number: float) -> None:
    """JSON lacks them; the frame does not."""
    assert frame.decode(frame.encode_bytes(number)) == number


def test_not_a_number_arrives() -> None:
    """So does NaN."""
    assert math.isnan(frame.decode(frame.encode_bytes(math.nan)))


@pytest.mark.parametrize(
    "value",
    [object(), {1: 2}, np.array([object()]), np.array(["text"]), np.longdouble(1), 1 << 5000,
     "\ud800", {"\ud800": 1}, np.datetime64("2020-01-01"), {1, 2}, lambda: 0],
)  # fmt: skip
def test_what_is_not_plain_is_refused(value: Any) -> None:
    """Encoding raises FrameError, and nothing else, for what the format has no form for."""
    with pytest.raises(frame.FrameError):
        frame.encode_bytes(value)


def test_a_value_that_contains_itself_is_refused() -> None:
    """It is nested without end."""
    value: list[Any] = []
    value.append(value)
    with pytest.raises(frame.FrameError):
        frame.encode_bytes(value)


HOSTILE = {
    "empty": b"",
    "head longer than the frame": (1 << 60).to_bytes(8, "little"),
    "no JSON": made(b"\xff{"),
    "unknown tag": made(["pickle", "gASV"]),
    "bare whole number": made(7),
    "bare infinity": made(b"1e999"),
    "NaN": made(b"NaN"),
    "JSON object": made({"a": 1}),
    "object dtype": made(["a", "|O", [1], 0], bytes(64)),
    "text dtype": made(["a", "<U4", [1], 0], bytes(64)),
    "void dtype": made(["a", "|V8", [1], 0], bytes(64)),
    "dtype bomb": made(["a", "<f8,<f8,(1000000,1000000)f8", [1], 0], bytes(64)),
    "negative length": made(["a", "<f8", [-1], 0], bytes(64)),
    "huge shape": made(["a", "<f8", [1 << 40], 0], bytes(64)),
    "shape beyond all numbers": made(["a", "<f8", [0, 1 << 70], 0]),
    "shape that overflows": made(["a", "<f8", [0, 1 << 62, 1 << 62], 0]),
    "fraction in a shape": made(["a", "<f8", [1.0], 0], bytes(64)),
    "truth value in a shape": made(["a", "<f8", [True], 0], bytes(64)),
    "too many dimensions": made(["a", "<f8", [1] * 65, 0], bytes(64)),
    "negative offset": made(["b", -64, 8], bytes(64)),
    "offset beyond the end": made(["b", 1 << 62, 8], bytes(64)),
    "crooked offset": made(["b", 1, 8], bytes(64)),
    "overlapping blobs": made(["l", [["b", 0, 64]] * 3], bytes(64)),
    "truth value of 2": made(["a", "|b1", [1], 0], b"\x02" + bytes(63)),
    "deep JSON": made(b"[" * 100_000),
    "deep nodes": made(b'["l",[' * 40 + b"null" + b"]]" * 40),
    "half a surrogate pair": made(b'"\\ud800"'),
    "half a surrogate pair in a key": made(b'["d",[["\\ud800",null]]]'),
    "key twice": made(["d", [["a", None], ["a", None]]]),
    "key that is no text": made(["d", [[1, None]]]),
    "endless integer": made(["i", "f" * 5000]),
    "integer that is none": made(["i", "zz"]),
    "bare endless integer": made(b"1" * 100_000),
    "many values": made(b"[" + b"[]," * 13_000_000 + b"[]]"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_frames_are_refused(name: str) -> None:
    """Each raises FrameError, and nothing else."""
    with pytest.raises(frame.FrameError):
        frame.decode(HOSTILE[name])


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_random_bytes_are_refused_or_decoded(data: bytes) -> None:
    """Nothing but FrameError is ever raised."""
    try:
        frame.decode(data)
    except frame.FrameError:
        return


@given(VALUES, st.data())
@settings(max_examples=300, deadline=None)
def test_changed_frames_are_refused_or_decoded(value: Any, data: st.DataObject) -> None:
    """Nor for a good frame with a few bytes changed."""
    changed = bytearray(frame.encode_bytes(value))
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    try:
        frame.decode(bytes(changed))
    except frame.FrameError:
        return


def test_a_refused_frame_in_a_memory_file_stays_a_frame_error() -> None:
    """The mapping that an error still refers to does not turn it into another one."""
    with MemoryFile.make("hostile") as held:
        data = made(["l", [["a", "<f8", [8], 0], ["a", "<f8", [9999], 64]]], bytes(128))
        with open(held.descriptor, "wb", closefd=False) as out:
            out.write(data)
        with pytest.raises(frame.FrameError):
            held.value(len(data))
