"""A run as it lies in the ledger: opened, read back, resumed, shared by processes."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from loop_toys import FAST, SEED, WRONG, begin, correct, drive, make_task, opened

from tachograph.errors import NotFoundError, UsageError
from tachograph.ledger import Ledger
from tachograph.ledger.kinds import (
    CandidateDropped,
    CandidateKept,
    CandidateProposed,
    RunOpened,
    RunResumed,
)
from tachograph.loop.budget import Budget
from tachograph.loop.clock import Rules
from tachograph.loop.run import Run, archives, find, run_ids
from tachograph.task import Candidate, Task


@pytest.fixture
def task(tmp_path: Path) -> Task:
    return make_task(tmp_path / "task")


def new_run(ledger: Ledger, folder: Path, task: Task, **more) -> Run:
    return Run.open(ledger, folder, task, Budget(trials=3), Rules(), box={"level": "A"},
                    proposers=["scripted"], **more)  # fmt: skip


def test_an_opened_run_is_in_the_ledger(ledger, ledger_folder, task):
    """What it was opened with, and the seed with its files."""
    run = new_run(ledger, ledger_folder, task, random_seed=5)
    opening, seed = ledger.entries(run=run.id)
    assert isinstance(opening.body, RunOpened)
    assert (opening.body.task_digest, opening.body.random_seed) == (task.digest, 5)
    assert opening.body.budget["trials"] == 3
    assert isinstance(seed.body, CandidateProposed)
    assert ledger.fetch(seed.body.files["toy.py"]).decode() == SEED.files["toy.py"]


def test_a_run_reads_back_as_it_was(ledger, ledger_folder, task):
    """Another process sees the same archive and the same files."""
    run = new_run(ledger, ledger_folder, task)
    run.record_candidate(FAST, [SEED.id], "scripted", "fast", "")
    run.record_about(CandidateKept(run.id, FAST.id, 2.0, 1.9, 2.1))
    again = Run.read(ledger, run.id, ledger_folder)
    assert again.archive.records == run.archive.records
    assert again.candidate(FAST.id) == FAST
    assert again.candidate(FAST.id).id == FAST.id


def test_what_is_folded_in_is_what_would_be_read(ledger, ledger_folder, task):
    """Whoever records, alone or in turns with another, ends with the same archive as a reader."""
    run, heard, others = new_run(ledger, ledger_folder, task), [], []
    run.listen = heard.append
    with Ledger.open(ledger_folder) as second:
        other = Run.read(second, run.id, ledger_folder, others.append)
        begun = run.next_seq
        for number, writer in enumerate([run, run, other, run, other, other, run]):
            made = Candidate({"toy.py": f"x = {number}\n"})
            writer.record_candidate(made, [SEED.id], "scripted", str(number), "")
            new_run(ledger, ledger_folder, task)
            writer.record_about(CandidateDropped(run.id, made.id, "slower"))
        read = Run.read(second, run.id, ledger_folder)
        run.refresh()
        other.refresh()
        entries = list(second.entries(run=run.id, start=begun))
    assert vars(run.archive) == vars(other.archive) == vars(read.archive)
    assert run.next_seq == other.next_seq == read.next_seq
    assert heard == others == entries


def test_entries_rest_on_the_proposals_they_are_about(ledger, ledger_folder, task):
    """Parents lead from a verdict to the proposal, and from there to the parent's."""
    run = new_run(ledger, ledger_folder, task)
    run.record_candidate(FAST, [SEED.id], "scripted", "fast", "")
    run.record_about(CandidateKept(run.id, FAST.id, 2.0, 1.9, 2.1))
    _, seed, proposal, verdict = ledger.entries(run=run.id)
    assert proposal.parents == (seed.seq,)
    assert verdict.parents == (proposal.seq,)
    assert proposal.actor == "scripted"


def test_a_file_is_put_away_once(ledger, ledger_folder, task, monkeypatch):
    """A candidate costs the disk its changed files, not all of them."""
    put = []
    real = ledger.put
    monkeypatch.setattr(ledger, "put", lambda data: put.append(data) or real(data))
    run = new_run(ledger, ledger_folder, task)
    both = Candidate({**SEED.files, "other.py": "x = 1\n"})
    run.record_candidate(both, [SEED.id], "scripted", "both", "")
    again = Run.read(ledger, run.id, ledger_folder)
    again.record_candidate(Candidate({"other.py": "x = 1\n"}), [both.id], "scripted", "less", "")
    assert put == [SEED.files["toy.py"].encode(), b"x = 1\n"]
    assert Run.read(ledger, run.id, ledger_folder).candidate(both.id) == both
    ledger.verify()


def test_listeners_hear_only_what_comes_after_the_reading(ledger, ledger_folder, task):
    """A resumed screen does not print old trials again."""
    run = new_run(ledger, ledger_folder, task)
    heard = []
    again = Run.read(ledger, run.id, ledger_folder, heard.append)
    assert heard == []
    again.resume()
    assert [type(entry.body) for entry in heard] == [RunResumed]


