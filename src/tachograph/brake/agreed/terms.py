"""The terms of an agreement: who takes part, what counts, how many must agree, how long it takes.

Frozen values, read from TOML by `terms_text.py`, whose quorums `quorum.py` has passed. An instance,
commented: docs/reference/agreement.md. All durations are whole milliseconds. Proven by
tests/brake/test_brake_terms.py. Not covered: who signed them (document.py).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

Role = Literal["party", "verifier", "panel", "meter"]
"""What a speaker may be; each name has one role."""

DAY = 86_400_000
"""Milliseconds."""
HOUR = 3_600_000
"""Milliseconds."""


@dataclass(frozen=True)
class Site:
    """A declared place with computers."""

    name: str
    """Unique within its party."""
    capacity: float
    """FLOP per second that it can do at most, all devices together."""


@dataclass(frozen=True)
class Party:
    """Who is bound."""

    name: str
    """Unique among all speakers."""
    bloc: str
    """The group whose interests it shares; majorities are counted in each."""
    key: str
    """Verifier key of its statements."""
    log: str
    """Verifier key of its ledger; empty: not known yet."""
    sites: tuple[Site, ...]
    """All that it has."""


@dataclass(frozen=True)
class Verifier:
    """Who examines evidence; belongs to no party."""

    name: str
    """Unique among all speakers."""
    key: str
    """Verifier key of its statements."""


@dataclass(frozen=True)
class Panelist:
    """One of those who adjudicate."""

    name: str
    """Unique among all speakers."""
    key: str
    """Verifier key of its statements."""
    conflicts: tuple[str, ...] = ()
    """Parties whose cases it does not sit on."""


@dataclass(frozen=True)
class Meter:
    """What measures a site, with a key apart from the party's."""

    name: str
    """Unique among all speakers."""
    party: str
    """Whose it is."""
    site: str
    """Where it stands."""
    key: str
    """Verifier key of its statements."""


@dataclass(frozen=True)
class Faults:
    """How much must go wrong before the protocol's promises lapse."""

    byzantine: int
    """f: parties that may lie and equivocate."""
    silent: int
    """s: further parties that may say nothing."""


@dataclass(frozen=True)
class Quorums:
    """How many must agree, counted in speakers."""

    trigger: int
    """Parties, of two blocs or more, that together start a pause."""
    lift: int
    """Parties, with a majority of each bloc, that together lift one."""
    veto: int
    """Parties, with a majority of each bloc, that together stop a trigger or an inspection."""
    verifiers: int
    """k: verifiers that must say the same."""


@dataclass(frozen=True)
class Timers:
    """Durations in milliseconds. The notes' names for them stand in docs/concepts/pause.md."""

    clarify: int = 10 * DAY
    """To answer a question."""
    fast_track: int = 2 * DAY
    """To answer an urgent one; also to insist after an answer."""
    red_light: int = 12 * HOUR
    """In which an inspection can be stopped."""
    access: int = DAY
    """From the challenge to access."""
    report: int = 108 * HOUR
    """From the challenge to the inspectors' report."""
    call: int = 30 * DAY
    """How long a call waits for others to join it."""
    effect: int = 3 * DAY
    """T_effect: from a trigger to the pause."""
    detect: int = 30 * DAY
    """T_detect: until training that goes on regardless is found; enters the exposure only."""
    minimum: int = 30 * DAY
    """Shortest pause."""
    freshness: int = 14 * DAY
    """F: how old evidence for a lift may be."""
    objection: int = 2 * DAY
    """In which the panel may object to a lift."""
    lift_review: int = 14 * DAY
    """T_lift: after which a lift that lacks its certificate has failed."""
    panel: int = 30 * DAY
    """T_panel: for a decision of the panel."""
    ramp: int = 7 * DAY
    """Length of each step of the resumption."""
    heartbeat: int = DAY
    """Silence of a meter in a pause that is a breach."""
    deaf: int = DAY
    """Without news of the register, after which a party holds."""
    notice: int = 182 * DAY
    """From notice of exit to exit."""
    adjustment: int = 182 * DAY
    """From the adoption of an adjustment to its effect."""
    sunset: int = 0
    """After which a pause that nobody renews ends; 0: never."""


