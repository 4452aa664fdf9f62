"""What the brake remembers of its own answers is what it would work out anew, at any time."""

from __future__ import annotations

from pathlib import Path

import pytest
from adopted import adopted, post, trigger

from tachograph.brake.agreement import Brake
from tachograph.brake.said.governance import HoldDeclared, HoldEnded
from tachograph.brake.times import parse_time
from tachograph.errors import StoreError
from tachograph.ledger import Ledger
from tachograph.ledger.kinds import StatementPosted, WorkHeld, WorkReleased

HOUR = 3_600_000


@pytest.fixture
def ledger(tmp_path: Path):
    """A new one."""
    with Ledger.open(tmp_path / "ledger", create=True) as found:
        yield found


def test_a_timer_that_runs_out_changes_the_answer_without_an_entry(ledger: Ledger) -> None:
    """A trigger takes effect by time alone; a clock set back is obeyed, too."""
    agreement = adopted(ledger, timers=('effect = "1h"', 'minimum = "2h"', 'call = "1h"'))
    trigger(ledger, agreement)
    began = parse_time(ledger.get(ledger.size - 1).time)
    assert began is not None
    time = began
    brake = Brake(ledger, lambda: time)
    seen = []
    for offset in (0, 1, HOUR - 1, HOUR, HOUR + 1, 2 * HOUR, HOUR // 2, 100 * HOUR, 2000 * HOUR):
        time = began + offset
        for _ in range(2):
            anew = Brake(ledger, lambda now=time: now).ask()  # type: ignore[misc]
            # what a clock that is set back would allow again stays forbidden
            assert brake.ask().allowed == (anew.allowed and offset != HOUR // 2)
        seen.append(brake.ask().state)
    assert seen[:5] == ["TRIGGER_PENDING"] * 3 + ["PAUSED"] * 2


def test_whatever_is_heard_is_worked_out_anew(ledger: Ledger) -> None:
    """Holds, releases and statements, one after the other."""
    agreement = adopted(ledger)
    brake = Brake(ledger)
    assert brake.ask().allowed
    steps = [
        (lambda: ledger.append([("owner", (), WorkHeld("x"))]), False),
        (lambda: ledger.append([("owner", (), WorkReleased("x"))]), True),
        (lambda: post(ledger, agreement, "aurora", 0, HoldDeclared("a visit")), False),
        (lambda: post(ledger, agreement, "aurora", 1, HoldEnded("over")), True),
    ]
    for step, allowed in steps:
        step()
        assert brake.ask().allowed is allowed
        assert brake.ask().allowed is allowed


def test_what_came_before_an_adoption_is_heard_whole_or_not_at_all(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fails in the middle of it gives no leave later, either."""
    from adopted import agreed

    from tachograph.brake.agreed.document import format_document
    from tachograph.brake.agreement import adopt

    agreement = agreed(ledger)
    trigger(ledger, agreement)
    adopt(ledger, format_document(agreement))
    really = Ledger.entries

    def fails(book: Ledger, *arguments, **more):
        for entry in really(book, *arguments, **more):
            if isinstance(entry.body, StatementPosted) and "start" not in more:
                raise StoreError("the disk is gone")
            yield entry

    brake = Brake(ledger)
    monkeypatch.setattr(Ledger, "entries", fails)
    for _ in range(3):
        assert brake.ask().state == "UNKNOWN"
    monkeypatch.undo()
    assert brake.ask().state == Brake(ledger).ask().state == "PAUSED"
