"""The task that `tacho task new` writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tachograph.errors import UsageError
from tachograph.task import Check, load
from tachograph.task.new import new


@pytest.mark.parametrize(
    ("folder", "name"),
    [("my-task", "my-task"), ("My Task 2", "my-task-2"), ("__", "my-task"), ("a/b", "b")],
)
def test_what_is_written_loads(tmp_path: Path, folder: str, name: str) -> None:
    """The task is named after its folder."""
    new(tmp_path / folder)
    assert load(tmp_path / folder).name == name


def test_the_seed_does_what_the_goal_says(tmp_path: Path) -> None:
    """The moving mean is right at the start, in the middle and at the end."""
    new(tmp_path / "task")
    task = load(tmp_path / "task")
    inputs = Check(task).draw(np.random.default_rng(0))
    names: dict[str, object] = {}
    exec(task.seed.files["smooth.py"], names)
    smooth = names["smooth"]
    assert callable(smooth)
    means, values, width = smooth(**inputs), inputs["values"], inputs["width"]
    assert means[0] == values[0]
    for i in (width, 5000, len(values) - 1):
        assert means[i] == pytest.approx(values[i - width + 1 : i + 1].mean())


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    """A folder made beforehand is as good as none."""
    new(tmp_path)
    assert (tmp_path / "task.toml").is_file()


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """A folder that holds anything is refused, and left alone."""
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        new(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_place_that_cannot_be_written_is_a_usage_error(tmp_path: Path) -> None:
    """The system's reason is passed on."""
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        new(tmp_path / "file" / "task")
