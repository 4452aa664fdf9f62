"""The loop on a scored task: it knows no more of the scorer than that there is a judge."""

from __future__ import annotations

from loop_toys import Scripted
from score_toys import BEST, BETTER, EQUAL, guess

from tachograph.loop.budget import Budget
from tachograph.loop.judging import judge_of
from tachograph.loop.score.judge import ScoreJudge
from tachograph.loop.turn import Loop


def drive(court, candidates, budget: Budget | None = None) -> str:
    """One sitting with these candidates; why it ended."""
    return Loop(court.run, court.bench, [Scripted(candidates)], budget or Budget()).drive()


def test_a_scored_task_gets_the_scorers_judge(sit) -> None:
    """Every other one the clock's."""
    court = sit()
    assert isinstance(judge_of(court.run, court.bench), ScoreJudge)


def test_it_climbs_from_best_to_best(sit) -> None:
    """Verdicts as the judge gives them, parents as the policy does."""
    court = sit()
    drive(court, [EQUAL, BETTER, BEST])
    assert [record.verdict for record in court.run.archive.trials] == ["same", "kept", "kept"]
    assert court.run.archive.records[BEST.id].proposed.parents == [BETTER.id]


def test_it_ends_when_no_trial_fits_into_the_query_budget(sit) -> None:
    """And says which budget it was."""
    court = sit(more="query_budget = 40")
    reason = drive(court, [guess(f"1.0  # {number}") for number in range(20)])
    assert reason == "budget spent: queries"
    assert court.run.archive.queries <= 40
    assert 2 <= len(court.run.archive.trials) < 10


def test_proposers_are_told_rounded_scores_of_what_was_tried(sit) -> None:
    """In the history of the brief; and no ratio."""
    court = sit()
    scripted = Scripted([EQUAL, BETTER])
    Loop(court.run, court.bench, [scripted], Budget()).drive()
    precision = court.run.archive.scorer.precision
    (attempt,) = [a for a in scripted.briefs[-1].history if a.candidate == EQUAL.id]
    assert attempt.ratio is None
    assert abs(attempt.score / precision - round(attempt.score / precision)) < 1e-6


def test_several_boxes_belong_to_one_trial(sit) -> None:
    """Candidates are not checked side by side: a scored trial takes all boxes itself."""
    court = sit()
    assert court.bench.check_all([EQUAL, BETTER], court.run.secret) == {}
