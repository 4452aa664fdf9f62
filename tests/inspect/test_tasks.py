"""Our tasks under Inspect: whatever a sample does, its score says what the judge found."""

from __future__ import annotations

import math
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import score as rescore
from inspect_ai._util.registry import registry_find, registry_info
from inspect_ai.solver import generate
from scripted import FAST, SLOW, SUBMIT, WRONG, Turn, only_sample, put, run, toy

from tachograph.errors import UsageError
from tachograph.inspect.scorer import timed
from tachograph.inspect.tasks import level_of
from tachograph.inspect.tools import COURTS
from tachograph.ledger import Ledger
from tachograph.ledger.kinds import CandidateProposed, RunClosed

TRIAL: Turn = ("trial", {"label": "less to do"})


@pytest.fixture
def task(tmp_path: Path) -> dict[str, Any]:
    """What an evaluation of the toy task is called with."""
    return {"task": "tachograph/folder", "task_args": {"path": str(toy(tmp_path / "toy"))}}


def scored(log: Any) -> tuple[Mapping[str, Any], Any]:
    """The sample's value and score; nothing is under way any more."""
    assert log.status == "success", log.error
    (score,) = only_sample(log).scores.values()
    assert not COURTS
    return score.value, score


def test_a_better_version_is_kept_and_scored(task: dict[str, Any], tmp_path: Path) -> None:
    """With its interval; every id of the log is in the ledger, which is intact."""
    log = run(**task, turns=[("read", {"path": "toy.py"}), put(FAST), TRIAL])
    value, score = scored(log)
    assert value["improved"] == 1.0
    assert value["speed_up"] > 1.5
    interval = score.metadata["interval"]
    assert interval["low"] < value["speed_up"] < interval["high"]
    metrics = {s.name: s.metrics for s in log.results.scores}
    assert metrics["improved"]["mean"].value == 1.0
    assert metrics["speed_up"]["tachograph/geometric_mean"].value == pytest.approx(
        value["speed_up"])  # fmt: skip
    with Ledger.open(tmp_path / "ledger") as ledger:
        assert ledger.verify().heads >= 1
        entries = list(ledger.entries(run=score.metadata["run"]))
    proposed = {entry.body.candidate: entry for entry in entries
                if isinstance(entry.body, CandidateProposed)}  # fmt: skip
    assert proposed[score.answer].actor == "inspect:mockllm/scripted"
    assert proposed[score.answer].seq == score.metadata["best"]["entry"]
    assert proposed[score.answer].body.label == "less to do"
    closed = entries[-1].body
    assert isinstance(closed, RunClosed)
    assert (closed.reason, closed.best) == ("the sample ended", score.answer)


def test_a_log_can_be_scored_again_from_the_ledger(task: dict[str, Any]) -> None:
    """Long after the sample: the run is where the log says, or there is no score."""
    log = run(**task, turns=[put(FAST)])
    value, _ = scored(log)
    again = rescore(log, timed(), action="overwrite", display="none")
    assert only_sample(again).scores["timed"].value == value
    shutil.rmtree(Path(only_sample(log).store["tachograph:ledger"]))
    gone = only_sample(rescore(log, timed(), action="overwrite", display="none")).scores["timed"]
    assert math.isnan(gone.value)
    assert gone.reason == "scoring_failed"


def test_the_guide_names_our_tasks() -> None:
    """And no other."""
    guide = Path(__file__).parents[2] / "docs/guides/use-with-inspect.md"
    named = set(re.findall(r"eval (tachograph/[a-z-]+)", guide.read_text()))
    known = {info.name for info in map(registry_info, registry_find(lambda i: i.type == "task"))}
    assert named
    assert named <= known


def test_what_is_left_in_the_folder_is_tried_too(task: dict[str, Any]) -> None:
    """Whoever never asks is judged all the same."""
    value, score = scored(run(**task, turns=[put(FAST)]))
    assert value["improved"] == 1.0
    assert score.metadata["trials"][0]["label"] == "as it was left"


@pytest.mark.parametrize(
    ("turns", "reason"),
    [([put(WRONG), TRIAL], "wrong"), ([("run", {"command": "rm toy.py"})], "nothing-tried"),
     pytest.param([], "nothing-tried", marks=pytest.mark.long),
     pytest.param([put("def answer(x): return 2 *")], "failed", marks=pytest.mark.long)],
)  # fmt: skip
def test_what_is_not_better_has_no_figure(task: dict[str, Any], turns: Any, reason: str) -> None:
    """And says why; it is no speed-up of 0 or 1."""
    log = run(**task, turns=turns)
    value, score = scored(log)
    assert value["improved"] == 0.0
    assert math.isnan(value["speed_up"])
    assert score.reason == reason
    figures = next(s for s in log.results.scores if s.name == "speed_up")
    assert (figures.scored_samples, figures.unscored_samples) == (0, 1)


