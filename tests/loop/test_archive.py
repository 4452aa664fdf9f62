"""The archive: a fold over entries that sees the same history whoever reads it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loop_history import (
    CHECKED,
    OPENED,
    RUN,
    SEED,
    at,
    dropped,
    entries,
    folded,
    kept,
    proposed,
    raced,
)

from tachograph.ledger.kinds import (
    Body,
    BoxFailed,
    CandidateProposed,
    FindingShared,
    RunClosed,
    RunResumed,
)
from tachograph.loop.archive import Archive, seconds_between


def test_the_seed_is_no_trial():
    """The task as given is neither tried nor unfinished nor best."""
    archive = folded()
    assert (archive.trials, archive.unfinished, archive.best) == ([], [], None)


def test_a_proposal_is_unfinished_until_its_verdict():
    """Checked and timed is not enough."""
    archive = folded(proposed("c-1"), CHECKED, raced("c-1", "screen", 2.0))
    assert [record.id for record in archive.unfinished] == ["c-1"]
    assert archive.records["c-1"].verdict == "unfinished"
    archive.add(entries(dropped("c-1"))[0])
    assert (archive.unfinished, archive.records["c-1"].verdict) == ([], "same")


def test_the_best_is_the_last_kept():
    """Each kept candidate beat the one before."""
    archive = folded(proposed("c-1"), kept("c-1"), proposed("c-2", "c-1"), kept("c-2", 3.0),
                     proposed("c-3"), dropped("c-3"))  # fmt: skip
    assert archive.best is not None
    assert archive.best.id == "c-2"
    assert [record.id for record in archive.lineage("c-2")] == ["c-1", "c-2"]


def test_the_order_of_keeping_counts_not_that_of_proposing():
    """With several at once, what was proposed first may be kept last."""
    archive = folded(proposed("c-1"), proposed("c-2"), kept("c-2"), kept("c-1", 3.0))
    assert [record.id for record in archive.kept] == ["c-2", "c-1"]
    assert [record.id for record in archive.trials] == ["c-2", "c-1"]


def test_a_revoked_best_gives_way_to_the_one_before():
    """What fails a later draw is no longer kept."""
    archive = folded(proposed("c-1"), kept("c-1"), proposed("c-2"), kept("c-2"),
                     dropped("c-2", "revoked"))  # fmt: skip
    assert archive.best is not None
    assert archive.best.id == "c-1"
    assert archive.records["c-2"].verdict == "revoked"


def test_the_screen_is_the_latest_race_but_the_standing():
    """The race against the seed is a report, not a comparison with the parent."""
    archive = folded(proposed("c-1"), raced("c-1", "screen", 1.5), raced("c-1", "confirm", 1.4),
                     raced("c-1", "standing", 9.0))  # fmt: skip
    assert archive.records["c-1"].screen is not None
    assert archive.records["c-1"].screen.ratio == 1.4


def test_a_second_proposal_of_the_same_content_changes_nothing():
    """The first proposer keeps the credit."""
    again = CandidateProposed(RUN, "c-1", ["c-seed"], "hand", "mine", "", {})
    archive = folded(proposed("c-1"), dropped("c-1"), again)
    assert archive.records["c-1"].proposed.proposer == "recipes"
    assert len(archive.trials) == 1


def test_proposers_are_told_verdict_and_ratio():
    """A history holds no withheld thing: only names, verdicts and ratios."""
    archive = folded(proposed("c-1"), raced("c-1", "screen", 1.5), dropped("c-1", "not-resolved"))
    attempt = archive.records["c-1"].attempt
    assert attempt is not None
    assert (attempt.candidate, attempt.verdict, attempt.ratio) == ("c-1", "not-resolved", 1.5)
    assert (attempt.parents, attempt.label) == (("c-seed",), "label c-1")


def test_pauses_do_not_count_as_time_spent():
    """The wall clock of a run stands between a kill and the resume."""
    bodies = [OPENED, SEED, proposed("c-1"), RunResumed(RUN), dropped("c-1"),
              RunClosed(RUN, "done", None)]  # fmt: skip
    archive = Archive.of(entries(*bodies, seconds=[0, 1, 2, 1000, 1003, 1004]))
    assert archive.wall_seconds == pytest.approx(2 + 4)


def test_a_clock_that_was_set_back_takes_no_time_away():
    """A budget never grows."""
    archive = Archive.of(entries(OPENED, SEED, proposed("c-1"), seconds=[10, 12, 5]))
    assert archive.wall_seconds == pytest.approx(2)


def test_a_resumed_run_is_open_again():
    """Closed and resumed is not closed."""
    archive = folded(RunClosed(RUN, "budget spent: trials", None))
    assert archive.closed is not None
    archive.add(entries(RunResumed(RUN))[0])
    assert archive.closed is None


def test_other_kinds_are_passed_over():
    """A later kind does not break an earlier fold."""
    archive = folded(proposed("c-1"), FindingShared(RUN, "c-1", "it helps"), dropped("c-1"))
    assert len(archive.trials) == 1


def test_a_lineage_that_names_an_unknown_parent_ends():
    """No endless walk, no KeyError."""
    archive = folded(proposed("c-1", "c-gone"), kept("c-1"))
    assert [record.id for record in archive.lineage("c-1")] == ["c-1"]


NAMES = st.sampled_from(["c-1", "c-2", "c-3"])
EVENTS = st.one_of(
    st.builds(kept, NAMES),
    st.builds(dropped, NAMES, st.sampled_from(["same", "wrong", "revoked"])),
    st.builds(lambda name: BoxFailed(RUN, name, "check", "gone"), NAMES),
    st.builds(lambda name: raced(name, "screen", 1.5), NAMES),
    st.just(RunResumed(RUN)),
)


@given(st.lists(EVENTS, max_size=20), st.integers(0, 20))
def test_a_prefix_and_then_the_rest_is_the_whole(events: list[Body], cut: int):
    """Who reads the entries in two parts sees what a reader of all of them sees."""
    history = entries(OPENED, SEED, proposed("c-1"), proposed("c-2"), proposed("c-3"), *events)
    parts = Archive.of(history[:cut])
    for entry in history[cut:]:
        parts.add(entry)
    whole = Archive.of(history)
    assert parts.records == whole.records
    assert parts.wall_seconds == whole.wall_seconds
    assert {r.id for r in whole.trials} | {r.id for r in whole.unfinished} == {"c-1", "c-2", "c-3"}
    assert not {r.id for r in whole.trials} & {r.id for r in whole.unfinished}


def test_seconds_between_two_entries():
    """The ledger's own times are read."""
    assert seconds_between(at(1.25), at(3.5)) == 2.25
