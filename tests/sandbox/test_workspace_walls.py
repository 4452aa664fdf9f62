"""What is outside a workspace stays outside, whichever way its commands or its judge go.

The attacks that a command makes by itself are in test_probe.py.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from box_tools import comes_true
from workspace_tools import public_folder, workspace_at

from tachograph.sandbox.inside import landlock
from tachograph.sandbox.targets import Targets
from tachograph.sandbox.workspace import Workspace

LEVELS = ("A", "B")


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder."""
    with public_folder() as made:
        yield made


@pytest.fixture(scope="module")
def targets() -> Iterator[Targets]:
    """Files, sockets and a process outside."""
    with Targets() as made:
        yield made


@pytest.mark.parametrize("level", LEVELS)
def test_the_judge_follows_no_link_out(level: str, folder: Path, targets: Targets) -> None:
    """Reading and writing go no further than a command could: not by file, nor by folder."""
    aims = targets.addresses()
    with workspace_at(level, folder) as workspace:
        script = 'ln -s "$1" secret; ln -s "$2" file; ln -s "$3" folder; ln -s / root'
        words = [aims["secret_file"], aims["open_file"], aims["open_folder"]]
        assert workspace.exec(["sh", "-c", script, "sh", *words]).status == 0
        for path in ("secret", "root" + aims["secret_file"], "../../.." + aims["secret_file"]):
            with pytest.raises(OSError, match=r"No such file|Permission denied"):
                workspace.read(path)
        for path in ("file", "folder/made", "root" + aims["open_file"]):
            with contextlib.suppress(OSError):  # it may lead into a scratch of the same name
                workspace.write(path, b"changed")
    assert targets.harm() == ""


@pytest.mark.parametrize("level", LEVELS)
def test_a_folder_given_back_leads_nowhere_else(level: str, folder: Path, targets: Targets) -> None:
    """Changing owners follows no link and survives a tree that is deeper than it goes."""
    aims = targets.addresses()
    deep = "import os\nfor n in range(300): os.mkdir('d'); os.chdir('d')"
    before = Path(aims["open_file"]).stat()
    with workspace_at(level, folder) as workspace:
        workspace.exec(
            ["sh", "-c", f"ln -s {aims['open_file']} file; ln -s {aims['open_folder']} x"]
        )
        assert workspace.exec(["python3", "-c", deep]).status == 0
    after = Path(aims["open_file"]).stat()
    assert (before.st_uid, before.st_mode, before.st_ctime) == (
        after.st_uid, after.st_mode, after.st_ctime)  # fmt: skip
    with workspace_at(level, folder) as workspace:
        assert workspace.exec(["ls"]).stdout.split() == [b"d", b"file", b"x"]


