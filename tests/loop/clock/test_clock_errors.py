"""How often a race is wrong, by simulation: coverage, false declarations, power.

Every figure comes from `race` itself on simulated runs. The quick tests are the same experiments
with fewer races; their bounds leave four standard errors.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tachograph.loop.clock import Comparison, Rules, Timing, race
from tachograph.loop.clock.evidence import interval, moments
from tachograph.loop.clock.race import Side

Noise = Callable[[random.Random], Callable[[], float]]
"""Draws one machine's noise: a function that gives the log factor of the next run."""


def independent(spread: float) -> Noise:
    """Runs that scatter by `spread` about a steady level."""
    return lambda rng: lambda: rng.gauss(0, spread)


def drifting(spread: float, memory: float) -> Noise:
    """Each run's level leans on the one before (first-order autoregression), whatever the side."""

    def start(rng: random.Random) -> Callable[[], float]:
        level = rng.gauss(0, spread)

        def following() -> float:
            nonlocal level
            level = memory * level + rng.gauss(0, spread * math.sqrt(1 - memory**2))
            return level

        return following

    return start


def heavy(spread: float) -> Noise:
    """Student's t with 3 degrees of freedom: now and then a run far off."""
    return lambda rng: (
        lambda: (
            spread * rng.gauss(0, 1) / math.sqrt(sum(rng.gauss(0, 1) ** 2 for _ in range(3)) / 3)
        )
    )


def hiccups(share: float, factor: float) -> Noise:
    """A share of the runs takes `factor` times as long."""
    return lambda rng: lambda: rng.gauss(0, 0.02) + (rng.random() < share) * math.log(factor)


def warm_second(advantage: float) -> Noise:
    """The second run of a pair is always faster by this much."""

    def start(rng: random.Random) -> Callable[[], float]:
        second = True

        def following() -> float:
            nonlocal second
            second = not second
            return rng.gauss(0, 0.01) - second * advantage

        return following

    return start


NOISES = {
    "sd 5%": independent(0.05 / math.sqrt(2)),
    "sd 15%": independent(0.15 / math.sqrt(2)),
    "sd 50%": independent(0.50 / math.sqrt(2)),
    "drifting, memory 0.5": drifting(0.15, 0.5),
    "drifting, memory 0.9": drifting(0.15, 0.9),
    "drifting wildly, memory 0.9": drifting(0.50, 0.9),
    "heavy tails": heavy(0.05),
    "hiccups": hiccups(0.1, 2.0),
    "two levels": hiccups(0.5, 1.2),
    "second run warm": warm_second(0.10),
}


@dataclass(frozen=True)
class Shares:
    """Shares of the races, and their mean number of pairs."""

    faster: float
    slower: float
    missed: float
    """Interval at the stopping time does not hold the true ratio."""
    pairs: float


def races(noise: Noise, ratio: float, count: int, seed: int = 20261123) -> Shares:
    """Run `count` races with a candidate that is truly `ratio` times as fast."""
    found = [one_race(noise, ratio, random.Random(seed + index)) for index in range(count)]
    return Shares(
        faster=sum(result.verdict == "faster" for result in found) / count,
        slower=sum(result.verdict == "slower" for result in found) / count,
        missed=sum(not result.low <= ratio <= result.high for result in found) / count,
        pairs=sum(result.pairs for result in found) / count,
    )


def one_race(noise: Noise, ratio: float, rng: random.Random) -> Comparison:
    """One race on one simulated machine."""
    draw = noise(rng)
    true_seconds = {"reference": 1.0, "candidate": 1.0 / ratio}

    def measure(side: Side, pair: int, repetition: int) -> Timing:
        return Timing(true_seconds[side] * math.exp(draw()), None)

    return race(measure, Rules(), rng, stalled=lambda: None, now=lambda: 0.0)


def four_errors(share: float, count: int) -> float:
    """Four standard errors of a share."""
    return 4 * math.sqrt(share * (1 - share) / count)


def check_identical_code(noise: Noise, count: int) -> None:
    """At most 2 % of races of identical code may declare a difference."""
    found = races(noise, 1.0, count)
    assert found.faster + found.slower <= 0.02 + four_errors(0.02, count), found
    assert found.missed <= 0.05 + four_errors(0.05, count), found


def check_nine_percent(noise: Noise, count: int) -> None:
    """At least 95 % of races must find 9 % where a pair scatters by 5 %."""
    found = races(noise, 1.09, count)
    assert found.faster >= 0.95 - four_errors(0.05, count), found
    assert found.slower == 0
    assert found.pairs < 15


@pytest.mark.parametrize("noise", NOISES.values(), ids=NOISES.keys())
def test_identical_code_is_not_declared_different(noise: Noise) -> None:
    """Under every kind of noise, quickly."""
    check_identical_code(noise, 500)


@pytest.mark.parametrize(
    "noise",
    [independent(0.05 / math.sqrt(2)), drifting(0.05 / math.sqrt(0.6), 0.7)],
    ids=["independent", "drifting"],
)
def test_nine_percent_is_found(noise: Noise) -> None:
    """True 1.09 with a pair spread of 5 %, quickly."""
    check_nine_percent(noise, 500)


def ever_missed(count: int, most_pairs: int) -> float:
    """Share of series whose interval misses the true mean at any number of pairs."""
    rng = random.Random(20261123)
    missed = 0
    for _ in range(count):
        values: list[float] = []
        for _ in range(most_pairs):
            values.append(rng.gauss(0.3, 0.1))
            low, high = interval(moments(values), 0.05, 0.5)
            if not low <= 0.3 <= high:
                missed += 1
                break
    return missed / count


def test_the_interval_holds_the_truth_at_all_times() -> None:
    """Looked at after each of 40 pairs, the 95 % interval is ever wrong in at most 5 %."""
    assert ever_missed(300, 40) <= 0.05 + four_errors(0.05, 300)


@pytest.mark.long
def test_the_interval_holds_the_truth_at_all_times_long() -> None:
    """The same for 400 pairs and more series; and it is not so wide that nothing ever happens."""
    assert 0.01 <= ever_missed(2000, 400) <= 0.05 + four_errors(0.05, 2000)


@pytest.mark.long
@pytest.mark.parametrize("noise", NOISES.values(), ids=NOISES.keys())
def test_identical_code_is_not_declared_different_long(noise: Noise) -> None:
    """Under every kind of noise, with 5,000 races each."""
    check_identical_code(noise, 5000)


@pytest.mark.long
@pytest.mark.parametrize("memory", [0.0, 0.3, 0.5, 0.7, 0.9])
def test_nine_percent_is_found_long(memory: float) -> None:
    """True 1.09 with a pair spread of 5 %, for runs that lean on each other more and more."""
    check_nine_percent(drifting(0.05 / math.sqrt(2 * (1 - memory)), memory), 4000)


@pytest.mark.long
@pytest.mark.parametrize(("ratio", "most_pairs"), [(1.5, 5.5), (3.0, 5.5), (0.9, 12), (0.5, 5.5)])
def test_clear_cases_are_quick_long(ratio: float, most_pairs: float) -> None:
    """What is far from the margin costs few pairs, and is never declared the wrong way."""
    found = races(independent(0.05 / math.sqrt(2)), ratio, 2000)
    assert found.pairs <= most_pairs
    wrong = found.slower if ratio > 1 else found.faster
    assert wrong == 0
