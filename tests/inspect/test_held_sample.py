"""A sample under Inspect obeys the brake: before it begins, in its middle, and at its end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from scripted import FAST, WRONG, only_sample, put, run, toy

from tachograph.inspect.court import Court
from tachograph.inspect.tasks import folder
from tachograph.inspect.tools import COURTS
from tachograph.ledger import Ledger
from tachograph.ledger.kinds import (
    CandidateKept,
    RunClosed,
    RunOpened,
    TrialChecked,
    WorkHeld,
    WorkRefused,
)


@pytest.fixture
def evaluation(tmp_path: Path) -> dict[str, Any]:
    """What an evaluation of the toy task is called with."""
    return {"task": folder(str(toy(tmp_path / "toy")))}


@pytest.fixture
def held_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`held_at(method)`: somebody holds the work just before that method of a court."""

    def hold(method: str) -> None:
        really = getattr(Court, method)

        def first(court: Court, *arguments: Any) -> Any:
            with Ledger.open(tmp_path / "ledger", create=True) as ledger:
                ledger.append([("owner", (), WorkHeld("a reason"))])
            return really(court, *arguments)

        monkeypatch.setattr(Court, method, first)

    return hold


def bodies(place: Path, *kinds: type) -> list[Any]:
    """Of the ledger's entries of these kinds."""
    with Ledger.open(place / "ledger") as ledger:
        return [entry.body for entry in ledger.entries(kinds=kinds)]


def test_no_sample_begins_while_held(
    evaluation: dict[str, Any], tmp_path: Path, held_at: Any
) -> None:
    """Its run is not opened, and the log says why."""
    held_at("__init__")
    log = run(**evaluation, turns=[put(FAST)])
    assert "held by the brake, SELF_HOLD: a reason" in str(only_sample(log).error)
    assert not bodies(tmp_path, RunOpened) and bodies(tmp_path, WorkRefused)
    assert not COURTS


def test_trials_and_commands_are_refused_in_the_middle(
    evaluation: dict[str, Any], tmp_path: Path, held_at: Any
) -> None:
    """The model is told so; the sample has no score, and its run ends with the brake's words."""
    held_at("ask")
    log = run(**evaluation, turns=[put(FAST), ("trial", {}), ("run", {"command": "echo ran"})])
    sample = only_sample(log)
    told = [message.text for message in sample.messages if message.role == "tool"]
    assert any('"kind": "held"' in text for text in told)
    assert not any("ran" in text.split() for text in told)
    (score,) = sample.scores.values()
    assert score.reason == "scoring_failed" and "held by the brake" in str(score.explanation)
    (closed,) = bodies(tmp_path, RunClosed)
    assert closed.reason == "held by the brake, SELF_HOLD: a reason"
    assert not bodies(tmp_path, TrialChecked)


def test_what_a_sample_has_left_is_not_tried(
    evaluation: dict[str, Any], tmp_path: Path, held_at: Any
) -> None:
    """What was kept before stays in the ledger."""
    held_at("end")
    log = run(**evaluation, turns=[put(FAST), ("trial", {}), put(WRONG)])
    (score,) = only_sample(log).scores.values()
    assert score.reason == "scoring_failed"
    assert len(bodies(tmp_path, CandidateKept)) == 1
    assert bodies(tmp_path, RunClosed)[0].reason.startswith("held by the brake")
