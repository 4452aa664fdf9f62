"""Synthetic data say that they are, are the same each time, and hold the truth that they name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tachograph.gauges import Inputs, find, take
from tachograph.gauges.read.rows import read_rows
from tachograph.gauges.synthetic import DOUBLING_DAYS, write_all


def test_every_file_and_name_says_that_it_is_made_up(tmp_path: Path):
    """No figure made from them can pass for a measurement."""
    for path in write_all(tmp_path):
        assert path.name.startswith("synthetic-")
        for row in read_rows(path):
            name = "agent" if "agent" in row else "name"
            assert row.text(name).startswith("made-up-")


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path):
    """Twice the same files."""
    one, two = (
        [path.read_bytes() for path in write_all(tmp_path / name)] for name in ("one", "two")
    )
    assert one == two


@pytest.mark.parametrize(("gauge", "file"), [("horizon", "runs"), ("trend", "values")])
def test_gauges_find_the_doubling_time_behind_the_data(tmp_path: Path, gauge: str, file: str):
    """Both intervals hold it."""
    write_all(tmp_path)
    reading = take(find(gauge), Inputs((tmp_path / f"synthetic-{file}.csv",)))
    doubled = next(e for e in reading.estimates if e.name == "doubling time")
    assert doubled.low is not None
    assert doubled.high is not None
    assert doubled.low <= DOUBLING_DAYS <= doubled.high
