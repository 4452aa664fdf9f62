"""Processes that stand still and go on, in a real workspace."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from tachograph.errors import BoxError
from tachograph.sandbox.workspace import Workspace

BUSY = """
import os, sys
for worker in range(3):
    if os.fork() == 0:
        break
with open(sys.argv[1] + "/" + str(os.getpid()), "wb", buffering=0) as out:
    while True:
        out.write(b"x")
        if os.fork() == 0:
            os._exit(0)
        os.waitpid(-1, 0)
"""


def written(folder: Path) -> int:
    """Bytes that they have written so far."""
    return sum(path.stat().st_size for path in folder.iterdir())


def soon(condition) -> bool:
    """Whether it comes true within a while."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("level", ["A", "D"])
def test_what_runs_stands_still_and_goes_on(tmp_path, level):
    """Processes that fork all the time, in background and foreground; killing them still works."""
    (tmp_path / "busy.py").write_text(BUSY)
    counts = tmp_path / "counts"
    counts.mkdir()
    try:
        workspace = Workspace.open(tmp_path, level=level)
    except BoxError as error:
        pytest.skip(error.message)
    with workspace:
        command = ["python3", "busy.py", f"{workspace.root}/counts"]
        thread = threading.Thread(target=workspace.exec, args=(command,))
        thread.start()
        assert soon(lambda: len(list(counts.iterdir())) == 4 and written(counts) > 100)
        workspace.pause()
        before = written(counts)
        time.sleep(0.5)
        assert written(counts) == before
        workspace.resume()
        assert soon(lambda: written(counts) > before)
        workspace.pause()
        workspace.clear()
        thread.join(20)
        assert not thread.is_alive()
    workspace.pause()  # nothing is there any more, and nothing happens


def test_a_command_may_choose_its_death_signal(tmp_path):
    """Agents that do so for their own children work; the workspace ends all the same."""
    ask = "import ctypes, sys; sys.exit(ctypes.CDLL(None).prctl(1, 15, 0, 0, 0) != 0)"
    try:
        workspace = Workspace.open(tmp_path)
    except BoxError as error:
        pytest.skip(error.message)
    with workspace:
        assert workspace.exec(["python3", "-c", ask]).status == 0
