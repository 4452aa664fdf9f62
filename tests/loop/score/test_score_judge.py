"""The judge of scored tasks, with real boxes and a real ledger."""

from __future__ import annotations

import pytest
from score_toys import BEST, BETTER, EQUAL, SEED, WORSE, guess, raw

from tachograph.errors import TaskError
from tachograph.ledger.kinds import CandidateScored, QueriesRefused, TrialScored
from tachograph.loop.judge import BOX_TRIES, ReferenceRevoked
from tachograph.task import Candidate


def test_a_better_candidate_is_confirmed_and_kept(sit):
    """The seed is scored once, then look, confirmation on fresh draws of both, kept."""
    court = sit()
    record = court.tried(BETTER)
    assert record.verdict == "kept"
    assert [(t.stage, t.verdict) for t in record.compared] == [
        ("screen", "better"), ("confirm", "better"),
    ]  # fmt: skip
    assert court.kinds()[2:] == [
        "CandidateProposed", "CandidateScored", "ScorerTested", "CandidateScored", "TrialScored",
        "CandidateScored", "CandidateScored", "TrialScored", "CandidateKept",
    ]  # fmt: skip
    fresh = record.marks("fresh")
    assert fresh is not None
    assert fresh.draws == ["fresh-1", "fresh-2", "fresh-3", "fresh-4"]
    assert court.run.archive.queries == 4 + 3 * 4


def test_the_next_one_is_compared_with_the_best(sit):
    """On the same visible draws, whose scores stand in the ledger, and on new fresh ones."""
    court = sit()
    court.tried(BETTER)
    record = court.tried(BEST)
    assert record.verdict == "kept"
    assert {t.against for t in record.compared} == {BETTER.id}
    assert court.run.archive.looks_won == 2
    assert record.confirmed.draws == ["fresh-5", "fresh-6", "fresh-7", "fresh-8"]
    assert court.run.archive.best is record


@pytest.mark.parametrize(
    ("candidate", "verdict"), [(EQUAL, "same"), (WORSE, "worse")], ids=["equal", "worse"]
)
def test_what_is_not_better_is_dropped_after_the_look(sit, candidate: Candidate, verdict: str):
    """No fresh draw is spent on it."""
    court = sit()
    record = court.tried(candidate)
    assert record.verdict == verdict
    assert court.run.archive.looks_won == 0
    assert court.run.archive.best is None


def test_a_gain_that_fresh_draws_do_not_show_is_not_kept(sit):
    """Only the confirmation counts."""
    court = sit()
    fickle = guess("(1.0 if late else 0.0)")

    def say(*bodies):
        court.run.record_about(*bodies)
        if any(isinstance(body, TrialScored) for body in bodies):
            (court.bench.task.folder / "late").touch()

    court.propose(fickle)
    court.judge.try_candidate(fickle, SEED, say)
    record = court.run.archive.records[fickle.id]
    assert record.verdict == "better-unconfirmed"
    assert [t.verdict == "better" for t in record.compared] == [True, False]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("raise ValueError('no')", "failed"),
        ("return [True] * 400", "wrong"),
        ("return (points > 0)[:1]", "wrong"),
        ("return (points > 0).astype(float) * float('nan')", "wrong"),
        ("return {'score': 1.0}", "wrong"),
        ("while True: pass", "failed"),
    ],
)
def test_what_is_no_answer_gets_no_score(sit, body: str, reason: str):
    """Failure is a kind: no score is recorded, not 0 and not NaN."""
    court = sit()
    record = court.tried(raw(body))
    assert record.verdict == reason
    assert record.checked is not None and not record.checked.passed
    assert record.scored == []


NUMBER = """
def draw(rng, split):
    return {"points": rng.normal(size=3), "split_is_told": False, "late": False}, 0


def score(output, answer):
    return output["value"]
"""
NUMBER_SEED = raw("return {'value': 0.5 + 0.01 * float(points[0])}")


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_a_score_that_is_not_finite_is_a_failure(sit, value: str):
    """NaN compares with nothing, and infinity beats all: neither is a score."""
    record = sit(check=NUMBER, seed=NUMBER_SEED).tried(raw(f"return {{'value': float('{value}')}}"))
    assert record.verdict == "wrong"
    assert "no score" in record.checked.detail
    assert record.scored == []


def test_what_a_scorer_stumbles_over_is_refused(sit):
    """An error of the scorer at an output is the candidate's fault if the seed gives none."""
    record = sit(check=NUMBER, seed=NUMBER_SEED).tried(raw("return None"))
    assert record.verdict == "wrong"
    assert "cannot read it" in record.checked.detail


def test_a_failure_on_fresh_draws_tells_nothing_of_them(sit):
    """What it says of a draw that is not to be known is withheld."""
    court = sit()
    leak = raw("assert not late, 'seen: ' + str(points[0])\nreturn points > 0")

    def say(*bodies):
        court.run.record_about(*bodies)
        if any(isinstance(body, TrialScored) for body in bodies):
            (court.bench.task.folder / "late").touch()

    court.propose(leak)
    court.judge.try_candidate(leak, SEED, say)
    record = court.run.archive.records[leak.id]
    assert record.verdict == "failed"
    assert "seen" not in record.checked.detail
    assert "withheld" in record.checked.detail
    assert court.tried(BEST).confirmed.draws[0] == "fresh-5", "what it failed on is not used again"


