"""Commands run in a folder, with what they are given and within their limits."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from box_tools import comes_true
from workspace_tools import public_folder, workspace_at

from tachograph.errors import BoxError, UsageError
from tachograph.sandbox.levels import LevelError
from tachograph.sandbox.usage import Usage
from tachograph.sandbox.workspace import Workspace, WorkspaceLimits

SMALL = WorkspaceLimits(wall_seconds=20.0, memory_mib=200, tasks=60, disk_mib=16, entries=500,
                        output_kib=64)  # fmt: skip


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with one file."""
    with public_folder() as made:
        (made / "given.txt").write_text("given\n")
        yield made


@pytest.fixture(params=["A", "B"])
def workspace(request: pytest.FixtureRequest, folder: Path) -> Iterator[Workspace]:
    """A workspace with small limits, at each level that protects."""
    with workspace_at(request.param, folder, limits=SMALL) as made:
        yield made


def said(workspace: Workspace, script: str, **options: object) -> str:
    """What a shell script prints; the test fails where it fails."""
    ended = workspace.exec(["sh", "-c", script], **options)  # type: ignore[arg-type]
    assert (ended.status, ended.complaint) == (0, ""), ended
    return ended.stdout.decode()


def test_a_command_gets_words_stdin_folder_and_environment(workspace: Workspace) -> None:
    """And hands back its exit code and both outputs, apart."""
    workspace.write("sub/x", b"")
    script = 'cat; pwd; echo "$GIVEN $1" >&2; exit 3'
    ended = workspace.exec(["sh", "-c", script, "sh", "two words"],
                           input=b"in\n", folder="sub", environment={"GIVEN": "yes"})  # fmt: skip
    assert ended.status == 3
    assert ended.stdout.decode() == f"in\n{workspace.root}/sub\n"
    assert ended.stderr == b"yes two words\n"
    assert not ended.complaint
    assert not ended.cut
    assert ended.wall_seconds > 0


def test_what_is_written_is_in_the_folder_and_belongs_to_its_owner(folder: Path) -> None:
    """After closing, also where a strange uid wrote it."""
    for level in ("A", "B"):
        with workspace_at(level, folder) as workspace:
            said(
                workspace,
                f"cat given.txt > made-{level}; mkdir -p deep/{level}; echo > deep/{level}/x",
            )
        assert (folder / f"made-{level}").read_text() == "given\n"
        for path in (folder, folder / f"made-{level}", folder / f"deep/{level}/x"):
            assert path.stat().st_uid == os.getuid()


def test_scratch_stays_between_commands_and_goes_at_the_end(folder: Path) -> None:
    """Home and temporary folder are the workspace's own."""
    with workspace_at("A", folder) as workspace:
        said(workspace, "echo 1 > /tmp/x; echo 2 > ~/x; echo 3 > /dev/shm/x; echo 4 > /var/tmp/x")
        assert said(workspace, "cat /tmp/x ~/x /dev/shm/x /var/tmp/x") == "1\n2\n3\n4\n"
        ground = workspace.ground.path
        assert ground.exists()
    assert not ground.exists()


def test_files_are_read_and_written_with_the_fitting_errors(workspace: Workspace) -> None:
    """As if it were a folder of this machine."""
    data = os.urandom(3 << 20)
    workspace.write("new/deep/file", data, mode=0o600)
    assert workspace.read("new/deep/file") == data
    assert workspace.read(workspace.root + "/given.txt") == b"given\n"
    with pytest.raises(FileNotFoundError):
        workspace.read("nowhere")
    with pytest.raises(IsADirectoryError):
        workspace.read("new")
    with pytest.raises(IsADirectoryError):
        workspace.write("new/deep", b"")
    with pytest.raises(NotADirectoryError):
        workspace.write("given.txt/below", b"")
    with pytest.raises(OSError, match="more than 100 bytes"):
        workspace.read("new/deep/file", limit_bytes=100)
    with pytest.raises(UsageError):
        workspace.read("a\0b")


def test_a_pipe_does_not_block_a_reader(folder: Path) -> None:
    """What is no regular file is refused."""
    os.mkfifo(folder / "pipe")
    with workspace_at("A", folder) as workspace:
        for attempt in (workspace.read, lambda path: workspace.write(path, b"x")):
            with pytest.raises(OSError, match=r"Invalid argument|No such device"):
                attempt("pipe")


