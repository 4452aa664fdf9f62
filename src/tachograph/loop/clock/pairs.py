"""From the seconds of finished pairs to a comparison and its flags.

Pure functions. The flags, a closed list, are the constants FLAG_... below. Proved by
tests/loop/clock/test_clock_race.py. Not covered: how the pairs are made (race.py).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

from tachograph.loop.clock.evidence import moments
from tachograph.loop.clock.verdict import Comparison, Rules, Witness, judge

FLAG_CONTENDED = "contended"
"""The typical run of one thread took over 1.3 times its CPU seconds; or some task on the machine
waited for a CPU over 20 % of the race, unless such runs took under 1.05 times (then it was others,
or the setting up of the runs, that waited)."""
FLAG_DISAGREE = "wall and CPU disagree"
"""One thread, and the two ratios differ by more than 10 %."""
FLAG_BELOW_RESOLUTION = "below resolution"
"""A run was too short to time and was counted as `resolution_seconds` long."""
FLAG_SKEWED = "skewed"
"""The median lay outside the interval for the mean: outliers on one side."""
FLAG_HANDOVER = "short against handing over"
"""Reading the inputs and writing the result is so much of the reference's call that a gain counts
only from a higher margin on (../handover.py)."""
FLAG_BIASED = "biased clock"
"""Self-test only: identical code was declared different."""

CONTENDED_SHARE = 0.20
CONTENDED_WALL_PER_CPU = 1.3
UNDELAYED_WALL_PER_CPU = 1.05
DISAGREEMENT = 1.10


class Timing(NamedTuple):
    """One repetition, seen from outside."""

    wall_seconds: float
    cpu_seconds: float | None
    """User and system time of all its processes; None where it cannot be had."""
    setup_seconds: float = 0.0
    """Wall time to get there, which is not compared: only what a run costs the judge."""


class Pair(NamedTuple):
    """All runs of one pair."""

    reference: tuple[Timing, ...]
    candidate: tuple[Timing, ...]


def compare(pairs: Sequence[Pair], rules: Rules, contention: float | None) -> Comparison:
    """The answer that finished pairs give under `rules`."""
    log_ratios = [log_ratio(pair, rules.witness, rules) for pair in pairs]
    judgement = judge(log_ratios, rules)
    wall_ratio = median_ratio(pairs, "wall", rules)
    cpu_ratio = median_ratio(pairs, "cpu", rules) if has_cpu(pairs) else None
    found = {
        FLAG_CONTENDED: is_contended(pairs, rules, contention),
        FLAG_DISAGREE: rules.threads == 1 and differ(wall_ratio, cpu_ratio),
        FLAG_BELOW_RESOLUTION: is_below_resolution(pairs, rules),
        FLAG_SKEWED: judgement.skewed,
    }
    return Comparison(
        verdict=judgement.verdict,
        ratio=judgement.ratio,
        low=judgement.low,
        high=judgement.high,
        pairs=len(pairs),
        wall_ratio=wall_ratio,
        cpu_ratio=cpu_ratio,
        witness=rules.witness,
        spread=spread(log_ratios),
        contention=contention,
        wall_seconds=statistics.median(r.wall_seconds for p in pairs for r in p.candidate),
        reference_seconds=statistics.median(r.wall_seconds for p in pairs for r in p.reference),
        flags=tuple(flag for flag, holds in found.items() if holds),
    )


def median_ratio(pairs: Sequence[Pair], witness: Witness, rules: Rules) -> float:
    """exp of the median log ratio of one witness."""
    return math.exp(statistics.median(log_ratio(pair, witness, rules) for pair in pairs))


def is_contended(pairs: Sequence[Pair], rules: Rules, contention: float | None) -> bool:
    """Whether others took the CPU while the race ran."""
    waited = contention is not None and contention > CONTENDED_SHARE
    if rules.threads != 1 or not has_cpu(pairs):
        return waited
    floor = rules.resolution_seconds
    stretch = statistics.median(
        run.wall_seconds / max(run.cpu_seconds or 0.0, floor) for run in all_runs(pairs)
    )
    limit = UNDELAYED_WALL_PER_CPU if waited else CONTENDED_WALL_PER_CPU
    return stretch > limit


def differ(wall_ratio: float, cpu_ratio: float | None) -> bool:
    """Whether the two witnesses tell different stories."""
    return cpu_ratio is not None and abs(math.log(wall_ratio / cpu_ratio)) > math.log(DISAGREEMENT)


def is_below_resolution(pairs: Sequence[Pair], rules: Rules) -> bool:
    """Whether the witness's seconds of some run were too few to time."""
    return any(seconds(run, rules.witness) < rules.resolution_seconds for run in all_runs(pairs))


def log_ratio(pair: Pair, witness: Witness, rules: Rules) -> float:
    """Mean log seconds of the reference less that of the candidate; positive: candidate faster."""
    return log_seconds(pair.reference, witness, rules) - log_seconds(pair.candidate, witness, rules)


def log_seconds(runs: Sequence[Timing], witness: Witness, rules: Rules) -> float:
    """Mean of the logs of the runs' seconds, each at least the resolution."""
    return statistics.fmean(
        math.log(max(seconds(run, witness), rules.resolution_seconds)) for run in runs
    )


def seconds(run: Timing, witness: Witness) -> float:
    """The witness's seconds of one run."""
    chosen = run.wall_seconds if witness == "wall" else run.cpu_seconds
    assert chosen is not None, "the witness is CPU seconds, and a run has none"
    return chosen


def has_cpu(pairs: Sequence[Pair]) -> bool:
    """Whether every run has CPU seconds."""
    return all(run.cpu_seconds is not None for run in all_runs(pairs))


def all_runs(pairs: Sequence[Pair]) -> list[Timing]:
    """Every run of both sides."""
    return [run for pair in pairs for side in pair for run in side]


def spread(log_ratios: Sequence[float]) -> float:
    """Standard deviation, never below the floor of the evidence."""
    data = moments(log_ratios)
    return math.sqrt(data.squares / max(1, data.count - 1))
