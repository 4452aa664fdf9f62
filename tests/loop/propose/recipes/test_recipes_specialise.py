"""The specialising compiler: same results as the original, on programs of many kinds."""

from __future__ import annotations

import ast
from functools import cache

import numpy as np
import pytest
from compiled_running import assert_equal, run, workpiece
from compiled_samples import (
    EDIT_DISTANCE,
    HISTOGRAM,
    K_MEANS,
    LSTM,
    MATRIX_VECTOR,
    N_BODY,
    NETWORK,
    SMOOTHING,
    WORDS,
    Sample,
)

from tachograph.loop.propose.recipes import specialised
from tachograph.loop.propose.recipes.specialise import BeyondError, specialise
from tachograph.loop.propose.recipes.workpiece import Variant, compiles

WHOLE = [K_MEANS, N_BODY, EDIT_DISTANCE, MATRIX_VECTOR, LSTM, HISTOGRAM, NETWORK, SMOOTHING]


@cache
def variants(sample: Sample) -> dict[str, Variant]:
    """By label, without the digest."""
    return {v.label.split("@")[0]: v for v in specialised.find(workpiece(sample))}


def sample_of(text: str, **arguments: object) -> Sample:
    return Sample("program", "import numpy as np\n" + text, "f", lambda rng: dict(arguments))


@pytest.mark.parametrize("sample", WHOLE, ids=lambda sample: sample.name)
def test_the_entry_is_compiled_and_gives_the_same(sample: Sample) -> None:
    """The whole program becomes loops, and its results stay what they were on other inputs."""
    variant = variants(sample)[f"specialise/{sample.function}/fixed"]
    assert compiles(variant.files)
    inputs = sample.draw(np.random.default_rng(7))
    before = run(sample.files, sample.entry, inputs)
    assert_equal(before, run(variant.files, sample.entry, inputs), 1e-7)


def test_free_sizes_serve_other_sizes() -> None:
    """The variant without fixed sizes gives the same for sizes that were never seen."""
    text = "def f(a, b):\n    c = a @ b + a.sum(axis=1, keepdims=True)\n    return c[1:] * 2.0\n"
    sample = sample_of(text, a=np.ones((3, 4)), b=np.ones((4, 5)))
    variant = variants(sample)["specialise/f/free"]
    rng = np.random.default_rng(3)
    inputs = {"a": rng.normal(size=(6, 7)), "b": rng.normal(size=(7, 2))}
    assert "_f_plain(a, b)" in variant.files["program.py"]
    before = run(sample.files, sample.entry, inputs)
    assert_equal(before, run(variant.files, sample.entry, inputs))


@pytest.mark.parametrize(
    "inputs",
    [
        {"a": np.ones(4), "n": 2},
        {"a": np.ones(3, dtype=np.float32), "n": 2},
        {"a": np.ones((3, 2))[:, 0], "n": 2},
        {"a": np.ones(3), "n": 2.0},
    ],
    ids=["length", "dtype", "layout", "kind"],
)
def test_other_inputs_go_to_the_original(inputs: dict[str, object]) -> None:
    """The guard lets only what was observed reach the compiled code."""
    sample = sample_of("def f(a, n):\n    return a * n\n", a=np.ones(3), n=2)
    variant = variants(sample)["specialise/f/fixed"]
    before = run(sample.files, sample.entry, inputs)
    assert_equal(before, run(variant.files, sample.entry, inputs))


@pytest.mark.parametrize("k", [1, 4, 9])
def test_slices_that_are_clipped_go_to_the_original(k: int) -> None:
    """A slice that reaches over the end is found out at run time."""
    sample = sample_of("def f(a, k):\n    return a[k : k + 2] * 2\n", a=np.arange(5.0), k=1)
    variant = variants(sample)["specialise/f/fixed"]
    inputs = {"a": np.arange(5.0), "k": k}
    before = run(sample.files, sample.entry, inputs)
    assert_equal(before, run(variant.files, sample.entry, inputs))


def test_arguments_are_changed_as_before() -> None:
    """What the original writes into its arguments, the compiled function writes there too."""
    text = """
def change(state, rate):
    state["a"] = state["a"] * rate
    state["b"] += rate
def f(state, rate):
    change(state, rate)
    change(state, rate)
    return state
"""
    sample = sample_of(text, state={"a": np.ones(3), "b": np.zeros(2)}, rate=0.5)
    variant = variants(sample)["specialise/change/fixed"]
    inputs = {"state": {"a": np.arange(3.0), "b": np.ones(2)}, "rate": 0.25}
    before = run(sample.files, sample.entry, inputs)
    assert_equal(before, run(variant.files, sample.entry, inputs))


def test_narrow_numbers_stay_close() -> None:
    """The variant in float32 gives float64 results, close to the original's."""
    variant = variants(LSTM)["specialise/run/narrow"]
    inputs = LSTM.draw(np.random.default_rng(5))
    before = run(LSTM.files, LSTM.entry, inputs)
    assert_equal(before, run(variant.files, LSTM.entry, inputs), 1e-4)


