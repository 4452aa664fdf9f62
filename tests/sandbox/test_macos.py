"""Boxes as they are made on macOS, run here without walls, and the text that asks for the walls.

The walls themselves were never run on a Mac.
"""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from box_tools import comes_true, failure, output, program, run

from tachograph.errors import BoxError
from tachograph.sandbox import Box, Finished, Limits, MemoryFile, Program
from tachograph.sandbox.census import census, family, seconds
from tachograph.sandbox.levels import HERE, LevelError
from tachograph.sandbox.macos import MacBox
from tachograph.sandbox.seatbelt import profile, quoted

LIMITS = Limits(wall_seconds=2.0, setup_seconds=2.0, memory_mib=1024, disk_mib=4, output_mib=1,
                log_kib=1)  # fmt: skip


WITHOUT_LINUX = """
    import ctypes, fcntl, os, socket, subprocess, sys, tempfile
    import numpy as np
    for module, names in (
        (os, "memfd_create pidfd_open sched_getaffinity sched_setaffinity sendfile O_PATH"),
        (fcntl, "F_SEAL_GROW F_SEAL_SHRINK F_SEAL_WRITE F_ADD_SEALS"),
        (socket, "SO_PASSCRED"),
    ):
        for name in names.split():
            delattr(module, name)
    sys.platform = "darwin"
    import tachograph.loop.bench
    from tachograph.sandbox import Box, Failed, MemoryFile, Program
    from tachograph.sandbox.macos import MacBox
    from tachograph.sandbox.levels import CHAIN
    source = "def f(x): x *= 2; open('left', 'w').close(); return x"
    source += "\\ndef g(x): return 'x' * (1 << 27)"
    files = {"a.py": source}
    for level in "AC":
        try:
            Box.open(level=level)
        except Exception as error:
            print(error)
    with Box.open(level="D") as box, MemoryFile.sealed("x", {"x": np.ones(2)}) as x:
        print(CHAIN, type(box) is MacBox)
        for _ in range(2):
            print(box.run(Program(files, "a:f"), x).output)
        print(box.run(Program(files, "a:g"), x).reason)
"""


def opened(limits: Limits = LIMITS) -> Iterator[Box]:
    """A box without walls."""
    with MacBox(level="D", python=None, libraries=("numpy",), limits=limits, cores=(0,)) as box:
        box.start()
        yield box


@pytest.fixture(scope="module")
def mac() -> Iterator[Box]:
    """One that allows one process."""
    yield from opened()


@pytest.fixture(scope="module")
def crowd() -> Iterator[Box]:
    """One that allows four."""
    yield from opened(Limits(wall_seconds=3.0, processes=4))


def marked(text: str) -> list[int]:
    """Processes with `text` on their command line."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if text.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def test_a_result_comes_back(mac: Box) -> None:
    """Values and arrays, with times, and the log beside them."""
    source = "def f(x, n): print('hello'); return {'twice': 2 * x, 'n': n}"
    outcome = run(mac, source, x=np.arange(3.0), n=[1, None])
    assert isinstance(outcome, Finished), outcome
    assert outcome.output["twice"].tolist() == [0.0, 2.0, 4.0]
    assert (outcome.output["n"], outcome.log) == ([1, None], "hello\n")
    assert outcome.wall_seconds > 0
    assert outcome.setup_seconds > 0


def test_an_error_comes_back_as_text(mac: Box) -> None:
    """In the call and in the loading."""
    in_call = failure(mac, "def f(): raise ValueError('no')")
    assert (in_call.reason, in_call.loading) == ("raised", False)
    assert "ValueError: no" in in_call.detail
    assert failure(mac, "nothing = missing").loading


@pytest.mark.parametrize(
    ("source", "reason"),
    [("def f():\n while True: pass", "too slow"),
     ("while True: pass", "set-up too slow"),
     ("import os\ndef f(): os._exit(3)", "died"),
     ("import os, signal\ndef f(): os.kill(os.getpid(), signal.SIGKILL)", "died"),
     ("def f(): return 'x' * (1 << 21)", "bad output"),
     ("def f(): return object()", "raised"),
     ("import time\ndef f(): open('big', 'wb').write(b'x' * (3 << 20)); "
      "open('more', 'wb').write(b'x' * (3 << 20)); time.sleep(60)", "over a limit"),
     ("import os, time\ndef f():\n os.fork()\n time.sleep(60)", "over a limit")],
)  # fmt: skip
def test_a_candidate_that_fails_is_ended(mac: Box, source: str, reason: str) -> None:
    """Each with its own reason, and the next call is served."""
    assert failure(mac, source).reason == reason
    assert output(mac, "def f(): return 1") == 1


def test_forged_messages_are_refused(mac: Box) -> None:
    """Neither a message beyond all size nor a result without bytes is believed."""
    speak = """
