"""A fresh ledger, and bodies to fill it with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tachograph.ledger import Ledger

# A loaded machine is no reason to fail.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the test's ledger lies."""
    return tmp_path / "ledger"


@pytest.fixture
def ledger(folder: Path) -> Iterator[Ledger]:
    """An empty ledger, open."""
    with Ledger.open(folder, create=True) as opened:
        yield opened
