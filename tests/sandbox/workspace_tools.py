"""Workspaces for tests, as who runs the tests."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from box_tools import python_for

from tachograph.sandbox.levels import LevelError
from tachograph.sandbox.staging import remove
from tachograph.sandbox.workspace import Workspace


@contextmanager
def public_folder() -> Iterator[Path]:
    """A folder that another uid can reach, which pytest's own is not."""
    folder = Path(tempfile.mkdtemp(prefix="tacho-test-", dir="/var/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        remove(folder)


@contextmanager
def workspace_at(level: Any, folder: Path, **options: Any) -> Iterator[Workspace]:
    """An open workspace; the test is skipped where the level cannot be had."""
    try:
        opened = Workspace.open(folder, level=level, python=python_for(level), **options)
    except LevelError as error:
        pytest.skip(f"{error.message}; {error.hint}")
    with opened:
        yield opened
