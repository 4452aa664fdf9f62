"""Nothing of a box is left: no process and no file, however it ends and whatever resists."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest
from box_tools import SYSTEM_PYTHON, comes_true, failure, output, python_for, run

from tachograph.errors import BoxError
from tachograph.sandbox import Box, Level, Program
from tachograph.sandbox.inside import leftovers
from tachograph.sandbox.staging import Staging

BOMB = """
    import os, time
    def f():
        while True:
            try: os.fork()
            except OSError: pass
"""
SLEEPER = """
    import os, time
    def f():
        if os.fork() == 0:
            if os.fork() == 0:
                try: os.setsid()
                except OSError: pass
            time.sleep(60)
            os._exit(0)
        return 1
"""


def test_a_process_left_behind_is_gone_when_the_call_returns(crowd: Box) -> None:
    """Detached or not."""
    before = set(leftovers.descendants())
    assert output(crowd, SLEEPER) == 1
    assert set(leftovers.descendants()) <= before


def test_a_fork_bomb_ends_as_a_failure_and_leaves_nothing(crowd: Box) -> None:
    """Processes that fork without end are over a limit, and all are killed."""
    before = set(leftovers.descendants())
    outcome = failure(crowd, BOMB)
    assert outcome.reason == "over a limit"
    assert set(leftovers.descendants()) <= before
    assert output(crowd, "def f(): return 1") == 1


def test_the_scratch_is_empty_for_the_next_box(crowd: Box) -> None:
    """Files, folders without rights and folders too deep to name are removed."""
    source = """
        import os
        def f():
            seen = sorted(os.listdir('.') + os.listdir('..'))
            os.makedirs('shut/inner')
            os.symlink('/etc', 'link')
            for _ in range(1500):
                os.mkdir('deep')
                os.chdir('deep')
            return seen
    """
    first = output(crowd, source)
    assert output(crowd, source) == first


def test_a_candidate_that_shuts_its_scratch_harms_no_later_call(any_box: Box) -> None:
    """Whatever modes the folder itself and the one above have."""
    source = "import os\ndef f(mode):\n    for path in ('.', '..'): os.chmod(path, mode)"
    for mode in (0, 0o300, 0o500):
        run(any_box, source, mode=mode)  # refused at level B to an ordinary user's
        seen = output(any_box, "import os\ndef f(): return sorted(os.listdir())")
        assert seen == [".cache", "candidate.py"]


def test_empty_removes_what_recursion_could_not(tmp_path: Path) -> None:
    """Depth, missing rights, and names that are its own while it works."""
    (tmp_path / ".0").write_text("in the way")
    (tmp_path / ".1" / "x").mkdir(parents=True)
    shut = tmp_path / "shut" / "inner"
    shut.mkdir(parents=True)
    (shut / "file").write_text("x")
    shut.chmod(0)
    (tmp_path / "shut").chmod(0)
    (tmp_path / "link").symlink_to("/etc")
    here = os.open(".", os.O_RDONLY)
    os.chdir(tmp_path)
    for _ in range(3000):
        os.mkdir("deep")  # noqa: PTH102 - the path is too long for pathlib
        os.chdir("deep")
    os.fchdir(here)
    os.close(here)
    leftovers.empty(str(tmp_path))
    assert not list(tmp_path.iterdir())
    assert Path("/etc").is_dir()


JUDGE = """
    import sys
    from pathlib import Path
    from tachograph.sandbox import Box, Limits, Program
    level, python, several, source = sys.argv[1:]
    limits = Limits(wall_seconds=50, processes=int(several))
    program = Program(files={"c.py": source}, entry="c:f")
    with Box.open(level=level, python=Path(python), limits=limits) as box:
        print("up", flush=True)
        box.run(program, {})
