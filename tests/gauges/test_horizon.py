"""The time horizon: what is measured, and what is refused."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from coverage import assert_nominal, coverage, generators, holds
from hypothesis import given, settings
from hypothesis import strategies as st

from tachograph.errors import UsageError
from tachograph.gauges.curves import Method, horizon, replicates
from tachograph.gauges.horizon import (
    Data,
    Options,
    compute,
    ends,
    estimate,
    find,
    grow,
    growth_estimate,
)
from tachograph.gauges.read.outcomes import Outcome
from tachograph.gauges.reading import Estimate, Reading
from tachograph.gauges.stats.growth import doubling
from tachograph.gauges.suite import build, resample

METHOD = Method(1e-5, "invsqrt", "logistic")
LENGTHS = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 120.0)


def outcomes(
    rate, agent: str = "a", lengths=LENGTHS, repeats: int = 6, day: date | None = None
) -> list[Outcome]:
    """`repeats` runs on a task of each length, of which the share rate(length) succeed."""
    made = []
    for place, minutes in enumerate(lengths):
        won = round(rate(minutes) * repeats)
        made.append(Outcome(agent, f"t{place}", f"f{place}", minutes, repeats, float(won), day))
    return made


def falling(middle: float):
    return lambda minutes: 1 / (1 + (minutes / middle) ** 1.2)


def read(made: list[Outcome], **options: object) -> Reading:
    return compute(Data(tuple(made), {}), Options(**options))


def named(reading: Reading, name: str) -> Estimate:
    return next(e for e in reading.estimates if e.name == name)


def test_an_ordinary_agent_is_measured():
    """The horizon lies near where half succeed, inside its interval."""
    reading = read(outcomes(falling(10.0)))
    found = named(reading, "50% horizon of a")
    assert found.value == pytest.approx(10, rel=0.2)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 10 < found.high
    eighty = named(reading, "80% horizon of a")
    assert eighty.value is not None
    assert eighty.value < found.value


@pytest.mark.parametrize(
    ("rate", "reason", "bounded"),
    [
        (lambda minutes: 0.0, "all 48 runs failed", False),
        (lambda minutes: 1.0, "all 48 runs succeeded", False),
        (lambda minutes: 1 / (1 + (minutes / 400) ** 1.2), "longer than the longest task", True),
        (lambda minutes: 1 / (1 + (minutes / 0.2) ** 1.2), "shorter than the shortest", False),
        (lambda minutes: 0.3 if minutes < 20 else 0.7, "does not fall", False),
    ],
    ids=["always fails", "always succeeds", "beyond", "below", "rises"],
)
def test_what_the_tasks_cannot_tell_is_not_a_number(rate, reason: str, bounded: bool):
    """No value; and only beyond the longest task, where it is known, a lower bound."""
    reading = read(outcomes(rate))
    assert not reading.verdict.told
    assert reading.verdict.words == "cannot tell"
    found = named(reading, "50% horizon of a")
    assert found.value is None
    assert reason in found.reason
    assert (found.low is not None) == bounded
    assert found.high is None


def test_two_lengths_make_no_curve():
    """Two points always lie on one."""
    reading = read(outcomes(falling(10.0), lengths=(5.0, 20.0, 20.0)))
    assert "fewer than 3 different" in named(reading, "50% horizon of a").reason


def test_one_agent_that_cannot_be_told_does_not_silence_the_others():
    """The verdict is that of the suite; the reason stays with the agent."""
    reading = read(outcomes(falling(10.0)) + outcomes(lambda m: 0.0, agent="b"))
    assert reading.verdict.told
    assert named(reading, "50% horizon of b").value is None
    assert reading.headline is not None
    assert reading.headline.name == "50% horizon of a"


def test_the_reference_is_not_the_frontier():
    """People are measured too, and not ranked."""
    reading = read(outcomes(falling(40.0), agent="human") + outcomes(falling(10.0)))
    assert reading.headline is not None
    assert reading.headline.name == "50% horizon of a"
    assert named(reading, "50% horizon of human").value is not None


def test_the_doubling_time_of_a_frontier():
    """Horizons that double every 100 days; one agent below the frontier does not count."""
    made: list[Outcome] = []
    for place, middle in enumerate((4.0, 8.0, 16.0, 32.0)):
        day = date.fromordinal(date(2024, 1, 1).toordinal() + 100 * place)
        made += outcomes(falling(middle), f"a{place}", day=day, repeats=60)
    made += outcomes(falling(2.0), "late", day=date(2024, 12, 1), repeats=60)
    reading = read(made)
    doubled = named(reading, "doubling time")
    assert doubled.value == pytest.approx(100, rel=0.1)
    assert doubled.low is not None
    assert doubled.low < doubled.value
    assert sum(reading.table("agents").numbers("frontier")) == 4


def test_two_dated_agents_have_no_doubling_time():
    """The line through two points says nothing about its error."""
    made = outcomes(falling(5.0), "a", day=date(2024, 1, 1))
    made += outcomes(falling(9.0), "b", day=date(2024, 6, 1))
    assert "fewer than 3 dated" in named(read(made), "doubling time").reason


def test_the_grid_changes_one_choice_at_a_time():
    """Its headline row is the headline; cheated runs appear as a choice of their own."""
    made = outcomes(falling(10.0))
    made += [Outcome("a", "t7", "f7", 120.0, 6, 6.0, cheated=True)]
    reading = read(made)
    headline = next(row for row in reading.grid if row.headline)
    first = reading.headline
    assert first is not None
    assert headline.estimate.value == first.value
    for row in reading.grid:
        assert sum(row.choices[key] != headline.choices[key] for key in headline.choices) <= 1
    failed = next(r for r in reading.grid if r.choices["tasks"] == "cheated runs as failed")
    assert failed.estimate.value is not None
    assert first.value is not None
    assert failed.estimate.value < first.value
    assert any("cheated" in caveat for caveat in reading.caveats)


def test_partial_scores_count_in_part():
    """A score of one half is half a success, in the fit and in the resamples."""
    whole = [Outcome("a", f"t{p}", f"f{p}", m, 1, float(won))
             for p, m in enumerate(LENGTHS) for won in (0, 1)]  # fmt: skip
    halves = [Outcome("a", f"t{p}", f"f{p}", m, 1, 0.5) for p, m in enumerate(LENGTHS)] * 2
    steep = [replace(o, score=o.score if o.human_minutes < 20 else 0.1) for o in halves]
    one, other = build(whole), build(halves)
    assert one.weights("equal")[0] * one.score[0] == pytest.approx(
        other.weights("equal")[0] * other.score[0]
    )
    drawn = next(replicates(build(steep), METHOD, (0.5,), 200, 1, "nested"))
    assert np.isfinite(drawn).any()


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_weights_sum_to_one_and_split_families_fairly(seed: int):
    """Whatever the suite."""
    rng = np.random.default_rng(seed)
    made = [Outcome("a", f"t{t}", f"f{rng.integers(3)}", float(2**t), int(rng.integers(1, 6)), 0.0)
            for t in range(9)]  # fmt: skip
    suite = build(made)
    for weighting in ("invsqrt", "equal", "runs"):
        total = (suite.weights(weighting) * suite.runs).sum(axis=1)
        assert total == pytest.approx(np.ones(1))
    by_family: dict[str, float] = {}
    for place, family in enumerate(suite.families):
        share = suite.weights("invsqrt")[0, place] * suite.runs[0, place]
        by_family[family] = by_family.get(family, 0.0) + share
    sizes = {name: suite.families.count(name) for name in by_family}
    ratios = [by_family[name] / math.sqrt(sizes[name]) for name in by_family]
    assert max(ratios) == pytest.approx(min(ratios))


def test_all_agents_live_in_the_same_resampled_worlds():
    """The same tasks are drawn for all, so that their errors go together."""
    suite = build(outcomes(falling(9.0)) + outcomes(falling(9.0), agent="b"))
    draw = resample(suite, 50, np.random.default_rng(3), "nested")
    _, first = draw(0)
    _, second = draw(1)
    assert (first == second).all()


def test_more_successes_never_shorten_the_horizon():
    """Raising every rate raises the point."""
    points = []
    for middle in (5.0, 8.0, 13.0, 21.0):
        point = horizon(build(outcomes(falling(middle), repeats=100)), 0, METHOD, 0.5)
        assert point.value is not None
        points.append(point.value)
    assert points == sorted(points)


def test_ends_outside_the_measured_lengths_are_open():
    """Undefined resamples count against both ends."""
    minutes = np.array([1.0, 16.0])
    assert ends(np.linspace(1, 3, 1000), minutes, 0.95) == pytest.approx((2**1.05, 2**2.95))
    assert ends(np.linspace(-2, 6, 1000), minutes, 0.95) == (None, None)
    rows = np.concatenate([np.full(100, np.nan), np.linspace(1, 3, 900)])
    assert ends(rows, minutes, 0.95) == (None, None)


def test_the_interval_that_covers_is_the_default_and_the_published_one_says_what_it_is():
    """The published resamples are named so in the grid, and by a caveat where they are chosen."""
    made = outcomes(falling(10.0))
    reading, published = read(made), read(made, resample="nested")
    assert reading.choices == {} or reading.choices["resample"] == "jackknife"
    (row,) = [r for r in reading.grid if r.choices["resample"] == "nested, as published"]
    assert row.estimate == published.headline and not row.headline
    assert any("no calibrated interval" in caveat for caveat in published.caveats)
    assert not any("no calibrated interval" in caveat for caveat in reading.caveats)


def test_without_a_family_that_decides_there_is_no_interval():
    """Only one family fails, so that without it there is no curve: cannot tell, and what helps."""
    reading = read(outcomes(lambda minutes: float(minutes < 100)))
    found = named(reading, "50% horizon of a")
    assert found.value is not None and found.low is None and found.high is None
    assert any("Cannot tell how far off: 50% horizon of a" in c for c in reading.caveats)


@pytest.mark.parametrize(
    "wrong", [{"share": (0.0,)}, {"share": (1.5,)}, {"penalty": -1.0}, {"replicates": 3}]
)
def test_wrong_options_are_a_wrong_call(wrong: dict[str, object]):
    """Before anything is read."""
    with pytest.raises(UsageError):
        Options(**wrong)


@pytest.mark.long
@pytest.mark.parametrize(("families", "tasks"), [(5, 25), (6, 30), (8, 40), (15, 60), (36, 83)])
@pytest.mark.parametrize("spread", [0.0, 1.0], ids=["alike", "harder and easier tasks"])
def test_intervals_by_leaving_families_out_cover(spread: float, families: int, tasks: int):
    """Families drawn anew each time; the truth is the horizon of all such tasks."""
    truth = true_horizon(spread)

    def simulate(rng):
        found = simulated_horizon(rng, spread, families, tasks)
        return truth, (found.low, found.high)

    assert_nominal(coverage(simulate, 1000), 1000)


@pytest.mark.long
@pytest.mark.parametrize("middle", [1.5, 7.5], ids=["near the shortest", "near the longest"])
@pytest.mark.parametrize(("families", "tasks"), [(6, 30), (10, 50), (36, 83)])
def test_intervals_near_the_ends_of_the_tasks_cover(middle: float, families: int, tasks: int):
    """Of the horizons that are given: those outside the tasks are refused, and do not count."""
    truth, held = true_horizon(1.0, middle), []
    for rng in generators(1200):
        found = simulated_horizon(rng, 1.0, families, tasks, middle=middle)
        if found.value is not None:
            held.append(holds(truth, (found.low, found.high)))
    assert_nominal(float(np.mean(held)), len(held))


@pytest.mark.long
def test_nested_intervals_cover_more_than_their_level():
    """As the published method's do: runs and tasks are drawn on top of families that hold them."""
    truth = true_horizon(1.0)

    def simulate(rng):
        found = simulated_horizon(rng, 1.0, 36, 83, resample="nested", replicates=400)
        return truth, (found.low, found.high)

    assert coverage(simulate, 400) >= 0.965


