"""Kill -9 around a pause: what was finished stays, what is held stays held, a resume goes on."""

from __future__ import annotations

import itertools
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from loop_toys import make_task

from tachograph.errors import BoxError, HeldError
from tachograph.ledger import Ledger
from tachograph.ledger.kinds import (
    CandidateDropped,
    CandidateKept,
    RunOpened,
    WorkHeld,
    WorkReleased,
)
from tachograph.loop.run import Run
from tachograph.sandbox import Box

CHILD = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from loop_toys import begin, correct, drive
from tachograph.ledger import Ledger
from tachograph.loop.bench import open_bench
from tachograph.loop.budget import Budget
from tachograph.loop.run import Run, run_ids
from tachograph.task import load
folder = Path(sys.argv[2])
with Ledger.open(folder) as ledger, open_bench(load(sys.argv[3]), level="A") as bench:
    ids = run_ids(ledger)
    run = Run.read(ledger, ids[-1], folder) if ids else begin(ledger, folder, bench)
    if ids:
        run.resume()
    print("ready", flush=True)
    run.close(drive(run, bench, correct(2000), Budget(trials=2000)))
"""
VERDICTS = (CandidateKept, CandidateDropped)


def finished(ledger: Ledger) -> list[str]:
    """Candidates with a verdict."""
    return [entry.body.candidate for entry in ledger.entries(kinds=VERDICTS)
            if isinstance(entry.body, VERDICTS)]  # fmt: skip


def test_nothing_finished_is_lost_and_nothing_begins_while_held(tmp_path: Path) -> None:
    """Killed before, at and after the hold, five times; once released it goes on each time."""
    try:
        Box.open(level="A").close()
    except BoxError as error:
        pytest.skip(f"no box at level A: {error.message}")
    folder, rng = tmp_path / "ledger", random.Random(7)
    make_task(tmp_path / "task", metric="check")
    with Ledger.open(folder, create=True) as ledger:
        for number in range(5):
            before = finished(ledger)
            with subprocess.Popen(
                [sys.executable, "-c", CHILD, Path(__file__).parent, folder, tmp_path / "task"],
                stdout=subprocess.PIPE, text=True, start_new_session=True,
            ) as child:  # fmt: skip
                assert child.stdout is not None and child.stdout.readline() == "ready\n"
                while len(finished(ledger)) < len(before) + 2:
                    time.sleep(0.01)
                if number == 0:
                    child.kill()
                (held,) = ledger.append([("owner", (), WorkHeld("a test"))])
                time.sleep(rng.random() * 0.1 * (number < 4) + 2.0 * (number == 4))
                child.kill()
            after = finished(ledger)
            assert after[: len(before)] == before and len(set(after)) == len(after)
            late = list(ledger.entries(kinds=VERDICTS, start=held.seq))
            assert len(late) <= 1, "more than the trial that had begun"
            run = Run.read(ledger, "last", folder)
            assert [record.id for record in run.archive.trials] == after
            with pytest.raises(HeldError):
                run.resume()
            ledger.append([("owner", (), WorkReleased("a test"))])
        assert len(list(ledger.entries(kinds=[RunOpened]))) == 1
        for one, other in itertools.pairwise(ledger.entries()):
            assert other.seq == one.seq + 1
        ledger.verify()
