"""A scored run in words and in plain data, at the precision that proposers are told.

Whoever reads these may propose next, so nothing finer than the run's precision is in them: the
exact scores are in the ledger's entries. Proven by tests/loop/score/test_score_words.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from tachograph.ledger.kinds import CandidateScored, HoldoutOpened, TrialScored
from tachograph.loop.archive import Archive, Record
from tachograph.loop.score.compare import gap_recovered, rounded, widened
from tachograph.loop.score.interval import Interval

VERDICTS = {
    "same": "not better",
    "worse": "worse",
    "better-unconfirmed": "not confirmed",
    "no-queries": "no queries left",
}
"""What people read for the verdicts that a scored trial has of its own."""


class Told:
    """Numbers of one run, rounded to its precision."""

    def __init__(self, precision: float) -> None:
        self.precision = precision
        self.digits = max(0, -math.floor(math.log10(self.precision)))

    def number(self, value: float) -> float:
        """Rounded to the run's precision."""
        return rounded(value, self.precision)

    def score(self, value: float) -> str:
        """`0.58`"""
        return f"{self.number(value):.{self.digits}f}"

    def gain(self, value: float, low: float, high: float) -> str:
        """`+0.08 [+0.06, +0.10]`"""
        told = widened(Interval(value, low, high), self.precision)
        one, two, three = (f"{each:+.{self.digits}f}" for each in told)
        return f"{one} [{two}, {three}]"

    def gap(self, scored: CandidateScored) -> Interval | None:
        """Gap recovered, to what the precision of the scores allows."""
        found = gap_recovered(scored.scores, scored.floors, scored.ceilings)
        if found is None:
            return None
        whole = abs(mean(scored.ceilings) - mean(scored.floors))
        step = 10.0 ** math.floor(math.log10(max(self.precision / whole, 1e-3)))
        return widened(found, step)

    def scored(self, scored: CandidateScored) -> str:
        """`score 0.58, gap recovered 0.33 [0.28, 0.39] on 8 fresh draws`"""
        parts = [f"score {self.score(mean(scored.scores))}"]
        if gap := self.gap(scored):
            parts.append(f"gap recovered {gap.value:.2f} [{gap.low:.2f}, {gap.high:.2f}]")
        return f"{', '.join(parts)} on {len(scored.draws)} {scored.split} draws"


def trial_text(record: Record) -> str:
    """A scored trial's figure; empty where it has none."""
    if not record.compared:
        return ""
    last = record.compared[-1]
    told, fresh = Told(last.precision), record.confirmed
    return told.scored(fresh) if record.kept and fresh else comparison_text(last)


def comparison_text(trial: TrialScored) -> str:
    """`+0.03 [+0.01, +0.05] over 8 draws, score 0.58`"""
    told = Told(trial.precision)
    gain = told.gain(trial.gain, trial.low, trial.high)
    return f"{gain} over {trial.draws} draws, score {told.score(trial.told)}"


def best_text(archive: Archive) -> str:
    """The best so far, or the seed."""
    if archive.scorer is None:
        return "not scored yet"
    told, best = Told(archive.scorer.precision), archive.best
    found = best.confirmed if best else seed_marks(archive)
    said = told.scored(found) if found else "not scored yet"
    return said if best else f"{said}: the seed, so far"


def title_text(archive: Archive) -> str:
    """The best on fresh draws, for the head of a picture: `gap recovered 0.33 [0.28, 0.39]`."""
    best = archive.best
    fresh = best.confirmed if best else None
    if archive.scorer is None or fresh is None:
        return "not scored yet"
    told = Told(archive.scorer.precision)
    if gap := told.gap(fresh):
        return f"gap recovered {gap.value:.2f} [{gap.low:.2f}, {gap.high:.2f}]"
    return f"best score {told.score(mean(fresh.scores))}"


def summary_lines(archive: Archive) -> Iterator[str]:
    """What a scored run found, besides its trials."""
    scorer = archive.scorer
    if scorer is None:
        return
    told, seed, best = Told(scorer.precision), seed_marks(archive), archive.best
    if seed:
        yield f"seed: {told.scored(seed)}"
    if best and (fresh := best.confirmed):
        yield f"best: {told.scored(fresh)}"
        if (gap := told.gap(fresh)) and gap.low > 1:
            yield "best: above the ceiling: a better method than the ceiling's, or a leak"
    if scorer.human is not None:
        yield f"people: score {scorer.human:g}, as the task says"
    yield from holdout_lines(archive)
    yield f"queries of the scorer: {archive.queries} of {scorer.query_budget}"