def test_a_command_that_cannot_be_run_says_why(workspace: Workspace) -> None:
    """With a shell's exit codes."""
    missing = workspace.exec(["no-such-program"])
    assert (missing.status, missing.stderr) == (
        127,
        b"no-such-program: No such file or directory\n",
    )
    barred = workspace.exec([workspace.root + "/given.txt"])
    assert barred.status == 126
    assert b"Permission denied" in barred.stderr
    elsewhere = workspace.exec(["true"], folder="nowhere")
    assert elsewhere.status == 127
    assert b"nowhere" in elsewhere.stderr
    for command in ([], ["a\0b"]):
        with pytest.raises(UsageError):
            workspace.exec(command)


def test_too_slow_is_killed_with_all_that_it_started(workspace: Workspace) -> None:
    """Its descendants too, also in sessions of their own."""
    ended = workspace.exec(
        ["sh", "-c", "setsid sleep 77 & sleep 77; echo late"], timeout_seconds=0.4
    )
    assert ended.complaint == "too slow: not ended within 0.4 s"
    assert ended.status == -9
    assert ended.stdout == b""
    assert comes_true(lambda: not running(b"sleep\x0077"))


def test_what_a_command_leaves_running_stays_until_it_is_cleared(workspace: Workspace) -> None:
    """Its output is not waited for."""
    began = time.monotonic()
    assert said(workspace, "setsid sleep 88 & echo started") == "started\n"
    assert time.monotonic() - began < 30
    assert comes_true(lambda: running(b"sleep\x0088"))
    workspace.clear()
    assert not running(b"sleep\x0088")
    assert said(workspace, "echo again") == "again\n"


def test_closing_ends_all_that_still_runs(folder: Path) -> None:
    """At every level."""
    for level in ("A", "B"):
        with workspace_at(level, folder) as workspace:
            said(workspace, "setsid sh -c 'setsid sleep 99 & setsid sleep 99 &' & ")
            assert comes_true(lambda: running(b"sleep\x0099"))
        assert not running(b"sleep\x0099"), level


def test_a_killed_keeper_takes_all_with_it_and_is_a_broken_box(folder: Path) -> None:
    """Never a command's own failure."""
    with workspace_at("A", folder) as workspace:
        said(workspace, "setsid sleep 66 &")
        assert workspace.keeper is not None
        workspace.keeper.process.kill()
        with pytest.raises(BoxError):
            workspace.exec(["true"])
        assert comes_true(lambda: not running(b"sleep\x0066"))


@pytest.mark.parametrize(
    ("script", "complaint"),
    [("x = bytearray(300 << 20); import time; time.sleep(9)", "memory: "),
     ("import mmap, time; m = mmap.mmap(-1, 300 << 20); m.write(bytes(300 << 20)); time.sleep(9)",
      "memory: "),
     ("import subprocess as s, time; p = [s.Popen(['cat']) for _ in range(70)]; time.sleep(9)",
      "tasks: "),
     ("import time; [open(f'{n}', 'wb').write(bytes(1 << 20)) for n in range(30)]; time.sleep(9)",
      "disk: "),
     ("import time; [open(f'{n}', 'wb').close() for n in range(900)]; time.sleep(9)",
      "disk: more than 500 files")],
)  # fmt: skip
def test_a_passed_limit_ends_everything(workspace: Workspace, script: str, complaint: str) -> None:
    """By looking from outside; what one command passed, its next is not blamed for."""
    ended = workspace.exec(["python3", "-c", script])
    assert ended.complaint.startswith(complaint), ended
    workspace.exec(["sh", "-c", "rm -f [0-9]*"])
    assert workspace.exec(["true"]).complaint == ""


def test_a_workspace_that_passed_its_limit_can_be_read_and_mended(workspace: Workspace) -> None:
    """What is too much can still be looked at, and removed."""
    ended = workspace.exec(["sh", "-c", "head -c 12000000 /dev/zero > a; cp a b; exit 3"])
    assert ended.status in (3, -9)  # it may have ended before it was looked at
    assert ended.complaint.startswith("disk: ")
    assert len(workspace.read("a")) == 12_000_000
    assert workspace.exec(["sh", "-c", "rm -f a b"]).complaint == ""


def test_the_disk_is_looked_at_when_a_command_has_ended(tmp_path: Path) -> None:
    """However short it was, and however lately that was done."""
    usage = Usage([tmp_path], SMALL)
    usage.disk_next = float("inf")
    (tmp_path / "much").write_bytes(bytes(17 << 20))
    assert usage.of_disk(0.0) == ""
    assert usage.in_the_end() == "disk: 17 MiB written, 16 allowed"


