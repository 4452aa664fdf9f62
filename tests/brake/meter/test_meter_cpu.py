"""Counters of CPU time: what they count, what can be hidden from them, and what cannot."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tachograph.brake.meter.cpu import GroupOne, GroupTwo, Machine, Session, open_cpu
from tachograph.errors import StoreError, UsageError

WORK = "import os, time\nwhile time.process_time() < {seconds}: pass\n"
TELL = "print('done', flush=True)\ninput()\n"
CHILD = "import os, time\nif os.fork():\n    os.wait()\nelse:\n    {work}\n    os._exit(0)\n"
ORPHAN = "import os\nif os.fork():\n    os._exit(0)\n"


def leader(program: str) -> subprocess.Popen[str]:
    """A program that leads a session of its own; it has told that it is done when this returns."""
    led = subprocess.Popen([sys.executable, "-c", program + TELL], start_new_session=True,
                           text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
    assert led.stdout is not None and led.stdout.readline() == "done\n"
    return led


def test_a_session_is_counted_while_it_lives_and_after() -> None:
    """Its figure grows with its work and never falls."""
    with leader(WORK.format(seconds=0.4)) as busy:
        counter = Session(busy.pid)
        used = counter.seconds()
        assert 0.35 < used < 0.8
        busy.kill()
    assert counter.seconds() == used


def test_children_that_were_waited_for_count() -> None:
    """Also where nobody ever saw them."""
    work = "while time.process_time() < 0.3: pass"
    with leader(CHILD.format(work=work)) as parent:
        assert Session(parent.pid).seconds() > 0.28
        parent.kill()


def test_orphans_of_a_session_count() -> None:
    """Whoever loses its parent stays in its session, and its time stays when it has gone."""
    with leader(ORPHAN + WORK.format(seconds=0.3)) as gone:
        counter = Session(gone.pid)
        assert counter.seconds() > 0.28
        (orphan,) = counter.members.keys() - {gone.pid}
        os.kill(orphan, 9)
    while Path(f"/proc/{orphan}").exists():
        time.sleep(0.01)
    assert counter.seconds() > 0.28


def test_a_machine_counts_everything() -> None:
    """At least what this process does."""
    counter = Machine()
    before, own = counter.seconds(), time.process_time()
    while time.process_time() - own < 0.3:
        pass
    assert counter.seconds() - before > 0.25


def test_a_machine_counts_no_idle_time(tmp_path: Path) -> None:
    """User, nice, system, interrupts; not idle, waiting, stolen."""
    (tmp_path / "stat").write_text("cpu  100 20 30 9999 999 4 6 88 50 0\ncpu0 1 1 1 1 1 1 1 1\n")
    ticks = os.sysconf("SC_CLK_TCK")
    assert Machine(tmp_path / "stat").seconds() == pytest.approx(160 / ticks)


def test_both_versions_of_control_groups(tmp_path: Path) -> None:
    """Found by the files that are there."""
    for name, file, text in (("two", "cpu.stat", "usage_usec 1500000\nuser_usec 1\n"),
                             ("one", "cpuacct.usage", "2500000000\n")):  # fmt: skip
        (tmp_path / name).mkdir()
        (tmp_path / name / file).write_text(text)
    two, one = open_cpu(f"cgroup:{tmp_path}/two"), open_cpu(f"cgroup:{tmp_path}/one")
    assert isinstance(two, GroupTwo) and two.seconds() == 1.5
    assert isinstance(one, GroupOne) and one.seconds() == 2.5
    (tmp_path / "one/cpuacct.usage").unlink()
    with pytest.raises(StoreError, match="cannot be read"):
        one.seconds()
    (tmp_path / "two/cpu.stat").write_text("")
    with pytest.raises(StoreError, match="usage_usec"):
        two.seconds()


@pytest.mark.parametrize("scope", ["", "all", "cgroup:", "session:", "session:me", "cgroup:/no"])
def test_a_scope_that_is_none_is_refused(scope: str) -> None:
    """With those that there are."""
    with pytest.raises(UsageError) as refused:
        open_cpu(scope)
    assert "machine, cgroup:" in refused.value.hint
