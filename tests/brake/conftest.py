"""Foreign vectors, where they are; a small honest bundle."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from tachograph.brake.gather import write_held, write_log
from tachograph.ledger import Ledger, kinds

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
def bundle(tmp_path: Path) -> Path:
    """One log of a few entries, and a head that was held before."""
    with Ledger.open(tmp_path / "alba", create=True) as ledger:
        ledger.append([("loop", [], kinds.RunResumed(run="r-1"))])
        held = ledger.sign_head()
        ledger.append([("loop", [], kinds.RunResumed(run="r-2"))])
        write_log(ledger, tmp_path / "bundle/logs/alba", 3, ledger.sign_head())
    write_held(tmp_path / "bundle", [held])
    return tmp_path / "bundle"