def test_output_is_cut_and_the_command_goes_on(workspace: Workspace) -> None:
    """What came first is kept."""
    ended = workspace.exec(["sh", "-c", "echo first; head -c 1000000 /dev/zero; echo last >&2"])
    assert ended.status == 0
    assert ended.cut
    assert len(ended.stdout) == 64 << 10
    assert ended.stdout.startswith(b"first\n")
    assert ended.stderr == b"last\n"


def test_stdin_that_nobody_reads_harms_nobody(workspace: Workspace) -> None:
    """More of it than a pipe holds."""
    assert workspace.exec(["true"], input=bytes(1 << 20)).status == 0
    counted = workspace.exec(["wc", "-c"], input=bytes(1 << 20))
    assert counted.stdout.split() == [b"1048576"]


def test_commands_run_at_once(workspace: Workspace) -> None:
    """From several threads; each gets its own output."""
    outputs: dict[int, bytes] = {}

    def run(number: int) -> None:
        outputs[number] = workspace.exec(["sh", "-c", f"sleep 0.2; echo {number}"]).stdout

    threads = [threading.Thread(target=run, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outputs == {n: f"{n}\n".encode() for n in range(4)}


def test_a_server_of_one_command_answers_another(folder: Path) -> None:
    """All commands share the workspace's empty network."""
    server = (
        "import http.server as h; h.test(h.SimpleHTTPRequestHandler, port=8000, bind='127.0.0.1')"
    )
    ask = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8000/given.txt').read())"
    with workspace_at("A", folder) as workspace:
        said(workspace, f'setsid python -c "{server}" 2>/dev/null >/dev/null &')
        assert comes_true(lambda: workspace.exec(["python", "-c", ask]).status == 0)


def test_a_socket_is_let_in_by_name(folder: Path) -> None:
    """And answers; level B refuses instead of letting more in than was asked for."""
    script = """if True:
        import socket
        line = socket.socket(socket.AF_UNIX)
        line.connect("/run/trials")
        print(line.recv(9))
    """
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "judge"))
        server.listen()

        def answer() -> None:
            with server.accept()[0] as line:
                line.send(b"verdict")

        with workspace_at("A", folder, sockets={"trials": folder / "judge"}) as workspace:
            thread = threading.Thread(target=answer)
            thread.start()
            assert workspace.exec(["python", "-c", script]).stdout == b"b'verdict'\n"
            thread.join()
        with pytest.raises(LevelError, match="one Unix socket"):
            Workspace.open(folder, level="B", sockets={"trials": folder / "judge"})


def test_paths_are_shown_to_be_read_or_to_be_written(folder: Path) -> None:
    """At their own place; what is hidden stays hidden wherever it lies."""
    with public_folder() as tool, public_folder() as home:
        (tool / "tool").write_text("#!/bin/sh\necho tool\n")
        (tool / "tool").chmod(0o755)
        (tool / "inner").mkdir()
        (tool / "inner" / "secret").write_text("secret")
        for level in ("A", "B"):
            with workspace_at(level, folder, shown=[tool], writable=[home],
                              hidden=[tool / "inner"]) as workspace:  # fmt: skip
                assert said(workspace, f"{tool}/tool") == "tool\n"
                said(workspace, f"echo {level} > {home}/{level}")
                assert workspace.exec(["sh", "-c", f"echo > {tool}/x"]).status != 0
                assert workspace.exec(["cat", f"{tool}/inner/secret"]).status != 0
            assert (home / level).read_text() == f"{level}\n"
            assert (home / level).stat().st_uid == os.getuid()


def test_what_is_not_there_is_a_usage_error(folder: Path) -> None:
    """Before anything is started."""
    with pytest.raises(UsageError, match="nowhere"):
        Workspace.open(folder / "nowhere")
    with pytest.raises(UsageError, match="nowhere"):
        Workspace.open(folder, shown=[folder / "nowhere"])


def test_a_level_is_never_lowered_in_silence(folder: Path) -> None:
    """Asked for, it is had or refused; else what was given up is said."""
    with pytest.raises(LevelError, match="level C is not available"):
        Workspace.open_best(folder, "C")
    with workspace_at("A", folder):
        made, given_up = Workspace.open_best(folder)
        with made:
            assert (made.level, given_up) == ("A", [])


def test_level_d_runs_when_asked_for(folder: Path) -> None:
    """Without walls, with the same face."""
    with workspace_at("D", folder) as workspace:
        assert said(workspace, "cat given.txt; id -u") == f"given\n{os.getuid()}\n"


def running(words: bytes) -> bool:
    """Whether a process of this machine has these words in its command."""
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if words in process.read_bytes():
                return True
        except OSError:
            continue
    return False
