"""Races on simulated runs: order, blocks, budget, flags and the self-test."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tachograph.errors import BoxError
from tachograph.loop.clock import Comparison, Rules, Timing, race, self_test, stalled_seconds
from tachograph.loop.clock.pairs import Pair
from tachograph.loop.clock.race import Side, block_sizes, orders


class Machine:
    """A simulated machine: seconds of each side, noise, and a clock that its runs push on."""

    def __init__(
        self,
        reference: float,
        candidate: float,
        *,
        noise: float = 0.02,
        cpu_noise: float = 0.02,
        waiting: float = 1.0,
        seed: int = 1,
    ) -> None:
        self.seconds = {"reference": reference, "candidate": candidate}
        self.noise, self.cpu_noise, self.waiting = noise, cpu_noise, waiting
        self.random = random.Random(seed)
        self.elapsed = 0.0
        self.calls: list[tuple[Side, int, int]] = []

    def __call__(self, side: Side, pair: int, repetition: int) -> Timing:
        self.calls.append((side, pair, repetition))
        cpu = self.seconds[side] * self.random.lognormvariate(0, self.cpu_noise)
        wall = self.seconds[side] * self.waiting * self.random.lognormvariate(0, self.noise)
        self.elapsed += wall
        return Timing(wall, cpu)

    def now(self) -> float:
        return self.elapsed

    def race(self, rules: Rules = Rules(), share: float | None = 0.0) -> Comparison:  # noqa: B008
        stalled = (lambda: None) if share is None else (lambda: share * self.elapsed)
        return race(self, rules, random.Random(7), stalled=stalled, now=self.now)


def test_a_clear_gain_ends_at_the_fewest_pairs() -> None:
    """A candidate twice as fast is declared so after five pairs."""
    found = Machine(1.0, 0.5).race()
    assert (found.verdict, found.pairs, found.flags) == ("faster", 5, ())
    assert found.low < 2.0 < found.high
    assert found.wall_seconds == pytest.approx(0.5, rel=0.05)
    assert found.reference_seconds == pytest.approx(1.0, rel=0.05)


def test_a_slower_candidate_and_an_equal_one() -> None:
    """A loss is called slower, identical code is called same."""
    assert Machine(1.0, 1.3).race().verdict == "slower"
    assert Machine(1.0, 1.0, noise=0.01).race().verdict == "same"


def test_noise_over_the_difference_is_not_resolved() -> None:
    """Where the budget of pairs ends first, the answer is that there is none."""
    found = Machine(1.0, 0.97, noise=0.3).race(replace(Rules(), max_pairs=30))
    assert (found.verdict, found.pairs) == ("not-resolved", 30)


def test_where_pairs_are_cheap_there_are_more_of_them() -> None:
    """A small gain under much noise: soon found in runs of milliseconds, given up in dear ones."""
    patient = replace(Rules(), give_up_pairs=1000)
    dear = Machine(0.1, 0.1 / 1.05, noise=0.15).race(patient)
    assert (dear.verdict, dear.pairs) == ("not-resolved", patient.dear_pairs)
    assert dear.pairs * 0.2 > patient.cheap_seconds
    cheap = Machine(0.001, 0.001 / 1.05, noise=0.15).race(patient)
    assert cheap.pairs > dear.pairs and cheap.pairs <= patient.max_pairs
    assert Machine(0.001, 0.001, noise=0.15).race(patient).verdict != "faster"


def test_each_side_is_first_once_in_two_pairs() -> None:
    """The order is random, and balanced over every two pairs."""
    found: Iterator[tuple[Side, Side]] = orders(random.Random(3))
    firsts = [next(found)[0] for _ in range(400)]
    blocks = [set(firsts[i : i + 2]) for i in range(0, 400, 2)]
    assert all(block == {"reference", "candidate"} for block in blocks)
    assert 60 < sum(first == "reference" for first in firsts[::2]) < 140


def test_an_advantage_of_the_second_run_is_not_a_faster_candidate() -> None:
    """When the second run of a pair is always 10 % faster, identical code stays undeclared."""
    for seed in range(50):
        runs = count()

        def measure(side: Side, pair: int, repetition: int, runs: Iterator[int] = runs) -> Timing:
            seconds = 1.0 if next(runs) % 2 == 0 else 0.9
            return Timing(seconds, seconds)

        assert race(measure, Rules(), random.Random(seed)).verdict == "not-resolved"


@given(st.floats(1e-3, 1e3), st.integers(0, 2**32))
@settings(max_examples=30)
def test_the_unit_of_time_does_not_matter(factor: float, seed: int) -> None:
    """A machine that is slower on both sides gives the same answer."""
    plain = Machine(1.0, 0.8, seed=seed).race()
    scaled = Machine(factor, 0.8 * factor, seed=seed).race(replace(Rules(), budget_seconds=1e9))
    assert (scaled.verdict, scaled.pairs) == (plain.verdict, plain.pairs)
    assert scaled.ratio == pytest.approx(plain.ratio)


def test_a_much_faster_side_runs_in_blocks() -> None:
    """From ten times on, the faster side runs several times a pair, from the second pair on."""
    machine = Machine(10.0, 0.4)
    machine.race(replace(Rules(), min_pairs=6))
    runs = [sum(call[:2] == ("candidate", pair) for call in machine.calls) for pair in range(6)]
    assert runs == [1, 5, 5, 5, 5, 5]
    assert sum(call[0] == "reference" for call in machine.calls) == 6
    assert sizes((9.0, 0.0), (1.0, 0.0)) == (1, 1)
    assert sizes((1.0, 0.0), (16.0, 0.0)) == (4, 1)
    assert sizes((1e4, 0.0), (1.0, 0.0)) == (1, 8)
    assert sizes((1.0, 0.0), (0.0, 0.0)) == (1, 8)


@pytest.mark.parametrize(
    ("reference", "candidate", "expected"),
    [
        ((16.0, 9.0), (1.0, 0.2), (1, 4)),
        ((16.0, 0.0), (1.0, 0.3), (1, 3)),
        ((16.0, 0.0), (1.0, 60.0), (1, 1)),
        ((1.0, 0.4), (100.0, 0.0), (2, 1)),
    ],
)
def test_a_slow_set_up_is_not_repeated(
    reference: tuple[float, float], candidate: tuple[float, float], expected: tuple[int, int]
) -> None:
    """A side runs no more often in a pair than it can be set up in a second."""
    assert sizes(reference, candidate) == expected


def sizes(reference: tuple[float, float], candidate: tuple[float, float]) -> tuple[int, int]:
    """Runs of reference and candidate after a first pair of (wall, set-up) seconds."""
    first = Pair(
        (Timing(reference[0], None, reference[1]),), (Timing(candidate[0], None, candidate[1]),)
    )
    found = block_sizes(first, Rules())
    return found["reference"], found["candidate"]


def test_a_block_estimates_the_same_ratio() -> None:
    """Blocks of very noisy runs do not shift the ratio: logs are averaged, not seconds."""
    rules = replace(Rules(), min_pairs=2000, max_pairs=2000)
    found = Machine(30.0, 1.0, noise=0.5).race(rules)
    assert found.ratio == pytest.approx(30.0, rel=0.05)
    assert found.low < 30.0 < found.high


def test_a_ratio_of_ten_thousand_is_reported() -> None:
    """Extreme but timeable ratios come out as they are."""
    found = Machine(5.0, 5e-4).race()
    assert found.verdict == "faster"
    assert found.ratio == pytest.approx(1e4, rel=0.05)


@pytest.mark.parametrize("candidate", [0.0, 1e-9])
def test_a_run_too_short_to_time_cannot_explode_the_ratio(candidate: float) -> None:
    """Near-zero times count as the resolution, and are flagged."""
    found = Machine(0.1, candidate).race()
    assert "below resolution" in found.flags
    assert found.ratio == pytest.approx(0.1 / 50e-6, rel=0.05)
    assert math.isfinite(found.high)


@pytest.mark.parametrize("bad", [-1.0, math.nan, math.inf])
def test_impossible_seconds_are_our_fault(bad: float) -> None:
    """A clock that shows negative or no seconds is a fault of this program."""
    with pytest.raises(AssertionError):
        race(lambda side, pair, repetition: Timing(bad, None), Rules(), random.Random(1))


def test_what_a_run_raises_ends_the_race() -> None:
    """A broken box is passed on, never turned into a number."""

    def measure(side: Side, pair: int, repetition: int) -> Timing:
        raise BoxError("the box broke", hint="look at the log")

    with pytest.raises(BoxError):
        race(measure, Rules(), random.Random(1))


def test_the_time_budget_ends_a_race_after_the_fewest_pairs() -> None:
    """An exhausted budget still leaves pairs enough for a finite interval."""
    found = Machine(10.0, 10.0, noise=0.3).race(replace(Rules(), budget_seconds=1.0))
    assert found.pairs == 5
    found = Machine(1.0, 1.0, noise=0.3).race(replace(Rules(), budget_seconds=20.0))
    assert 8 <= found.pairs <= 14


@pytest.mark.parametrize(
    ("machine", "share", "flags"),
    [
        (Machine(1.0, 0.5, waiting=1.2), 0.3, ("contended",)),
        (Machine(1.0, 0.5, waiting=1.2), 0.1, ()),
        (Machine(1.0, 0.5, waiting=1.0), 0.3, ()),
        (Machine(1.0, 0.5, waiting=1.5), 0.0, ("contended",)),
        (Machine(1.0, 0.5, waiting=1.5), None, ("contended",)),
    ],
)
def test_contention_is_flagged(
    machine: Machine, share: float | None, flags: tuple[str, ...]
) -> None:
    """Runs that were delayed are said with the answer; waiting that delayed none is not."""
    assert machine.race(share=share).flags == flags


def test_contention_of_threads_is_judged_by_the_machine() -> None:
    """With several threads wall over CPU says nothing, so the share of waiting decides alone."""
    assert Machine(1.0, 0.5).race(Rules(threads=2), share=0.3).flags == ("contended",)
    assert Machine(1.0, 0.5, waiting=1.5).race(Rules(threads=2), share=0.1).flags == ()


def test_contention_is_measured_or_unknown() -> None:
    """The share of stalled time is recorded; without pressure information it is None."""
    assert Machine(1.0, 0.5).race(share=0.1).contention == pytest.approx(0.1)
    assert Machine(1.0, 0.5).race(share=None).contention is None


def sleeper(side: Side, pair: int, repetition: int) -> Timing:
    """The candidate uses less CPU, but takes as long."""
    return Timing(1.0 + pair * 1e-3, 1.0 if side == "reference" else 0.8)


def test_witnesses_that_disagree_are_flagged_and_the_fixed_one_decides() -> None:
    """The witness named before the race decides; the other is reported."""
    by_wall = race(sleeper, Rules(), random.Random(1), stalled=lambda: None)
    by_cpu = race(sleeper, Rules(witness="cpu"), random.Random(1), stalled=lambda: None)
    assert (by_wall.verdict, by_wall.flags) == ("same", ("wall and CPU disagree",))
    assert (by_cpu.verdict, by_cpu.flags) == ("faster", ("wall and CPU disagree",))
    assert by_cpu.cpu_ratio == by_wall.cpu_ratio == pytest.approx(1.25)
    assert by_cpu.wall_ratio == by_wall.wall_ratio == pytest.approx(1.0)
    with_threads = race(sleeper, Rules(threads=2), random.Random(1), stalled=lambda: None)
    assert with_threads.flags == ()


def test_runs_without_cpu_seconds_are_judged_by_wall() -> None:
    """Where CPU seconds cannot be had, the CPU ratio is None and nothing else changes."""

    def measure(side: Side, pair: int, repetition: int) -> Timing:
        return Timing(1.0 if side == "reference" else 0.5, None)

    found = race(measure, Rules(), random.Random(1), stalled=lambda: None)
    assert (found.verdict, found.cpu_ratio, found.flags) == ("faster", None, ())
    with pytest.raises(AssertionError):
        race(measure, Rules(witness="cpu"), random.Random(1))


@pytest.mark.parametrize(
    ("noise", "cpu_noise", "threads", "witness"),
    [(0.3, 0.03, 1, "cpu"), (0.05, 0.04, 1, "wall"), (0.3, 0.03, 2, "wall")],
)
def test_self_test_chooses_the_witness(
    noise: float, cpu_noise: float, threads: int, witness: str
) -> None:
    """CPU seconds are chosen only for one thread, and only when they scatter under half as much."""
    machine = Machine(1.0, 1.0, noise=noise, cpu_noise=cpu_noise)
    found = self_test(machine, Rules(threads=threads), random.Random(1), now=machine.now)
    assert found.witness == found.comparison.witness == witness
    assert found.comparison.pairs == 12
    assert found.cpu_spread is not None
    assert found.wall_spread == pytest.approx(noise * math.sqrt(2), rel=0.6)
    assert found.cpu_spread == pytest.approx(cpu_noise * math.sqrt(2), rel=0.6)


def test_self_test_flags_a_clock_that_tells_equal_sides_apart() -> None:
    """Identical code that comes out different is a fault of the clock, and is said."""
    machine = Machine(1.0, 0.8)
    found = self_test(machine, Rules(), random.Random(1), stalled=lambda: None, now=machine.now)
    assert "biased clock" in found.comparison.flags


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("some avg10=0.00 avg60=0.01 avg300=0.00 total=2500000\nfull avg10=0.00 total=7\n", 2.5),
        ("full avg10=0.00 total=7\n", None),
        ("some total=unknown\n", None),
    ],
)
def test_pressure_is_read_from_the_kernel_text(
    tmp_path: Path, text: str, expected: float | None
) -> None:
    """The total of the line `some` counts, in seconds."""
    path = tmp_path / "cpu"
    path.write_text(text)
    assert stalled_seconds(path) == expected


def test_pressure_is_unknown_without_the_file(tmp_path: Path) -> None:
    """A kernel without pressure information gives None."""
    assert stalled_seconds(tmp_path / "absent") is None
