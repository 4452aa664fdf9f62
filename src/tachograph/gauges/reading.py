"""A reading: what a gauge found, with everything a reader needs in order to judge it.

An instance, shortened (`Reading.encode` writes it as canonical JSON, so that it has one hash):

    {"gauge":"horizon","version":"1","question":"How long are the tasks ...?",
     "verdict":{"told":true,"words":"measured","reason":""},
     "sentence":"Agent B finishes half of the tasks that take people 61 min [16, 218].",
     "estimates":[{"name":"p50 of agent B","value":60.9,"low":16.4,"high":217.8,"level":0.95,
                   "unit":"min","reason":""}],
     "n":{"runs":7063},"window":{"first":"2024-03-04","last":"2024-12-05"},
     "choices":{"penalty":1e-05},"caveats":["..."],
     "grid":[{"choices":{"curve":"isotonic"},"estimate":{...}}],
     "series":[{"name":"points","columns":{"x":[1,2],"y":[0.5,null]}}],
     "inputs":[{"name":"runs.jsonl","sha256":"..."}]}

A number that cannot be told is None with its reason, never 0 and never NaN. A later form differs by
a new field with a default. Proven by tests/gauges/test_reading.py. Not covered: whether the gauge
was right; the inputs' hashes and `choices` are there so that anyone can take the reading again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tachograph import canon
from tachograph.gauges.plain import from_plain, to_plain

CANNOT_TELL = "cannot tell"
LEVEL = 0.95
"""The level of an interval where nothing else is said."""

Cell = str | int | float | None
"""One value of a column of a series."""
Choice = str | int | float | bool | None
"""The value of one choice that was made."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """One number with its interval, or the reason why there is none."""

    name: str
    """What was estimated."""
    value: float | None
    """The estimate; None where the data cannot tell."""
    low: float | None = None
    """Lower end of the interval; None where the data give none."""
    high: float | None = None
    """Upper end of the interval; None where the data give none."""
    level: float = LEVEL
    """Confidence level of the interval, 0 to 1."""
    unit: str = ""
    """Unit of the three numbers; empty for pure numbers."""
    reason: str = ""
    """Why there is no value; empty where there is one."""

    def __post_init__(self) -> None:
        numbers = (self.value, self.low, self.high)
        assert all(x is None or math.isfinite(x) for x in numbers), f"not finite: {self.name}"
        assert bool(self.reason) == (self.value is None), f"a value or a reason: {self.name}"
        assert 0 < self.level < 1, f"level of {self.name}"
        ends = [x for x in (self.low, self.high) if x is not None]
        assert ends == sorted(ends), f"low above high: {self.name}"

    def text(self) -> str:
        """In words: `61 min [16, 218]`, or why not."""
        unit = f" {self.unit}" if self.unit else ""
        if self.value is None:
            return f"{CANNOT_TELL}: {self.reason}" + self._bounds()
        if self.low is None and self.high is None:
            return number(self.value) + unit
        return f"{number(self.value)}{unit} [{self._end(self.low)}, {self._end(self.high)}]"

    def _bounds(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        parts = [f"{word} {number(end)}{unit}" for word, end in
                 (("at least", self.low), ("at most", self.high)) if end is not None]  # fmt: skip
        return f" ({', '.join(parts)})" if parts else ""

    @staticmethod
    def _end(end: float | None) -> str:
        return "?" if end is None else number(end)


@dataclass(frozen=True)
class Verdict:
    """What the gauge says, or that it cannot tell."""

    told: bool
    """False: the data cannot tell, which is a result and not a failure."""
    words: str
    """A few words: "measured", "saturated", "cannot distinguish", "cannot tell"."""
    reason: str = ""
    """Why it cannot tell; never empty then."""

    def __post_init__(self) -> None:
        assert self.told or self.reason, "a verdict that cannot tell needs its reason"

    @classmethod
    def cannot_tell(cls, reason: str, words: str = CANNOT_TELL) -> Verdict:
        """The verdict that the data do not allow an answer, with the reason."""
        return cls(told=False, words=words, reason=reason)


MEASURED = Verdict(told=True, words="measured")
"""The plain verdict of a gauge that found its number."""


@dataclass(frozen=True)
class GridRow:
    """One row of the specification grid: the answer under other defensible choices."""

    choices: Mapping[str, Choice]
    """Name of each choice to what was chosen."""
    estimate: Estimate
    """The answer then."""
    headline: bool = False
    """Whether these are the choices of the headline."""


@dataclass(frozen=True)
class Series:
    """The numbers behind a picture: a small table, columns of one length."""

    name: str
    """What the table holds; the gauge's plot looks it up by this name."""
    columns: Mapping[str, tuple[Cell, ...]]
    """Name of each column to its values."""

    def __post_init__(self) -> None:
        lengths = {len(column) for column in self.columns.values()}
        assert len(lengths) <= 1, f"columns of unequal length: {self.name}"

    def rows(self, *names: str) -> list[tuple[Cell, ...]]:
        """The named columns, row by row."""
        return list(zip(*(self.columns[name] for name in names), strict=True))

    def numbers(self, name: str) -> list[float]:
        """A column of numbers, None as NaN (which a plot leaves out)."""
        column = self.columns[name]
        return [float(x) if isinstance(x, int | float) else math.nan for x in column]

    def texts(self, name: str) -> list[str]:
        """A column of texts."""
        return [str(x) for x in self.columns[name]]


