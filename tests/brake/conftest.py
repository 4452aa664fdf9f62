"""A small honest bundle, from the red team's world."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from redteam.world import World


@pytest.fixture
def world() -> World:
    """An honest world that has not run yet."""
    return World(1)


@pytest.fixture
def bundle(world: World, tmp_path: Path) -> Path:
    """What the honest world published."""
    return world.write(tmp_path / "bundle")