@pytest.mark.long
@pytest.mark.parametrize(
    ("agents", "gap_days", "step", "families", "tasks"),
    [(5, 365, 1.0, 15, 60), (5, 365, 1.0, 36, 83), (8, 180, 0.5, 10, 50), (4, 200, 1.5, 8, 40)],
)
def test_the_doubling_time_by_leaving_families_out_covers(
    agents: int, gap_days: int, step: float, families: int, tasks: int
):
    """Agents on the same tasks, `step` doublings apart; the truth is that of all such tasks."""
    days = [date(2020, 1, 1) + timedelta(gap_days * n) for n in range(agents)]
    middles = [2.5 + step * n for n in range(agents)]
    truth = doubling(days, [true_horizon(1.0, middle) for middle in middles]).days
    assert truth is not None

    held = 0
    for seed in range(1000):
        rng = np.random.default_rng([17, seed])
        made = [o for n, day in enumerate(days)
                for o in simulated(rng, 1.0, families, tasks, middles[n], f"a{n}", day,
                                   np.random.default_rng([18, seed]))]  # fmt: skip
        suite = build(made)
        options = Options(share=(0.5,))
        found = growth_estimate(grow(suite, find(suite, options), options), options)
        held += holds(truth, (found.low, found.high))
    assert_nominal(held / 1000, 1000)


