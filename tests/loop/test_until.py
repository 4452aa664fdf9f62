"""Goals that end a run."""

from __future__ import annotations

import pytest
from loop_history import RUN, folded, kept, proposed

from tachograph.errors import UsageError
from tachograph.ledger.kinds import CandidateKept, CandidateScored, ScorerTested
from tachograph.loop.budget import Budget
from tachograph.loop.team import Team
from tachograph.loop.turn import Loop
from tachograph.loop.until import Until, parse_until, reached


@pytest.mark.parametrize(
    ("text", "metric", "until"),
    [("2.0x", "time", Until("ratio", 2.0)), (" 10x ", "time", Until("ratio", 10.0)),
     ("0.8", "score", Until("score", 0.8))],
)  # fmt: skip
def test_a_goal_is_read(text, metric, until):
    """And is written as it was read."""
    assert parse_until(text, metric) == until
    assert parse_until(str(until), metric) == until


@pytest.mark.parametrize(
    ("text", "metric"),
    [("fast", "time"), ("2", "time"), ("-2x", "time"), ("1x", "time"), ("0.5x", "time"),
     ("2x", "score"), ("0.8", "check"), ("nan", "score"), ("1e3x", "time"), ("", "time")],
)  # fmt: skip
def test_what_cannot_be_reached_or_read_is_refused(text, metric):
    """A task has the figure of its metric and no other."""
    with pytest.raises(UsageError, match="--until"):
        parse_until(text, metric)


def test_a_ratio_is_reached_by_the_lower_end():
    """A figure that may be luck does not end a run."""
    archive = folded(proposed("c-1"), kept("c-1", 2.05))
    assert not reached(Until("ratio", 2.0), archive)
    assert reached(Until("ratio", 1.9), archive)
    assert not reached(Until("ratio", 1.5), folded())


def scored(scores, floors=(), ceilings=(), direction="higher"):
    return folded(
        ScorerTested(RUN, direction, 4, 0.01, 0.01, 1000, None),
        proposed("c-1"),
        CandidateScored(RUN, "c-1", "fresh", ["fresh-1", "fresh-2"], list(scores), list(floors),
                        list(ceilings), 0.1),
        CandidateKept(RUN, "c-1", None, None, None),
    )  # fmt: skip


def test_a_gap_is_reached_by_the_lower_end():
    """Of the gap between floor and ceiling, where the task knows them."""
    archive = scored([0.7, 0.72], [0.5, 0.5], [0.9, 0.9])
    assert not reached(Until("score", 0.55), archive)
    assert reached(Until("score", 0.1), scored([0.7, 0.7], [0.5, 0.5], [0.9, 0.9]))


def test_a_score_without_a_gap_is_its_mean():
    """In the task's own direction."""
    assert reached(Until("score", 0.7), scored([0.7, 0.72]))
    assert not reached(Until("score", 0.8), scored([0.7, 0.72]))
    assert reached(Until("score", 0.8), scored([0.7, 0.72], direction="lower"))


def test_a_goal_that_is_reached_ends_the_run(new_bench, ledger, ledger_folder):
    """The reason names it."""
    from loop_toys import FAST, FASTER, WRONG, Scripted, begin

    bench = new_bench()
    run = begin(ledger, ledger_folder, bench)
    scripted = Scripted([WRONG, FASTER, FAST])
    loop = Loop(run, bench, [scripted], Budget(trials=3), team=Team(until="1.3x"))
    reason = loop.drive()
    best = run.archive.best
    if best and best.kept.low >= 1.3:  # what the machine allows to show
        assert reason == "reached 1.3x"
        assert len(run.archive.trials) < 3 or run.archive.trials[-1].id == best.id
    else:
        assert reason == "budget spent: trials"
