"""A witness that knows one log."""

from __future__ import annotations

from pathlib import Path

import pytest
from logs import Log

from tachograph.brake.witness import Witness, add_log, create_witness

NAME = "example.net/witness"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A witness's folder."""
    folder = tmp_path / "witness"
    create_witness(folder, NAME)
    add_log(folder, Log(0).key.verifier)
    return folder


@pytest.fixture
def witness(folder: Path) -> Witness:
    """The witness in it, open."""
    return Witness.open(folder)
