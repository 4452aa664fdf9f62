"""A run in words and in plain data."""

from __future__ import annotations

import json

from loop_history import CHECKED, RUN, dropped, folded, kept, proposed, raced
from loop_toys import EQUAL, FAST, SEED, WRONG, begin, drive

from tachograph.ledger.kinds import BoxFailed, TrialChecked
from tachograph.loop.report import (
    VERDICTS,
    diff,
    first_line,
    one_line,
    ratio_text,
    record_text,
    run_data,
    summary,
)
from tachograph.task import Candidate


def test_ratios_carry_their_interval():
    """Two digits, none where they would be noise."""
    assert ratio_text(1.838, 1.79, 1.9) == "1.84x [1.79, 1.90]"
    assert ratio_text(183.8, 179.0, 190.4) == "184x [179, 190]"


def test_a_run_that_found_nothing_says_so():
    """No best is made up."""
    assert summary(folded()) == "nothing beat the seed in 0 trials"
    archive = folded(proposed("c-1"), dropped("c-1"))
    assert summary(archive) == "nothing beat the seed in 1 trial"


def test_a_run_that_found_something_says_how_deep():
    """The lineage of the best is counted, not all that was kept."""
    archive = folded(proposed("c-1"), kept("c-1"), proposed("c-2", "c-1"), kept("c-2", 3.0))
    text = summary(archive)
    assert "3.00x [2.90, 3.10]" in text
    assert "2 changes" in text
    assert "2 trials" in text


def test_each_verdict_has_words():
    """A line shows what matters for its verdict."""
    archive = folded(
        proposed("c-1"), CHECKED, raced("c-1", "screen", 0.99), dropped("c-1", "same"),
        proposed("c-2"), TrialChecked(RUN, "c-2", False, "wrong", "output is 3, not 2", 1, None,
                                      None, None), dropped("c-2", "wrong"),
        proposed("c-3"), BoxFailed(RUN, "c-3", "clock", "the zygote is gone"),
        dropped("c-3", "box-failed"),
    )  # fmt: skip
    same, wrong, broke = (record_text(record) for record in archive.trials)
    assert same.startswith(VERDICTS["same"])
    assert "0.99x" in same
    assert wrong.startswith("wrong result")
    assert wrong.endswith("output is 3, not 2")
    assert broke.startswith("the box broke")
    assert broke.endswith("the zygote is gone")


def test_a_traceback_is_shown_by_its_last_line():
    """The exception says most, and the log is not it."""
    detail = 'raised: Traceback (most recent call last):\n  File "x"\nValueError: no\nlog: hello'
    assert first_line(detail) == "ValueError: no"
    assert first_line("") == ""
    assert len(first_line("long " * 100)) == 100


def test_a_proposer_s_words_stay_on_their_line():
    """A label with line ends cannot forge another trial."""
    assert one_line("kept\n   2  kept  mine  99x") == "kept 2 kept mine 99x"
    assert len(one_line("x" * 500)) == 60


def test_a_diff_covers_all_files():
    """Added, changed and untouched."""
    old = Candidate({"a.py": "x = 1\n", "b.py": "y = 1\n"})
    new = Candidate({"a.py": "x = 2\n", "b.py": "y = 1\n"})
    text = diff(old, new)
    assert "--- seed/a.py\n+++ best/a.py" in text
    assert "-x = 1\n+x = 2" in text
    assert "b.py" not in text


def test_run_data_is_json_with_the_ids_that_verbs_take(new_bench, ledger, ledger_folder):
    """What `--json` carries is plain, complete, and says the same as the archive."""
    bench = new_bench()
    run = begin(ledger, ledger_folder, bench)
    drive(run, bench, [WRONG, EQUAL, FAST])
    run.close("nothing left to try")
    data = json.loads(json.dumps(run_data(run), allow_nan=False))
    assert (data["run"], data["task"], data["ended"]) == (run.id, "toy", "nothing left to try")
    assert [trial["candidate"] for trial in data["trials"]] == [WRONG.id, EQUAL.id, FAST.id]
    wrong, _, best = data["trials"]
    assert (wrong["check"]["passed"], wrong["races"], wrong["against_seed"]) == (False, [], None)
    assert best == data["best"]
    assert best["against_seed"]["low"] > 1
    assert data["lineage"] == [FAST.id]
    assert data["box"]["level"] == "A"
    assert data["clock_test"]["pairs"] >= 5
    assert SEED.id not in [trial["candidate"] for trial in data["trials"]]
