"""What a process has spent is told once, whoever asks."""

from __future__ import annotations

import time

from loop_toys import begin, correct, drive

from tachograph.ledger.kinds import CandidateKept, RunClosed
from tachograph.loop.budget import Budget
from tachograph.loop.spent import untold_cpu_seconds


def test_the_same_second_is_told_once():
    """The next who asks hears of what came since."""
    untold_cpu_seconds()
    before = time.process_time()
    while time.process_time() - before < 0.3:
        pass
    assert untold_cpu_seconds() >= 0.28
    assert untold_cpu_seconds() < 0.1


def test_verdicts_and_the_end_tell_what_was_spent(ledger, ledger_folder, new_bench):
    """Verdicts add up to what the boxes used, and the end tells the whole sitting."""
    bench = new_bench(metric="check")
    untold_cpu_seconds()
    run = begin(ledger, ledger_folder, bench)
    drive(run, bench, correct(3), Budget(trials=3))
    run.close("as a test")
    told = [entry.body.cpu_seconds for entry in ledger.entries(kinds=[CandidateKept])]
    assert len(told) == 3 and min(told) > 0
    assert abs(sum(told) - bench.cpu_seconds) < 1e-4
    (closed,) = [entry.body for entry in ledger.entries(kinds=[RunClosed])]
    assert closed.cpu_seconds > 0
