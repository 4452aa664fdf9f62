"""Warmth: one fixed exercise before GO, so that each side of a race starts from the same state.

A forked child is cold: its first steps copy the pages that it shares with its parent, fill caches
and start libraries. That costs a call 0.2 to 0.4 ms, and a candidate that does anything at import,
however useless, has paid it before its clock starts. With this exercise both sides have, whatever
they did. Proven by bench/warmup.py. Not covered: what only the candidate's own code warms (its byte
code, its data); docs/concepts/clock.md says how little that is.
"""

from __future__ import annotations

import sys
import time
from typing import Any, Dict

from tachograph.sandbox.inside import frame

SECONDS = 0.003
"""How long the exercise lasts at least, after a first round of everything."""
SIDE = 64
ITEMS = 512


def exercise() -> None:
    """Do a little of everything, then go on until SECONDS have passed."""
    began = time.perf_counter()
    while True:
        plain_steps()
        if "numpy" in sys.modules:
            array_steps()
        frame.decode(frame.encode_bytes(sample()), copy=False)
        if time.perf_counter() - began >= SECONDS:
            break


def sample() -> Dict[str, Any]:
    """A value of every type that crosses the line."""
    value: Dict[str, Any] = {
        "none": None, "truth": True, "whole": 1 << 70, "real": 0.5, "text": "text",
        "bytes": b"bytes", "list": [1, 2.5, ["nested"]],
    }  # fmt: skip
    numpy = sys.modules.get("numpy")
    if numpy:
        value["array"] = numpy.arange(float(ITEMS))
        value["item"] = numpy.float64(0.5)
    return value


def plain_steps() -> int:
    """Numbers, text, lists, dicts, calls and an exception."""
    found = {}
    total = 0.0
    for i in range(ITEMS):
        total = total * 0.5 + i / 3
        found[str(i % 64)] = [i, total]
    ordered = sorted(found, key=len)
    try:
        found["absent"]
    except KeyError:
        ordered.append("absent")
    return len(",".join(ordered)) + int(total) % 7


def array_steps() -> Any:
    """Elements, slices, sums, products: what lies on most paths through NumPy."""
    numpy = sys.modules["numpy"]
    values = numpy.linspace(0.0, 1.0, SIDE * SIDE)
    total = 0.0
    for i in range(SIDE):
        total += values[i]
        values[i] = total / (i + 1)
    square = values.reshape(SIDE, SIDE)
    product = square @ square.T
    product /= product.max()
    return numpy.concatenate([product.sum(axis=0), numpy.exp(square[0]) * numpy.zeros(SIDE)])
