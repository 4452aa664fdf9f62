"""Where the reference data lie: beside the checkout, or where TACHOGRAPH_DATA says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# A loaded machine is no reason to fail.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

BESIDE = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """The folder of reference inputs and expected outputs; skips where it is not there."""
    folder = Path(os.environ.get("TACHOGRAPH_DATA", BESIDE))
    if not folder.is_dir():
        pytest.skip(f"no reference data in {folder}; set TACHOGRAPH_DATA")
    return folder
