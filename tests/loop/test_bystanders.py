"""Who runs beside the clock: left alone where there is room, stopped where there is none."""

from __future__ import annotations

import threading

import pytest
from loop_toys import begin, correct

from tachograph.loop.budget import Budget
from tachograph.loop.bystanders import Bystanders
from tachograph.loop.propose.protocol import Proposal
from tachograph.loop.turn import Loop


class Noting:
    """Notes what it is told."""

    def __init__(self):
        self.told = []

    def pause(self):
        self.told.append("pause")

    def resume(self):
        self.told.append("resume")


def test_all_stand_still_while_a_trial_is_on():
    """Those that were there before, those that come meanwhile, and none for longer."""
    bystanders = Bystanders(crowded=True)
    early, late, gone = Noting(), Noting(), Noting()
    with bystanders.beside(gone):
        pass
    with bystanders.beside(early):
        with bystanders.still():
            with bystanders.beside(late):
                assert (early.told, late.told) == (["pause"], ["pause"])
            assert late.told == ["pause", "resume"]
        assert early.told == ["pause", "resume"]
    assert gone.told == []


def test_where_there_is_room_nobody_is_stopped():
    """They keep to the cores that the clock leaves."""
    bystanders, one = Bystanders(crowded=False), Noting()
    with bystanders.beside(one), bystanders.still():
        pass
    assert one.told == []


@pytest.mark.parametrize("crowded", [True, False])
def test_the_loop_keeps_bystanders_still_while_it_judges(crowded, new_bench, ledger, ledger_folder):
    """Whoever thinks in a seat is stopped for the trial that it has asked for, and no longer."""
    (good,) = correct(1)
    noting = Noting()
    seen = []

    class Beside:
        name = "beside"
        thinks_here = False

        def propose(self, brief, desk):
            if seen:
                return None
            with desk.beside(noting):
                seen.append(desk.trial(Proposal(good, "good", "")).verdict)
            return Proposal(good, "good", "")

    bench = new_bench(metric="check")
    run = begin(ledger, ledger_folder, bench)
    loop = Loop(run, bench, [Beside()], Budget())
    loop.office.bystanders.crowded = crowded
    loop.drive()
    assert seen == ["kept"]
    times = len(noting.told) // 2
    assert noting.told == ["pause", "resume"] * times
    assert bool(times) is crowded
    assert threading.active_count() < 20
