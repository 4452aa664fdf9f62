"""Where readings come from: the ledger, or files that `tacho gauge --json` wrote.

Proven by tests/gauges/report/test_gather.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tachograph.errors import FormatError
from tachograph.gauges.gauge import recorded
from tachograph.gauges.plain import from_plain
from tachograph.gauges.read.rows import parse_json, read_text
from tachograph.gauges.reading import Reading
from tachograph.ledger import Ledger


@dataclass(frozen=True)
class Taken:
    """A reading and where it lies."""

    reading: Reading
    where: str
    """`entry 12 of 2026-11-25`, or a file's name."""


def newest(ledger: Ledger) -> dict[str, Taken]:
    """The newest reading of each gauge in the ledger. Raises DamagedError, FormatError."""
    found = {}
    for entry, reading in recorded(ledger):
        found[reading.gauge] = Taken(reading, f"entry {entry.seq} of {entry.time[:10]}")
    return found


def of_files(paths: Iterable[Path]) -> dict[str, Taken]:
    """Readings from files, one each. Raises FormatError, NotFoundError, naming the file."""
    found: dict[str, Taken] = {}
    for path in paths:
        reading = _load(path)
        if reading.gauge in found:
            raise FormatError(
                f"{path}: a second reading of {reading.gauge}; the first is "
                f"{found[reading.gauge].where}", hint="give one reading a gauge",
            )  # fmt: skip
        found[reading.gauge] = Taken(reading, path.name)
    return found


def _load(path: Path) -> Reading:
    hint = "write it with tacho gauge NAME ... --json"
    try:
        plain = parse_json(read_text(path))
    except (ValueError, json.JSONDecodeError) as error:
        raise FormatError(f"{path}: not JSON: {error}", hint=hint) from error
    try:
        return from_plain(Reading, plain)
    except FormatError as error:
        raise FormatError(f"{path}: {error.message}", hint=hint) from error
