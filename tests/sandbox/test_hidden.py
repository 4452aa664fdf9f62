"""Packages that are installed and that a box does not show.

At level B their files' names can still be listed, and nothing of them read.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from box_tools import output, program, python_for

from tachograph.errors import BoxError
from tachograph.sandbox import Box, Finished, Level
from tachograph.sandbox.inside.walls import folders_of
from tachograph.sandbox.levels import LevelError
from tachograph.sandbox.macos import MacBox

LOOK = """
import importlib, os, sys
def f(name):
    try:
        # an empty folder can be imported, too: as a package without any file
        imported = getattr(importlib.import_module(name), "__file__", None) is not None
    except (ImportError, OSError):
        imported = False
    read = 0
    for top in sys.path:
        for folder, _, files in os.walk(os.path.join(top, name)):
            for file in files:
                try:
                    read += len(open(os.path.join(folder, file), "rb").read())
                except OSError:
                    continue
    return {"imported": imported, "read": read}
"""


def package_of(python: Path) -> str:
    """Some package that this interpreter has, as a folder beside its other packages."""
    ask = (
        "import json, sys, glob; print(json.dumps([p for t in sys.path if t.endswith('-packages')"
        " for p in glob.glob(t + '/[a-z]*/__init__.py')]))"
    )
    said = subprocess.run(
        [str(python), "-s", "-c", ask], capture_output=True, text=True, check=True
    )
    names = sorted({Path(path).parent.name for path in json.loads(said.stdout)})
    for name in ("iniconfig", "pluggy", "pip", *names):
        if name in names and not name.startswith("_"):
            return name
    pytest.skip(f"{python} has no packages")


@pytest.mark.parametrize("level", ["A", "B"])
def test_it_is_neither_imported_nor_read(level: Level) -> None:
    """Without `hidden` it is both, so that the test can fail."""
    python = python_for(level)
    name = package_of(python)
    for hidden, shown in (((), True), ((name,), False)):
        try:
            opened = Box.open(level=level, python=python, hidden=hidden)
        except LevelError as error:
            pytest.skip(f"{error.message}; {error.hint}")
        with opened as box:
            found = output(box, LOOK, name=name)
        assert (found["imported"], found["read"] > 0) == (shown, shown), (hidden, found)


def test_what_is_not_installed_may_be_hidden() -> None:
    """A task can be run where the package is missing."""
    try:
        with Box.open(level="A", hidden=["no_such_package_anywhere"]) as box:
            assert isinstance(box.run(program("def f(): return 1"), {}), Finished)
    except BoxError as error:
        pytest.skip(error.message)


def test_every_folder_for_packages_is_looked_through() -> None:
    """This interpreter's own, and those of others below the folders that a box shows."""
    found = folders_of(["pytest", "no_such_package"])
    assert str(Path(pytest.__file__).resolve().parent) in found
    assert all(os.path.basename(folder) == "pytest" for folder in found)  # noqa: PTH119
    assert folders_of([]) == []


def test_a_mac_hides_it_by_its_profile(tmp_path: Path) -> None:
    """The folders that the profile denies."""
    inside = tmp_path / "lib/python3.11/site-packages/labels"
    inside.mkdir(parents=True)
    box = MacBox(level="C", python=Path(sys.executable), libraries=(), hidden=["labels"],
                 limits=None, cores=(0,))  # type: ignore[arg-type]  # fmt: skip
    box.folders = (tmp_path,)
    assert box.hidden_folders() == [inside.resolve()]
    box.close()