def scorer_text(archive: Archive) -> str:
    """The seed's scores, and how finely they are told."""
    seed, scorer = seed_marks(archive), archive.scorer
    assert seed is not None and scorer is not None
    told = Told(scorer.precision)
    return f"scorer: the seed's {told.scored(seed)}; scores are told to {scorer.precision:g}"


def holdout_lines(archive: Archive) -> Iterator[str]:
    """What the sealed hold-out says."""
    held, best = archive.holdout, archive.best
    if held is None:
        yield "hold-out: sealed"
        return
    if held.gain is None or held.low is None or held.high is None:
        yield "hold-out: the best failed on it: its gain is one of the visible draws only"
        return
    record, told = archive.records[held.candidate], Told(held.precision)
    if sealed := record.marks("sealed"):
        yield f"hold-out: {told.scored(sealed)}"
    gain = told.gain(held.gain, held.low, held.high)
    yield f"hold-out: {gain} against the seed: {MEANINGS[held.verdict]}"
    if held.opened_before:
        yield f"hold-out: {held.opened_before} earlier runs on this task have opened theirs"
    if best and best.id != held.candidate:
        yield "hold-out: the best was dropped after it was opened"


MEANINGS = {
    "better": "the gain holds",
    "same": "the gain is one of the visible draws only",
    "worse": "the gain is one of the visible draws only, and here it is a loss",
    "not-resolved": "whether the gain holds is not resolved",
}


def seed_marks(archive: Archive) -> CandidateScored | None:
    """The seed's scores on the visible draws."""
    seed = archive.opened.seed_candidate if archive.opened else ""
    record = archive.records.get(seed)
    return record.marks("visible") if record else None


# -- plain data ------------------------------------------------------------------------------------


def trial_data(record: Record) -> list[dict[str, Any]]:
    """Comparisons of one trial."""
    return [
        {
            "against": t.against, "stage": t.stage, "verdict": t.verdict, "score": t.told,
            "gain": interval_data(widened(Interval(t.gain, t.low, t.high), t.precision)),
            "draws": t.draws,
        }
        for t in record.compared
    ]  # fmt: skip


def interval_data(interval: Interval | None) -> dict[str, float] | None:
    """Value and both ends."""
    return None if interval is None else interval._asdict()


def marks_data(told: Told, scored: CandidateScored | None) -> dict[str, Any] | None:
    """One candidate's scores on one split."""
    if scored is None:
        return None
    return {
        "split": scored.split, "draws": len(scored.draws),
        "score": told.number(mean(scored.scores)),
        "gap_recovered": interval_data(told.gap(scored)),
    }  # fmt: skip


def run_data(archive: Archive) -> dict[str, Any] | None:
    """What a scored run found; None of a timed one."""
    scorer = archive.scorer
    if scorer is None:
        return None
    told, best = Told(scorer.precision), archive.best
    return {
        "direction": scorer.direction, "margin": scorer.margin, "precision": scorer.precision,
        "queries": archive.queries, "query_budget": scorer.query_budget, "human": scorer.human,
        "seed": marks_data(told, seed_marks(archive)),
        "best": marks_data(told, best.confirmed) if best else None,
        "holdout": holdout_data(told, archive.holdout, archive),
    }  # fmt: skip


def holdout_data(told: Told, held: HoldoutOpened | None, archive: Archive) -> dict[str, Any] | None:
    """The hold-out; None while it is sealed."""
    if held is None:
        return None
    gain = None
    if held.gain is not None and held.low is not None and held.high is not None:
        gain = widened(Interval(held.gain, held.low, held.high), told.precision)
    return {
        "candidate": held.candidate, "verdict": held.verdict, "gain": interval_data(gain),
        "best": marks_data(told, archive.records[held.candidate].marks("sealed")),
        "opened_before": held.opened_before,
    }  # fmt: skip


def mean(values: list[float]) -> float:
    """Of one or more."""
    return math.fsum(values) / len(values)
