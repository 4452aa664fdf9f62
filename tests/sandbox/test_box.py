"""What honest candidates may do in a box, and how dishonest ones end, at each level."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from box_tools import SYSTEM_PYTHON, boxed, comes_true, failure, output, program, run

from tachograph.errors import BoxError, UsageError
from tachograph.sandbox import Box, Failed, Finished, Limits, MemoryFile, Program
from tachograph.sandbox.box import PROGRAMS_BYTES
from tachograph.sandbox.inside import leftovers
from tachograph.sandbox.inside.timing import asleep

HONEST = {
    "prints 10 KB": ("def f(): print('x' * 10_000); return 1", 1),
    "uses 500 MiB of 2 GiB": ("def f(): return len(bytearray(500 << 20))", 500 << 20),
    "runs two threads": (
        """
        import threading
        def f():
            found = []
            threads = [threading.Thread(target=found.append, args=(i,)) for i in range(2)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
            return sorted(found)
        """, [0, 1]),
    "writes 10 MiB of scratch": (
        """
        import os
        def f():
            with open('big', 'wb') as out: out.write(bytes(10 << 20))
            return os.path.getsize('big')
        """, 10 << 20),
    "uses temporary files": (
        """
        import tempfile
        def f():
            with tempfile.TemporaryFile() as held:
                held.write(b'abc'); held.seek(0)
                return held.read()
        """, b"abc"),
    "reads its own files": ("def f(): return open('data.txt').read()", "its own"),
    "raises and catches": (
        """
        def f():
            try: 1 / 0
            except ZeroDivisionError: return 'caught'
        """, "caught"),
    "catches a deep recursion": (
        """
        def g(): return g()
        def f():
            try: g()
            except RecursionError: return 'caught'
        """, "caught"),
    "uses a socket pair within itself": (
        """
        import socket
        def f():
            left, right = socket.socketpair()
            left.send(b'x')
            return right.recv(1)
        """, b"x"),
    "lowers its own limits": (
        """
        import resource
        def f():
            resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
            return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        """, 64),
    "imports a module beside it": ("import helper\ndef f(): return helper.VALUE", 7),
}  # fmt: skip

DISHONEST = {
    "raises": ("def f(): raise ValueError('no')", "raised", "ValueError: no"),
    "raises on import": ("raise ValueError('no')", "raised", "ValueError: no"),
    "raises SystemExit": ("def f(): raise SystemExit(0)", "raised", "SystemExit"),
    "raises KeyboardInterrupt": ("def f(): raise KeyboardInterrupt", "raised", "Keyboard"),
    "recurses without end": ("def f(): return f()", "raised", "RecursionError"),
    "has no such function": ("x = 1", "raised", "AttributeError"),
    "leaves": ("import os\ndef f(): os._exit(0)", "died", "exit code 0"),
    "leaves on import": ("import os\nos._exit(3)", "died", "exit code 3"),
    "breaks its memory": ("import ctypes\ndef f(): ctypes.string_at(0)", "died", "SIGSEGV"),
    "aborts": ("import ctypes\ndef f(): ctypes.CDLL(None).abort()", "died", "SIG"),
    "never ends": ("def f():\n    while True: pass", "too slow", "3 s"),
    "hands back an object": ("def f(): return object()", "raised", "object is not a plain"),
    "hands back too much": ("def f(): return bytes(65 << 20)", "raised", "File too large"),
    "an error that cannot be shown": (
        """
        class E(Exception):
            def __str__(self): raise E
        def f(): raise E
        """, "raised", "E"),
}  # fmt: skip

ON_THE_LINE = """
import gc, socket
LINES = [o for o in gc.get_objects() if isinstance(o, socket.socket) and o.fileno() >= 0]
"""
SPEAKS = {
    "says that the box broke": ("say(b'B' + b'broke')", "raised"),
    "says garbage": ("say(bytes(range(256)))", "raised"),
    "says done before the work is": ("say(b'D' + (64).to_bytes(8, 'little'))", "bad output"),
    "says done with an endless size": ("say(b'D' + bytes([255] * 8))", "bad output"),
    "says done with a crooked size": ("say(b'D' + b'x')", "raised"),
    "says ready twice": ("say(b'R' + bytes(8))", "raised"),
    "says nothing": ("say(b'')", "died"),
    "hangs up": ("[line.close() for line in LINES]; os.closerange(3, 200)", "died"),
}  # fmt: skip


@pytest.mark.parametrize("name", HONEST)
def test_honest_candidates_pass(box: Box, name: str) -> None:
    """What real candidates do is not refused."""
    source, expected = HONEST[name]
    files = {"data.txt": "its own", "helper.py": "VALUE = 7"}
    outcome = box.run(program(source, **files), {})
    assert isinstance(outcome, Finished), outcome
    assert outcome.output == expected


def test_a_box_sees_the_documented_environment_and_no_more(box: Box) -> None:
    """Not the judge's, and not what only the zygote's start needed."""
    source = "import os\ndef f(): return dict(os.environ)"
    assert output(box, source) == box.environment()


def test_arrays_go_in_and_come_back(box: Box) -> None:
    """Arrays arrive as arrays, which the candidate may change."""
    if box.level == "B":
        pytest.skip("the system's Python has no NumPy here")
    source = "import numpy\ndef f(x):\n    x += 1\n    return {'sum': x.sum(), 'x': x}"
    back = output(box, source, x=np.arange(3.0))
    assert back["sum"] == 6.0
    assert back["x"].tolist() == [1.0, 2.0, 3.0]


def test_several_processes_work_where_they_are_allowed(crowd: Box) -> None:
    """A pool of two computes, and its CPU time is counted."""
    source = """
        import multiprocessing, time
        def g(x):
            deadline = time.process_time() + 0.05
            while time.process_time() < deadline: pass
            return x * x
        def f():
            context = multiprocessing.get_context('fork')
            pipes = []
            for number in range(2):
                ours, theirs = context.Pipe()
                worker = context.Process(target=lambda n, p: p.send(g(n)), args=(number, theirs))
                worker.start()
                pipes.append((ours, worker))
            found = [ours.recv() for ours, _ in pipes]
            for _, worker in pipes: worker.join()
            return found
    """
    outcome = run(crowd, source)
    assert isinstance(outcome, Finished), outcome
    assert outcome.output == [0, 1]
    assert outcome.cpu_seconds >= 0.1


@pytest.mark.parametrize("name", DISHONEST)
def test_failing_candidates_fail_and_the_next_call_works(box: Box, name: str) -> None:
    """Each ends as the candidate's own failure; its neighbour does not notice."""
    source, reason, detail = DISHONEST[name]
    outcome = failure(box, source)
    assert outcome.reason == reason
    assert detail in outcome.detail
    assert output(box, "def f(x): return x", x=5) == 5


@pytest.mark.parametrize("name", SPEAKS)
def test_speaking_out_of_turn_is_the_candidates_failure(box: Box, name: str) -> None:
    """Whatever is said on the line to the judge, it is never believed and never breaks the box."""
    action, reason = SPEAKS[name]
    source = f"""
import gc, os, socket, time
LINES = [o for o in gc.get_objects() if isinstance(o, socket.socket) and o.fileno() >= 0]
def say(data):
    for line in LINES:
        try: line.send(data)
        except OSError: pass
def f():
    {action}
    time.sleep(0.5)
    os._exit(1)
"""
    assert failure(box, source).reason == reason
    assert output(box, "def f(): return 1") == 1


def test_a_set_up_without_end_is_cut_off() -> None:
    """Loading has a limit of its own."""
    with Box.open(level="D", limits=Limits(setup_seconds=0.5)) as box:
        outcome = failure(box, "while True: pass\ndef f(): pass")
    assert outcome.reason == "set-up too slow"
    assert outcome.loading


def test_a_log_is_cut_off_at_its_limit() -> None:
    """What is written beyond the limit fails in the candidate; the rest is kept."""
    with Box.open(level="D", limits=Limits(log_kib=4)) as box:
        outcome = run(box, "def f():\n    while True: print('x' * 64, flush=True)")
    assert isinstance(outcome, Failed)
    assert 4000 <= len(outcome.log) <= 4096


def test_a_log_is_shown_without_control_characters(box: Box) -> None:
    """It could redraw a terminal."""
    outcome = run(box, "def f(): print('\\x1b[31mred', flush=True)")
    assert "\x1b" not in outcome.log
    assert "red" in outcome.log


def test_an_output_still_mapped_is_refused(box: Box) -> None:
    """A candidate could change it after the clock has stopped."""
    source = """
        import mmap, os, sys
        HELD = []
        def f():
            for number in range(3, 64):
                try:
                    size = os.fstat(number).st_size
                    if size == 64 << 20: HELD.append(mmap.mmap(number, size))
                except (OSError, ValueError): pass
            return 1
    """
    outcome = failure(box, source)
    assert outcome.reason == "bad output"


def test_the_output_cannot_be_sealed_against_the_judge(box: Box) -> None:
    """A candidate that seals it itself only fails."""
    source = """
        import fcntl
        def f():
            for number in range(3, 64):
                try: fcntl.fcntl(number, 1033, 1)
                except OSError: pass
            return 1
    """
    assert failure(box, source).reason == "bad output"


def test_inputs_are_unknown_while_loading(box: Box) -> None:
    """They arrive with GO alone: nothing open holds them before."""
    source = """
        import os
        SEEN = []
        for number in range(64):
            try: SEEN.append(os.pread(number, 1 << 20, 0).strip(b'\\0'))
            except OSError: pass
        def f(secret): return secret.encode() in b''.join(SEEN)
    """
    assert output(box, source, secret="the secret of this call") is False


def test_shared_inputs_carry_nothing_from_call_to_call(box: Box) -> None:
    """A memory file given to two calls reaches each as a copy of its own."""
    source = """
        import os
        import socket
        real = socket.recv_fds
        seen = []
        def watched(*arguments):
            answer = real(*arguments)
            number = answer[1][0]
            seen.append([os.lseek(number, 0, 1), os.fstat(number).st_mode & 0o777])
            os.lseek(number, 77, 0)
            try: os.fchmod(number, 0o600)
            except OSError: pass
            return answer
        socket.recv_fds = watched
        def f(x): return seen
    """
    marks = program(source)
    with MemoryFile.sealed("inputs", {"x": 1}) as inputs:
        first, second = box.run(marks, inputs), box.run(marks, inputs)
    assert isinstance(first, Finished)
    assert isinstance(second, Finished)
    assert first.output == second.output


def test_crashing_neighbours_change_no_result(any_box: Box) -> None:
    """Calls between crashes give what they give alone."""
    crashes = ["import os\ndef f(): os._exit(1)", "def f(): return object()",
               "import ctypes\ndef f(): ctypes.string_at(0)"]  # fmt: skip
    for crash in crashes * 2:
        run(any_box, crash)
        assert output(any_box, "def f(x): return [x, len(x)]", x="same") == ["same", 4]


def test_files_that_loading_made_reach_the_next_box_of_the_same_candidate(box: Box) -> None:
    """So compiling is paid once; what the call itself made does not."""
    source = """
        import os
        FOUND = sorted(os.listdir('.'))
        open('compiled', 'w').write('once')
        os.makedirs('sub', exist_ok=True)
        open('sub/too', 'w').write('once')
        def f():
            open('made-by-the-call', 'w').close()
            return FOUND
    """
    first, second = output(box, source), output(box, source)
    assert "compiled" not in first
    assert {"compiled", "sub"} <= set(second)
    assert "made-by-the-call" not in second


def test_kept_files_stay_with_their_candidate(box: Box) -> None:
    """Another candidate's box starts empty."""
    keeps = "open('compiled', 'w').write('once')\ndef f(): return 1"
    output(box, keeps)
    assert "compiled" not in output(box, "import os\ndef f(): return os.listdir('.')")


KEEPS = """
from tachograph.sandbox import Box, Limits, Program
source = "import os\\n" \\
    "if not os.path.exists('left'):\\n" \\
    "    os.close(os.open('left', os.O_CREAT, 0o750))\\n" \\
    "def f(): return oct(os.stat('left').st_mode)"
program = Program(files={"c.py": source}, entry="c:f")
with Box.open(level="B", limits=Limits(wall_seconds=3.0)) as box:
    print([getattr(box.run(program, {}), "output", None) for _ in range(3)])
"""


@pytest.mark.skipif(not SYSTEM_PYTHON.exists(), reason=f"{SYSTEM_PYTHON} is not there")
def test_files_are_kept_where_no_mode_may_be_changed(public_source: Path) -> None:
    """As at level B, for an ordinary user."""
    if os.getuid() != 0:
        pytest.skip("the other tests already run as an ordinary user")
    ended = subprocess.run(
        [str(SYSTEM_PYTHON), "-c", KEEPS], capture_output=True, text=True, check=False, cwd="/",
        user=54_322, group=54_322, extra_groups=[],
        env={"PYTHONPATH": str(public_source), "HOME": "/", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    if "LevelError" in ended.stderr:
        pytest.skip(ended.stderr.splitlines()[-1])
    assert ended.stdout == "['0o100750', '0o100750', '0o100750']\n", ended.stderr


def test_kept_files_beyond_its_memory_break_no_box() -> None:
    """They are read before its limit stands, whether or not it then has room for anything."""
    source = """
        import os
        if not os.path.exists('left'): open('left', 'wb').write(bytes(15 << 20))
        def f(): return 1
    """
    finished = 0
    for memory in range(32, 80, 6):
        try:
            opened = Box.open(level="D", limits=Limits(wall_seconds=3.0, memory_mib=memory))
        except BoxError:
            continue  # too little for the interpreter
        with opened as box:
            finished += sum(isinstance(run(box, source), Finished) for _ in range(2))
            assert output(box, "def f(): return 2") == 2
    assert finished


def test_links_are_not_kept(box: Box) -> None:
    """A link could lead out of the working directory."""
    source = """
        import os
        FOUND = os.path.lexists('link')
        if not FOUND: os.symlink('/etc', 'link')
        def f(): return FOUND
    """
    assert [output(box, source) for _ in range(2)] == [False, False]


def test_a_killed_zygote_is_a_broken_box_and_the_next_call_works(any_box: Box) -> None:
    """It is never the candidate's failure."""
    assert any_box.process is not None
    inner = [any_box.process.pid, *below(any_box.process.pid)]
    os.kill(inner[-1], 9)
    with pytest.raises(BoxError):
        run(any_box, "def f(): return 1")
    assert output(any_box, "def f(): return 2") == 2
    assert comes_true(lambda: not any(alive(pid) for pid in inner))


def test_limits_that_nothing_can_keep_are_no_candidates_failure() -> None:
    """It is said when the box is opened, before any candidate is blamed."""
    with pytest.raises(BoxError, match="trial call"):
        Box.open(level="D", limits=Limits(wall_seconds=0.0))


def test_what_is_kept_for_candidates_is_bounded_in_all() -> None:
    """Many candidates that each leave the most that they may do not fill the judge's memory."""
    source = "import os\nopen('left', 'wb').write(bytes(15 << 20))\ndef f(x): return {number}"
    with Box.open(level="D") as box:
        for number in range(12):
            assert output(box, source.format(number=number), x=1) == number
        assert sum(held.size for held, _ in box.programs.values()) <= PROGRAMS_BYTES


def test_a_name_like_a_sleepers_hides_no_running_thread() -> None:
    """CPU time of a thread that still runs is counted late; its name must not deny that it runs."""
    source = (
        "import ctypes\nctypes.CDLL(None).prctl(15, b'x) S x')\nprint(flush=True)\nwhile True: pass"
    )
    with subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE) as spinner:
        assert spinner.stdout is not None
        spinner.stdout.readline()
        assert not asleep(spinner.pid)
        spinner.kill()


@pytest.mark.parametrize(
    "files",
    [{"../x.py": ""}, {"/x.py": ""}, {"a/../../x.py": ""}, {"x\0.py": ""}, {"x": "", "x/y": ""},
     {"x.py": "\ud800"}, {"\ud800.py": ""}, {"x" * 300: ""}, {"a/" * 600 + "x": ""}],
)  # fmt: skip
def test_files_that_could_not_be_written_are_refused(files: dict[str, str]) -> None:
    """Before any box sees them, so that no candidate can make its box look broken."""
    with pytest.raises(UsageError):
        Program(files=files, entry="x:f")


def test_commands_run_where_no_entry_is_given() -> None:
    """Built once, run with inputs and outputs as files."""
    script = (
        "import json\ninputs = json.load(open('in/inputs.json'))\n"
        "json.dump({'twice': 2 * inputs['x']}, open('out/outputs.json', 'w'))\n"
    )
    commands = Program(
        files={"main.py": script},
        build=("/bin/sh", "-c", "echo built >> count"),
        run=("/bin/sh", "-c", "python3 main.py || /usr/bin/python3 main.py"),
    )
    for made in boxed("A", Limits()):
        for _ in range(2):
            outcome = made.run(commands, {"x": 4})
            assert isinstance(outcome, Finished), outcome
            assert outcome.output == {"twice": 8}


def below(pid: int) -> list[int]:
    """The processes under one of ours, the outer ones first."""
    with open(f"/proc/{pid}/task/{pid}/children") as source:  # noqa: PTH123 - a line of numbers
        children = [int(child) for child in source.read().split()]
    return [each for child in children for each in (child, *below(child))]


def alive(pid: int) -> bool:
    """Whether it still runs."""
    return pid in leftovers.descendants()


def test_processes_together_keep_to_the_memory_of_one() -> None:
    """Each stays below the limit, and all of them do not."""
    source = """
        import os, time
        def f(children):
            for _ in range(children):
                if not os.fork():
                    held = bytearray(b"x") * (150 << 20)
                    time.sleep(60)
            time.sleep(1.0)
            return children
    """
    limits = Limits(wall_seconds=20.0, memory_mib=400, processes=8)
    for box in boxed("A", limits):
        assert output(box, source, children=1) == 1
        failed = failure(box, source, children=4)
        assert (failed.reason, failed.detail[:8]) == ("over a limit", "memory: "), failed
        assert output(box, "def f(): return 1") == 1
