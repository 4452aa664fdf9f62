"""A race: reference and candidate, pair by pair, until the answer is clear or the budget ends.

How a pair is made, and why:
1. Both sides get the same fresh inputs, one run after the other: what drifts over seconds cancels.
   Further runs of a side get fresh inputs of their own: no run is given what an earlier one saw.
2. The order is random in blocks of two pairs, each side first once in a block. A coin for each pair
   would let a steady advantage of the second run look like a faster candidate when the coin falls
   the same way five times; in blocks it cancels and only widens the interval.
3. When one side is at least ten times faster, it runs several times in a pair. The pair's value is
   the mean of the log seconds, whose expectation is the same for one run as for many: a block
   changes the spread only. (The log of the mean would not do: it shifts the ratio by about half the
   variance of one run.) The number of runs is fixed after the first pair, and is lower where each
   takes long to set up.

Proved by tests/loop/clock/test_clock_race.py.
Not covered: how a run is made and checked; `measure` does that and may raise, which ends the race.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from tachograph.loop.clock.pairs import (
    FLAG_BIASED,
    Pair,
    Timing,
    compare,
    has_cpu,
    log_ratio,
    spread,
)
from tachograph.loop.clock.pressure import stalled_seconds
from tachograph.loop.clock.verdict import Comparison, Rules, Witness, judge

Side = Literal["reference", "candidate"]

BLOCK_FROM_RATIO = 10.0
BLOCK_MAX = 8
BLOCK_SETUP_SECONDS = 1.0
CPU_CLEARLY_BETTER = 2.0


class Measure(Protocol):
    """Runs one side once. Both sides' first runs in a pair get the same inputs; none else do."""

    def __call__(self, side: Side, pair: int, repetition: int) -> Timing:
        """`pair` and `repetition` count from 0. Whatever it raises ends the race."""
        ...


def race(
    measure: Measure,
    rules: Rules,
    rng: random.Random,
    *,
    stalled: Callable[[], float | None] = stalled_seconds,
    now: Callable[[], float] = time.monotonic,
) -> Comparison:
    """Race the candidate against the reference under `rules`.

    `rng` draws the order and must not be predictable to the candidate (random.SystemRandom is not).
    Costs at least `min_pairs` pairs and at most `max_pairs`; once it has taken `cheap_seconds`, at
    most `dear_pairs`, and none begins after `budget_seconds`.
    """
    pairs, contention = run_pairs(measure, rules, rng, stalled, now)
    return compare(pairs, rules, contention)


@dataclass(frozen=True)
class SelfTest:
    """Identical code on both sides: what this machine's clock is worth now."""

    comparison: Comparison
    wall_spread: float
    """Standard deviation of the log ratios of wall seconds."""
    cpu_spread: float | None
    witness: Witness
    """What later races should use: CPU only for one thread and when its spread is under half."""


def self_test(
    measure: Measure,
    rules: Rules,
    rng: random.Random,
    *,
    pairs: int = 12,
    stalled: Callable[[], float | None] = stalled_seconds,
    now: Callable[[], float] = time.monotonic,
) -> SelfTest:
    """Race the reference against itself: `measure` runs the same code whatever the side.

    Always `pairs` pairs. The witness is chosen here, before any candidate is seen.
    """
    fixed = replace(rules, min_pairs=pairs, max_pairs=pairs)
    runs, contention = run_pairs(measure, fixed, rng, stalled, now)
    wall_spread = spread([log_ratio(pair, "wall", rules) for pair in runs])
    cpu_spread = spread([log_ratio(pair, "cpu", rules) for pair in runs]) if has_cpu(runs) else None
    better = cpu_spread is not None and cpu_spread * CPU_CLEARLY_BETTER < wall_spread
    witness: Witness = "cpu" if better and rules.threads == 1 else "wall"
    comparison = compare(runs, replace(fixed, witness=witness), contention)
    if comparison.verdict in ("faster", "slower"):
        comparison = replace(comparison, flags=(*comparison.flags, FLAG_BIASED))
    return SelfTest(comparison, wall_spread, cpu_spread, witness)


def run_pairs(
    measure: Measure,
    rules: Rules,
    rng: random.Random,
    stalled: Callable[[], float | None],
    now: Callable[[], float],
) -> tuple[list[Pair], float | None]:
    """Run pairs until they settle the question or the budget ends; with the share of contention."""
    began, stalled_before = now(), stalled()
    pairs: list[Pair] = []
    log_ratios: list[float] = []
    repetitions = {"reference": 1, "candidate": 1}
    for order in orders(rng):
        index = len(pairs)
        runs = {
            side: tuple(measured(measure, side, index, r) for r in range(repetitions[side]))
            for side in order
        }
        pairs.append(Pair(runs["reference"], runs["candidate"]))
        log_ratios.append(log_ratio(pairs[-1], rules.witness, rules))
        if index == 0:
            repetitions = block_sizes(pairs[0], rules)
        if len(pairs) < rules.min_pairs:
            continue
        if spent(len(pairs), now() - began, rules) or judge(log_ratios, rules).settled:
            break
    return pairs, share(stalled_before, stalled(), now() - began)


def spent(pairs: int, seconds: float, rules: Rules) -> bool:
    """Whether a race that has made so many pairs in so much time makes no more."""
    enough = rules.dear_pairs if seconds >= rules.cheap_seconds else rules.max_pairs
    return pairs >= min(enough, rules.max_pairs) or seconds >= rules.budget_seconds


def orders(rng: random.Random) -> Iterator[tuple[Side, Side]]:
    """Who runs first, pair by pair: random, each side first once in every two pairs."""
    both: tuple[tuple[Side, Side], ...] = (("reference", "candidate"), ("candidate", "reference"))
    while True:
        first = rng.randrange(2)
        yield both[first]
        yield both[1 - first]


def block_sizes(first: Pair, rules: Rules) -> dict[str, int]:
    """Runs of each side in one pair: more of the side that is at least ten times faster.

    About the square root of the ratio: where both sides are equally noisy, that is the best use of
    the time, and the extra runs cost less than a third of the slower side's one. Each run is set up
    anew, so there are no more than can be set up in BLOCK_SETUP_SECONDS.
    """
    log_wall = log_ratio(first, "wall", rules)
    faster: Side = "candidate" if log_wall > 0 else "reference"
    (run,) = first.candidate if log_wall > 0 else first.reference
    ratio = math.exp(abs(log_wall))
    several = min(BLOCK_MAX, round(math.sqrt(ratio))) if ratio >= BLOCK_FROM_RATIO else 1
    affordable = int(BLOCK_SETUP_SECONDS / max(run.setup_seconds, 1e-3))
    return {"reference": 1, "candidate": 1} | {faster: max(min(several, affordable), 1)}


def measured(measure: Measure, side: Side, pair: int, repetition: int) -> Timing:
    """One run; seconds that no clock can show are a fault of our own."""
    timing = measure(side, pair, repetition)
    for seconds in timing:
        assert seconds is None or (math.isfinite(seconds) and 0 <= seconds < 1e9), timing
    return timing


def share(before: float | None, after: float | None, elapsed_seconds: float) -> float | None:
    """Share of the time in which some task waited; None where unknown."""
    if before is None or after is None or elapsed_seconds <= 0:
        return None
    return max(0.0, after - before) / elapsed_seconds
