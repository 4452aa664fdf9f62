"""Tests of the recipe `vectorise`."""

from __future__ import annotations

import numpy as np
import pytest
from recipe_workbench import agree, call, check, variants, workpiece

from tachograph.loop.propose.recipes import vectorise

RNG = np.random.default_rng(6)
X, Y, M = RNG.normal(size=(5, 3)), RNG.normal(size=(5, 3)), RNG.normal(size=(3, 3))
INPUTS = {"x": X, "y": Y, "m": M, "n": 5, "k": np.array([2, 0, 1, 2, 2])}


def program(body: str, before: str = "", after: str = "", functions: str = "") -> str:
    """A program whose loop over n has this body."""
    head = f"import math\nimport numpy as np\n\n\n{functions}\n\n\ndef main(x, y, m, n, k):\n"
    lines = ["out = np.zeros(n)", "rows = np.zeros((n, 3))", "total = 0.0", "found = []"]
    lines += [*before.splitlines(), "for i in range(n):"]
    lines += [f"    {line}" for line in body.splitlines()]
    lines += [*after.splitlines(), "return out, rows, total, found"]
    return head + "".join(f"    {line}\n" for line in lines)


@pytest.mark.parametrize(
    "body",
    [
        "out[i] = x[i, 0] * 2.0 + y[i, 1] ** 2",
        "total += x[i, 0] * y[i, 0]",
        "total += x[i] @ y[i]",
        "total -= np.sum((x[i] - y[i]) ** 2) * i",
        "rows[i] = x[i] @ m + y[i] * np.sum(x[i])",
        "rows[i] = m @ x[i]",
        "rows[i, :] = np.maximum(x[i], 0.0) / math.sqrt(abs(x[i, 1]))",
        "row = x[i] / np.max(x[i])\nrows[i] = row if row[0] > row[1] else -row",
        "rows[i] += np.exp(x[i] - np.max(x[i], keepdims=True))",
        "found.append(x[i, 2] * n)",
        "s = 0.0\nfor j in range(3):\n    s += x[i, j] * m[j, 0]\nout[i] = s",
        "w = np.zeros((3, 3))\nw[0] += x[i]\nw[:, 1] += y[i]\nrows[i] = w @ m @ x[i]",
        "a = np.outer(x[i], y[i])\nrows[i] = a.T @ m[0] + np.dot(a, a.T).sum(axis=0)",
        "total += np.argmax(x[i])",
        "total += k[i]",
        "rows[i] = m[k[i]] + m[:, k[i]]",
        "out[i] = min(x[i, 0], y[i, 0], 0.25)",
        "window = m[0][: 1 + 1]\nout[i] = window.sum() * x[i, 0]",
        "out[i] = float(len(x[i]) + x[i].shape[0]) * x[i].mean()",
        "if n > 3:\n    out[i] = x[i, 0]\nelse:\n    out[i] = 2.0",
    ],
)
def test_independent_rounds_are_done_at_once(body: str) -> None:
    """Stores at the round's index, sums, appends, products, gathers, inner loops."""
    check(vectorise.find, program(body), "batch_size", rtol=1e-10, **INPUTS)
    found = variants(vectorise.find, program(body), **INPUTS)
    assert any("for i in" not in "".join(variant.files.values()) for variant in found)


@pytest.mark.parametrize(
    "body",
    [
        "out[i] = out[i - 1] + x[i, 0]",
        "total = total * 0.5 + x[i, 0]",
        "total += total * x[i, 0]",
        "out[0] = x[i, 0]",
        "out[k[i]] = x[i, 0]",
        "if x[i, 0] > 0:\n    total += 1.0",
        "if x[i, 0] > 0:\n    break",
        "last = x[i]\nlast += 1.0\ntotal += x[0, 0]",
        "m[0] += 1.0\ntotal += np.sum(m)",
        "shared = m\nshared += 1.0",
        "found.append(len(found))",
        "total += np.random.default_rng(i).normal()",
        "print(x[i])",
        "total *= x[i, 0]",
        "rows[:, i % 3] = x[:, 0]",
        "while total < i:\n    total += 1.0",
    ],
)
def test_rounds_that_need_one_another_stay(body: str) -> None:
    """Carried values, shared places, branches of each round's own, effects."""
    for variant in variants(vectorise.find, program(body), **INPUTS):
        assert "for i in range(n)" in "".join(variant.files.values())


def test_a_name_of_the_last_round_that_is_read_later_keeps_the_loop() -> None:
    """What the loop leaves behind is the last round's, not all rounds'."""
    source = program("row = x[i] * 2.0\ntotal += row[0]", after="rows[0] = row")
    assert variants(vectorise.find, source, **INPUTS) == []


FUNCTIONS = """
def softmax(scores):
    e = np.exp(scores - np.max(scores, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


def backward(a, w, g):
    for name in w:
        g[name] += a.T @ a @ w[name]
    g["b"][0] += a[0]


def item(a, w):
    g = {name: np.zeros_like(value) for name, value in w.items()}
    kept = []
    for block in range(2):
        b = softmax(a @ a.T) @ a
        kept.append((a, b))
        a = b
    for block in reversed(range(len(kept))):
        before, after = kept[block]
        backward(before * after, w, g)
    loss = 0.0
    loss += float(np.mean(a))
    return loss, g
"""


def test_calls_are_followed() -> None:
    """The functions that a round calls get batched twins, gradients in dictionaries included."""
    body = """one, g = item(np.outer(x[i], y[i]), w)
total += one / n
for name in w:
    sums[name] += g[name]
found.append(one)"""
    before = 'w = {"a": m, "b": m * 2.0}\nsums = {"a": np.zeros((3, 3)), "b": np.zeros((3, 3))}'
    source = program(body, before, 'rows[:3] = sums["a"] + sums["b"]', FUNCTIONS)
    text = check(vectorise.find, source, "def softmax_batched(", rtol=1e-9, **INPUTS)
    assert "np.zeros((batch_size, *value.shape), value.dtype)" in text


@pytest.mark.parametrize(
    "body",
    ["grow(x[i])\ntotal += 1.0", "row = x[i]\ngrow(row)\nrows[i] = row", "pass_on(x[i], m)"],
)
def test_a_call_that_changes_a_part_of_something_keeps_the_loop(body: str) -> None:
    """At once it would change a copy."""
    functions = """
def grow(row):
    view = row[:2]
    view += 1.0


def pass_on(row, m):
    other = row
    grow(other)
"""
    source = program(body, functions=functions)
    assert variants(vectorise.find, source, **INPUTS) == []


def test_windows_and_rows_of_lists() -> None:
    """Loops over items, with a count, and slices that begin at each round's own place."""
    source = """
import numpy as np

def main(x, starts):
    total = np.zeros(3)
    for step, start in enumerate(starts, start=1):
        window = x[start : start + 2 + 1]
        total += window[1:].sum(axis=0) * step + window[0] / len(window)
    return total
"""
    check(vectorise.find, source, x=X, starts=np.array([0, 2, 1]))
    check(vectorise.find, source, x=X, starts=[0, 2, 1])


def test_other_sizes_agree_too() -> None:
    """What was made from one example holds for others."""
    piece = workpiece(program("rows[i] = x[i] @ m\ntotal += y[i, 0]"), INPUTS)
    (variant,) = vectorise.find(piece)
    other = {**INPUTS, "x": RNG.normal(size=(9, 3)), "y": RNG.normal(size=(9, 3)), "n": 9}
    agree(
        call(piece.files, piece.entry, other),
        call(variant.files, piece.entry, other),
        1e-12,
        variant.label,
    )