import os, stat
line = next(n for n in range(3, 1024) if os.path.exists(f"/dev/fd/{n}")
            and stat.S_ISSOCK(os.fstat(n).st_mode))
"""
    huge = speak + "def f():\n os.write(line, b'\\xff' * 5)\n while True: pass"
    empty = speak + (
        "def f():\n os.write(line, (9).to_bytes(4, 'little') + b'D' + (99).to_bytes(8, 'little'))"
        "\n while True: pass"
    )
    assert failure(mac, huge).detail == "it sent no message"
    assert failure(mac, empty).reason == "bad output"


def test_links_lead_the_judge_nowhere(mac: Box) -> None:
    """There is no path that the judge reads; the scratch is empty for the next call."""
    link = "import os\ndef f():\n for n in ('output', 'kept', 'log'): os.symlink('/etc/passwd', n)"
    assert output(mac, link) is None
    assert output(mac, "import os\ndef f(): return sorted(os.listdir('.'))") == [
        ".cache", "candidate.py",
    ]  # fmt: skip


def test_the_log_is_cut(mac: Box) -> None:
    """At its limit."""
    outcome = run(mac, "def f(): print('x' * 100_000)")
    assert isinstance(outcome, Finished)
    assert outcome.log == "x" * 1024


def test_no_process_of_the_group_stays(crowd: Box) -> None:
    """What a candidate leaves running ends with its call."""
    mark = "left-by-a-candidate-4711"
    source = f"""
        import subprocess, sys
        def f():
            subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", "{mark}"])
    """
    assert output(crowd, source) is None
    assert not marked(mark)


def test_a_process_that_leaves_the_group_is_caught(crowd: Box) -> None:
    """As long as its parent lives; it is killed, and the candidate fails."""
    mark = "gone-astray-4712"
    source = f"""
        import subprocess, sys
        def f():
            subprocess.run([sys.executable, "-c", "import time; time.sleep(60)", "{mark}"],
                           start_new_session=True)
    """
    assert failure(crowd, source).detail == "processes: one left its group"
    assert comes_true(lambda: not marked(mark))


def test_what_loading_left_is_there_again(mac: Box) -> None:
    """Once made, it is kept for later calls of the same candidate."""
    source = """
        import os, time
        if not os.path.exists("made"):
            open("made", "w").write(str(time.time_ns()))
        def f(): return open("made").read()
    """
    once = program(source)
    first, second = mac.run(once, {}), mac.run(once, {})
    assert isinstance(first, Finished)
    assert isinstance(second, Finished)
    assert first.output == second.output


def test_inputs_are_the_calls_own(mac: Box) -> None:
    """A candidate that overwrites its inputs spoils no later call."""
    spoil = program("def f(x): x[:] = 9; return float(x.sum())")
    with MemoryFile.sealed("inputs", {"x": np.ones(4)}) as inputs:
        for _ in range(2):
            outcome = mac.run(spoil, inputs)
            assert isinstance(outcome, Finished)
            assert outcome.output == 36.0
        assert inputs.value(inputs.size)["x"].sum() == 4.0


def test_a_command_runs(mac: Box) -> None:
    """Built and run in the scratch."""
    script = "import json; x = json.load(open('in/inputs.json'))['x']\n"
    script += "json.dump({'y': x + 1}, open('out/outputs.json', 'w'))"
    made = Program(files={"main.py": script}, build=("/bin/cp", "main.py", "built.py"),
                   run=(sys.executable, "built.py"))  # fmt: skip
    outcome = mac.run(made, {"x": 1})
    assert isinstance(outcome, Finished), outcome
    assert outcome.output == {"y": 2}


def test_a_library_that_is_missing_is_the_boxs_fault() -> None:
    """Not the candidate's."""
    with (
        MacBox(level="D", python=None, libraries=("no_such",), limits=LIMITS, cores=(0,)) as box,
        pytest.raises(BoxError, match="No module named 'no_such'"),
    ):
        box.start()
        run(box, "def f(): return 1")


