"""The bandit: effort moves to the proposer that gains most per cost.

Thompson sampling: each proposer's rate of gain per cost is drawn from what is believed of it, and
the highest draw has the turn (Thompson, 1933; with costs: Xia, Li, Qin, Yu and Liu, 2015, "Thompson
sampling for budgeted multi-armed bandits"). The belief is a Gamma distribution,

    shape 1 + sum of gains, rate 1 + sum of costs, in units of the team's mean gain and mean cost

the conjugate one for gains that come by chance at a steady rate per cost; it begins at the team's
mean, with the weight of one turn. Old turns fade by FADING a turn, because what is easy is found
first (Raj and Kalyani, 2017, "Taming non-stationary bandits: a Bayesian approach").

Gain: what a kept candidate is better than the best before it, in log speed-up. Cost: money, the
machine's time with it. Proven by tests/loop/test_bandit.py. Not covered: which parent (choose/).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from tachograph.loop.archive import Archive, Record, Turn, seconds_between
from tachograph.loop.choose.policy import merits

FADING = 0.98
"""A turn counts half after 34 later ones."""
TOKEN_USD = 5e-6
"""A token whose price nobody says; 5 USD a million."""
HOUR_USD = 1.0
"""An hour of this machine, thinking or judging, so that proposers that cost no money cost, too."""


@dataclass(frozen=True)
class Outcome:
    """Of one ended turn whose candidates have their verdicts."""

    proposer: str
    gain: float
    """Log speed-up over the best before; 0 where nothing was kept."""
    cost_usd: float


def choose(archive: Archive, proposers: Sequence[str], rng: random.Random) -> str:
    """The proposer that has the next turn. Draws from `rng` where there are several."""
    if len(proposers) == 1:
        return proposers[0]
    rates = {name: rng.gammavariate(shape, 1 / rate)
             for name, (shape, rate) in beliefs(outcomes(archive), proposers).items()}  # fmt: skip
    return max(proposers, key=lambda name: rates[name])


def beliefs(past: Sequence[Outcome], proposers: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Shape and rate of each proposer's Gamma distribution, the latest turn last in `past`."""
    usual_gain = sum(each.gain for each in past) / len(past) if past else 0.0
    usual_cost = sum(each.cost_usd for each in past) / len(past) if past else 0.0
    found = dict.fromkeys(proposers, (1.0, 1.0))
    weight = 1.0
    for each in reversed(past):
        if each.proposer in found:
            shape, rate = found[each.proposer]
            gain = each.gain / usual_gain if usual_gain > 0 else 0.0
            cost = each.cost_usd / usual_cost if usual_cost > 0 else 1.0
            found[each.proposer] = shape + weight * gain, rate + weight * cost
        weight *= FADING
    return found


def outcomes(archive: Archive) -> list[Outcome]:
    """All turns that are over, in the order in which they began."""
    gains, judged = gains_of(archive), judged_seconds(archive)
    return [
        Outcome(turn.begun.proposer, sum(gains.get(c, 0.0) for c in turn.candidates),
                cost_of(turn, sum(judged.get(c, 0.0) for c in turn.candidates)))
        for turn in archive.turns.values()
        if turn.ended and all(archive.records[c].finished_at for c in turn.candidates)
    ]  # fmt: skip


def cost_of(turn: Turn, judged: float) -> float:
    """Money for models and for machine time, in US dollars."""
    assert turn.ended is not None
    models = sum(
        (body.counted_usd if body.counted_usd is not None else body.counted_tokens * TOKEN_USD)
        for body in turn.paid
    )
    return models + (turn.ended.seconds + judged) * HOUR_USD / 3600


def gains_of(archive: Archive) -> dict[str, float]:
    """Of each kept candidate, what it is better than the best before it."""
    known = merits(archive)
    found, best = {}, 0.0
    for record in archive.kept:
        merit = known.get(record.id, 0.0)
        found[record.id] = max(0.0, merit - best)
        best = max(best, merit)
    return found


def judged_seconds(archive: Archive) -> dict[str, float]:
    """How long the judge was at each candidate: it takes one after the other."""
    found, free = {}, ""
    ended: list[Record] = sorted(archive.trials, key=lambda record: record.finished_at)
    for record in ended:
        begun = max(free, record.proposed_at)
        found[record.id] = max(0.0, seconds_between(begun, record.finished_at))
        free = record.finished_at
    return found
