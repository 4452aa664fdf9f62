"""One call under way for one key; what it came to outlives whoever asked."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from tachograph.loop.propose.models.spool import BusyError, Spool

HOLDER = """
import sys, time
from pathlib import Path
from tachograph.loop.propose.models.spool import Spool
spool = Spool(Path(sys.argv[1]))
with spool.hold("k"):
    print("held", flush=True)
    sys.stdin.readline()
    spool.keep("k", {"answer": 42})
    print("kept", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def spool(tmp_path):
    spool = Spool(tmp_path / "asking")
    spool.open()
    return spool


@pytest.fixture
def holder(spool):
    """Another process in the middle of a call."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(spool.folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_what_was_never_asked_is_not_there(spool):
    """None, at once."""
    assert spool.wait("k", threading.Event()) is None


def test_only_one_asks(spool, holder):
    """A second asker is refused and waits for the first one's answer."""
    with pytest.raises(BusyError), spool.hold("k"):
        pass
    with pytest.raises(BusyError):
        spool.look("k")
    threading.Timer(0.3, lambda: (holder.stdin.write("\n"), holder.stdin.flush())).start()
    assert spool.wait("k", threading.Event()) == {"answer": 42}


def test_waiting_ends_when_the_run_does(spool, holder):
    """None: the answer is left for the next one."""
    stopping = threading.Event()
    threading.Timer(0.2, stopping.set).start()
    began = time.monotonic()
    assert spool.wait("k", stopping) is None
    assert time.monotonic() - began < 20


def test_a_killed_asker_leaves_nothing_or_all(spool, holder):
    """Before the answer: as if never asked. After it: the answer, though nobody let go."""
    holder.kill()
    holder.wait()
    assert spool.wait("k", threading.Event()) is None
    with spool.hold("k"):
        spool.keep("k", [1])
        assert spool.wait("k", threading.Event()) == [1]


def test_what_is_recorded_goes(spool):
    """Nothing is left of it; twice is once."""
    with spool.hold("k"):
        spool.keep("k", [1])
    spool.discard("k")
    spool.discard("k")
    assert not list(spool.folder.iterdir())


def test_a_torn_file_is_no_answer(spool):
    """One that was not placed by `keep`."""
    spool.told("k").write_text('{"answer": 4')
    assert spool.look("k") is None


def test_the_folder_is_its_owners_alone(spool):
    """Answers lie there in the open."""
    assert spool.folder.stat().st_mode & 0o077 == 0
