"""What the checks on work look at: who said what about work, when, and under which limits.

One view for V6 to V11, so that they are pure functions of parsed statements and objects, and a test
can make one by hand; `Bundle.evidence` makes it from the register. Times are seconds since 1970,
UTC. Proven by tests/brake/test_bundle.py. Not covered: signatures, keys and roles; only
statements that passed V1 are in here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar, get_args

from tachograph.brake.agreed.terms import Terms
from tachograph.brake.bundle.posted import Posted
from tachograph.brake.bundle.replayed import Replayed
from tachograph.brake.bundle.spans import Limit, limits_of
from tachograph.brake.said.records import Record, WindowReported
from tachograph.brake.times import seconds_of
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
    limits: Mapping[str, tuple[Limit, ...]] = field(default_factory=dict)
    """Pauses and ramps by party, in order; no two of a party overlap."""
    read: Read = field(default=lambda _: None, repr=False, compare=False)
    """The bundle's objects."""

    @property
    def parties(self) -> tuple[str, ...]:
        """Names of all parties."""
        return tuple(self.blocs)

    def of(self, kind: type[Kind], by: str | None = None) -> Iterator[tuple[Heard, Kind]]:
        """Yield the statements of one kind, in order, perhaps of one speaker."""
        for heard in self._by_kind.get(kind, ()):
            if isinstance(heard.said, kind) and by in (None, heard.by):
                yield heard, heard.said

    @cached_property
    def _by_kind(self) -> dict[type, list[Heard]]:
        found: dict[type, list[Heard]] = {}
        for heard in self.heard:
            found.setdefault(type(heard.said), []).append(heard)
        return found

    def sites_of(self, party: str) -> tuple[SiteTerms, ...]:
        """The sites that the agreement gives a party."""
        return tuple(site for site in self.sites if site.party == party)

    def limited(self, party: str, began: float, ended: float) -> tuple[float, float, float]:
        """How long a party is limited in a span, how long paused, how long it may use capacity.

        All in seconds; a second at half capacity counts half.
        """
        limited = paused = allowed = 0.0
        for one in self.limits.get(party, ()):
            overlap = max(0.0, min(ended, one.ended) - max(began, one.began))
            limited += overlap
            paused += overlap if one.share == 0.0 else 0.0
            allowed += one.share * overlap
        return limited, paused, allowed + (ended - began - limited)


RECORDS = get_args(Record)


def began_at(said: WindowReported) -> float | None:
    """When a window began, seconds since 1970; None: what it says is no time."""
    try:
        return seconds_of(said.began)
    except FormatError:
        return None


def read_evidence(
    terms: Terms, replayed: Replayed, statements: tuple[Posted, ...], *, at: float, read: Read
) -> Evidence:
    """Put together what valid statements say about work.

    `statements`: those whose signature, key and role are right, in the register's order. `at`: up
    to when the limits are known. Raises FormatError for a time that is none.
    """
    heard = tuple(
        Heard(one.seq, seconds_of(one.time), one.where, one.speaker, one.said)
        for one in statements
        if isinstance(one.said, RECORDS)
    )
    return Evidence(
        heard=heard,
        at=at,
        sites=tuple(
            SiteTerms(party.name, site.name, site.capacity)
            for party in terms.parties
            for site in party.sites
        ),
        meters={meter.name: (meter.party, meter.site) for meter in terms.meters},
        blocs=terms.blocs,
        verifiers=frozenset(verifier.name for verifier in terms.verifiers),
        lineage_flop=terms.training.lineage_flop,
        window_flop=terms.training.window_flop,
        limits=limits_of(replayed, at),
        read=read,
    )
