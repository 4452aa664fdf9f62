"""A made-up history of a scored run, as entries."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from tachograph.ledger import Entry
from tachograph.ledger.kinds import (
    Body,
    CandidateDropped,
    CandidateKept,
    CandidateProposed,
    CandidateScored,
    HoldoutOpened,
    QueriesRefused,
    RunOpened,
    ScorerTested,
    TrialChecked,
    TrialScored,
)
from tachograph.loop.archive import Archive
from tachograph.loop.score.compare import compare, rounded

RUN, PRECISION, DRAWS = "r-1", 0.02, 8


def entries(bodies: Sequence[Body]) -> list[Entry]:
    """A second apart."""
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    times = [
        (begun + timedelta(seconds=n)).isoformat(timespec="microseconds").replace("+00:00", "Z")
        for n in range(len(bodies))
    ]
    return [
        Entry(n, time, "loop", (), body)
        for n, (time, body) in enumerate(zip(times, bodies, strict=True))
    ]


def folded(bodies: Sequence[Body]) -> Archive:
    return Archive.of(entries(bodies))


class Story:
    """Tells a run: the seed first, then trials of a wanted mean score."""

    def __init__(
        self, seed_mean: float = 0.62, *, bounds: bool = True, human: float | None = None
    ) -> None:
        self.rng = random.Random(4)
        self.bounds = bounds
        self.count = self.fresh = 0
        self.best, self.best_mean = "c-seed", seed_mean
        self.hard = {split: [self.rng.gauss(0, 0.02) for _ in range(DRAWS)]
                     for split in ("visible", "fresh", "sealed")}  # fmt: skip
        self.bodies: list[Body] = [
            RunOpened(RUN, "weak-to-strong", "t-1", "c-seed", "goal", {}, 1, {}, {}, ["recipes"]),
            CandidateProposed(RUN, "c-seed", [], "seed", "seed", "", {}),
            self.scores("c-seed", "visible", seed_mean),
            ScorerTested(RUN, "higher", DRAWS, 0.005, PRECISION, 200, human),
        ]

    def scores(self, candidate: str, split: str, mean: float) -> CandidateScored:
        """Scores about a mean, the draws' hardness shared by all candidates."""
        hard = self.hard[split]
        found = [mean + each + self.rng.gauss(0, 0.005) for each in hard]
        bounds = (
            ([0.5 + e for e in hard], [0.94 + e / 2 for e in hard]) if self.bounds else ([], [])
        )
        return CandidateScored(RUN, candidate, split, [f"{split}-{n + 1}" for n in range(DRAWS)],
                               found, *bounds, 0.2)  # type: ignore[arg-type]  # fmt: skip

    def trial(self, mean: float, *, confirmed: float | None = None, label: str = "a change") -> str:
        """One trial; `confirmed`: its mean on fresh draws, where it is not that on visible ones."""
        self.count += 1
        name = f"c-{self.count}"
        self.bodies.append(CandidateProposed(RUN, name, [self.best], "recipes", label, "", {}))
        verdict = self.look(name, "screen", "visible", mean)
        if verdict == "better":
            verdict = self.look(name, "confirm", "fresh", mean if confirmed is None else confirmed)
            if verdict == "better":
                self.bodies.append(CandidateKept(RUN, name, None, None, None))
                self.best, self.best_mean = name, mean
                return "kept"
            verdict = "better-unconfirmed"
        self.bodies.append(CandidateDropped(RUN, name, verdict))
        return verdict

    def look(self, name: str, stage: str, split: str, mean: float) -> str:
        mine, theirs = (
            self.scores(n, split, m) for n, m in ((name, mean), (self.best, self.best_mean))
        )
        gain = compare(mine.scores, theirs.scores, sign=1.0, margin=0.005)
        told = rounded(sum(mine.scores) / DRAWS, PRECISION)
        self.bodies += [mine, TrialScored(RUN, name, self.best, stage, gain.verdict, *gain.interval,
                                          DRAWS, told, PRECISION)]  # type: ignore[arg-type]  # fmt: skip
        return gain.verdict

    def unscored(self, reason: str) -> None:
        """One trial that got no score."""
        self.count += 1
        name = f"c-{self.count}"
        self.bodies += [
            CandidateProposed(RUN, name, [self.best], "recipes", "a slip", "", {}),
            QueriesRefused(RUN, name, 24, 190, 200) if reason == "no-queries"
            else TrialChecked(RUN, name, False, reason, "why", 0, None, None, None),
            CandidateDropped(RUN, name, reason),
        ]  # fmt: skip

    def opened(self, mean: float) -> None:
        """The hold-out, with this mean for the best and the seed's first one for the seed."""
        seed, best = self.scores("c-seed", "sealed", 0.62), self.scores(self.best, "sealed", mean)
        gain = compare(best.scores, seed.scores, sign=1.0, margin=0.005)
        opened = HoldoutOpened(RUN, self.best, "c-seed", gain.verdict, *gain.interval, DRAWS, "",
                               PRECISION, 0)  # fmt: skip
        self.bodies += [seed, best, opened]


def long_story(*, holds: bool = True, bounds: bool = True) -> list[Body]:
    """A run with every fate that a scored trial may have, and its hold-out."""
    story = Story(bounds=bounds)
    story.trial(0.60, label="fewer steps")
    story.trial(0.70, label="confidence loss")
    story.unscored("wrong")
    story.trial(0.702, label="the same again")
    story.trial(0.78, confirmed=0.70, label="lucky seed")
    story.unscored("failed")
    story.trial(0.83, label="label propagation")
    for mean in (0.80, 0.825, 0.83, 0.84):
        story.trial(mean, label="hidden units")
    story.trial(0.87, label="propagate over the test")
    story.unscored("no-queries")
    story.opened(0.86 if holds else 0.62)
    return story.bodies