@dataclass(frozen=True)
class Training:
    """What counts as training that a pause stops."""

    lineage_flop: float = 1e22
    """Training of one lineage of models from here on counts; 0: any does."""
    window_flop: float = 1e21
    """Training of one party in one window from here on counts, whatever its lineage; 0: any."""
    window: int = DAY
    """Length of a window, milliseconds."""


@dataclass(frozen=True)
class PauseRules:
    """What a pause stops, and how work comes back."""

    inference: Literal["goes-on", "stops"] = "goes-on"
    """Whether work that trains nothing may go on."""
    running: Literal["stop", "finish"] = "stop"
    """What becomes of a trial that runs when the pause takes effect."""
    ramp: tuple[float, ...] = (0.1, 0.5, 1.0)
    """Shares of capacity that may be used in each step of the resumption, rising to 1."""
    conditions: tuple[str, ...] = ("V1", "V2", "V3", "V4", "V5", "V6", "V12")
    """Checks that must have passed, in the verifiers' evidence, before a lift."""


@dataclass(frozen=True)
class Quotas:
    """What one party may ask for in 365 days."""

    questions: int = 12
    """Clarifications."""
    challenges: int = 4
    """Inspections."""


@dataclass(frozen=True)
class Terms:
    """An agreement's terms. Made by `parse_terms`, which checks them."""

    name: str
    """Of the agreement."""
    register: str
    """Verifier key of the register."""
    parties: tuple[Party, ...]
    """In the order of the document."""
    verifiers: tuple[Verifier, ...]
    """In the order of the document."""
    panel: tuple[Panelist, ...]
    """An odd number."""
    faults: Faults
    """What is tolerated."""
    quorums: Quorums
    """For all parties in good standing; see `quorum.py` for fewer."""
    timers: Timers = field(default_factory=Timers)
    """Durations."""
    training: Training = field(default_factory=Training)
    """What counts."""
    pause: PauseRules = field(default_factory=PauseRules)
    """What stops."""
    quotas: Quotas = field(default_factory=Quotas)
    """How often one may ask."""
    meters: tuple[Meter, ...] = ()
    """In the order of the document."""
    witnesses: str = ""
    """Who must have seen the register, as C2SP tlog-policy text; empty: nobody."""

    @cached_property
    def speakers(self) -> list[tuple[str, str, Role]]:
        """Name, verifier key and role of all who can speak, in the order of the document."""
        return [
            *((party.name, party.key, "party") for party in self.parties),
            *((verifier.name, verifier.key, "verifier") for verifier in self.verifiers),
            *((panelist.name, panelist.key, "panel") for panelist in self.panel),
            *((meter.name, meter.key, "meter") for meter in self.meters),
        ]

    @cached_property
    def roles(self) -> dict[str, Role]:
        """Every speaker's role."""
        return {name: role for name, _, role in self.speakers}

    @cached_property
    def keys(self) -> dict[str, str]:
        """Every speaker's verifier key, as the document has it."""
        return {name: key for name, key, _ in self.speakers}

    @cached_property
    def blocs(self) -> dict[str, str]:
        """Every party's bloc."""
        return {party.name: party.bloc for party in self.parties}

    @cached_property
    def bloc_sizes(self) -> Counter[str]:
        """Parties in each bloc."""
        return Counter(party.bloc for party in self.parties)

    @property
    def capacity(self) -> float:
        """FLOP per second of all declared sites."""
        return sum(site.capacity for party in self.parties for site in party.sites)

    @property
    def exposure(self) -> float:
        """B1: FLOP that can be trained at most between a trigger and its detection.

        Sum of capacity times (T_effect + T_detect): an upper bound for declared sites.
        """
        return self.capacity * (self.timers.effect + self.timers.detect) / 1000

    def party(self, name: str) -> Party:
        """The party of that name; KeyError where there is none."""
        return next(party for party in self.parties if party.name == name)

    def bench(self, about: str) -> frozenset[str]:
        """Panelists who may sit on a case about a party."""
        return frozenset(one.name for one in self.panel if about not in one.conflicts)
