"""A small honest bundle."""

from __future__ import annotations

from pathlib import Path

import pytest

from tachograph.brake.gather import write_held, write_log
from tachograph.ledger import Ledger, kinds


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
