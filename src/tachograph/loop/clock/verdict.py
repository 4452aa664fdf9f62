"""What a comparison is asked, and what it answers.

Rules are fixed before the first pair. `judge` is a pure function of the data and the rules, and the
same function decides when to stop and what is said in the end, so the two cannot disagree.
Proved by tests/loop/clock/test_clock_verdict.py. Not covered: where seconds come from (race.py).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from tachograph.loop.clock.evidence import first_bounded, interval, moments

Verdict = Literal["faster", "slower", "same", "not-resolved"]
Witness = Literal["wall", "cpu"]


@dataclass(frozen=True)
class Rules:
    """How a comparison is made and when it may stop. Ratios are speed-ups: 1.03 is 3 % faster."""

    alpha: float = 0.05
    """Chance that the interval ever misses the true ratio, over the whole race."""
    prior_precision: float = 0.5
    """g of the evidence: standardised shifts of about 1 / sqrt(g) are found soonest."""
    margin: float = 1.03
    """Faster means: faster than this with the whole interval."""
    precision: float = 2.0
    """A clear answer ends the race once the interval lies within a factor of this about its centre.
    2: as soon as it is clear. 1.05: when the ratio is known to 5 %."""
    finest: float = 1.01
    """An interval within this factor about its centre ends the race, clear or not."""
    give_up_pairs: int = 8
    give_up_errors: float = 1.0
    """From so many pairs on, a candidate is given up as it stands whose ratio lies below the margin
    by so many standard errors of a median. To stop early without a claim costs no validity, and
    spares the pairs that equal code would eat."""
    min_pairs: int = 5
    max_pairs: int = 240
    dear_pairs: int = 60
    cheap_seconds: float = 8.0
    """A race that has taken so long ends after `dear_pairs`; where pairs are cheap, one that is not
    settled takes more of them: on a noisy machine that is what a small gain needs.
    """
    budget_seconds: float = 60.0
    """Wall time after which no further pair begins; looked at only after `min_pairs` pairs."""
    trial_seconds: float = 600.0
    """Wall time that the candidate's own runs, with their set-ups, may take in all races of one
    trial. What would take longer ends as too-costly."""
    witness: Witness = "wall"
    """Which seconds decide. CPU seconds only for one thread: see `self_test`."""
    threads: int = 1
    """Threads that the candidate may use."""
    resolution_seconds: float = 50e-6
    """A run shorter than this counts as this long, and the comparison is flagged."""

    def __post_init__(self) -> None:
        assert 0 < self.alpha < 1, self.alpha
        assert self.prior_precision > 0, self.prior_precision
        assert self.margin >= 1, self.margin
        assert 1 < self.finest <= self.precision, (self.finest, self.precision)
        assert first_bounded(self.alpha, self.prior_precision) <= self.min_pairs <= self.max_pairs
        assert self.resolution_seconds > 0, self.resolution_seconds
        assert self.trial_seconds > 0, self.trial_seconds
        assert self.witness == "wall" or self.threads == 1, "CPU seconds judge one thread only"


@dataclass(frozen=True)
class Comparison:
    """The answer of one race. All numbers are finite."""

    verdict: Verdict
    """faster: the whole interval lies above the margin. slower: it lies below 1 / margin.
    same: it lies below the margin (not faster by the margin), and slower is not shown.
    not-resolved: none of these when the pairs or the time ran out."""
    ratio: float
    """Speed of the candidate against the reference: exp of the median log ratio. In [low, high]."""
    low: float
    high: float
    """The interval of the confidence sequence at level 1 - alpha, valid at any stopping time."""
    pairs: int
    wall_ratio: float
    cpu_ratio: float | None
    """The same two medians for wall and for CPU seconds, whichever decides; None: not measured."""
    witness: Witness
    spread: float
    """Standard deviation of the log ratios of the witness."""
    contention: float | None
    """Share of the race in which some task waited for a CPU (0 to 1 or a little over)."""
    wall_seconds: float
    """Median wall seconds of one run of the candidate."""
    reference_seconds: float
    """Median wall seconds of one run of the reference."""
    flags: tuple[str, ...]
    """What a reader must know; empty when all is well. See pairs.py for the closed list."""


class Judgement(NamedTuple):
    """The state of a race after some pairs."""

    verdict: Verdict
    ratio: float
    low: float
    high: float
    settled: bool
    """No further pair is needed."""
    skewed: bool
    """The median lay outside the interval for the mean; the interval was widened to hold it."""


def judge(log_ratios: Sequence[float], rules: Rules) -> Judgement:
    """Judge the witness's log ratios so far; at least `first_bounded` of them."""
    low, high = interval(moments(log_ratios), rules.alpha, rules.prior_precision)
    assert math.isfinite(low) and math.isfinite(high), "too few pairs to judge"
    median = statistics.median(log_ratios)
    skewed = not low <= median <= high
    low, high = min(low, median), max(high, median)
    verdict = name(low, high, math.log(rules.margin))
    half = (high - low) / 2
    clear = verdict != "not-resolved" and half <= math.log(rules.precision)
    in_sight = median + rules.give_up_errors * median_error(log_ratios, median)
    hopeless = len(log_ratios) >= rules.give_up_pairs and in_sight < math.log(rules.margin)
    settled = clear or hopeless or half <= math.log(rules.finest)
    return Judgement(verdict, math.exp(median), math.exp(low), math.exp(high), settled, skewed)


def median_error(values: Sequence[float], median: float) -> float:
    """Standard error of a median, were the values normal; from their median absolute deviation
    (1.4826 of it estimate the spread), which a few far ones do not move.
    """
    deviation = statistics.median(abs(value - median) for value in values)
    return math.sqrt(math.pi / 2) * 1.4826 * deviation / math.sqrt(len(values))


def name(low: float, high: float, margin: float) -> Verdict:
    """The verdict that an interval of log ratios allows; `margin` on the log scale."""
    if low > margin:
        return "faster"
    if high < -margin:
        return "slower"
    if high < margin:
        return "same"
    return "not-resolved"