def test_level_c_starts_through_the_launcher(tmp_path: Path) -> None:
    """The launcher gets the profile of this box, and then the interpreter."""
    launcher = tmp_path / "launcher"
    launcher.write_text(f'#!/bin/sh\nprintf "%s" "$2" > {tmp_path}/profile\nshift 2\nexec "$@"\n')
    launcher.chmod(stat.S_IRWXU)
    with MacBox(level="C", python=None, libraries=(), limits=LIMITS, cores=(0,)) as box:
        box.launcher = launcher
        box.start()
        assert output(box, "def f(): return 1") == 1
        text = (tmp_path / "profile").read_text()
        assert text == profile(interpreter=box.folders, scratch=box.staging, several=False,
                               hidden=[Path(__file__).parents[2] / "src/tachograph"])  # fmt: skip


def test_level_c_is_refused_without_its_launcher() -> None:
    """And never chosen where it is not made for."""
    if sys.platform == "darwin":
        pytest.skip("it may be had here")
    with (
        MacBox(level="C", python=None, libraries=(), limits=LIMITS, cores=(0,)) as box,
        pytest.raises(LevelError, match="there is no /usr/bin/sandbox-exec"),
    ):
        box.start()
    with pytest.raises(LevelError, match="not made for"):
        Box.open(level="C")
    assert "C" not in HERE


def test_nothing_of_linux_is_needed(tmp_path: Path) -> None:
    """Imported and run where this system's own calls are missing and macOS' name is given."""
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(WITHOUT_LINUX))
    ended = subprocess.run([sys.executable, str(script)], capture_output=True, text=True)
    assert ended.stderr == ""
    assert ended.stdout.splitlines() == [
        "sandbox level A is not available: it is not made for darwin",
        "sandbox level C is not available: there is no /usr/bin/sandbox-exec",
        "('C',) True", "[2. 2.]", "[2. 2.]", "raised",
    ]  # fmt: skip


def test_the_profile_allows_little() -> None:
    """Default deny, no network, one folder to write to, the judge's folder shut after all."""
    text = profile(interpreter=[Path("/opt/py")], scratch=Path("/private/tmp/box"),
                   hidden=[Path("/opt/py/site/tachograph")], several=False)  # fmt: skip
    assert text.startswith("(version 1)\n(deny default)\n")
    assert "\n(deny process-info* nvram* iokit-get-properties file-map-executable)\n" in text
    assert "allow network" not in text
    assert text.count("allow file-write*") == 1
    assert '(allow file-write*\n    (subpath "/private/tmp/box"))' in text
    readable = text.index('(allow file-read* file-map-executable\n    (subpath "/')
    shut = text.index("(deny file-read* file-map-executable process-exec\n"
                      '    (subpath "/opt/py/site/tachograph"))')  # fmt: skip
    assert readable < shut
    assert "process-fork" not in text
    assert "/bin" not in text
    assert text.count("(") == text.count(")")


def test_the_profile_lets_several_processes_start_programs() -> None:
    """Only where the limits say so."""
    text = profile(interpreter=[Path("/opt/py")], scratch=Path("/private/tmp/box"),
                   hidden=[Path("/opt/judge")], several=True)  # fmt: skip
    assert "(allow process-fork)" in text
    assert '(subpath "/usr/bin")' in text


def test_a_path_cannot_end_its_string() -> None:
    """Quotes and backslashes are escaped."""
    assert quoted(Path('/a"b\\c')) == '"/a\\"b\\\\c"'


def test_times_of_ps_are_read() -> None:
    """As Linux and as macOS writes them."""
    assert seconds("00:01:02") == 62.0
    assert seconds("0:01.50") == 1.5
    assert seconds("1-00:00:01") == 86401.0


def test_the_census_counts_this_process() -> None:
    """With its parent, group and size."""
    rows = census()
    mine = next(row for row in rows if row.pid == os.getpid())
    assert (mine.parent, mine.group, mine.zombie) == (os.getppid(), os.getpgrp(), False)
    assert mine.resident_kib > 1000
    assert mine in family(os.getpid(), rows)
