"""Recorded scores, made again on the same draws."""

from __future__ import annotations

from dataclasses import replace

from score_toys import BEST, BETTER, raw

from tachograph.ledger.kinds import CandidateScored
from tachograph.loop.replay import replay


def scores_of(sitting, candidate):
    """The recorded ones, split by split."""
    entries = sitting.run.ledger.entries(run=sitting.run.id, kinds=(CandidateScored,))
    return [entry.body for entry in entries if entry.body.candidate == candidate.id]


def test_scores_come_to_the_same(sit):
    """On visible and fresh draws, for another reader of the ledger too."""
    sitting = sit()
    assert sitting.tried(BETTER).verdict == "kept"
    again = sitting.again()
    found = list(replay(again.run, again.bench, BETTER.id))
    assert [(one.stage, one.finding) for one in found] == [("visible", "same"), ("fresh", "same")]
    assert [one.draws for one in found] == [len(s.draws) for s in scores_of(sitting, BETTER)]


def test_a_forged_score_is_found_out(sit):
    """And nothing is told of the true one."""
    sitting = sit()
    sitting.tried(BETTER)
    sitting.propose(BEST)
    forged = replace(scores_of(sitting, BETTER)[0], candidate=BEST.id)
    sitting.run.record_about(forged)
    (found,) = replay(sitting.run, sitting.bench, BEST.id)
    assert found.finding == "another outcome"
    assert found.detail.endswith("scores differ")
    assert not any(str(score) in found.line for score in forged.scores)


def test_a_candidate_that_fails_now_is_found_out(sit):
    """No score where there was one."""
    sitting = sit()
    failing = raw("raise ValueError('no')")
    sitting.tried(BETTER)
    sitting.propose(failing)
    sitting.run.record_about(replace(scores_of(sitting, BETTER)[0], candidate=failing.id))
    (found,) = replay(sitting.run, sitting.bench, failing.id)
    assert (found.finding, found.detail) == ("another outcome", "no score: failed")


def test_a_fault_names_no_draw(sit):
    """A candidate without a score is not vouched for, and not accused."""
    sitting = sit()
    failing = raw("raise ValueError('no')")
    assert sitting.tried(failing).verdict == "failed"
    (found,) = replay(sitting.run, sitting.bench, failing.id)
    assert found.finding == "no draws"
