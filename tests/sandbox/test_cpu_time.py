"""CPU time of a process with all that it started."""

from __future__ import annotations

import os
import subprocess
import sys

from tachograph.sandbox.cpu_time import own_and_waited, tree_cpu_seconds

PROGRAM = """
import os, time
def work():
    began = time.process_time()
    while time.process_time() - began < 0.2:
        pass
if not os.fork():
    work()
    os._exit(0)
os.wait()
if not os.fork():
    work()
    os.write(1, b"done\\n")
    time.sleep(60)
work()
os.write(1, b"done\\n")
input()
"""


def test_own_living_and_ended_children_count() -> None:
    """Each of the three, once."""
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, start_new_session=True) as parent:  # fmt: skip
        assert parent.stdout is not None
        assert parent.stdout.readline() == parent.stdout.readline() == b"done\n"
        used = tree_cpu_seconds(parent.pid)
        assert used is not None and 0.55 < used < 1.2
        os.killpg(parent.pid, 9)


def test_who_has_gone_tells_nothing() -> None:
    """None, and not 0."""
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    assert own_and_waited(gone.pid) is None and tree_cpu_seconds(gone.pid) is None
