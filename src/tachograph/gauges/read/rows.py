"""Tables with a header: CSV (RFC 4180, UTF-8, comma) and JSON Lines, row by row.

Every fault is a FormatError that begins `FILE:LINE:`, as compilers write it, with the line on which
the row begins. A file that ends within a row, a row with a field too many, two columns of one name,
NaN, infinities, numbers that overflow, truth values for numbers, bytes that are not UTF-8: all are
refused. Columns that nobody asks for are allowed. Proven by tests/gauges/test_read_rows.py.
"""

from __future__ import annotations

import csv
import difflib
import io
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from tachograph.errors import FormatError, NotFoundError

T = TypeVar("T")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
TRUTH = {"1": True, "0": False, "true": True, "false": False, "yes": True, "no": False}
FIELD_CHARACTERS = 16 << 20
"""Longest field of a CSV file, longest line of a JSON Lines file."""
ABSENT = frozenset({"", None})
SMALLEST, LARGEST = 1e-12, 1e12
"""What lies outside is a slip of the pen or of a unit, whatever was measured."""


class Row:
    """One row. Every getter raises FormatError naming file, line and column."""

    __slots__ = ("_cells", "line", "path")

    def __init__(self, path: Path, line: int, cells: Mapping[str, Any]) -> None:
        self.path = path
        self.line = line
        self._cells = cells

    def __contains__(self, column: str) -> bool:
        """Whether the column is there and not empty."""
        return self._cells.get(column) not in ABSENT

    def fault(self, column: str, message: str, hint: str = "") -> FormatError:
        """The error to raise about this column of this row."""
        return FormatError(f"{self.path}:{self.line}: {column}: {message}", hint=hint or MEND)

    def raw(self, column: str) -> Any:
        """The cell as it was read: text, or any JSON value."""
        if column not in self._cells:
            near = difflib.get_close_matches(column, self._cells, n=1, cutoff=0.6)
            there = ", ".join(list(self._cells)[:20])
            hint = f"did you mean {near[0]!r}?" if near else f"columns: {there}"
            raise self.fault(column, "no such column", hint)
        return self._cells[column]

    def text(self, column: str) -> str:
        """A text that is not empty, without blanks at its ends."""
        value = self.raw(column)
        if not isinstance(value, str) or not value.strip():
            raise self.fault(column, f"not a text: {value!r:.60}")
        return value.strip()

    def number(self, column: str, low: float = -math.inf, high: float = math.inf) -> float:
        """A finite number between two ends, both allowed."""
        value = self.raw(column)
        found = _number(value)
        if found is None or not math.isfinite(found):
            raise self.fault(column, f"not a finite number: {value!r:.60}")
        if not low <= found <= high:
            raise self.fault(column, f"not between {low:g} and {high:g}: {value!r:.60}")
        return found

    def bounded(self, column: str) -> float:
        """A number that a measurement may have: between -1e12 and 1e12."""
        value = self.number(column)
        if abs(value) > LARGEST:
            raise self.fault(column, f"too large to be measured: {value:g}")
        return value

    def positive(self, column: str, high: float = LARGEST) -> float:
        """A number above 0 that a measurement may have: from 1e-12 to `high`."""
        value = self.number(column)
        if value <= 0:
            raise self.fault(column, f"not above 0: {value:g}")
        if not SMALLEST <= value <= high:
            size = "large" if value > 1 else "small"
            raise self.fault(column, f"too {size} to be measured: {value:g}")
        return value

    def whole(self, column: str, low: int = 0) -> int:
        """A whole number from `low` on, below 2**53."""
        value = self.number(column, low, 2.0**53 - 1)
        if value != int(value):
            raise self.fault(column, f"not a whole number: {value:g}")
        return int(value)

    def whole_up_to(self, column: str, high: int) -> int:
        """A whole number from 0 to `high`."""
        self.number(column, 0, high)
        return self.whole(column)

    def day(self, column: str) -> date:
        """A day, `2025-02-24`; what follows a `T` or a blank is cut off."""
        value = self.raw(column)
        text = re.split(r"[T ]", value.strip(), maxsplit=1)[0] if isinstance(value, str) else ""
        try:
            if DAY.fullmatch(text):
                return date.fromisoformat(text)
        except ValueError:
            pass
        raise self.fault(column, f"not a day: {value!r:.60}", "write it as 2025-02-24")

    def truth(self, column: str) -> bool:
        """1 or 0, true or false, yes or no."""
        value = self.raw(column)
        if isinstance(value, bool):
            return value
        found = TRUTH.get(str(value).strip().lower()) if isinstance(value, str | int) else None
        if found is None:
            raise self.fault(column, f"neither yes nor no: {value!r:.60}", "write 1 or 0")
        return found

    def choice(self, column: str, allowed: Sequence[str]) -> str:
        """One of the allowed texts."""
        value = self.text(column)
        if value not in allowed:
            raise self.fault(column, f"not known: {value!r:.60}", "one of " + ", ".join(allowed))
        return value

    def maybe(self, column: str, getter: Callable[[str], T]) -> T | None:
        """None where the column is missing or empty, else `getter(column)`."""
        return getter(column) if column in self else None


