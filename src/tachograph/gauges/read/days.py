"""Release days by name: a table with a name and a day, or lines `name: 2025-02-24`.

The second form is what METR's release_dates.yaml looks like (a flat YAML mapping under `date:`);
this is a reader of such lines and not of YAML. Proven by tests/gauges/test_read_rows.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from tachograph.errors import FormatError
from tachograph.gauges.read.rows import READERS, Row, read_rows, read_text

NAMES = ("agent", "name", "model", "alias")
DAYS = ("release_date", "date", "day")


def read_days(path: Path) -> Mapping[str, date]:
    """Name to day. Raises FormatError naming file and line: also for one name with two days."""
    found: dict[str, date] = {}
    rows = read_rows(path) if path.suffix.lower() in READERS else _lines(path)
    for row in rows:
        name, day = row.text(column(row, NAMES)), row.day(column(row, DAYS))
        if found.setdefault(name, day) != day:
            raise row.fault(name, "given with two different days")
    return found


def column(row: Row, names: tuple[str, ...]) -> str:
    """The first of these columns that the row has; the first at all, for the error, else."""
    return next((name for name in names if name in row), names[0])


def _lines(path: Path) -> list[Row]:
    rows = []
    for number, line in enumerate(read_text(path).splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#") or (not line[0].isspace() and text.endswith(":")):
            continue
        name, colon, day = text.rpartition(": ")
        if not colon:
            raise FormatError(f"{path}:{number}: not `name: 2025-02-24`", hint="mend that line")
        rows.append(
            Row(path, number, {"agent": name.strip(" '\""), "release_date": day.strip(" '\"")})
        )
    if not rows:
        raise FormatError(f"{path}: no days", hint="write lines like `name: 2025-02-24`")
    return rows
