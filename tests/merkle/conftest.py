"""Foreign vectors, where they are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

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