@dataclass(frozen=True)
class Window:
    """The time that the data cover: ISO dates, both ends included."""

    first: str
    last: str


@dataclass(frozen=True)
class Input:
    """One input, by content."""

    name: str
    """Its file's name, without the folder."""
    sha256: str
    """Hex SHA-256 of its bytes."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a gauge found."""

    gauge: str
    """Name of the gauge."""
    version: str
    """Version of the method: another version may answer otherwise on the same data."""
    question: str
    """What was asked."""
    verdict: Verdict
    """The answer, or that there is none."""
    sentence: str
    """The answer in plain English, with its interval."""
    estimates: tuple[Estimate, ...] = ()
    """The numbers, the headline first."""
    n: Mapping[str, int]
    """How many of what the answer rests on: {"runs": 7063, "tasks": 83}."""
    window: Window | None = None
    """The time that the data cover; None where they have no dates."""
    choices: Mapping[str, Choice] = field(default_factory=dict)
    """The options it was taken with."""
    caveats: tuple[str, ...] = ()
    """What a reader must know before trusting the numbers, a sentence each."""
    grid: tuple[GridRow, ...] = ()
    """The specification grid: how the answer moves with defensible choices."""
    series: tuple[Series, ...] = ()
    """What the picture shows."""
    inputs: tuple[Input, ...] = ()
    """What it was computed from."""

    def __post_init__(self) -> None:
        assert self.sentence, "a reading says something"

    @property
    def headline(self) -> Estimate | None:
        """The first estimate; None where there is none."""
        return self.estimates[0] if self.estimates else None

    def table(self, name: str) -> Series:
        """The series of this name. Raises AssertionError where the gauge wrote none."""
        found = [series for series in self.series if series.name == name]
        assert len(found) == 1, f"{self.gauge} wrote no series {name!r}"
        return found[0]

    def has(self, name: str) -> bool:
        """Whether there is a series of this name."""
        return any(series.name == name for series in self.series)

    def encode(self) -> bytes:
        """The reading as canonical JSON."""
        return canon.encode(to_plain(self))

    @classmethod
    def decode(cls, data: bytes) -> Reading:
        """The reading whose canonical JSON this is. Raises FormatError for anything else."""
        return from_plain(cls, canon.decode(data))


def number(value: float) -> str:
    """A number as people read it: three significant digits, no exponent in ordinary ranges."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    size = abs(value)
    if size >= 1e7 or size < 1e-4:
        return f"{value:.3g}"
    if size >= 100:
        return f"{value:,.0f}"
    digits = max(0, 2 - math.floor(math.log10(size)))
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def join(parts: Sequence[str], word: str = "and") -> str:
    """A list as prose: `a, b and c`."""
    return f" {word} ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))
