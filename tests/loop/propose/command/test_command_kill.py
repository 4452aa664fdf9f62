"""Kill -9 while a coding agent works, then go on: what it had judged stands, all else is fresh."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from loop_toys import make_task
from shell_agents import script, write

from tachograph.errors import BoxError
from tachograph.ledger import Ledger
from tachograph.loop.run import Run, run_ids
from tachograph.loop.transcript import transcript
from tachograph.sandbox import Box

CHILD = Path(__file__).with_name("command_child.py")
SECONDS = 60
AGENT = f"""
[ -e been ] && echo "an old workspace"
touch been
before=$(tacho status | grep -c '"verdict": "kept"')
{write("first")}; tacho trial --label first
if [ "$before" = 0 ]; then
  setsid sleep 987654 & sleep 987654
fi
{write("second")}; tacho trial --label second
"""


def wait_for(condition, what: str) -> None:
    until = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < until, what
        time.sleep(0.1)


def sleepers() -> list[str]:
    """Processes of the agent that are still there."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if b"987654" in process.read_bytes():
                found.append(process.parent.name)
        except OSError:
            continue
    return found


def trials(folder: Path) -> list[str]:
    """Labels of the trials that the ledger holds as finished."""
    if not (folder / "ledger.db").exists():
        return []
    with Ledger.open(folder) as ledger:
        if not run_ids(ledger):
            return []
        return [r.proposed.label for r in Run.read(ledger, "last", folder).archive.trials]


def test_a_killed_turn_is_given_again_and_its_trials_stand(tmp_path):
    """No process of the agent is left, no old workspace is used, no trial is made twice."""
    try:
        Box.open(level="A").close()
    except BoxError as error:
        pytest.skip(f"no box at level A: {error.message}")
    make_task(tmp_path / "task", metric="check")
    agent = script(tmp_path, AGENT)
    command = [
        sys.executable,
        str(CHILD),
        *map(str, (tmp_path / "ledger", tmp_path / "task", agent)),
    ]
    (tmp_path / "tmp").mkdir()
    environment = os.environ | {"TMPDIR": str(tmp_path / "tmp")}
    child = subprocess.Popen(command, env=environment, start_new_session=True)
    with child:
        wait_for(lambda: trials(tmp_path / "ledger") == ["first"], "no trial was made")
        wait_for(sleepers, "the agent does not sleep")
        os.kill(child.pid, signal.SIGKILL)
    wait_for(lambda: not sleepers(), "the agent lives on")
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False,
                           timeout=SECONDS)  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert trials(tmp_path / "ledger") == ["first", "second"]
    with Ledger.open(tmp_path / "ledger") as ledger:
        ledger.verify()
        turn = Run.read(ledger, "last", tmp_path / "ledger").archive.turns[1]
        (_, killed), (_, finished) = turn.commands
        assert killed is None
        assert finished is not None
        parts = list(transcript(ledger.fetch, turn))
    assert "killed with the run" in parts[0].about
    assert "an old workspace" not in parts[1].text
    assert not list((tmp_path / "tmp").glob("tacho-box-*"))
