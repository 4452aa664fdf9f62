"""The hand proposer: a folder that somebody has changed is read with care."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from loop_toys import FAST, SEED, WRONG, begin, make_task

from tachograph.errors import UsageError
from tachograph.loop.budget import Budget
from tachograph.loop.propose.hand import Hand
from tachograph.loop.propose.protocol import Brief
from tachograph.loop.turn import Loop
from tachograph.task import Task


@pytest.fixture
def task(tmp_path: Path) -> Task:
    return make_task(tmp_path / "task")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "mine"
    made.mkdir()
    (made / "toy.py").write_text(FAST.files["toy.py"])
    return made


def brief(task: Task, tried: frozenset[str] = frozenset()) -> Brief:
    return Brief(task, task.seed, [], tried, random.Random(1))


def test_the_editable_files_are_the_candidate(task, folder):
    """Whatever else lies in the folder stays there."""
    (folder / "notes.txt").write_text("not a part of it")
    (folder / "check.py").write_text("def draw(rng): ...")
    proposal = Hand(folder, "my label", "my note").propose(brief(task), None)
    assert proposal is not None
    assert proposal.candidate == FAST
    assert (proposal.label, proposal.note) == ("my label", "my note")


def test_what_was_tried_is_not_proposed_again(task, folder):
    """Its verdict stands."""
    assert Hand(folder, "", "").propose(brief(task, frozenset([FAST.id])), None) is None


def test_text_is_taken_byte_for_byte(task, folder):
    """Line ends are content."""
    (folder / "toy.py").write_bytes(b"def answer(x, late):\r\n    return 2 * x\r\n")
    candidate = Hand(folder, "", "").candidate(task)
    assert candidate.files["toy.py"] == "def answer(x, late):\r\n    return 2 * x\r\n"


def missing(folder: Path) -> None:
    (folder / "toy.py").unlink()


def no_text(folder: Path) -> None:
    (folder / "toy.py").write_bytes(b"\xff\xfe")


def a_link(folder: Path) -> None:
    (folder / "toy.py").unlink()
    (folder / "toy.py").symlink_to("/etc/passwd")


def a_pipe(folder: Path) -> None:
    (folder / "toy.py").unlink()
    os.mkfifo(folder / "toy.py")


def a_folder(folder: Path) -> None:
    (folder / "toy.py").unlink()
    (folder / "toy.py").mkdir()


def too_large(folder: Path) -> None:
    (folder / "toy.py").write_text("#" * 5000)


def gone(folder: Path) -> None:
    missing(folder)
    folder.rmdir()


@pytest.mark.parametrize("spoil", [missing, no_text, a_link, a_pipe, a_folder, too_large, gone])
def test_what_is_no_file_of_the_task_is_refused(spoil, task, folder):
    """The error names the file, and nothing is read that should not be."""
    spoil(folder)
    with pytest.raises(UsageError, match=r"toy\.py|mine"):
        Hand(folder, "", "").candidate(task)


def test_taking_a_hand_s_proposal_is_one_trial(new_bench, ledger, ledger_folder, tmp_path):
    """It is recorded under its own name, tried once, and its label kept."""
    bench = new_bench(metric="check")
    run = begin(ledger, ledger_folder, bench)
    (tmp_path / "toy.py").write_text(WRONG.files["toy.py"])
    hand = Hand(tmp_path, "by me", "a note")
    loop = Loop(run, bench, [hand], Budget())
    loop.take(hand)
    loop.take(hand)
    (record,) = run.archive.trials
    assert (record.verdict, record.proposed.proposer) == ("wrong", "hand")
    assert (record.proposed.label, record.proposed.note) == ("by me", "a note")
    assert record.proposed.parents == [SEED.id]


def test_a_hand_s_unfinished_trial_is_finished(new_bench, ledger, ledger_folder, tmp_path):
    """`tacho propose` that was killed and called again gives its verdict."""
    bench = new_bench(metric="check")
    run = begin(ledger, ledger_folder, bench)
    (tmp_path / "toy.py").write_text(WRONG.files["toy.py"])
    run.record_candidate(WRONG, [SEED.id], "hand", "by me", "")
    hand = Hand(tmp_path, "by me", "")
    Loop(run, bench, [hand], Budget()).take(hand)
    assert [record.verdict for record in run.archive.trials] == ["wrong"]
