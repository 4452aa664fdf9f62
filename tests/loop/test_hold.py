"""The loop obeys the brake: by every way in which a trial can begin, and in any process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import BenchMaker
from loop_toys import Scripted, correct

from tachograph.errors import HeldError
from tachograph.ledger import Body, Ledger
from tachograph.ledger.kinds import (
    CandidateProposed,
    TrialChecked,
    TurnBegun,
    WorkHeld,
    WorkRefused,
    WorkReleased,
)
from tachograph.loop.bench import Bench
from tachograph.loop.budget import Budget
from tachograph.loop.propose.protocol import Brief, Desk, Proposal
from tachograph.loop.run import Run
from tachograph.loop.turn import Loop


def begun(ledger: Ledger, folder: Path, bench: Bench) -> Run:
    """A run without any trial yet."""
    return Run.open(ledger, folder, bench.task, Budget(), bench.rules, box=bench.description,
                    proposers=["scripted"])  # fmt: skip


def hold(folder: Path, body: Body | None = None) -> None:
    """Somebody else, who has the ledger open too, holds the work."""
    with Ledger.open(folder) as other:
        other.append([("owner", (), body or WorkHeld("a reason"))])


def count(ledger: Ledger, kind: type) -> int:
    """Entries of that kind."""
    return len(list(ledger.entries(kinds=[kind])))


class Then(Scripted):
    """Does something after some proposals."""

    def __init__(self, after: int, do: Callable[[], None], total: int = 6) -> None:
        super().__init__(correct(total))
        self.after, self.do = after, do

    def propose(self, brief: Brief, desk: Desk) -> Proposal | None:
        """The next one."""
        proposal = super().propose(brief, desk)
        if len(self.briefs) == self.after:
            self.do()
        return proposal


def test_a_hold_ends_the_run_before_the_next_trial(
    ledger: Ledger, ledger_folder: Path, new_bench: BenchMaker
) -> None:
    """It names the brake; nothing begins after it; released, the run goes on where it was."""
    bench = new_bench(metric="check")
    run = begun(ledger, ledger_folder, bench)
    loop = Loop(run, bench, [Then(3, lambda: hold(ledger_folder))], Budget(trials=6))
    assert loop.drive() == "held by the brake, SELF_HOLD: a reason"
    assert count(ledger, TrialChecked) == 2
    (refused,) = [entry.body for entry in ledger.entries(kinds=[WorkRefused])]
    assert refused == WorkRefused(run.id, "training", "SELF_HOLD", "a reason")
    run.close(loop.held)
    with pytest.raises(HeldError):
        run.resume()
    hold(ledger_folder, WorkReleased(""))
    run.resume()
    reason = Loop(run, bench, [Scripted(correct(6))], Budget(trials=6)).drive()
    assert reason == "budget spent: trials"
    assert count(ledger, TrialChecked) == 6
    assert len(run.archive.trials) == 6


def test_no_turn_is_given_while_held(
    ledger: Ledger, ledger_folder: Path, new_bench: BenchMaker
) -> None:
    """A run that is held from its start asks nobody."""
    bench = new_bench(metric="check")
    run = begun(ledger, ledger_folder, bench)
    hold(ledger_folder)
    proposer = Scripted(correct(2))
    assert Loop(run, bench, [proposer], Budget(trials=2)).drive().startswith("held by the brake")
    assert not proposer.briefs
    assert count(ledger, TurnBegun) == 0 and count(ledger, CandidateProposed) == 1
