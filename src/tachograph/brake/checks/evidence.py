"""What the checks on work look at: who said what about work, when, and under which limits.

One view for V6 to V11, so that they are pure functions of parsed statements and objects, and a test
can make one by hand. Times are seconds since 1970, UTC. Not covered: signatures, keys and roles;
only statements that passed V1 are in here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from tachograph.brake.said_records import Record
from tachograph.errors import FormatError

Kind = TypeVar("Kind", bound=Record)
Read = Callable[[str], bytes | None]
"""Finds an object by its SHA-256; None where the bundle has it not."""


@dataclass(frozen=True)
class Heard:
    """One statement about work."""

    seq: int
    """Number of its entry in the register."""
    time: float
    """When the register took it in, seconds."""
    where: str
    """The entry, for evidence."""
    by: str
    """Who said it."""
    said: Record
    """What was said."""


@dataclass(frozen=True)
class SiteTerms:
    """A site as the agreement has it."""

    party: str
    site: str
    capacity: float
    """FLOP a second, all devices together."""


@dataclass(frozen=True)
class Limit:
    """A span of time in which work is limited."""

    began: float
    """Seconds."""
    ended: float
    """Seconds; infinite while it lasts."""
    share: float
    """Of capacity that may be used for training: 0 in a pause."""


@dataclass(frozen=True)
class Evidence:
    """All that was said about work, and what holds for it."""

    heard: tuple[Heard, ...]
    """In the order of the register."""
    at: float
    """The time that the audit is for, seconds."""
    sites: tuple[SiteTerms, ...]
    """All that the agreement names."""
    meters: dict[str, tuple[str, str]]
    """Party and site by meter."""
    blocs: dict[str, str]
    """Bloc by party."""
    verifiers: frozenset[str]
    """Names of the verifiers."""
    lineage_flop: float
    """Training of one lineage from here on counts as training that a pause stops."""
    window_flop: float
    """Training of one party in one window from here on counts, whatever its lineage."""
    limits: tuple[Limit, ...] = ()
    """Pauses and ramps, in order; no two overlap."""
    read: Read = field(default=lambda _: None, repr=False, compare=False)
    """The bundle's objects."""

    @property
    def parties(self) -> tuple[str, ...]:
        """Names of all parties."""
        return tuple(self.blocs)

    def of(self, kind: type[Kind], by: str | None = None) -> Iterator[tuple[Heard, Kind]]:
        """Yield the statements of one kind, in order, perhaps of one speaker."""
        for heard in self.heard:
            if isinstance(heard.said, kind) and by in (None, heard.by):
                yield heard, heard.said

    def sites_of(self, party: str) -> tuple[SiteTerms, ...]:
        """The sites that the agreement gives a party."""
        return tuple(site for site in self.sites if site.party == party)

    def limited(self, began: float, ended: float) -> tuple[float, float, float]:
        """How long a span is limited, how long paused, and how long it may train at capacity.

        All in seconds; a second at half capacity counts half.
        """
        limited = paused = allowed = 0.0
        for one in self.limits:
            overlap = max(0.0, min(ended, one.ended) - max(began, one.began))
            limited += overlap
            paused += overlap if one.share == 0.0 else 0.0
            allowed += one.share * overlap
        return limited, paused, allowed + (ended - began - limited)


def seconds(time: str) -> float:
    """Return a time as entries write it in seconds since 1970. Raises FormatError."""
    try:
        return datetime.fromisoformat(time).timestamp()
    except (ValueError, OverflowError) as error:
        raise FormatError(f"not a time: {time[:40]!r}", hint="RFC 3339, UTC") from error
