"""The sealed hold-out: opened once, for the best, and never chosen by."""

from __future__ import annotations

import pytest
from score_toys import BEST, BETTER, SEED, guess, raw

from tachograph.errors import UsageError
from tachograph.loop.score.holdout import open_holdout
from tachograph.loop.score.words import holdout_lines


def test_it_is_opened_for_the_best_and_the_seed(sit):
    """On draws of their own; three entries, next to each other."""
    court = sit()
    court.tried(BETTER)
    queries = court.run.archive.queries
    opened = open_holdout(court.run, court.bench)
    assert opened is not None
    assert (opened.candidate, opened.against, opened.verdict) == (BETTER.id, SEED.id, "better")
    assert court.kinds()[-3:] == ["CandidateScored", "CandidateScored", "HoldoutOpened"]
    sealed = court.run.archive.records[BETTER.id].marks("sealed")
    assert sealed.draws == [f"sealed-{n}" for n in range(1, 5)]
    assert court.run.archive.queries == queries
    assert any("the gain holds" in line for line in holdout_lines(court.run.archive))


def test_without_a_best_it_stays_sealed(sit):
    """There is nothing to report."""
    court = sit()
    court.tried(guess(2.0))
    assert open_holdout(court.run, court.bench) is None
    assert list(holdout_lines(court.run.archive)) == ["hold-out: sealed"]


def test_it_opens_once(sit):
    """A second look is refused."""
    court = sit()
    court.tried(BETTER)
    open_holdout(court.run, court.bench)
    with pytest.raises(UsageError, match="has opened its sealed hold-out"):
        open_holdout(court.again().run, court.bench)


def test_nothing_is_chosen_after_it_is_open(sit):
    """Neither by a resumed run nor by a candidate that comes in another way."""
    court = sit()
    court.tried(BETTER)
    open_holdout(court.run, court.bench)
    with pytest.raises(UsageError, match="has opened its sealed hold-out"):
        court.again().run.resume()
    later = court.again()
    with pytest.raises(UsageError, match="has opened its sealed hold-out"):
        later.tried(BEST)
    assert later.run.archive.best.id == BETTER.id


def test_a_gain_on_the_visible_draws_only_is_said_to_be_one(sit):
    """The verdict, in words that cannot be misread."""
    court = sit()
    court.tried(guess("(1.0 if late else 0.3)"))
    assert court.run.archive.best is not None
    (court.bench.task.folder / "late").touch()
    opened = open_holdout(court.run, court.bench)
    assert opened.verdict == "same"
    assert any("visible draws only" in line for line in holdout_lines(court.run.archive))


def test_a_best_that_fails_on_it_is_reported_as_failed(sit):
    """No score stands in for the failure."""
    court = sit()
    court.tried(raw("assert not late\nreturn points > 0.2"))
    (court.bench.task.folder / "late").touch()
    opened = open_holdout(court.run, court.bench)
    assert (opened.verdict, opened.gain) == ("failed", None)
    assert court.run.archive.records[opened.candidate].marks("sealed") is None
    assert any("failed on it" in line for line in holdout_lines(court.run.archive))


def test_earlier_openings_on_the_same_task_are_counted(sit):
    """Who opens many and keeps the best one can be seen to have done so."""
    first = sit()
    first.tried(BETTER)
    open_holdout(first.run, first.bench)
    assert first.run.archive.holdout.opened_before == 0
    second = sit(ledger=first.run.ledger)
    second.tried(BETTER)
    assert open_holdout(second.run, second.bench).opened_before == 1


def test_a_kill_before_the_entry_leaves_it_sealed(sit):
    """Nobody has been told anything; it is opened later, with the same draws."""
    court = sit()
    court.tried(BETTER)
    record_about = court.run.record_about

    def killed(*bodies):
        raise KeyboardInterrupt

    court.run.record_about = killed
    with pytest.raises(KeyboardInterrupt):
        open_holdout(court.run, court.bench)
    court.run.record_about = record_about
    assert court.again().run.archive.holdout is None
    assert open_holdout(court.again().run, court.bench) is not None