@pytest.mark.parametrize("level", LEVELS)
def test_the_environment_holds_what_was_named(
    level: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the command's own nor any that can be read."""
    monkeypatch.setenv("SOME_API_KEY", "not-for-you")
    monkeypatch.setenv("NAMED_KEY", "also-mine")
    script = "env; cat /proc/*/environ 2>/dev/null | tr '\\0' '\\n'; true"
    with workspace_at(level, folder, environment={"NAMED_KEY": "given"}) as workspace:
        said = workspace.exec(["sh", "-c", script]).stdout.decode()
        assert "not-for-you" not in said
        assert "also-mine" not in said
        assert "NAMED_KEY=given" in said
        names = {line.partition("=")[0] for line in said.splitlines()}
    assert names <= {*workspace.environment(), "PWD", "OLDPWD", "_", "SHLVL"}


def test_two_workspaces_do_not_see_each_other(folder: Path) -> None:
    """Neither processes, nor scratch, nor loopback, nor abstract sockets."""
    listen = """if True:
        import socket, time
        tcp = socket.create_server(("127.0.0.1", 8123))
        unix = socket.socket(socket.AF_UNIX)
        unix.bind("\\0first")
        unix.listen()
        print("listening", flush=True)
        time.sleep(60)
    """
    reach = """if True:
        import os, socket
        there = (socket.AF_INET, ("127.0.0.1", 8123)), (socket.AF_UNIX, "\\0first")
        for family, address in there:
            try:
                socket.socket(family).connect(address)
                print("reached", address)
            except OSError as error:
                print(error.strerror)
        print(os.listdir("/tmp"), sum(name.isdigit() for name in os.listdir("/proc")))
    """
    with public_folder() as other, workspace_at("A", folder) as first, \
            workspace_at("A", other) as second:  # fmt: skip
        first.exec(["sh", "-c", f"touch /tmp/mine; setsid python -c '{listen}' > out &"])
        assert comes_true(lambda: (folder / "out").exists() and (folder / "out").stat().st_size > 0)
        said = second.exec(["python", "-c", reach]).stdout.decode().splitlines()
        assert said[:2] == ["Connection refused", "Connection refused"]
        assert "mine" not in said[2]
        assert said[2].endswith(" 2")


def test_the_network_is_the_machines_only_when_asked_for(folder: Path) -> None:
    """And then without its abstract Unix sockets, and at B without any Unix socket."""
    with Targets() as targets:
        aims = targets.addresses()
        tcp = f"import socket; socket.create_connection(('127.0.0.1', {aims['tcp_port']}), 2)"
        unix = f"import socket; socket.socket(socket.AF_UNIX).connect('\\0{aims['abstract_name']}')"
        pair = (
            "import socket; a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM);"
            f"a.sendto(b'out', '{aims['datagram_path']}')"
        )
        for level in LEVELS:
            with workspace_at(level, folder) as workspace:
                assert workspace.exec(["python3", "-c", tcp]).status != 0
            with workspace_at(level, folder, network=True) as workspace:
                assert workspace.exec(["python3", "-c", tcp]).status == 0, level
                assert targets.harm() == "the tcp socket was reached"
                assert workspace.exec(["python3", "-c", pair]).status != 0
                if level == "B" or landlock.version() >= 6:
                    assert workspace.exec(["python3", "-c", unix]).status != 0
            assert targets.harm() == ""


def test_the_terminal_is_the_workspaces_own(folder: Path) -> None:
    """It can have one, and none of the judge's."""
    script = "import os, pty; pid, line = pty.fork(); pid or os._exit(0); os.waitpid(pid, 0)"
    with workspace_at("A", folder) as workspace:
        assert workspace.exec(["python", "-c", script]).status == 0
        assert workspace.exec(["sh", "-c", "ls /dev/pts; echo > /dev/tty"]).status != 0


@pytest.mark.parametrize("level", LEVELS)
def test_a_path_is_not_shown_because_its_neighbour_is(level: str, folder: Path) -> None:
    """Neither is what lies beside the folder itself."""
    with public_folder() as home:
        (home / "tool").mkdir()
        (home / "key").write_text("secret")
        beside = folder.parent / f"{folder.name}-beside"
        beside.write_text("secret")
        try:
            with workspace_at(level, folder, shown=[home / "tool"]) as workspace:
                assert workspace.exec(["ls", str(home / "tool")]).status == 0
                for path in (home / "key", beside):
                    assert workspace.exec(["cat", str(path)]).status != 0
        finally:
            beside.unlink()


@pytest.mark.parametrize("level", LEVELS)
def test_a_package_is_hidden_though_it_is_installed(level: str, folder: Path) -> None:
    """As one that holds a task's labels; others stay."""
    with workspace_at(level, folder, hidden_packages=["email"]) as workspace:
        ended = workspace.exec(["python3", "-c", "import email.message"])
        assert (b"No module named 'email" in ended.stderr) == (level == "A"), ended
        assert (b"Permission denied" in ended.stderr) == (level == "B"), ended
        assert workspace.exec(["python3", "-c", "import json"]).status == 0


def test_a_socket_of_the_judges_is_let_in_alone(folder: Path) -> None:
    """Not the others in its folder."""
    script = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
    with public_folder() as place, bound(place / "in"), bound(place / "out"), \
            workspace_at("A", folder, sockets={"in": place / "in"}) as workspace:  # fmt: skip
        assert connects(workspace, script, "/run/in")
        for path in (str(place / "in"), str(place / "out"), "/run/out"):
            assert not connects(workspace, script, path)


def connects(workspace: Workspace, script: str, path: str) -> bool:
    """Whether a command reaches a socket."""
    return workspace.exec(["python", "-c", script, path]).status == 0


def bound(path: Path) -> Any:
    """A listening Unix socket."""
    made = socket.socket(socket.AF_UNIX)
    made.bind(str(path))
    made.listen()
    os.chmod(path, 0o777)  # noqa: PTH101 - of a socket's file
    return made
