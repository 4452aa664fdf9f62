"""What is done ahead of a call and behind it: one box at a time, and each the right program's."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from box_tools import boxed, program

from tachograph.errors import BoxError
from tachograph.sandbox import Box, Failed, Finished, Limits, Program

REHEARSED = """
import os, sys
sys.path.insert(0, sys.argv[1])
from tachograph.sandbox.inside import rehearsal

def state():
    return (sorted(sys.modules), list(sys.path), os.listdir("/proc/self/fd"), os.getcwd(),
            os.listdir(sys.argv[2]), sorted(sys.path_importer_cache))

rehearsal.rehearse(sys.argv[2])
before = state()
rehearsal.rehearse(sys.argv[2])
print(state() == before, [name for name in sys.modules if name.startswith("rehearsal")])
"""
WHEN = "import time\nloaded = time.monotonic()\ndef f(): return loaded"


@pytest.fixture(params=["A", "D"])
def bold(request: pytest.FixtureRequest) -> Iterator[Box]:
    """A box in which programs are loaded ahead."""
    yield from boxed(request.param, Limits(wall_seconds=3.0, setup_seconds=0.6))


@pytest.fixture
def open_box() -> Iterator[Box]:
    """A box whose candidates see all processes."""
    yield from boxed("D", Limits(wall_seconds=3.0))


def finished(outcome: Finished | Failed) -> object:
    """Its output."""
    assert isinstance(outcome, Finished), outcome
    return outcome.output


def test_a_box_is_gone_before_the_next_is_forked(open_box: Box) -> None:
    """The judge need not wait for its end, and the next call does."""
    first = finished(open_box.run(program("import os\ndef f(): return os.getpid()"), {}))
    watcher = "import os\nthere = os.path.exists\ndef f(pid): return there('/proc/%d' % pid)"
    assert finished(open_box.run(program(watcher), {"pid": first})) is False
    assert finished(open_box.run(program(watcher), {"pid": os.getpid()})) is True


def test_a_box_ends_though_nobody_asks_for_another(open_box: Box) -> None:
    """Its end does not depend on the next call."""
    pid = finished(open_box.run(program("import os\ndef f(): return os.getpid()"), {}))
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_program_is_loaded_ahead(bold: Box) -> None:
    """While the judge does something else; and the call is of the very process that loaded it."""
    bold.load(program(WHEN))
    time.sleep(0.2)
    asked = time.monotonic()
    assert float(str(finished(bold.run(program(WHEN), {})))) < asked
    asked = time.monotonic()
    assert float(str(finished(bold.run(program(WHEN), {})))) > asked


def test_another_program_than_the_loaded_one_may_be_called(bold: Box) -> None:
    """The loaded one ends unheard; so it does where it was to be warm and is not."""
    bold.load(program("def f(): return 1"))
    assert finished(bold.run(program("def f(): return 2"), {})) == 2
    bold.load(program(WHEN), warm=True)
    time.sleep(0.1)
    asked = time.monotonic()
    assert float(str(finished(bold.run(program(WHEN), {})))) > asked


def test_a_loaded_program_is_not_given_up_for_an_expected_call(bold: Box) -> None:
    """There is one box at a time, and it is taken."""
    finished(bold.run(program(WHEN), {}))
    bold.load(program(WHEN))
    bold.expect()
    time.sleep(0.1)
    asked = time.monotonic()
    assert float(str(finished(bold.run(program(WHEN), {})))) < asked


def test_a_judge_that_comes_late_finds_what_was_ready(bold: Box) -> None:
    """The limit is for the candidate: it was loaded in time."""
    bold.load(program(WHEN))
    time.sleep(bold.limits.setup_seconds + 0.2)
    assert isinstance(bold.run(program(WHEN), {}), Finished)


def test_a_judge_that_comes_late_keeps_the_limit_of_set_up(bold: Box) -> None:
    """And counts what the set-up took, not what the judge did meanwhile."""
    slow = program("import time\ntime.sleep(0.8)\ndef f(): return 1")
    bold.load(slow)
    time.sleep(1.0)
    outcome = bold.run(slow, {})
    assert isinstance(outcome, Failed)
    assert (outcome.reason, outcome.loading) == ("set-up too slow", True)
    bold.load(program(WHEN))
    time.sleep(0.5)
    quick = bold.run(program(WHEN), {})
    assert isinstance(quick, Finished)
    assert 0 < quick.setup_seconds < 0.5


def test_a_clock_that_is_set_meanwhile_changes_no_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stamps are then beyond what has passed, on either side."""
    for box in boxed("D", Limits(wall_seconds=3.0, setup_seconds=3.0)):
        for shift in (-3600, 3600):
            now = time.time_ns() + shift * 10**9
            monkeypatch.setattr(time, "time_ns", lambda now=now: now)
            box.load(program(WHEN))
            outcome = box.run(program(WHEN), {})
            monkeypatch.undo()
            assert isinstance(outcome, Finished)
            assert 0 <= outcome.setup_seconds < 3