"""
ALONE = "import time\ndef f(): time.sleep(60)"
FORKED = "import os, time\ndef f():\n    os.fork()\n    time.sleep(60)"


@pytest.mark.parametrize("several", [1, 4])
@pytest.mark.parametrize("level", ["A", "B", "D"])
def test_killing_the_judge_leaves_no_process(level: Level, several: int) -> None:
    """Zygote and candidate end when the judge is gone, even by SIGKILL."""
    judge = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(JUDGE), level, str(python_for(level)), str(several),
         FORKED if several > 1 else ALONE],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    with judge:
        assert judge.stdout is not None
        if judge.stdout.readline() != b"up\n":
            pytest.skip(f"no box at level {level}")
        wanted = {"A": 4, "B": 3, "D": 3}[level] + (several > 1)
        assert comes_true(lambda: len(tree(judge.pid)) >= wanted)
        family = tree(judge.pid)
        judge.send_signal(signal.SIGKILL)
        judge.wait()
        assert comes_true(lambda: not any(map(exists, family)))


def test_an_expected_call_finds_its_one_child_waiting(box: Box) -> None:
    """However often it is said; the call takes it, and it leaves with the call or with the box."""
    output(box, "def f(): return 1")
    assert box.process is not None
    leader = box.process.pid
    before = set(tree(leader))
    for _ in range(2):
        box.expect()
        assert comes_true(lambda: len(tree(leader)) == len(before) + 1)
    (waiting,) = set(tree(leader)) - before
    assert failure(box, "import os\ndef f(): os._exit(3)").detail.endswith("code 3")
    assert set(tree(leader)) == before
    assert not exists(waiting)
    box.expect()
    assert comes_true(lambda: len(tree(leader)) == len(before) + 1)
    family = tree(leader)
    box.restart()
    assert not any(map(exists, family))
    assert output(box, "def f(): return 2") == 2


def test_a_waiting_child_that_is_killed_breaks_no_more_than_one_call(box: Box) -> None:
    """It is the box that broke, not the candidate; the next call works."""
    output(box, "def f(): return 1")
    assert box.process is not None
    leader = box.process.pid
    before = set(tree(leader))
    box.expect()
    assert comes_true(lambda: len(tree(leader)) == len(before) + 1)
    (waiting,) = set(tree(leader)) - before
    os.kill(waiting, signal.SIGKILL)
    with pytest.raises(BoxError):
        output(box, "def f(): return 1")
    assert output(box, "def f(): return 2") == 2


def test_killing_the_zygote_during_a_call_leaves_no_process(crowd: Box) -> None:
    """The call raises BoxError, the candidate's processes end, and the next call works."""
    output(crowd, "def f(): return 1")
    assert crowd.process is not None
    outer = crowd.process.pid
    seen: list[int] = []

    def kill_it() -> None:
        comes_true(lambda: len(tree(outer)) >= {"A": 4, "B": 3}[crowd.level])
        seen.extend(tree(outer))
        os.kill(seen[1] if crowd.level == "A" else outer, signal.SIGKILL)

    killer = threading.Thread(target=kill_it)
    killer.start()
    with pytest.raises(BoxError):
        crowd.run(Program(files={"c.py": FORKED}, entry="c:f"), {})
    killer.join()
    assert comes_true(lambda: not any(map(exists, seen)))
    assert output(crowd, "def f(): return 2") == 2


def test_what_a_killed_owner_left_is_removed_by_the_next(tmp_path: Path) -> None:
    """Staging folders that nobody holds go; those that are held stay."""
    held = Staging(tmp_path)
    stale = tmp_path / "tacho-box-stale"
    (stale / "deep").mkdir(parents=True)
    following = Staging(tmp_path)
    assert not stale.exists()
    assert held.path.exists()
    following.close()
    held.close()
    assert not list(tmp_path.iterdir())


@pytest.mark.long
@pytest.mark.skipif(not SYSTEM_PYTHON.exists(), reason=f"{SYSTEM_PYTHON} is not there")
def test_a_fork_bomb_of_an_ordinary_user_is_swept(public_source: Path) -> None:
    """Where the uid is shared with the judge, no process of the bomb survives either."""
    if os.getuid() != 0:
        pytest.skip("the other tests already run as an ordinary user")
    script = textwrap.dedent("""
        from tachograph.sandbox import Box, Limits, Program
        from tachograph.sandbox.inside import leftovers
        source = "import os\\ndef f():\\n while True:\\n  try: os.fork()\\n  except OSError: pass"
        bomb = Program(files={"c.py": source}, entry="c:f")
        with Box.open(level="B", limits=Limits(wall_seconds=2, processes=4)) as box:
            before = set(leftovers.descendants())
            for _ in range(3):
                print(box.run(bomb, {}).reason)
            print(len(set(leftovers.descendants()) - before))
    """)
    ended = subprocess.run(
        [str(SYSTEM_PYTHON), "-c", script], check=True, capture_output=True, text=True, user=54_322,
        group=54_322, extra_groups=[], cwd="/", timeout=120,
        env={"PYTHONPATH": str(public_source), "HOME": "/", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert ended.stdout.split("\n")[:4] == ["over a limit"] * 3 + ["0"]


def test_many_boxes_leave_no_descriptor(any_box: Box) -> None:
    """A call gives back all that it opened in the judge, also where it fails."""
    run(any_box, "def f(): return 1")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for source in ("def f(): return 2", "def f(): raise ValueError", "import os\nos._exit(1)") * 3:
        run(any_box, source)
    # each of the three programs' sealed files stays open for its next call
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 3


def tree(pid: int) -> list[int]:
    """A process and all below it."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += tree(int(child))
    return found


def exists(pid: int) -> bool:
    """Whether it still runs; one that only waits to be reaped does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
