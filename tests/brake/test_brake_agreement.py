"""May work go on: the answer follows from the ledger, at once, and what cannot be told is no."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tachograph.brake.agreement import UNKNOWN, Brake
from tachograph.ledger import Ledger
from tachograph.ledger.kinds import RunResumed, WorkHeld, WorkReleased


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of a ledger with an entry in it."""
    with Ledger.open(tmp_path / "ledger", create=True) as ledger:
        ledger.append([("loop", [], RunResumed("r-1"))])
    return tmp_path / "ledger"


def test_without_a_hold_work_may_go_on(folder: Path) -> None:
    """No agreement, no hold: NORMAL."""
    with Ledger.open(folder) as ledger:
        permission = Brake(ledger).ask("training")
    assert permission.allowed and permission.state == "NORMAL" and permission.reason == ""


def test_a_hold_is_obeyed_at_the_next_question_and_ended_by_its_release(folder: Path) -> None:
    """Held and released by somebody else who has the ledger open."""
    with Ledger.open(folder) as ledger, Ledger.open(folder) as other:
        brake = Brake(ledger)
        assert brake.ask().allowed
        other.append([("owner", [], WorkHeld("late", "stop"))])
        held = brake.ask()
        assert (held.allowed, held.state, held.reason) == (False, "SELF_HOLD", "late")
        assert held.running == "stop"
        other.append([("owner", [], WorkReleased("")), ("loop", [], RunResumed("r-1"))])
        assert brake.ask().allowed


@pytest.mark.parametrize("where", ["alone", "first", "last", "by another, before them"])
def test_what_is_passed_over_hides_no_hold(folder: Path, where: str) -> None:
    """Only entries that follow what was read, and are none of the brake's, are passed over."""
    hold, other = ("owner", (), WorkHeld("")), ("loop", (), RunResumed("r-1"))
    mine = {"alone": [hold], "first": [hold, other], "last": [other, hold]}.get(where, [other])
    with Ledger.open(folder) as ledger, Ledger.open(folder) as another:
        brake = Brake(ledger)
        assert brake.ask().allowed
        brake.pass_over(ledger.append([other, other]))
        assert brake.ask().allowed
        if where.startswith("by another"):
            another.append([hold])
        brake.pass_over(ledger.append(mine))
        assert not brake.ask().allowed


def test_a_hold_lets_inference_go_on(folder: Path) -> None:
    """It holds what trains."""
    with Ledger.open(folder) as ledger:
        ledger.append([("owner", [], WorkHeld(""))])
        brake = Brake(ledger)
        assert not brake.ask("training").allowed
        assert brake.ask("inference").allowed


def test_whoever_opens_the_ledger_later_finds_the_hold(folder: Path) -> None:
    """It is in the ledger and nowhere else."""
    with Ledger.open(folder) as ledger:
        ledger.append([("owner", [], WorkHeld("")) for _ in range(2)])
        ledger.append([("loop", [], RunResumed("r-1")) for _ in range(100)])
    with Ledger.open(folder) as ledger:
        assert Brake(ledger).ask().state == "SELF_HOLD"


@pytest.mark.parametrize("damage", ["changed", "missing", "no head", "shorter"])
def test_a_ledger_that_cannot_be_read_gives_no_leave(folder: Path, damage: str) -> None:
    """Cannot tell is no, with the reason, however often one asks."""
    with Ledger.open(folder) as ledger, Ledger.open(folder) as other:
        brake = Brake(ledger)
        assert brake.ask().allowed
        other.append([("loop", [], RunResumed(f"r-{n}")) for n in range(3)])
        if damage == "shorter":
            assert brake.ask().allowed
        statement = {
            "changed": "UPDATE entry SET data = x'7b7d' WHERE seq = 2",
            "missing": "DELETE FROM entry WHERE seq = 2",
            "no head": "DELETE FROM head",
            "shorter": "UPDATE head SET size = 1",
        }[damage]
        with sqlite3.connect(folder / "ledger.db") as store:
            store.execute(statement)
        store.close()
        for _ in range(2):
            permission = brake.ask()
            assert not permission.allowed and permission.state == UNKNOWN
            assert permission.reason.startswith("cannot tell: ")
            assert permission.running == "stop"
        assert not brake.ask("inference").allowed