BEYOND = {
    "generator": "def f(a):\n    return sum(each for each in iter(a))\n",
    "class": "class A: pass\ndef f(a):\n    return A()\n",
    "exception": "def f(a):\n    try:\n        return a\n    except OSError:\n        pass\n",
    "recursion": "def f(a):\n    return a if a.sum() > 1e9 else f(a * 2)\n",
    "global": "STATE = []\ndef f(a):\n    STATE.append(1)\n    return len(STATE) * a\n",
    "random": "def f(a):\n    return a + np.random.rand(3)\n",
    "unknown": "def f(a):\n    return np.linalg.svd(a.reshape(3, 1))\n",
    "other kinds": "def f(a):\n    return a if a[0] > 0 else None\n",
}


@pytest.mark.parametrize("text", BEYOND.values(), ids=BEYOND)
def test_what_does_not_fit_is_refused(text: str) -> None:
    """Programs outside the subset raise BeyondError and nothing else."""
    seen = {
        "a": {"kind": "array", "dtype": "float64", "shape": [3], "layout": "C", "writeable": True}
    }
    with pytest.raises(BeyondError):
        specialise(ast.parse("import numpy as np\n" + text), "f", seen)


def test_text_processing_is_left_alone() -> None:
    """A program without numbers gets no variant."""
    assert variants(WORDS) == {}


def test_the_same_program_gives_the_same_text() -> None:
    """Specialising is deterministic."""
    piece = workpiece(NETWORK)
    first = {v.label: v.files for v in specialised.find(piece)}
    again = {v.label: v.files for v in specialised.find(piece)}
    assert first == again


EXPRESSIONS = [
    "a[::2] + b[0, :2]", "a[-1] * b[:, -1]", "b[1:, None, :] - b[None, :-1, :]", "b.T @ b",
    "np.stack([a, b[0]], axis=1)", "b.reshape(-1)[1:]", "b.swapaxes(0, 1).copy()", "a.argmax()",
    "np.where(a > 0, a, -a)", "np.clip(a, -0.5, 0.5)", "b.max(axis=0) - b.min(axis=1).sum()",
    "np.std(b, axis=0)", "np.outer(a, a)", "np.einsum('ij,kj->ik', b, b)", "np.tril(b @ b.T)",
    "(a > 0).any(), (a > 0).all()", "np.linalg.norm(b, axis=1)", "a ** 3 - abs(a) ** 0.5",
    "np.arange(3) * 2 + len(a)", "[x for x in range(3)], {'k': a[1]}", "a @ b.T", "b @ a", "a @ a",
    "np.concatenate([b, b * 2], axis=1)", "np.eye(3)[np.array([2, 0])]", "np.minimum(a, 0).mean()",
    "k // 2 + k % 2, -k, k / 2, k ** 2", "not (k > 2 and k < 5)", "a.astype(np.int64) // 2",
    "np.full((2, 2), 1.5) * k", "np.logical_and(a > 0, a < 1)", "np.cumsum(b, axis=1)",
    "b[np.arange(2), np.array([2, 1])]", "float(a.sum()), int(k), bool(k)", "max(a[0], a[1], 0.0)",
    "np.expand_dims(a, 0) * b", "sum(a), sorted([3, 1, 2])",
]  # fmt: skip


def test_expressions_mean_what_numpy_means() -> None:
    """One function for each expression, compiled together, against NumPy: kinds, shapes, values."""
    functions = [f"def f{n}(a, b, k):\n    return {e}\n" for n, e in enumerate(EXPRESSIONS)]
    calls = ", ".join(f"f{n}(a, b, k)" for n in range(len(EXPRESSIONS)))
    text = "".join(functions) + f"def f(a, b, k):\n    return [{calls}]\n"
    rng = np.random.default_rng(2)
    sample = sample_of(text, a=rng.normal(size=3), b=rng.normal(size=(2, 3)), k=4)
    variant = variants(sample)["specialise/f/fixed"]
    inputs = {"a": rng.normal(size=3), "b": rng.normal(size=(2, 3)), "k": 3}
    before = run(sample.files, sample.entry, inputs)
    assert_equal(before, run(variant.files, sample.entry, inputs))


def test_one_variant_follows_another() -> None:
    """A specialised function is taken back before it is specialised otherwise."""
    fixed = variants(HISTOGRAM)["specialise/count/fixed"]
    text = fixed.files["histogram.py"]
    parent = Sample("histogram", text, "count", HISTOGRAM.draw)
    free = {v.label.split("@")[0]: v for v in specialised.find(workpiece(parent))}
    again = free["specialise/count/fixed"].files["histogram.py"]
    assert ast.unparse(ast.parse(again)) == ast.unparse(ast.parse(text))
    narrow = free["specialise/count/narrow"].files["histogram.py"]
    assert narrow.count("def _count_plain(") == narrow.count("def count(") == 1
    inputs = HISTOGRAM.draw(np.random.default_rng(8))
    before = run(HISTOGRAM.files, HISTOGRAM.entry, inputs)
    assert_equal(before, run({"histogram.py": narrow}, HISTOGRAM.entry, inputs))
