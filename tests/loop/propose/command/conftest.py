"""A seat at a real run, with a desk of the hand's kind: no turn, real boxes, a real ledger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from loop_toys import begin

from tachograph.loop.budget import Budget
from tachograph.loop.desk import TurnDesk
from tachograph.loop.hand_desk import HandDesk
from tachograph.loop.propose.command import Seat, goal
from tachograph.loop.run import Run
from tachograph.loop.turn import Loop


@dataclass
class Sitting:
    """A seat and what lies behind it."""

    seat: Seat
    desk: TurnDesk
    run: Run


@pytest.fixture
def sit(new_bench, ledger, ledger_folder) -> Callable[..., Sitting]:
    """Opens a seat at a new run."""

    def open_seat(budget: Budget | None = None) -> Sitting:
        bench = new_bench(metric="check")
        run = begin(ledger, ledger_folder, bench, budget)
        desk = HandDesk(Loop(run, bench, [], budget or Budget()).office, "tester")
        brief = desk.now()
        return Sitting(Seat(brief, desk, goal(brief), "tester"), desk, run)

    return open_seat
