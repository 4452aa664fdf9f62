"""The example tasks that the guides show: they load, are short, and their seeds pass."""

from __future__ import annotations

import shutil
import venv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tachograph.sandbox import Box, Finished
from tachograph.task import Check, Task, load

EXAMPLES = Path(__file__).parents[2] / "examples"
FOLDERS = ["existing-function/speed", "c-program"]


def outcome(task: Task, inputs: dict[str, Any]) -> Any:
    """The seed's output, from a box without walls: what is tested here is the task."""
    with Box.open(level="D", libraries=task.libraries, limits=task.limits) as box:
        finished = box.run(task.program(task.seed), inputs)
    assert isinstance(finished, Finished), finished
    return finished.output


@pytest.mark.parametrize("folder", FOLDERS)
def test_task_toml_has_fewer_than_ten_lines(folder: str) -> None:
    """A task out of what is there takes a few lines."""
    assert (EXAMPLES / folder / "task.toml").read_text().count("\n") < 10


@pytest.mark.parametrize("folder", FOLDERS)
def test_seed_passes_its_check(folder: str) -> None:
    """What the guide promises works."""
    if "c-program" in folder and not shutil.which("gcc"):
        pytest.skip("there is no gcc here")
    task = load(EXAMPLES / folder)
    check = Check(task)
    inputs = check.draw(np.random.default_rng())
    output = outcome(task, inputs)
    right = check.expected(inputs) if check.knows_expected else outcome(task, inputs)
    assert check.compare(inputs, output, right) is None


def test_a_task_may_have_an_environment_of_its_own(tmp_path: Path) -> None:
    """The box runs the interpreter that `python` names, without Tachograph or NumPy in it."""
    shutil.copytree(EXAMPLES / "existing-function", tmp_path / "project")
    venv.create(tmp_path / "project" / ".venv", with_pip=False, symlinks=True)
    folder = tmp_path / "project" / "speed"
    toml = folder / "task.toml"
    toml.write_text(toml.read_text() + 'python = "../.venv/bin/python"\n')
    source = tmp_path / "project" / "edit_distance.py"
    source.write_text("import sys\n\n\ndef distance(a, b):\n    return sys.prefix\n")
    task = load(folder)
    with Box.open(level="D", python=task.python, limits=task.limits) as box:
        finished = box.run(task.program(task.seed), {"a": "", "b": ""})
    assert isinstance(finished, Finished), finished
    assert Path(finished.output) == tmp_path / "project" / ".venv"


def test_edit_distance_is_right() -> None:
    """The function that serves as its own expectation is right on a known pair."""
    names: dict[str, Any] = {}
    exec(load(EXAMPLES / "existing-function/speed").seed.files["edit_distance.py"], names)
    assert names["distance"]("kitten", "sitting") == 3
    assert names["distance"]("", "abc") == 3
