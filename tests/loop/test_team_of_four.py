"""Four seats against one, the same trials and the same seed: the benchmark's own comparison."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tachograph.errors import BoxError
from tachograph.sandbox import Box

BENCH = Path(__file__).parents[2] / "bench" / "team.py"


def test_four_seats_and_one_behave_as_documented() -> None:
    """Nothing is tried twice, dead ends on the board are left alone, both runs can be derived."""
    try:
        Box.open(level="A").close()
    except BoxError as error:
        pytest.skip(f"no box at level A: {error.message}")
    ended = subprocess.run(
        [sys.executable, BENCH, "--quick", "--only", "compare"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.count("| met") == 8, ended.stdout
