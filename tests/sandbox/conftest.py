"""Real boxes for the sandbox's tests: as who runs the tests, and as an ordinary user where that is
root, because the kernel treats the two differently.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from box_tools import boxed

from tachograph.sandbox import Box, Limits

SRC = Path(__file__).parents[2] / "src" / "tachograph"


@pytest.fixture(scope="session")
def public_source() -> Iterator[Path]:
    """A copy of the package that every user can read; the folder to put on the path."""
    folder = Path(tempfile.mkdtemp(prefix="tacho-test-", dir="/var/tmp"))
    folder.chmod(0o755)
    shutil.copytree(SRC, folder / "tachograph", ignore=shutil.ignore_patterns("__pycache__"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module", params=["A", "B"])
def box(request: pytest.FixtureRequest) -> Iterator[Box]:
    """A box with short limits, at each level that protects."""
    yield from boxed(request.param, Limits(wall_seconds=3.0, disk_mib=32))


@pytest.fixture(scope="module", params=["A", "B"])
def crowd(request: pytest.FixtureRequest) -> Iterator[Box]:
    """A box in which eight processes may run."""
    yield from boxed(request.param, Limits(wall_seconds=3.0, disk_mib=32, processes=8))


@pytest.fixture(scope="module", params=["A", "B", "D"])
def any_box(request: pytest.FixtureRequest) -> Iterator[Box]:
    """A box at each level."""
    yield from boxed(request.param, Limits(wall_seconds=3.0))
