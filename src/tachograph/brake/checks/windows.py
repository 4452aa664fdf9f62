"""One window of one site: whether its figures can be true, and agree with each other.

Each function yields what is wrong, in words. V6 (balance.py) puts them together. Proven by
tests/brake/test_check_balance.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from tachograph.brake.bundle.evidence import Evidence, SiteTerms, began_at
from tachograph.brake.checks.energy import SIGMAS, Energy
from tachograph.brake.checks.runs import RunSeen, parameters_by_root, runs
from tachograph.brake.said.records import CLASSES, OutputsServed, SiteDeclared, WindowReported

TIME_SLACK = 0.01
"""Relative: clocks and counters of honest devices."""
FLOP_SLACK = 0.25
"""Relative: attention and other work that the rule of six and two leaves out."""
PER_TOKEN = {"training": 6.0, "inference": 2.0}
"""Operations a weight and token (Kaplan et al. 2020)."""


@dataclass
class Books:
    """The evidence, with what is looked up again and again."""

    evidence: Evidence
    outputs: dict[tuple[str, str, int, str], float] = field(init=False)
    """Tokens that a party committed to having served, by party, site, window and root."""

    def __post_init__(self) -> None:
        self.outputs = {}
        for heard, said in self.evidence.of(OutputsServed):
            key = (heard.by, said.site, said.window, said.model)
            self.outputs[key] = self.outputs.get(key, 0.0) + sum(said.tokens.values())

    @cached_property
    def runs(self) -> dict[tuple[str, str], RunSeen]:
        """By party and id."""
        return runs(self.evidence)

    @cached_property
    def sizes(self) -> dict[str, int]:
        """Number of weights by committed root."""
        return parameters_by_root(self.evidence)

    def proven_inference(self, party: str, said: WindowReported) -> float:
        """Operations for tokens that the party committed to having served; nothing else is known
        to have been inference."""
        return sum(
            min(flop, (1.0 + FLOP_SLACK) * PER_TOKEN["inference"] * self.sizes.get(root, 0)
                * self.outputs.get((party, said.site, said.window, root), 0.0))
            for root, flop in said.models.items()
        )  # fmt: skip


def wrong_site(site: SiteTerms, said: SiteDeclared) -> Iterator[str]:
    """The site is that of the agreement, and can be."""
    capacity = len(said.devices) * said.peak_flop_per_second
    if len(set(said.devices)) != len(said.devices):
        yield f"{site.site} declares a device twice"
    if not abs(capacity - site.capacity) <= TIME_SLACK * site.capacity:
        yield (
            f"{site.site} declares devices of {capacity:.3g} FLOP/s, the agreement says "
            f"{site.capacity:.3g}"
        )
    if not 0.0 < said.idle_watts < said.busy_watts or not 0.0 < said.meter_error < 1.0:
        yield f"{site.site} declares powers or a meter error that cannot be"


def other_powers(declared: Iterable[SiteDeclared]) -> str:
    """Whether devices were said to draw something else than before; empty: they were not.

    Who chooses powers window by window can make any energy fit.
    """
    powers: dict[str, tuple[float, float]] = {}
    for said in declared:
        mine = (said.idle_watts, said.busy_watts)
        for device in said.devices:
            if powers.setdefault(device, mine) != mine:
                return f"what {device[:40]!r} of {said.site} draws was declared twice and otherwise"
    return ""


def can_be(said: WindowReported) -> str:
    """Why the figures cannot be true, whatever was done; empty: they can."""
    name = name_of(said)
    for figures in (said.device_seconds, said.flop):
        if other := set(figures) - set(CLASSES):
            return f"{name} has a class that there is not: {min(other)[:40]!r}"
    parts = (said.device_seconds, said.flop, said.runs, said.models, said.tokens)
    every = [figure for figures in parts for figure in figures.values()]
    if said.energy_joules is not None:
        every.append(said.energy_joules)
    if not said.seconds > 0.0 or any(not 0.0 <= one < math.inf for one in every):
        return f"{name} has a length or a figure that cannot be"
    if began_at(said) is None:
        return f"{name} began at no time: {said.began[:40]!r}"
    return ""


def name_of(said: WindowReported) -> str:
    """What people call it."""
    return f"window {said.window} of {said.site}"


def missing_time(site: SiteDeclared, said: WindowReported) -> Iterator[str]:
    """All devices, and all of their time."""
    if sorted(said.devices) != sorted(site.devices):
        yield f"{name_of(said)} does not report the declared devices"
    whole, parts = len(site.devices) * said.seconds, sum(said.device_seconds.values())
    if abs(parts - whole) > TIME_SLACK * whole:
        yield f"{name_of(said)} accounts for {parts:.4g} of {whole:.4g} device seconds"


def surplus_energy(energy: Energy, said: WindowReported) -> Iterator[str]:
    """More than the declared work takes."""
    if energy.off > SIGMAS:
        yield (
            f"{name_of(said)} took {energy.measured:.4g} J where declared work takes "
            f"{energy.expected:.4g}: enough for {energy.excess_flop:.2g} FLOP that nobody declared"
        )


def lacking_energy(energy: Energy, said: WindowReported) -> Iterator[str]:
    """Less than the declared work takes."""
    if energy.off < -SIGMAS:
        yield (
            f"{name_of(said)} took {energy.measured:.4g} J where declared work takes "
            f"{energy.expected:.4g}: more was declared than was done"
        )


def wrong_flop(site: SiteDeclared, said: WindowReported) -> Iterator[str]:
    """No class does more than its time allows; runs and models come to their classes."""
    name = name_of(said)
    for work, flop in said.flop.items():
        seconds = 0.0 if work == "idle" else said.device_seconds.get(work, 0.0)
        if flop > (1.0 + TIME_SLACK) * site.peak_flop_per_second * seconds:
            yield f"{name} declares more operations for {work} than its device time allows"
    served = said.flop.get("inference", 0.0) + said.flop.get("evaluation", 0.0)
    for parts, flop, what in (
        (said.runs, said.flop.get("training", 0.0), "runs"),
        (said.models, served, "models"),
    ):
        if parts and abs(sum(parts.values()) - flop) > TIME_SLACK * flop:
            yield (
                f"{name} declares {flop:.3g} FLOP for {what} that come to {sum(parts.values()):.3g}"
            )


def wrong_tokens(books: Books, party: str, said: WindowReported) -> Iterator[str]:
    """Operations fit tokens; tokens fit what was served."""
    name = name_of(said)
    for run, flop in said.runs.items():
        declared = books.runs[(party, run)].declared
        if declared is not None and run in said.tokens:
            rate = PER_TOKEN["training"] * declared[1].parameters
            yield from _wrong_rate(name, run, flop, rate, said.tokens[run])
    for root, flop in said.models.items():
        tokens = said.tokens.get(root, 0.0)
        if root in books.sizes and root in said.tokens:
            rate = PER_TOKEN["inference"] * books.sizes[root]
            yield from _wrong_rate(name, root[:8], flop, rate, tokens)
        served = books.outputs.get((party, said.site, said.window, root))
        if served is not None and abs(served - tokens) > TIME_SLACK * tokens:
            yield f"{name}: {tokens:.4g} tokens by the meter, {served:.4g} by what was served"


def unsaid(books: Books, party: str, said: WindowReported) -> Iterator[str]:
    """What would have to be said for the window's figures to be held against each other."""
    served = said.flop.get("inference", 0.0) + said.flop.get("evaluation", 0.0)
    if not said.flop and said.device_seconds.get("idle", 0.0) < sum(said.device_seconds.values()):
        yield f"operations at {said.site} are not estimated"
    if said.flop.get("training", 0.0) > 0.0 and not said.runs:
        yield f"what was trained at {said.site} is not told by run"
    if served > 0.0 and not said.models:
        yield f"whose weights were used at {said.site} is not told"
    for run in said.runs:
        if books.runs[(party, run)].declared is None:
            yield f"run {run[:40]!r} was metered and never declared"
        elif run not in said.tokens:
            yield f"tokens of run {run[:40]!r} are not told"
    for root in said.models:
        if root not in books.sizes:
            yield f"weights {root[:8]} were used and never committed to"
        elif root not in said.tokens:
            yield f"tokens of weights {root[:8]} are not told"


def _wrong_rate(name: str, what: str, flop: float, rate: float, tokens: float) -> Iterator[str]:
    right = rate * tokens
    if abs(flop - right) > FLOP_SLACK * right:
        yield f"{name}: {what} took {flop:.3g} FLOP for {tokens:.4g} tokens; {right:.3g} is right"
