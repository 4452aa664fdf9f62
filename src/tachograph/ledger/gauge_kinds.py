"""Kinds of entries that gauges read and write; `kinds.py` names them in its union.

Proven by tests/ledger/test_ledger_kinds.py. Not covered: what a gauge makes of its data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tachograph.ledger.digest import Digest


@dataclass(frozen=True)
class DataRecorded:
    """Data from outside were taken into the ledger, for a gauge to read."""

    gauge: str
    """Name of the gauge that reads them."""
    name: str
    """What they are called; a later entry of the same gauge and name takes their place."""
    source: str
    """Where they are from, as whoever recorded them says; untrusted text."""
    inputs: list[str]
    """Names of the gauge's files, in the order in which it reads them."""
    options: dict[str, Any]
    """Options to read them with; one that names a file does so by its name in `files`."""
    files: dict[str, Digest]
    """Every file by name: its bytes; where the name ends in `/`, a folder as a tar archive."""


@dataclass(frozen=True)
class ReadingTaken:
    """A gauge was read. The entry's parents are the DataRecorded it rests on, where they are."""

    gauge: str
    """Name and method version of the gauge."""
    data: Digest
    """The object that holds the reading."""


GaugeBody = DataRecorded | ReadingTaken
"""All of the above."""
