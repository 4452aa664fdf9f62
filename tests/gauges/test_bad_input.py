"""Bad input, for every gauge that reads a table: an error that names the row, or no number."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_stored import abilities

from tachograph.errors import FormatError
from tachograph.gauges import Inputs, Reading, find, take
from tachograph.gauges.report.demo import TABLES

Rows = list[dict[str, Any]]
MADE: dict[str, Callable[[], Rows]] = {**TABLES, "stitching": abilities}
MEASURED = {
    "horizon": "human_minutes", "trend": "value", "saturation": "score", "sessions": "success",
    "speed-up": "ratio", "gap": "score", "next-step": "ai_length", "survey": "multiplier",
    "uplift": "minutes", "bottleneck": "speedup", "outlook": "low", "stitching": "score",
}  # fmt: skip
"""A column of measured numbers of each gauge."""


def read(name: str, path: Path) -> Reading:
    gauge = find(name)
    cheap = {"replicates": 100, "draws": 200}
    known = {key: value for key, value in cheap.items() if hasattr(gauge.options(), key)}
    if name == "stitching":
        known["anchor"] = "made-up-1"
    return take(gauge, Inputs((path,)), gauge.options(**known))


def write(path: Path, rows: Rows) -> Path:
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    return path


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("cell", ["nan", "inf", "1e400", "1e300", "-1e308", "x", "1_000"])
def test_a_cell_that_is_no_measurement_is_named(name: str, cell: str, tmp_path: Path) -> None:
    """File, line and column, whatever the gauge."""
    rows = MADE[name]()
    place = next(n for n, row in enumerate(rows) if row[MEASURED[name]] not in ("", None))
    rows[place] = rows[place] | {MEASURED[name]: cell}
    path = write(tmp_path / "bad.csv", rows)
    with pytest.raises(FormatError) as error:
        read(name, path)
    assert error.value.message.startswith(f"{path}:{place + 2}: {MEASURED[name]}: ")
    assert error.value.hint


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("break_it", [
    lambda text: "", lambda text: text.split("\n", 1)[0] + "\n",
    lambda text: text[: len(text) // 2].rsplit(",", 1)[0],
    lambda text: text + "\0", lambda text: text.replace("\n", "\n,", 2),
    lambda text: text.split("\n", 1)[0] + "\n" + text,
], ids=["empty", "header alone", "truncated", "zero byte", "mixed up", "header twice"])  # fmt: skip
def test_a_broken_file_is_named(name: str, break_it: Callable[[str], str], tmp_path: Path) -> None:
    """And the line, where there is one."""
    path = write(tmp_path / "bad.csv", MADE[name]())
    path.write_text(break_it(path.read_text()))
    with pytest.raises(FormatError) as error:
        read(name, path)
    assert error.value.message.startswith(f"{path}:") and error.value.hint


@pytest.mark.parametrize("name", sorted(set(MADE) - {"survey", "outlook", "next-step"}))
def test_what_does_not_vary_has_no_interval_of_no_width(name: str, tmp_path: Path) -> None:
    """One value for all: no number, or one without ends. (Order statistics are exact there.)"""
    rows = MADE[name]()
    column = MEASURED[name]
    same = next(row[column] for row in rows if row[column] not in ("", None))
    path = write(tmp_path / "same.csv", [row | {column: same} for row in rows])
    try:
        reading = read(name, path)
    except FormatError:
        return
    head = reading.headline
    if head is None:
        assert not reading.verdict.told
        return
    if reading.verdict.told and name != "bottleneck":
        assert head.low is None and head.high is None
    assert head.value is None or head.low != head.high or head.low is None


@pytest.mark.parametrize("name", sorted(set(MADE) - {"outlook"}))
def test_one_row_tells_nothing(name: str, tmp_path: Path) -> None:
    path = write(tmp_path / "one.csv", MADE[name]()[:1])
    try:
        reading = read(name, path)
    except FormatError as error:
        assert error.message.startswith(f"{path}:") or error.hint
        return
    assert not reading.verdict.told
