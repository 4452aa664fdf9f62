"""The meter and the ledger on a real run: they agree, and work outside the loop shows."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from metered_world import NAME

from tachograph.brake.meter import Instruments, Meter, Metered, compare, compute_of
from tachograph.brake.meter.delivery import ToLedger
from tachograph.brake.meter.journal import Journal
from tachograph.errors import NotFoundError
from tachograph.ledger import Ledger
from tachograph.ledger.kinds import (
    CandidateDropped,
    CandidateKept,
    CommandEnded,
    RunClosed,
    RunResumed,
)

SESSION = """
import subprocess, sys, time
outside, command = float(sys.argv[1]), sys.argv[2:]
input()
subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
began = time.process_time()
while time.process_time() - began < outside:
    pass
print("done", flush=True)
input()
"""
TOYS = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from loop_toys import begin, correct, drive, make_task
from tachograph.ledger import Ledger
from tachograph.loop.bench import open_bench
folder = Path(sys.argv[2])
with Ledger.open(folder) as ledger, open_bench(make_task(folder / "task", metric="check")) as bench:
    run = begin(ledger, folder, bench)
    drive(run, bench, correct(2))
    run.close("as a test")
"""
LOOP = Path(__file__).parents[2] / "loop"
TACHO = [sys.executable, "-c", "from tachograph.cli import main; main()"]


@pytest.mark.parametrize("outside", [0.0, 2.5])
def test_they_agree_and_work_outside_the_loop_shows(tmp_path: Path, outside: float) -> None:
    """A session with a run in it, and with CPU seconds that no run accounts for."""
    run_is_compared(tmp_path, outside, [sys.executable, "-c", TOYS, LOOP, tmp_path / "ledger"])


@pytest.mark.long
@pytest.mark.parametrize("outside", [0.0, 8.0])
def test_the_same_of_the_real_command(tmp_path: Path, outside: float) -> None:
    """It compiles, races, and ends with signed heads."""
    run_is_compared(tmp_path, outside, [*TACHO, "run", "pairwise", "--trials", "2", "--ledger",
                                        tmp_path / "ledger"])  # fmt: skip


def run_is_compared(tmp_path: Path, outside: float, command: list[str | Path]) -> None:
    """The command and work outside of it, in one session, beside a meter."""
    folder = tmp_path / "ledger"
    with (
        Ledger.open(folder, create=True) as ledger,
        subprocess.Popen([sys.executable, "-c", SESSION, str(outside), *command], text=True,
                         start_new_session=True, stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE) as session,
    ):  # fmt: skip
        meter = Meter(Metered("hall", 0.5, 1), Journal.open(tmp_path / "meter", NAME),
                      ToLedger(ledger), Instruments.open(f"session:{session.pid}"),
                      ledger=ledger)  # fmt: skip
        meter.start()
        stop = threading.Event()
        metering = threading.Thread(target=lambda: ticking(meter, stop))
        metering.start()
        assert session.stdin is not None and session.stdout is not None
        session.stdin.write("go\n")
        session.stdin.flush()
        assert session.stdout.readline() == "done\n"
        stop.set()
        metering.join()
        meter.journal.close()
        session.kill()
        (run,) = {entry.body.run for entry in ledger.entries(kinds=[RunClosed])
                  if isinstance(entry.body, RunClosed)}  # fmt: skip
        compute, compared = compute_of(ledger, run), compare(ledger, NAME)
    assert compute.cpu_seconds > 0.2 and compute.killed == 0 and len(compute.trials) == 2
    assert compared.declared == compute.cpu_seconds
    assert compared.agrees == (not outside), compared.told()
    assert compared.undeclared > outside - compared.error, compared.told()
    if outside:
        assert compared.told().endswith("they do not agree")


def ticking(meter: Meter, stop: threading.Event) -> None:
    """As Meter.run, once it has been started."""
    while not stop.wait(meter.wait_seconds()):
        meter.tick()
    meter.close_window()


def test_a_killed_sitting_tells_its_parts(tmp_path: Path) -> None:
    """Verdicts and agents; the whole once a sitting closes; nothing of what tells no figure."""
    kept = CandidateKept("r-1", "c-1", None, None, None, cpu_seconds=2.0)
    agent = CommandEnded("r-1", 1, "exited", 0, "", "0" * 64, False, None, None, None, 0, None,
                         1.0, cpu_seconds=4.0)  # fmt: skip
    with Ledger.open(tmp_path / "ledger", create=True) as ledger:
        transcript = ledger.put(b"")
        agent = CommandEnded(**agent.__dict__ | {"transcript": transcript})
        ledger.append([("loop", [], body) for body in (
            RunResumed("r-1"), kept, agent, CandidateDropped("r-1", "c-0", "wrong"),
            RunResumed("r-1"), kept, RunClosed("r-1", "trials", None, cpu_seconds=3.5),
            RunResumed("r-2"), RunClosed("r-2", "trials", None),
        )])  # fmt: skip
        compute = compute_of(ledger, "r-1")
        assert [sitting.cpu_seconds for sitting in compute.sittings] == [6.0, 3.5]
        assert (compute.cpu_seconds, compute.killed, compute.untold) == (9.5, 1, 1)
        assert compute.trials == {"c-1": 4.0}
        assert compute_of(ledger, "r-2").killed == 1
        with pytest.raises(NotFoundError):
            compute_of(ledger, "r-3")
        assert not compare(ledger, NAME).measured