def test_no_trial_begins_that_the_query_budget_cannot_hold(sit):
    """It is refused before its first query, and recorded; the loop is told to end."""
    court = sit(more="query_budget = 24")
    court.tried(BETTER)
    assert court.run.archive.queries == 16
    assert court.judge.exhausted() == "queries"
    record = court.tried(BEST)
    assert record.verdict == "no-queries"
    assert record.scored == []
    refused = [e.body for e in court.run.ledger.entries(kinds=[QueriesRefused])]
    assert [(r.asked, r.spent, r.query_budget) for r in refused] == [(12, 16, 24)]


def test_answers_that_the_scorer_refuses_cost_queries(sit):
    """Else a candidate could ask for nothing, as often as it likes."""
    court = sit()
    court.tried(EQUAL)
    before = court.run.archive.queries
    court.tried(raw("return None"))
    assert court.run.archive.queries == before + 1


def test_a_resumed_run_goes_on_with_the_same_visible_draws(sit):
    """Scores of the best are not made again, and stay comparable."""
    court = sit()
    court.tried(BETTER)
    later = court.again()
    record = later.tried(BEST)
    assert record.verdict == "kept"
    visible = [e.body for e in court.run.ledger.entries(kinds=[CandidateScored])
               if e.body.split == "visible"]  # fmt: skip
    assert [body.candidate for body in visible] == [SEED.id, BETTER.id, BEST.id]
    assert len({tuple(body.draws) for body in visible}) == 1


def test_the_same_candidate_gets_the_same_scores_on_the_same_draws(sit):
    """A name stands for one draw in a run, and for another draw in another run."""
    first, second = sit(), sit()
    marks = [
        court.judge.examiner.examine(BETTER, "visible", ["visible-1", "visible-2"]).scores
        for court in (first, first.again(), second)
    ]
    assert marks[0] == marks[1] != marks[2]


def test_several_boxes_give_what_one_gives(sit):
    """Draws side by side are the same draws."""
    try:
        two = sit(parallel=2)
    except Exception as error:  # noqa: BLE001 - one core: nothing to compare
        pytest.skip(str(error))
    names = ["visible-1", "visible-2", "visible-3"]
    together = two.judge.examiner.examine(BETTER, "visible", names)
    two.judge.examiner.examiners = two.judge.examiner.examiners[:1]
    assert two.judge.examiner.examine(BETTER, "visible", names).scores == together.scores


def test_a_kept_figure_stays_what_it_was_kept_by(sit):
    """Later fresh draws, on which others are compared with it, do not change it."""
    court = sit()
    kept = court.tried(BETTER)
    before = kept.confirmed
    court.tried(BEST)
    assert kept.confirmed is before
    assert kept.marks("fresh") is not before


@pytest.mark.parametrize("writes", range(5))
def test_a_kill_between_any_two_entries_loses_nothing(sit, writes: int):
    """The trial is made again, on the same visible draws, and ends as it would have."""
    court = sit()
    court.propose(BETTER)
    left = [None] * writes

    def killed(*bodies):
        if not left:
            raise KeyboardInterrupt
        left.pop()
        court.run.record_about(*bodies)

    try:
        court.judge.try_candidate(BETTER, SEED, killed)
    except KeyboardInterrupt:
        assert court.again().run.archive.unfinished
    record = court.again().tried(BETTER) if not record_of(court).finished_at else record_of(court)
    assert record.verdict == "kept"
    kinds = court.kinds()
    assert kinds.count("CandidateKept") == kinds.count("ScorerTested") == 1


def record_of(court):
    """As the ledger has it now."""
    return court.again().run.archive.records[BETTER.id]


def test_a_seed_that_fails_is_the_tasks_fault(sit):
    """No candidate is judged by a task that refuses its own seed."""
    with pytest.raises(TaskError, match="the seed itself does not pass"):
        sit(seed=raw("return None")).tried(BETTER)


def test_a_best_that_fails_on_fresh_draws_is_revoked(sit):
    """What was kept and is found out later does not stay the best."""
    court = sit()
    liar = raw("return None if late else points > 0.3")
    assert court.tried(liar).verdict == "kept"
    (court.bench.task.folder / "late").touch()
    court.propose(BEST)
    with pytest.raises(ReferenceRevoked):
        court.judge.try_candidate(BEST, liar, court.run.record_about)
    assert court.run.archive.records[liar.id].verdict == "revoked"
    assert court.run.archive.best is None
    assert court.tried(BEST).verdict == "kept"


def test_a_box_that_breaks_is_not_the_candidates_fault(sit):
    """It is tried again, and after a few tries the trial ends as box-failed."""
    court = sit()
    court.tried(EQUAL)
    broken = []
    run_all = court.judge.examiner.run_all

    def breaking(candidate, inputs):
        box = court.bench.examiner.box
        if box.process is None:
            box.restart()
        box.process.kill()
        box.process.wait()
        broken.append(candidate.id)
        return run_all(candidate, inputs)

    court.judge.examiner.run_all = breaking
    record = court.tried(BETTER)
    assert record.verdict == "box-failed"
    assert len(record.box_failures) == BOX_TRIES == len(broken)


def test_a_candidate_that_may_not_be_tried_never_runs(sit):
    """As for timed tasks."""
    record = sit().tried(Candidate({**SEED.files, "check.py": "#"}))
    assert record.verdict == "refused"
    assert record.scored == []
