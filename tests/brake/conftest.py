"""A small honest bundle, from the red team's world; foreign vectors, where they are."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))

from redteam.world import World

# A loaded machine is no reason to fail.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture
def vectors() -> Path:
    """The folder of foreign vectors; the test skips where there is none."""
    beside = Path(__file__).parents[3] / "shared" / "vectors"
    folder = Path(os.environ.get("TACHOGRAPH_VECTORS", beside))
    if not folder.is_dir():
        pytest.skip(f"no foreign vectors at {folder}; set TACHOGRAPH_VECTORS")
    return folder


@pytest.fixture
def world() -> World:
    """An honest world that has not run yet."""
    return World(1)


@pytest.fixture
def bundle(world: World, tmp_path: Path) -> Path:
    """What the honest world published."""
    return world.write(tmp_path / "bundle")