def test_a_run_hears_what_others_record(ledger, ledger_folder, task):
    """`refresh` brings in the entries of another process, once."""
    run = new_run(ledger, ledger_folder, task)
    other = Run.read(ledger, run.id, ledger_folder)
    other.record_candidate(FAST, [SEED.id], "hand", "fast", "")
    run.refresh()
    run.refresh()
    assert [record.id for record in run.archive.unfinished] == [FAST.id]


def test_two_runs_on_one_ledger_do_not_mix(ledger, ledger_folder, task):
    """Each fold sees its own run only."""
    one = new_run(ledger, ledger_folder, task)
    two = new_run(ledger, ledger_folder, task)
    two.record_candidate(FAST, [SEED.id], "scripted", "fast", "")
    one.refresh()
    assert FAST.id not in one.archive.records
    assert run_ids(ledger) == [one.id, two.id]
    folded = archives(ledger)
    assert list(folded) == [one.id, two.id]
    assert folded[two.id].records == Run.read(ledger, two.id, ledger_folder).archive.records


def test_a_changed_task_is_refused(ledger, ledger_folder, task):
    """A verdict on another task is no verdict on this one."""
    run = new_run(ledger, ledger_folder, task)
    run.check_task(task)
    (task.folder / "toy.py").write_text(FAST.files["toy.py"])
    from tachograph.task import load

    with pytest.raises(UsageError, match="is not the one that run"):
        run.check_task(load(task.folder))


def test_runs_are_found_by_beginning_and_by_last(ledger, ledger_folder, task):
    """An unambiguous beginning is enough."""
    one = new_run(ledger, ledger_folder, task)
    two = new_run(ledger, ledger_folder, task)
    assert find(ledger, one.id) == one.id
    assert find(ledger, "last") == two.id
    with pytest.raises(UsageError, match="stands for several"):
        find(ledger, "r-")
    with pytest.raises(NotFoundError, match="no run 'r-zz'"):
        find(ledger, "r-zz")


def test_an_empty_ledger_has_no_last_run(ledger):
    """The next step is named."""
    with pytest.raises(NotFoundError) as caught:
        find(ledger, "last")
    assert "tacho run" in caught.value.hint


def test_an_unknown_candidate_is_not_found(ledger, ledger_folder, task):
    """No file is made up for it."""
    run = new_run(ledger, ledger_folder, task)
    with pytest.raises(NotFoundError, match="no candidate"):
        run.candidate("c-nothing")


def test_closing_names_the_best(ledger, ledger_folder, task):
    """Nothing kept closes with none."""
    run = new_run(ledger, ledger_folder, task)
    run.close("nothing left to try")
    assert run.archive.closed is not None
    assert run.archive.closed.best is None
    run.resume()
    run.record_candidate(FAST, [SEED.id], "scripted", "fast", "")
    run.record_about(CandidateKept(run.id, FAST.id, 2.0, 1.9, 2.1))
    run.close("done")
    assert run.archive.closed is not None
    assert run.archive.closed.best == FAST.id


OTHER = """
import sys
from pathlib import Path
from loop_toys import Scripted, correct, opened
from tachograph.loop.bench import open_bench
from tachograph.loop.budget import Budget
from tachograph.loop.run import Run
from tachograph.loop.turn import Loop
from tachograph.task import load
folder, task = Path(sys.argv[1]), load(sys.argv[2])
with opened(folder) as ledger, open_bench(task, level="A") as bench:
    run = Run.read(ledger, sys.argv[3], folder)
    print("ready", flush=True)
    sys.stdin.readline()
    hand = Scripted(reversed(correct(12)), "hand")
    loop = Loop(run, bench, [hand], Budget())
    for _ in range(12):
        loop.take(hand)
"""


def test_two_processes_write_to_one_run(new_bench, tmp_path):
    """Each candidate gets one verdict, whoever proposed and whoever tried it; nothing is lost."""
    bench = new_bench(metric="check")
    folder = tmp_path / "shared"
    with opened(folder) as ledger:
        run = begin(ledger, folder, bench)
        other = subprocess.Popen(
            [sys.executable, "-c", OTHER, str(folder), str(bench.task.folder), run.id],
            cwd=Path(__file__).parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        assert other.stdin is not None
        other.stdin.write("go\n")
        other.stdin.flush()
        assert drive(run, bench, correct(12)) == "nothing left to try"
        other.communicate(timeout=60)
        assert other.returncode == 0
        run.refresh()
        ends = Counter(
            e.body.candidate for e in ledger.entries(run=run.id, kinds=(CandidateKept,
                                                                       CandidateDropped))
        )  # fmt: skip
        assert ends == Counter(candidate.id for candidate in correct(12))
        assert run.archive.unfinished == []
        ledger.verify()


def test_a_run_goes_on_from_its_last_entry(new_bench, tmp_path):
    """A second reader of the same ledger tries what the first had only proposed."""
    bench = new_bench(metric="check")
    folder = tmp_path / "shared"
    with opened(folder) as ledger:
        run = begin(ledger, folder, bench)
        run.record_candidate(WRONG, [bench.task.seed.id], "scripted", "wrong", "")
    with opened(folder) as ledger:
        found = Run.read(ledger, "last", folder)
        found.resume()
        assert drive(found, bench, []) == "nothing left to try"
        assert found.archive.records[WRONG.id].verdict == "wrong"
