"""What a gauge is, and how a reading is taken. A gauge is one file that ends in a `GAUGE`:

    @dataclass(frozen=True)
    class Options:
        level: float = option(0.95, "confidence level of the intervals")

    def read(inputs: Inputs, options: Options) -> Data: ...       # strict; raises FormatError
    def compute(data: Data, options: Options) -> Reading: ...     # pure; says "cannot tell"
    def plot(reading: Reading, theme: Theme) -> Figure: ...       # from the reading alone

    GAUGE = Gauge(name="horizon", version="1", question="How long ...?", needs="runs: ...",
                  example="tacho gauge horizon runs.jsonl", options=Options,
                  read=read, compute=compute, plot=plot)

and one line in registry.py. The command line makes `--level` out of the field `level`, the page of
`tacho gauge horizon --help` out of the rest, and hashes the inputs. Proven by
tests/gauges/test_gauge.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from tachograph.errors import FormatError, NotFoundError
from tachograph.gauges.packing import pack
from tachograph.gauges.reading import Choice, Input, Reading
from tachograph.ledger.kinds import ReadingTaken

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tachograph.gauges.picture import Theme
    from tachograph.ledger import Entry, Ledger

Data = TypeVar("Data")
Options = TypeVar("Options")
BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class Inputs:
    """Where a gauge reads: files and folders, or the ledger, or both."""

    files: tuple[Path, ...] = ()
    ledger: Ledger | None = None
    """Open, for reading; None where the gauge does not take it or nobody asked."""


def digests(inputs: Inputs) -> tuple[Input, ...]:
    """Each file by content; a folder by its files' relative names and contents; the ledger by root.

    A gauge whose inputs have a better name (a git repository has its commit) brings its own.
    """
    found = [Input(path.resolve().name, _digest(path)) for path in inputs.files]
    if inputs.ledger is not None:
        found.append(Input(f"ledger {inputs.ledger.size}", inputs.ledger.root().hex()))
    return tuple(found)


@dataclass(frozen=True, kw_only=True)
class Gauge(Generic[Data, Options]):
    """One instrument."""

    name: str
    """One word, as the command line takes it; the name of its file, `-` for `_`."""
    version: str
    """Version of the method; changes whenever the same data may be answered otherwise."""
    question: str
    """The question it answers, as one sentence."""
    needs: str
    """The data it needs, in one line: columns, formats."""
    example: str
    """A command that works on such data."""
    options: type[Options]
    """A frozen dataclass of options, each made by `option`."""
    read: Callable[[Inputs, Options], Data]
    """Reads strictly. Raises FormatError naming file and row."""
    compute: Callable[[Data, Options], Reading]
    """Pure: same data and options, same reading."""
    plot: Callable[[Reading, Theme], Figure]
    """Draws a reading, in the house style of picture.py."""
    takes_ledger: bool = False
    """Whether it reads the ledger's own entries, beside data that were recorded for it."""
    found_in: Callable[[Ledger], bool] = lambda _: False
    """Whether those entries hold data for it."""
    digests: Callable[[Inputs], tuple[Input, ...]] = digests
    """Names the inputs by content."""
    pack: Callable[[Path, Options], tuple[str, bytes]] = pack
    """One of the inputs as the ledger keeps it: name and bytes."""


def option(default: Any, about: str, *, choices: tuple[str, ...] = ()) -> Any:
    """A field of an options class: its default, one line about it, and the allowed texts.

    The field's annotation is its type: bool, int, float, str, Path | None, or tuple[str, ...] for
    an option that may be repeated. A Path is an input too: it is hashed with the others.
    """
    return field(default=default, metadata={"about": about, "choices": choices})


def take(gauge: Gauge[Any, Options], inputs: Inputs, options: Options | None = None) -> Reading:
    """Read the inputs and compute. Raises FormatError, NotFoundError."""
    chosen = gauge.options() if options is None else options
    reading = gauge.compute(read_strictly(gauge, inputs, chosen), chosen)
    paths = tuple(value for _, value in values(chosen) if isinstance(value, Path))
    named = gauge.digests(inputs) + digests(Inputs(paths))
    return replace(reading, inputs=named, choices=choices(chosen))


def read_strictly(gauge: Gauge[Data, Options], inputs: Inputs, options: Options) -> Data:
    """The gauge's data, all its files being there. Raises FormatError, NotFoundError."""
    for path in inputs.files:
        if not path.exists():
            raise NotFoundError(f"{path}: no such file", hint=f"example: {gauge.example}")
    return gauge.read(inputs, options)


def values(options: Any) -> Iterator[tuple[str, Any]]:
    """Each option's name and value."""
    return ((each.name, getattr(options, each.name)) for each in fields(options))


def choices(options: Any) -> Mapping[str, Choice]:
    """The options as a reading keeps them: paths by name, repeated ones joined."""
    plain: dict[str, Choice] = {}
    for name, value in values(options):
        if isinstance(value, Path):
            plain[name] = value.name
        else:
            plain[name] = ", ".join(map(str, value)) if isinstance(value, tuple) else value
    return plain


def record(
    reading: Reading, ledger: Ledger, actor: str = "gauges", parents: Sequence[int] = ()
) -> Entry:
    """Record the reading in the ledger as ReadingTaken; durable when it returns.

    `parents`: the entries with the data that it was taken from, where they are in the ledger.
    """
    body = ReadingTaken(
        gauge=f"{reading.gauge} {reading.version}", data=ledger.put(reading.encode())
    )
    (entry,) = ledger.append([(actor, tuple(parents), body)])
    return entry


def recorded(ledger: Ledger) -> Iterator[tuple[Entry, Reading]]:
    """The readings in the ledger, oldest first. Raises DamagedError, FormatError."""
    for entry in ledger.entries(kinds=[ReadingTaken]):
        if isinstance(entry.body, ReadingTaken):
            yield entry, Reading.decode(ledger.fetch(entry.body.data))


def _digest(path: Path) -> str:
    try:
        if path.is_dir():
            return _digest_folder(path)
        return _digest_file(path)
    except OSError as error:
        raise FormatError(
            f"{path}: {error.strerror}", hint="name a file that can be read"
        ) from error


def _digest_folder(folder: Path) -> str:
    total = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        total.update(f"{path.relative_to(folder).as_posix()}\0{_digest_file(path)}\n".encode())
    return total.hexdigest()


def _digest_file(path: Path) -> str:
    total = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            total.update(block)
    return total.hexdigest()
