"""Loading and calling the trusted check."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tachograph.errors import TaskError
from tachograph.task import Check, load

Write = Callable[..., Path]
RNG = np.random.default_rng(0)
DRAW = "def draw(rng):\n    return {'x': int(rng.integers(100))}\n"


def check_of(write: Write, text: str) -> Check:
    return Check(load(write(check__py=text)))


def test_equal_generators_draw_equal_inputs(write: Write) -> None:
    """All that is random comes from the generator."""
    check = check_of(write, DRAW)
    draws = [check.draw(np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]


def test_without_expected_and_compare_the_defaults_hold(write: Write) -> None:
    """The judge runs the seed, and compares by structure."""
    check = check_of(write, DRAW)
    assert not check.knows_expected
    assert check.compare({}, 2, 2) is None
    assert check.compare({}, 2, 3) == "output is 2, not 3"


def test_tolerances_come_from_the_task(write: Write) -> None:
    """[compare] reaches the default comparison."""
    folder = write()
    toml = (folder / "task.toml").read_text() + "[compare]\nrtol = 0.1\n"
    assert Check(load(write(toml))).compare({}, 1.05, 1.0) is None


def test_expected_and_compare_are_used(write: Write) -> None:
    """What check.py defines takes the place of the defaults."""
    text = DRAW + (
        "def expected(inputs):\n    return inputs['x'] * 2\n"
        "def compare(inputs, output, expected):\n"
        "    return None if output == -expected else 'not the negative'\n"
    )
    check = check_of(write, text)
    assert check.knows_expected
    assert check.expected({"x": 4}) == 8
    assert check.compare({"x": 4}, -8, 8) is None
    assert check.compare({"x": 4}, 8, 8) == "not the negative"


def test_dataclasses_work_inside_the_check(write: Write) -> None:
    """The module can be looked up by name while it runs."""
    text = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass A:\n    x: int = 3\n"
        "def draw(rng):\n    return {'x': A().x}\n"
    )
    assert check_of(write, text).draw(np.random.default_rng(0)) == {"x": 3}


def test_the_checks_folder_is_not_on_the_import_path(write: Write) -> None:
    """A file beside check.py is not part of the digest, so it cannot be imported."""
    with pytest.raises(TaskError, match=r"check\.py:1: ModuleNotFoundError"):
        check_of(write, "import double\n" + DRAW)
    assert "double" not in sys.modules


def test_what_was_hashed_is_what_runs(write: Write) -> None:
    """A change of the file after loading does not reach the check."""
    task = load(write(check__py=DRAW))
    task.check.write_text("def draw(rng):\n    return {'x': -1}\n")
    assert Check(task).draw(np.random.default_rng(0))["x"] >= 0


FAULTS: dict[str, tuple[str, Callable[[Check], Any], str]] = {
    "top level": ("1 / 0\n" + DRAW, lambda c: c, "check.py:1: ZeroDivisionError"),
    "draw": ("def draw(rng):\n\n    return 1 / 0\n", lambda c: c.draw(RNG), "check.py:3: Zero"),
    "expected": (
        DRAW + "def expected(inputs):\n    return inputs['y']\n",
        lambda c: c.expected({"x": 1}), "check.py:4: KeyError: 'y'"),
    "compare": (
        DRAW + "def compare(inputs, output, expected):\n    return output.y\n",
        lambda c: c.compare({}, 1, 1), "check.py:4: AttributeError"),
    "compare that answers True": (
        DRAW + "def compare(inputs, output, expected):\n    return True\n",
        lambda c: c.compare({}, 1, 1), "compare: returned True"),
    "compare that answers an empty text": (
        DRAW + "def compare(inputs, output, expected):\n    return ''\n",
        lambda c: c.compare({}, 1, 1), "compare: returned ''"),
    "draw of a list": (
        "def draw(rng):\n    return [1]\n", lambda c: c.draw(RNG), "draw: no dict of keyword"),
    "draw of a strange key": (
        "def draw(rng):\n    return {'a b': 1}\n", lambda c: c.draw(RNG), "draw: no dict of"),
    "draw of an object": (
        "def draw(rng):\n    return {'x': {1}}\n", lambda c: c.draw(RNG), "set is not a plain"),
    "draw of an array of objects": (
        "import numpy\ndef draw(rng):\n    return {'x': numpy.array([None])}\n",
        lambda c: c.draw(RNG), "arrays of object are not sent"),
    "draw that is no function": ("draw = 3\n", lambda c: c, "draw: not a function"),
}  # fmt: skip


@pytest.mark.parametrize("case", FAULTS)
def test_faults_name_file_and_line(write: Write, case: str) -> None:
    """Whatever goes wrong in check.py is the task's fault, and says where."""
    text, act, message = FAULTS[case]
    with pytest.raises(TaskError) as caught:
        act(check_of(write, text))
    assert message in caught.value.message
    assert "check.py" in caught.value.message
    assert caught.value.hint


def test_a_check_that_lacks_a_package_says_what_to_do(write: Write) -> None:
    """The author's file needs no mending then."""
    with pytest.raises(TaskError, match="no_such_package") as caught:
        check_of(write, "import no_such_package\n\n\ndef draw(rng):\n    return {}\n")
    assert "install it" in caught.value.hint
