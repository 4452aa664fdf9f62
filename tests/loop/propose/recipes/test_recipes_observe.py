"""The watched run: types, calls and time of module-level functions, as the box would tell them."""

from __future__ import annotations

import json

import numpy as np
from compiled_running import observed, run, workpiece
from compiled_samples import MATRIX_VECTOR, NETWORK, Sample

from tachograph.loop.propose.protocol import ExecuteError
from tachograph.loop.propose.recipes import numba_function, tracer
from tachograph.loop.propose.recipes.observe import Observation, module_name, observe, read


def test_calls_and_types_are_seen() -> None:
    """Each function has its calls, and a description of each of its arguments."""
    seen = observed(MATRIX_VECTOR).functions["matvec:multiply"]
    assert seen.calls == 5
    assert seen.kinds[0]["matrix"]["shape"] == [70, 70]
    assert seen.kinds[0]["vector"]["dtype"] == "float64"


def test_time_is_split_between_caller_and_callee() -> None:
    """Own time excludes what is called; with it, the entry has all."""
    observation = observed(NETWORK)
    assert observation.total_share("network:fit") > 0.99
    assert observation.share("network:fit") < 0.9
    assert sum(observation.share(name) for name in observation.functions) > 0.99


def test_new_types_of_a_later_call_are_seen() -> None:
    """A function called with two types has two descriptions."""
    text = "def g(x):\n    return x\ndef f(n):\n    return g(n) + g(0.5) + g(2)\n"
    kinds = observed(Sample("two", text, "f", lambda rng: {"n": 1})).functions["two:g"].kinds
    assert [kind["x"]["kind"] for kind in kinds] == ["int", "float"]


def test_what_is_told_is_plain_json() -> None:
    """The answer passes through the encoding of the box, odd objects included."""
    value = {"a": [np.ones(2), (1, 2.5)], "b": None, "c": object(), "d": [1] * 40, "e": 1j}
    told = tracer.describe(value)
    assert json.loads(json.dumps(told)) == told
    assert told["items"]["c"] == {"kind": "other", "type": "object"}
    assert told["items"]["d"]["length"] == 40


def test_a_compiled_parent_is_watched_as_well() -> None:
    """Functions that numba compiled before still count and still run."""
    variant = next(
        v for v in numba_function.find(workpiece(MATRIX_VECTOR)) if "multiply" in v.label
    )
    compiled = Sample("matvec", variant.files["matvec.py"], "power_iteration", MATRIX_VECTOR.draw)
    assert observed(compiled).functions["matvec:multiply"].calls == 5


def test_a_run_that_fails_shows_nothing() -> None:
    """A parent that cannot be run leaves the recipes without types."""

    def execute(files: object, entry: str) -> object:
        raise ExecuteError("died")

    assert observe({"a.py": ""}, "a:f", execute) == Observation()


def test_an_answer_of_another_form_shows_nothing() -> None:
    """The candidate may have written the answer itself."""
    assert read(["nonsense"]) == Observation()
    assert read({"functions": 3}) == Observation()


def test_modules_are_named_by_their_path() -> None:
    """Packages, too."""
    assert module_name("a/b.py") == "a.b"
    assert module_name("a/__init__.py") == "a"


def test_the_tracer_calls_the_entry_once() -> None:
    """Watching costs one call."""
    text = "calls = []\ndef f(n):\n    calls.append(n)\n    return len(calls)\n"
    assert run({"once.py": text}, "once:f", {"n": 1}) == 1
    assert observed(Sample("once", text, "f", lambda rng: {"n": 1})).functions["once:f"].calls == 1