MEND = "mend that row, or leave it out"


def read_rows(path: Path) -> list[Row]:
    """Read a .csv, .jsonl or .ndjson file; at least one row. Raises FormatError, NotFoundError."""
    suffix = path.suffix.lower()
    if suffix not in READERS:
        raise FormatError(f"{path}: not a table", hint="give a .csv or a .jsonl file")
    rows = list(READERS[suffix](path))
    if not rows:
        raise FormatError(
            f"{path}: no rows", hint="the first line is the header, then one row a line"
        )
    return rows


def read_text(path: Path) -> str:
    """An UTF-8 file, line ends as they are. Raises FormatError naming the line, NotFoundError."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise NotFoundError(f"{path}: no such file", hint="mend the path") from None
    except OSError as error:
        raise FormatError(
            f"{path}: {error.strerror}", hint="name a file that can be read"
        ) from error
    if b"\0" in data:
        line = data[: data.index(b"\0")].count(b"\n") + 1
        raise FormatError(f"{path}:{line}: a zero byte: not a text", hint="save it as UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise FormatError(f"{path}:{line}: not UTF-8 text", hint="save it as UTF-8") from error


def parse_json(text: str) -> Any:
    """JSON without NaN, infinities and double keys. Raises ValueError saying what is wrong."""
    try:
        return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_unique)
    except RecursionError:
        raise ValueError("nested too deep") from None


def _csv(path: Path) -> Iterator[Row]:
    text = read_text(path)
    if not text.strip():
        return
    # The standard limit would refuse long fields with a message that helps nobody.
    csv.field_size_limit(FIELD_CHARACTERS)
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] | None = None
    line = 1
    try:
        for cells in lines:
            if header is None:
                header = _header(path, cells)
            elif cells:
                yield Row(path, line, _cells(path, line, header, cells))
            line = lines.line_num + 1
    except csv.Error as error:
        raise FormatError(f"{path}:{line}: not CSV: {error}", hint=TRUNCATED) from error
    if header and not text.endswith(("\n", "\r")) and _cut(text, header):
        raise FormatError(f"{path}:{line - 1}: the file ends within a row", hint=TRUNCATED)


TRUNCATED = "the file may be cut off or mixed up: look at that line"


def _cut(text: str, header: list[str]) -> bool:
    # A last line without its end is ordinary; one that ends in an open comma is not.
    return text.endswith(",") and len(header) > 1


def _header(path: Path, cells: list[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    twice = {name for name in names if name and names.count(name) > 1}
    if twice:
        raise FormatError(f"{path}:1: two columns named {min(twice)!r}", hint="rename one of them")
    return names


def _cells(path: Path, line: int, header: list[str], cells: list[str]) -> dict[str, str]:
    if len(cells) != len(header):
        raise FormatError(
            f"{path}:{line}: {len(cells)} fields, the header has {len(header)}", hint=TRUNCATED
        )
    return dict(zip(header, cells, strict=True))


def _json_lines(path: Path) -> Iterator[Row]:
    for line, text in enumerate(read_text(path).split("\n"), 1):
        if not text.strip():
            continue
        if len(text) > FIELD_CHARACTERS:
            raise FormatError(
                f"{path}:{line}: longer than {FIELD_CHARACTERS} characters", hint=TRUNCATED
            )
        try:
            value = parse_json(text)
        except ValueError as error:
            raise FormatError(f"{path}:{line}: not JSON: {error}", hint=TRUNCATED) from error
        if not isinstance(value, dict):
            raise FormatError(f"{path}:{line}: not a JSON object", hint="write one object a line")
        yield Row(path, line, value)


READERS: dict[str, Callable[[Path], Iterator[Row]]] = {
    ".csv": _csv, ".jsonl": _json_lines, ".ndjson": _json_lines,
}  # fmt: skip


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        try:
            return float(value)
        except OverflowError:
            return math.inf
    if isinstance(value, str) and NUMBER.fullmatch(value.strip()):
        return float(value)
    return None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("the same key twice in one object")
    return found
