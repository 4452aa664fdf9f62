"""Runs as counts: agents by tasks. What the horizon is computed from, and the bootstrap of it.

Proven by tests/gauges/test_horizon.py. Not covered: runs of one agent that depend on each other
otherwise than through their task and its family.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from tachograph.gauges.read.outcomes import Outcome
from tachograph.gauges.stats.bootstrap import (
    Counts,
    draw_nested,
    draw_successes,
    members,
)

Array = NDArray[np.float64]
WEIGHTINGS = ("invsqrt", "equal", "runs")


@dataclass(frozen=True)
class Suite:
    """Counts. Arrays have shape (agents, tasks) or (tasks,)."""

    agents: tuple[str, ...]
    tasks: tuple[str, ...]
    families: tuple[str, ...]
    """Of each task."""
    human_minutes: Array
    """Of each task."""
    runs: Counts
    score: Array
    """Sum of the runs' scores, 0 to runs."""
    days: Mapping[str, date]
    """Release days of the agents that have one."""
    partial: Mapping[tuple[int, int], tuple[float, ...]]
    """Scores of the cells (agent, task) in which some run has neither 0 nor 1."""

    @property
    def log_minutes(self) -> Array:
        """log2 of the tasks' human minutes."""
        return np.asarray(np.log2(self.human_minutes))

    def weights(self, weighting: str) -> Array:
        """Weight of one run: (agents, tasks), each agent's runs weighing 1 together.

        "runs": every run alike. "equal": every task alike. "invsqrt": every task 1/sqrt of how many
        tasks of its family the agent ran, so that a large family does not decide alone.
        """
        ran = self.runs > 0
        each = np.divide(1.0, self.runs, out=np.zeros(self.runs.shape), where=ran)
        if weighting == "runs":
            each = ran.astype(float)
        elif weighting == "invsqrt":
            for inside in members(self.families).values():
                size = ran[:, inside].sum(axis=1, keepdims=True)
                each[:, inside] /= np.sqrt(np.maximum(size, 1))
        total = (each * self.runs).sum(axis=1, keepdims=True)
        return np.asarray(each / np.where(total > 0, total, 1.0))


def build(outcomes: Sequence[Outcome], days: Mapping[str, date] | None = None) -> Suite:
    """Count the runs. `days` win over release dates in the rows."""
    agents = tuple(sorted({o.agent for o in outcomes}))
    tasks = tuple(sorted({o.task for o in outcomes}))
    agent_at = {name: place for place, name in enumerate(agents)}
    task_at = {name: place for place, name in enumerate(tasks)}
    runs = np.zeros((len(agents), len(tasks)), dtype=np.int64)
    score = np.zeros(runs.shape)
    single: dict[tuple[int, int], list[float]] = {}
    known: dict[str, date] = {}
    minutes = np.zeros(len(tasks))
    families = [""] * len(tasks)
    for o in outcomes:
        at = agent_at[o.agent], task_at[o.task]
        runs[at] += o.runs
        score[at] += o.score
        minutes[at[1]], families[at[1]] = o.human_minutes, o.family
        single.setdefault(at, []).extend(_each(o))
        if o.release_date:
            known[o.agent] = o.release_date
    known |= {name: day for name, day in (days or {}).items() if name in agent_at}
    partial = {at: tuple(s) for at, s in single.items() if any(0 < x < 1 for x in s)}
    return Suite(agents, tasks, tuple(families), minutes, runs, score, known, partial)


def _each(o: Outcome) -> list[float]:
    return [o.score] if o.runs == 1 else [1.0] * int(o.score) + [0.0] * (o.runs - int(o.score))


LEVELS = ("jackknife", "nested")


def resample(
    suite: Suite, replicates: int, rng: np.random.Generator, levels: str
) -> Callable[[int], tuple[Array, Array]]:
    """Leave one family out of each of as many replicates as there are families; or, where `levels`
    is "nested", draw families, then tasks, then runs, as published. For all agents the same.

    Returns a function from an agent's place to its (score, runs), each (replicates, tasks). Call it
    once for each agent, in order, for the same numbers from the same generator. What differs
    between families already holds what differs between their tasks and runs, so that drawing those
    too counts it again: nested intervals are wide, and cover more than their level.
    """
    if levels == "jackknife":
        return _without_one_family(suite)
    times = draw_nested(suite.families, replicates, rng)

    def draw(agent: int) -> tuple[Array, Array]:
        ran = np.flatnonzero(suite.runs[agent])
        runs = np.zeros(times.shape)
        score = np.zeros(times.shape)
        trials = times[:, ran] * suite.runs[agent, ran]
        shares = np.clip(suite.score[agent, ran] / suite.runs[agent, ran], 0, 1)
        runs[:, ran] = trials
        score[:, ran] = draw_successes(trials, shares, rng)
        for task in ran:
            scores = suite.partial.get((agent, int(task)))
            if scores:
                drawn = rng.multinomial(
                    trials[:, ran == task][:, 0], np.full(len(scores), 1 / len(scores))
                )
                score[:, task] = drawn @ np.array(scores)
        return score, runs

    return draw


def _without_one_family(suite: Suite) -> Callable[[int], tuple[Array, Array]]:
    kept = np.ones((len(set(suite.families)), len(suite.tasks)))
    for row, inside in zip(kept, members(suite.families).values(), strict=True):
        row[inside] = 0
    return lambda agent: (kept * suite.score[agent], kept * suite.runs[agent])


def families_of(suite: Suite, agents: Sequence[int]) -> NDArray[np.bool_]:
    """Which families any of the agents ran, in the order in which they are left out: (families,)"""
    ran = np.asarray((suite.runs[list(agents)] > 0).any(axis=0), dtype=bool)
    return np.array([ran[inside].any() for inside in members(suite.families).values()])