def test_what_fails_while_it_is_loaded_ahead_fails_in_the_call(bold: Box) -> None:
    """As its own failure, before GO; the next call works."""
    for source, reason in (("raise ValueError('no')", "raised"), ("import os\nos._exit(3)", "died"),
                           ("while True: pass", "set-up too slow")):  # fmt: skip
        bold.load(program(source))
        outcome = bold.run(program(source), {})
        assert isinstance(outcome, Failed)
        assert (outcome.reason, outcome.loading) == (reason, True)
        assert finished(bold.run(program("def f(): return 1"), {})) == 1


def test_nothing_is_loaded_ahead_where_the_judge_must_look_at_limits() -> None:
    """At level B the scratch has no size of its own."""
    for box in boxed("B", Limits(wall_seconds=3.0)):
        box.load(program(WHEN))
        time.sleep(0.2)
        asked = time.monotonic()
        assert float(str(finished(box.run(program(WHEN), {})))) > asked


def test_a_command_is_not_built_ahead() -> None:
    """It has several processes, whose memory together the judge must look at."""
    stamp = "import time\nopen('stamp', 'w').write(str(time.monotonic()))"
    show = "open('out/outputs.json', 'w').write('{\"at\": %s}' % open('stamp').read())"
    command = Program(files={"build.py": stamp, "run.py": show}, build=("python3", "build.py"),
                      run=("python3", "run.py"))  # fmt: skip
    for box in boxed("A", Limits(wall_seconds=10.0)):
        box.load(command)
        time.sleep(0.3)
        asked = time.monotonic()
        outcome = box.run(command, {})
        assert isinstance(outcome, Finished), outcome
        assert outcome.output["at"] > asked


def test_a_scratch_that_was_filled_ahead_is_over_its_limit() -> None:
    """At level D the judge looks when it comes back."""
    fill = "for i in range(40): open('../tmp/%d' % i, 'wb').write(bytes(1 << 20))\ndef f(): pass"
    for box in boxed("D", Limits(wall_seconds=3.0, disk_mib=16)):
        box.load(program(fill))
        time.sleep(0.3)
        outcome = box.run(program(fill), {})
        assert isinstance(outcome, Failed)
        assert (outcome.reason, outcome.loading) == ("over a limit", True)


def test_a_box_that_cannot_be_cleared_breaks_no_program_loaded_next(open_box: Box) -> None:
    """What was called in it has its outcome; where nothing is loaded, the next call says it."""
    for loads in (True, False):
        finished(open_box.run(program(WHEN), {}))
        assert open_box.ending is not None
        open_box.ending.report.close()
        open_box.ending.report, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        open_box.ending.usage = None
        far.close()
        if loads:
            open_box.load(program(WHEN))
        else:
            with pytest.raises(BoxError):
                open_box.run(program(WHEN), {})
        finished(open_box.run(program(WHEN), {}))


def test_a_box_that_closes_ends_what_was_loaded() -> None:
    """As it ends a child that waits."""
    for box in boxed("D", Limits(wall_seconds=3.0)):
        box.load(program("import os\nopen('pid', 'w').write(str(os.getpid()))\ndef f(): pass"))
        told = box.staging / "work" / "pid"
        deadline = time.monotonic() + 10
        while not (told.exists() and told.read_text()):
            assert time.monotonic() < deadline
            time.sleep(0.005)
        pid = told.read_text()
    assert not Path(f"/proc/{pid}").exists()


def test_a_zygote_that_wants_a_moment_of_its_own_gets_it(open_box: Box) -> None:
    """No child is forked ahead as long as the time between two calls is of use to it."""
    assert not open_box.zygote_is_cold
    open_box.zygote_is_cold = True
    open_box.expect()
    assert open_box.expected is None
    open_box.zygote_is_cold = False
    open_box.expect()
    assert open_box.expected is not None


def test_a_rehearsal_leaves_nothing(tmp_path: Path) -> None:
    """No module, path, file, descriptor or folder."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    source = Path(__file__).parents[2] / "src"
    ended = subprocess.run(
        [sys.executable, "-c", REHEARSED, str(source), str(scratch)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.stdout == "True []\n", ended


def test_candidates_get_the_whole_of_a_package_that_was_imported_in_part() -> None:
    """The zygote takes BLAS out of SciPy for numba, without SciPy's own code."""
    pytest.importorskip("scipy")
    source = """
        import sys
        import numba, numpy as np
        in_part = "scipy.linalg.cython_blas" in sys.modules and "scipy.linalg" not in sys.modules
        @numba.njit
        def dot(a, b): return np.dot(a, b)
        def f(x):
            import scipy.linalg
            return [in_part, float(dot(x, x)[0, 1]), float(scipy.linalg.det(x))]
    """
    limits = Limits(wall_seconds=60.0)
    with Box.open(level="D", libraries=("numpy", "numba"), limits=limits) as box:
        import numpy as np

        inputs = {"x": np.array([[1.0, 2.0], [3.0, 4.0]])}
        assert finished(box.run(program(source), inputs)) == [True, 10.0, pytest.approx(-2.0)]
