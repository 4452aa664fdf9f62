"""Arrays as bytes with one spelling, and the Merkle root over them: how weights are committed to.

A leaf is a line of canonical JSON (name, type, shape), a newline, and the values in C order, little
end first. The root is that of RFC 6962 over the leaves, sorted by name, so one array can be opened
without the others. A packed checkpoint is its leaves, each after its length in eight bytes; later
versions would differ by a key in the line. Proven by tests/brake/test_brake_tensors.py. Not
covered: two spellings of one model (another type, another order of neurons) have two roots.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tachograph import canon
from tachograph.errors import FormatError
from tachograph.merkle import tree
from tachograph.merkle.levels import Levels

Arrays = Mapping[str, NDArray[Any]]
"""Arrays by name."""

TYPES = ("<f2", "<f4", "<f8", "<i4", "<i8", "|u1")
"""What an array may hold: floats, signed integers, bytes."""
PACKED_BYTES = 1 << 30
"""Longest packed checkpoint that is read."""
ARRAYS = 10_000
"""Most arrays in one."""
_HINT = "write it with tachograph.brake.training.tensors.pack"


def leaf(name: str, array: NDArray[Any]) -> bytes:
    """Return the bytes that stand for one array. Raises FormatError for a type not in TYPES."""
    plain = np.ascontiguousarray(array).reshape(np.shape(array))
    kind = plain.dtype.newbyteorder("<").str
    if kind not in TYPES:
        raise FormatError(f"array {name!r} holds {plain.dtype}", hint=f"one of {', '.join(TYPES)}")
    head = canon.encode({"name": name, "shape": list(plain.shape), "type": kind})
    return head + b"\n" + plain.astype(kind, copy=False).tobytes()


def root(arrays: Arrays) -> str:
    """Return the hex root over the arrays; that of the empty tree where there are none."""
    return root_of_leaves([leaf(name, arrays[name]) for name in sorted(arrays)])


def root_of_leaves(leaves: list[bytes]) -> str:
    """Return the hex root of RFC 6962 over these leaves."""
    levels = Levels()
    levels.extend(leaves)
    return tree.root(len(leaves), levels.read).hex()


def pack(arrays: Arrays) -> bytes:
    """Return a checkpoint's bytes."""
    leaves = [leaf(name, arrays[name]) for name in sorted(arrays)]
    return b"".join(len(one).to_bytes(8, "big") + one for one in leaves)


def unpack(data: bytes) -> dict[str, NDArray[Any]]:
    """Return the arrays whose packed bytes are exactly `data`. Raises FormatError."""
    if len(data) > PACKED_BYTES:
        raise FormatError(f"a checkpoint of {len(data)} bytes", hint="open it array by array")
    found: dict[str, NDArray[Any]] = {}
    position, last = 0, ""
    while position < len(data):
        length = int.from_bytes(data[position : position + 8], "big")
        end = position + 8 + length
        if end > len(data) or len(found) >= ARRAYS:
            raise FormatError("a packed checkpoint is cut, or holds too many arrays", hint=_HINT)
        name, array = _parse_leaf(data[position + 8 : end])
        if found and name <= last:
            raise FormatError("the arrays of a checkpoint are not in order", hint=_HINT)
        found[name], last, position = array, name, end
    return found


def _parse_leaf(data: bytes) -> tuple[str, NDArray[Any]]:
    line, gap, values = data.partition(b"\n")
    head = canon.decode(line)
    if not gap or not isinstance(head, dict) or set(head) != {"name", "shape", "type"}:
        raise FormatError("an array's first line is not name, shape and type", hint=_HINT)
    name, shape, kind = head["name"], head["shape"], head["type"]
    if not isinstance(name, str) or kind not in TYPES or not _is_shape(shape):
        raise FormatError("an array's name, shape or type is off", hint=_HINT)
    dtype = np.dtype(kind)
    if math.prod(shape) * dtype.itemsize != len(values):
        raise FormatError(f"array {name!r} has not as many values as its shape says", hint=_HINT)
    return name, np.frombuffer(values, dtype).reshape(shape)


def _is_shape(shape: Any) -> bool:
    return (
        isinstance(shape, list)
        and len(shape) <= 16
        and all(type(size) is int and 0 <= size <= PACKED_BYTES for size in shape)
    )


def distance(replayed: Arrays, declared: Arrays, before: Arrays) -> float:
    """Return |replayed - declared| / |declared - before|, Euclidean over all arrays together.

    Infinite where names or shapes differ, where a value is not finite, and where the declared step
    is nothing but the replayed one is not it.
    """
    if not set(replayed) == set(declared) == set(before):
        return math.inf
    off = step = 0.0
    for name, right in declared.items():
        one, start = replayed[name], before[name]
        if not one.shape == right.shape == start.shape:
            return math.inf
        with np.errstate(over="ignore", invalid="ignore"):
            off += float(np.sum((one.astype(np.float64) - right) ** 2))
            step += float(np.sum((right.astype(np.float64) - start) ** 2))
    if not math.isfinite(off) or not math.isfinite(step):
        return math.inf
    if step == 0.0:
        return 0.0 if off == 0.0 else math.inf
    return math.sqrt(off / step)