def simulated_horizon(
    rng: np.random.Generator, spread: float, families: int, tasks: int, middle: float = 4.5,
    **choices: Any,
) -> Estimate:  # fmt: skip
    """The horizon of one simulated suite, with its interval."""
    suite = build(simulated(rng, spread, families, tasks, middle))
    options = Options(share=(0.5,), **choices)
    return estimate(suite, find(suite, options), options, 0, 0.5)


def simulated(
    rng: np.random.Generator, spread: float, families: int, tasks: int, middle: float = 4.5,
    agent: str = "a", day: date | None = None, suite: np.random.Generator | None = None,
) -> list[Outcome]:  # fmt: skip
    """Tasks in families; how hard a task is, beyond its length, half by its family. Six runs each.

    `suite` draws the tasks where several agents are to have the same ones.
    """
    made = suite or rng
    family = np.concatenate([np.arange(families), made.integers(0, families, tasks - families)])
    minutes = 2.0 ** made.uniform(0, 9, tasks)
    harder = spread * (made.normal(size=families)[family] + made.normal(size=tasks)) / math.sqrt(2)
    share = 1 / (1 + np.exp(0.7 * (np.log2(minutes) - middle) + harder))
    return [Outcome(agent, f"t{t}", f"f{family[t]}", float(minutes[t]), 6,
                    float(rng.binomial(6, share[t])), day) for t in range(tasks)]  # fmt: skip


def true_horizon(spread: float, middle: float = 4.5) -> float:
    """What the method finds on very many such tasks: one run each, in their own families."""
    rng = np.random.default_rng(5)
    minutes = 2.0 ** rng.uniform(0, 9, 400_000)
    share = 1 / (1 + np.exp(0.7 * (np.log2(minutes) - middle) + spread * rng.normal(size=400_000)))
    edges = np.linspace(0, 9, 181)
    place = np.digitize(np.log2(minutes), edges) - 1
    made = [Outcome("a", f"t{p}", f"f{p}", float(2 ** (edges[p] + 0.025)), 1000,
                    round(1000 * float(share[place == p].mean()))) for p in range(180)]  # fmt: skip
    value = horizon(build(made), 0, METHOD, 0.5).value
    assert value is not None
    return value