@pytest.mark.long
def test_a_broken_last_version_takes_nothing_away(task: dict[str, Any]) -> None:
    """What was kept stays kept."""
    value, score = scored(run(**task, turns=[put(FAST), TRIAL, put(WRONG)]))
    assert value["improved"] == 1.0
    assert [trial["verdict"] for trial in score.metadata["trials"]] == ["kept", "wrong"]


@pytest.mark.long
def test_any_solver_gets_the_tools(task: dict[str, Any]) -> None:
    """`--solver generate`, for one, loops over them."""
    value, _ = scored(run(**task, turns=[put(FAST), TRIAL], end=None, solver=generate()))
    assert value["improved"] == 1.0


def test_the_budget_is_kept(task: dict[str, Any]) -> None:
    """A trial beyond it is refused, in words."""
    task["task_args"]["trials"] = 1
    log = run(**task, turns=[put(WRONG), TRIAL, put(FAST), TRIAL])
    value, score = scored(log)
    assert value["improved"] == 0.0
    assert len(score.metadata["trials"]) == 1
    said = [message.text for message in only_sample(log).messages if message.role == "tool"]
    assert "the budget is spent: trials" in said[3]


def test_tools_tell_of_what_cannot_be_done(task: dict[str, Any]) -> None:
    """As errors of the tool, which the model reads; the sample goes on."""
    turns: list[Turn] = [
        ("read", {"path": "nowhere"}), ("edit", {"path": "toy.py", "old": "\n", "new": ""}),
        ("write", {"path": "/etc/x", "text": ""}), ("run", {"command": "echo out; exit 3"}),
        ("edit", {"path": "toy.py", "old": "400000", "new": "10000"}),
    ]  # fmt: skip
    log = run(**task, turns=turns)
    told = [message for message in only_sample(log).messages if message.role == "tool"]
    assert [bool(message.error) for message in told[:5]] == [True, True, True, False, False]
    assert told[3].text == "out\n\n(exit code 3)"
    value, score = scored(log)
    assert value["improved"] == 1.0, score.explanation


def test_a_model_that_fails_leaves_no_open_run(task: dict[str, Any], tmp_path: Path) -> None:
    """The sample's error is Inspect's to tell; our run is closed."""
    log = run(**task, turns=[put(FAST), RuntimeError("the model is gone")])
    assert only_sample(log).error is not None
    assert "the model is gone" in only_sample(log).error.message
    with Ledger.open(tmp_path / "ledger") as ledger:
        last = [entry.body for entry in ledger.entries() if isinstance(entry.body, RunClosed)]
    assert [body.reason for body in last] == ["interrupted"]
    assert not COURTS


def test_a_box_that_cannot_be_had_is_an_error_and_no_score(task: dict[str, Any]) -> None:
    """Not a failed attempt of the model's."""
    task["task_args"]["level"] = "C"
    sample = only_sample(run(**task, turns=[]))
    assert sample.error is not None
    assert "level C is not available" in sample.error.message
    assert not sample.scores


def test_the_judge_is_out_of_sight(task: dict[str, Any]) -> None:
    """Neither the check, nor the ledger, nor the package, nor what is not the task's."""
    folder = task["task_args"]["path"]
    script = f"cat {folder}/check.py; ls {Path(folder).parent}; python3 -c 'import tachograph'"
    log = run(**task, turns=[("run", {"command": script})])
    said = next(message for message in only_sample(log).messages if message.role == "tool").text
    assert "expected" not in said
    assert "ledger" not in said
    assert "No module named 'tachograph'" in said


@pytest.mark.long
def test_samples_side_by_side_share_one_clock(task: dict[str, Any]) -> None:
    """Each has a run of its own."""
    log = run(**task, turns=[put(SLOW + "# 1"), SUBMIT, put(SLOW + "# 2"), SUBMIT], epochs=2)
    assert log.status == "success", log.error
    assert log.samples is not None
    runs = {sample.store["tachograph:run"] for sample in log.samples}
    assert len(runs) == 2


def test_only_levels_that_there_are() -> None:
    """Anything else is said at once."""
    assert (level_of(""), level_of("B")) == (None, "B")
    with pytest.raises(UsageError, match="no box level 'E'"):
        level_of("E")


@pytest.mark.long
def test_a_scored_task_is_scored_with_its_hold_out() -> None:
    """The figure is the gap recovered; the sealed hold-out is opened, once, at the end. The package
    that holds the labels is not in the model's workspace.
    """
    turns: list[Turn] = [
        ("run", {"command": "python3 -c 'import sklearn.datasets'"}),
        ("run", {"command": "echo '# same' >> student.py"}),
    ]
    log = run("tachograph/weak-to-strong", turns)
    value, score = scored(log)
    told = [message.text for message in only_sample(log).messages if message.role == "tool"]
    assert "No module named 'sklearn" in told[0]
    assert value["improved"] in (0.0, 1.0)
    assert score.metadata["scoring"]["query_budget"] == 3000
    if value["improved"]:
        assert score.metadata["scoring"]["holdout"] is not None
