"""Kill -9, Ctrl-C and SIGTERM: no finished trial is lost, nothing is left, a resume works."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tachograph.errors import BoxError
from tachograph.ledger import Ledger
from tachograph.ledger.kinds import RunClosed, RunResumed
from tachograph.loop.archive import Archive
from tachograph.loop.run import Run
from tachograph.sandbox import Box

KILL = Path(__file__).parents[2] / "bench" / "kill.py"
TACHO = [sys.executable, "-c", "from tachograph.cli import main; main()"]


@pytest.fixture(autouse=True)
def _boxes() -> None:
    try:
        Box.open(level="A").close()
    except BoxError as error:
        pytest.skip(f"no box at level A: {error.message}")


def kill_at(moments: int, commands: int) -> None:
    """Run the benchmark that kills; its bars must be met."""
    ended = subprocess.run(
        [sys.executable, KILL, "--moments", str(moments), "--commands", str(commands)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.count("| met") == 6, ended.stdout


def test_a_few_kills_lose_nothing():
    """Six random moments: every trial that was said is there, and nothing is left running."""
    kill_at(6, 0)


@pytest.mark.long
def test_many_kills_lose_nothing():
    """Two hundred random moments, and some of the real command."""
    kill_at(200, 10)


def heed_ctrl_c() -> None:
    """A shell starts what it puts in the background deaf to Ctrl-C, and the tests may be there."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def interrupted(folder: Path, number: int) -> Run:
    """The run that `tacho run pairwise` leaves when it is sent this signal."""
    begun = subprocess.Popen(
        [*TACHO, "run", "pairwise", "--trials", "40", "--ledger", str(folder / "ledger")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env=os.environ | {"TMPDIR": str(folder)}, cwd=folder, preexec_fn=heed_ctrl_c,
    )  # fmt: skip
    assert begun.stdout is not None
    with begun:
        assert begun.stdout.readline().startswith("run r-")
        os.killpg(begun.pid, number)
        try:
            said, talk = begun.communicate(timeout=60)
        finally:
            begun.kill()
    assert begun.returncode == 130, said + talk
    assert "interrupted" in said
    assert "Traceback" not in talk
    assert not list(folder.glob("tacho-box-*"))
    with Ledger.open(folder / "ledger") as ledger:
        ledger.verify()
        return Run.read(ledger, "last", folder)


def test_sigterm_closes_the_run(tmp_path):
    """Exit code 130, nothing left behind, RunClosed in the ledger."""
    run = interrupted(tmp_path, signal.SIGTERM)
    assert run.archive.closed is not None
    assert run.archive.closed.reason == "interrupted"


def test_ctrl_c_closes_the_run_and_resume_goes_on(tmp_path):
    """The same for Ctrl-C; then one more trial."""
    run = interrupted(tmp_path, signal.SIGINT)
    assert run.archive.closed is not None
    assert run.archive.closed.reason == "interrupted"
    trials = len(run.archive.trials) + 1
    resumed = subprocess.run(
        [*TACHO, "resume", "last", "--trials", str(trials), "--ledger", str(tmp_path / "ledger")],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert resumed.returncode in (0, 1), resumed.stderr
    with Ledger.open(tmp_path / "ledger") as ledger:
        kinds = [type(e.body) for e in ledger.entries(kinds=(RunResumed, RunClosed))]
        assert kinds == [RunClosed, RunResumed, RunClosed]
        assert len(Archive.of(ledger.entries(run=run.id)).trials) >= trials


AGENT = """#!/bin/sh
echo begun >> {marks}
sleep 600
"""


def test_sigterm_ends_the_agents_of_all_seats(tmp_path):
    """Exit code 130 within seconds, and no process of theirs is left; their turns stay open."""
    agent = tmp_path / "agent-of-a-seat.sh"
    agent.write_text(AGENT.format(marks="begun"))
    agent.chmod(0o755)
    begun = subprocess.Popen(
        [*TACHO, "run", "pairwise", "--proposer", f"command:{agent}", "--seats", "2",
         "--ledger", str(tmp_path / "ledger")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env=os.environ | {"TMPDIR": str(tmp_path)}, cwd=tmp_path, preexec_fn=heed_ctrl_c,
    )  # fmt: skip
    assert begun.stdout is not None
    with begun:
        assert begun.stdout.readline().startswith("run r-")
        wait_until(lambda: running(agent) >= 2)
        begun.terminate()
        try:
            said, talk = begun.communicate(timeout=60)
        finally:
            begun.kill()
    assert begun.returncode == 130, said + talk
    assert "Traceback" not in talk
    wait_until(lambda: running(agent) == 0)
    with Ledger.open(tmp_path / "ledger") as ledger:
        ledger.verify()
        run = Run.read(ledger, "last", tmp_path)
    assert run.archive.closed is not None
    assert [turn.ended for turn in run.archive.turns.values()] == [None, None]


def running(agent: Path) -> int:
    """Shells that run this script."""
    found = 0
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            parts = line.read_bytes().split(b"\0")
        except OSError:
            continue
        found += parts[0].endswith(b"sh") and str(agent).encode() in parts
    return found


def wait_until(there: Callable[[], bool], seconds: float = 60.0) -> None:
    """Look until it is so; fails where that takes too long."""
    deadline = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)
