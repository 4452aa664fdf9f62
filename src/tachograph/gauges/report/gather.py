"""Where readings come from: the ledger, or files that `tacho gauge --json` wrote.

Of the ledger, a gauge's newest recorded reading; where data for it were recorded since, or are
there and nobody has read them, a reading taken of those.

Proven by tests/gauges/report/test_gather.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tachograph.errors import FormatError
from tachograph.gauges.gauge import Gauge, Inputs, recorded, take
from tachograph.gauges.plain import from_plain
from tachograph.gauges.read.rows import parse_json, read_text
from tachograph.gauges.reading import Reading
from tachograph.gauges.registry import find, names
from tachograph.gauges.stored import find_stored, take_stored
from tachograph.ledger import Entry, Ledger
from tachograph.ledger.kinds import DataRecorded


@dataclass(frozen=True)
class Taken:
    """A reading and where it lies."""

    reading: Reading
    where: str
    """`entry 12 of 2026-11-25`, or a file's name."""
    data: DataRecorded | None = None
    """What it was taken of, where that is in the ledger."""


def newest(ledger: Ledger) -> dict[str, Taken]:
    """The newest reading of each gauge that the ledger has a reading of, or data for.

    Nothing is recorded. Raises DamagedError, FormatError.
    """
    latest: dict[str, tuple[int, Taken]] = {}
    for entry, reading in recorded(ledger):
        taken = Taken(reading, f"entry {entry.seq} of {entry.time[:10]}", _rests_on(ledger, entry))
        latest[reading.gauge] = entry.seq, taken
    found = {}
    for name in names():
        seq, taken_before = latest.get(name, (-1, None))
        taken_now = _unread(ledger, find(name), seq) or taken_before
        if taken_now is not None:
            found[name] = taken_now
    return found | {name: taken for name, (_, taken) in latest.items() if name not in found}


def _rests_on(ledger: Ledger, entry: Entry) -> DataRecorded | None:
    bodies = [ledger.get(parent).body for parent in entry.parents]
    return next((body for body in bodies if isinstance(body, DataRecorded)), None)


def _unread(ledger: Ledger, gauge: Gauge[Any, Any], after: int) -> Taken | None:
    """A reading of data that came after this entry, or that were never read; None: there are none.

    A gauge that reads the ledger's own entries is taken of them once nothing else is there.
    """
    stored = find_stored(ledger, gauge.name)
    if stored is not None and stored.entry.seq > after:
        reading = take_stored(ledger, gauge, stored)
        return Taken(reading, f"taken for this page, of {stored.where}", stored.body)
    if stored is None and after < 0 and gauge.found_in(ledger):
        reading = take(gauge, Inputs(ledger=ledger))
        return Taken(reading, f"taken for this page, of {ledger.size} entries")
    return None


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
