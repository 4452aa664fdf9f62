"""The sealed hold-out stays sealed while the brake holds."""

from __future__ import annotations

import pytest
from score_toys import BETTER

from tachograph.errors import HeldError
from tachograph.ledger.kinds import HoldoutOpened, WorkHeld, WorkRefused, WorkReleased
from tachograph.loop.score.holdout import open_holdout


def test_it_is_opened_when_work_is_released_and_not_before(sit):
    """A pause at the end of a run does not end it for good."""
    court = sit()
    court.tried(BETTER)
    court.run.ledger.append([("owner", (), WorkHeld("a reason"))])
    with pytest.raises(HeldError, match="SELF_HOLD"):
        open_holdout(court.run, court.bench)
    assert court.kinds()[-1] == WorkRefused.__name__
    court.run.still_sealed()
    court.run.ledger.append([("owner", (), WorkReleased(""))])
    opened = open_holdout(court.run, court.bench)
    assert isinstance(opened, HoldoutOpened) and opened.verdict == "better"


def test_a_look_at_the_hold_out_that_is_stopped_leaves_it_sealed(sit, monkeypatch):
    """Nothing of it is recorded, and nobody has been told anything."""
    court = sit()
    court.tried(BETTER)
    (examiner,) = court.bench.examiners
    really = examiner.box.run

    def run_box(*arguments, **more):
        court.run.ledger.append([("owner", (), WorkHeld("a reason", "stop"))])
        return really(*arguments, **more)

    monkeypatch.setattr(examiner.box, "run", run_box)
    with pytest.raises(HeldError, match="SELF_HOLD"):
        open_holdout(court.run, court.bench)
    court.run.still_sealed()
    assert HoldoutOpened.__name__ not in court.kinds()
