"""A gauge's inputs in the ledger: recorded by hash, and read from there as if they were files.

`keep` records what a gauge would read: its files, those that its options name, and the options
that were given, as one DataRecorded. `opened` lays them out again in a folder of their own while a
reading is taken, so that every gauge reads them as it reads files, and its reading is the same to
the last byte. A folder is one object, a tar archive in a fixed order; a git clone is what the gauge
counts of its history (git/kept.py). Proven by tests/gauges/test_stored.py. Not covered: whether the
data are true; the entry says who recorded what, and when.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tachograph.errors import FormatError, NotFoundError, UsageError
from tachograph.gauges.gauge import Gauge, Inputs, read_strictly, take, values
from tachograph.gauges.packing import lay, pack
from tachograph.gauges.reading import Reading
from tachograph.ledger import Entry, Ledger
from tachograph.ledger.kinds import DataRecorded

AnyGauge = Gauge[Any, Any]


@dataclass(frozen=True)
class Stored:
    """Data of one gauge in the ledger."""

    entry: Entry
    body: DataRecorded

    @property
    def where(self) -> str:
        """`entry 12 of 2026-11-25`."""
        return f"entry {self.entry.seq} of {self.entry.time[:10]}"


def find_stored(ledger: Ledger, gauge: str, name: str | None = None) -> Stored | None:
    """The newest data of a gauge, of this name where one is given; None where there are none.

    Raises NotFoundError where a name is given and names nothing.
    """
    found: Stored | None = None
    names: dict[str, None] = {}
    for entry in ledger.entries(kinds=[DataRecorded]):
        body = entry.body
        if isinstance(body, DataRecorded) and body.gauge == gauge:
            names[body.name] = None
            found = Stored(entry, body) if name in (None, body.name) else found
    if found is None and name is not None:
        there = "there are " + ", ".join(names) if names else f"tacho ledger record {gauge} FILE"
        raise NotFoundError(f"the ledger has no data {name!r} for {gauge}", hint=there)
    return found


def keep(ledger: Ledger, gauge: AnyGauge, inputs: Inputs, options: Any, *, name: str = "",
         source: str = "", actor: str = "gauges") -> Entry:  # fmt: skip
    """Record the inputs of a gauge; durable when it returns. They are read first, strictly.

    Raises UsageError for two files of one name, FormatError and NotFoundError as reading does.
    """
    read_strictly(gauge, inputs, options)
    usual = dict(values(gauge.options()))
    given = {key: value for key, value in values(options) if value != usual[key]}
    extras = [value for value in given.values() if isinstance(value, Path)]
    packed = [gauge.pack(path, options) for path in inputs.files] + [pack(path) for path in extras]
    names = [each for each, _ in packed]
    if twice := sorted({each for each in names if names.count(each) > 1}):
        raise UsageError(f"two files named {twice[0]}", hint="rename one of them")
    body = DataRecorded(
        gauge=gauge.name,
        name=name or gauge.name,
        source=source,
        inputs=names[: len(inputs.files)],
        options={key: _plain(value) for key, value in given.items()},
        files={each: ledger.put(data) for each, data in packed},
    )
    (entry,) = ledger.append([(actor, (), body)])
    return entry


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return value.resolve().name
    return list(value) if isinstance(value, tuple) else value


@contextmanager
def opened(
    ledger: Ledger, gauge: AnyGauge, stored: Stored
) -> Iterator[tuple[Inputs, Mapping[str, Any]]]:
    """The inputs as files, and the recorded options, until the block ends.

    An error about one of the files names it without the folder, and says which entry it is of.
    Raises DamagedError, FormatError.
    """
    body = stored.body
    with tempfile.TemporaryDirectory(prefix="tacho-data-") as made:
        folder = Path(made).resolve()
        places = {each: lay(folder, each, ledger.fetch(digest))
                  for each, digest in body.files.items()}  # fmt: skip
        files = tuple(places[each] for each in body.inputs)
        inputs = Inputs(files, ledger if gauge.takes_ledger else None)
        try:
            yield inputs, dict(_options(gauge, body, places))
        except FormatError as error:
            message = error.message.replace(f"{folder}/", f"{stored.where}: ")
            raise FormatError(message, hint=error.hint) from error


def take_stored(ledger: Ledger, gauge: AnyGauge, stored: Stored) -> Reading:
    """The reading of stored data with their recorded options. Raises as `opened` and `take`."""
    with opened(ledger, gauge, stored) as (inputs, options):
        return take(gauge, inputs, gauge.options(**options))


def _options(
    gauge: AnyGauge, body: DataRecorded, places: Mapping[str, Path]
) -> Iterator[tuple[str, Any]]:
    """Options as the gauge takes them. One that it no longer has was made for another version."""
    usual = dict(values(gauge.options()))
    for key, value in body.options.items():
        if key not in usual:
            raise FormatError(f"{gauge.name} {gauge.version} has no option {key!r}",
                              hint="record the data again")  # fmt: skip
        if isinstance(usual[key], tuple):
            yield key, tuple(value)
        elif usual[key] is None and value in places:
            yield key, places[value]
        else:
            yield key, value
