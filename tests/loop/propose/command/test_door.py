"""The door: a socket at whose other end a box does its worst, and the client that asks nicely."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from tachograph.loop.propose.command import door as door_module
from tachograph.loop.propose.command.door import Door
from tachograph.loop.propose.command.inside import client

CLIENT = Path(client.__file__)


@contextmanager
def listening(answer, source_kib=4, **options):
    """A door that answers with this function, and breaks nowhere."""
    with Door(answer, source_kib, **options) as door:
        yield door
    assert door.fault is None


@pytest.fixture
def echo():
    """A door that says what it was asked."""
    with listening(lambda question: {"asked": question}) as door:
        yield door


def raw(door, data, *, wait=True):
    """Sends bytes and hangs up on its own half; the answer, or None where there is none."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(10)
        line.connect(str(door.path))
        try:
            line.sendall(data)
            line.shutdown(socket.SHUT_WR)
            if not wait:
                return None
            size = int.from_bytes(client.read_exactly(line, 4), "big")
            return json.loads(client.read_exactly(line, size))
        except OSError:
            return None


def framed(text):
    data = text if isinstance(text, bytes) else text.encode()
    return len(data).to_bytes(4, "big") + data


def seat_at(door, folder, editable=("toy.py",)):
    """seat.json as it lies in a box."""
    return {"socket": str(door.path), "port": door.port, "token": door.token,
            "workspace": str(folder), "editable": list(editable), "most_bytes": 4096}  # fmt: skip


def test_a_question_is_answered(echo, tmp_path):
    """What the client asks comes to the seat without the token, and the answer comes back."""
    answer = client.ask(seat_at(echo, tmp_path), {"verb": "status"})
    assert answer == {"asked": {"verb": "status"}}


def test_a_door_may_be_a_port(tmp_path):
    """Of the loopback alone; the token decides."""
    with listening(lambda question: {"asked": question}, by_port=True) as door:
        seat = seat_at(door, tmp_path)
        assert client.ask(seat, {"verb": "status"}) == {"asked": {"verb": "status"}}
        stranger = client.ask(seat | {"token": "0" * 32}, {"verb": "status"})
        assert "another's" in stranger["error"]["message"]
        assert door.line.getsockname()[0] == "127.0.0.1"


def test_the_way_to_a_door_may_be_long(tmp_path, monkeypatch):
    """Where temporary files lie deep, no address of a socket would hold the path."""
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setenv("TMPDIR", str(deep))
    with listening(lambda question: {"asked": question}) as door:
        assert len(str(door.path)) > 107
        monkeypatch.chdir(door.path.parent)
        seat = seat_at(door, tmp_path) | {"socket": door.path.name}
        assert "asked" in client.ask(seat, {"verb": "status"})
    monkeypatch.setattr(tempfile, "tempdir", None)


BAD = {
    "nothing": b"",
    "half a length": b"\0\0",
    "a length and no more": b"\0\0\0\xff",
    "a length beyond all bounds": b"\xff\xff\xff\xff" + b"x" * 1000,
    "no JSON": framed("hello"),
    "no UTF-8": framed(b"\xff\xfe{}"),
    "no object": framed("[1, 2]"),
    "a key twice": framed('{"verb": "status", "verb": "trial"}'),
    "NaN": framed('{"verb": NaN}'),
    "a nest": framed("[" * 50_000),
    "a long number": framed('{"verb": ' + "9" * 10_000 + "}"),
    "no token": framed('{"verb": "status"}'),
    "another's token": framed('{"verb": "status", "token": "' + "0" * 32 + '"}'),
    "a token that is no text": framed('{"verb": "status", "token": ["\\ud800"]}'),
    "half a character for a token": framed('{"verb": "status", "token": "\\ud800"}'),
}


def test_what_is_no_question_reaches_no_seat(tmp_path):
    """It is answered with an error, or not at all, and the next question is answered as ever."""
    asked = []
    with listening(lambda question: asked.append(question) or {"fine": True}) as door:
        for name, data in BAD.items():
            answer = raw(door, data)
            assert answer is None or answer["error"]["kind"] == "usage", name
        assert not asked
        assert client.ask(seat_at(door, tmp_path), {"verb": "status"}) == {"fine": True}


def test_who_dawdles_is_cut_off(echo, tmp_path, monkeypatch):
    """A line that sends nothing, or byte by byte, holds nobody up for longer than the bound."""
    monkeypatch.setattr(door_module, "READ_SECONDS", 0.2)
    with socket.socket(socket.AF_UNIX) as idle:
        idle.connect(str(echo.path))
        assert "asked" in client.ask(seat_at(echo, tmp_path), {"verb": "status"})


def test_a_flood_waits_and_then_the_door_serves_again(echo, tmp_path):
    """Connections by the hundred are bounded by the kernel's queue; no thread is made for them."""
    before = threading.active_count()
    lines = []
    for _ in range(300):
        line = socket.socket(socket.AF_UNIX)
        line.setblocking(False)
        try:
            line.connect(str(echo.path))
        except OSError:
            line.close()
        else:
            lines.append(line)
    assert threading.active_count() == before
    assert len(lines) <= door_module.BACKLOG + 3
    for line in lines:
        line.close()
    assert "asked" in client.ask(seat_at(echo, tmp_path), {"verb": "status"})


def test_who_does_not_listen_to_the_answer_holds_nobody_up(echo, tmp_path):
    """A line that is hung up before the answer is forgotten."""
    raw(echo, framed(json.dumps({"verb": "status", "token": echo.token})), wait=False)
    assert "asked" in client.ask(seat_at(echo, tmp_path), {"verb": "status"})


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
def test_another_uid_is_turned_away(echo, tmp_path):
    """The kernel says who is at the other end; another seat's box is nobody here."""
    ask = f"""
import json, os, sys
sys.path.insert(0, {str(CLIENT.parent)!r})
import client
seat = json.loads(sys.argv[1])
os.setuid(int(sys.argv[2]))
print(json.dumps(client.ask(seat, {{"verb": "status"}})))
"""
    echo.uid = 60_999
    for uid, heard in ((0, "asked"), (60_999, "asked"), (60_998, "another's")):
        seat = json.dumps(seat_at(echo, tmp_path))
        asked = subprocess.run([sys.executable, "-c", ask, seat, str(uid)],
                               capture_output=True, text=True, check=False)  # fmt: skip
        assert heard in asked.stdout, asked


def test_a_fault_of_ours_ends_the_service_and_is_kept(tmp_path):
    """What the seat raises is no answer: it is there for the turn to raise."""

    def broken(question):
        raise ZeroDivisionError

    with Door(broken, 4) as door, pytest.raises(client.Refused):
        client.ask(seat_at(door, tmp_path), {"verb": "status"})
    assert isinstance(door.fault, ZeroDivisionError)


# -- the client ------------------------------------------------------------------------------------


def run_client(folder, *arguments, python=sys.executable):
    """The client as an agent runs it: an interpreter that sees no package."""
    return subprocess.run([python, "-I", "-S", str(folder / "client.py"), *arguments],
                          capture_output=True, text=True, check=False)  # fmt: skip


@pytest.fixture
def installed(tmp_path):
    """A folder with the client in it, for a door."""

    def put(door):
        folder = tmp_path / "tacho"
        folder.mkdir()
        work = tmp_path / "work"
        work.mkdir()
        (work / "toy.py").write_text("x = 1\r\n", newline="")
        (folder / "client.py").write_text(CLIENT.read_text())
        (folder / "seat.json").write_text(json.dumps(seat_at(door, work)))
        return folder

    return put


def test_the_client_needs_nothing_but_python(echo, installed):
    """It reads the editable files byte for byte, passes label and note, and prints JSON."""
    folder = installed(echo)
    asked = run_client(folder, "trial", "--label", "one pass", "--note=why not")
    assert json.loads(asked.stdout)["asked"] == {
        "verb": "trial", "label": "one pass", "note": "why not", "files": {"toy.py": "x = 1\r\n"},
    }  # fmt: skip


VERDICTS = {"kept": 0, "same": 1, "wrong": 1, "not-resolved": 3, "box-failed": 3}


def test_exit_codes_tell_a_shell_what_came_of_it(installed):
    """0 kept, 1 no, 2 wrong call, 3 could not tell."""
    answers = [{"verdict": verdict} for verdict in VERDICTS]
    answers.append({"error": {"kind": "usage", "message": "", "hint": ""}})
    answers.append({"error": {"kind": "budget", "message": "", "hint": ""}})
    with listening(lambda question: answers.pop(0)) as door:
        folder = installed(door)
        codes = [run_client(folder, "trial").returncode for _ in range(len(answers))]
        assert codes == [*VERDICTS.values(), 2, 3]
        for bad in (["keep"], ["share"], ["share", "x", "y"], ["trial", "--label"], ["show"], []):
            assert run_client(folder, *bad).returncode == 2, bad
    ended = run_client(folder, "status")
    assert ended.returncode == 3
    assert json.loads(ended.stdout)["error"]["kind"] == "world"


def test_the_client_says_which_file_it_cannot_read(echo, installed):
    """A folder, a missing file and bytes that are no text are the agent's own to mend."""
    folder = installed(echo)
    work = folder.parent / "work"
    (work / "toy.py").write_bytes(b"\xff\xfe")
    assert "toy.py" in json.loads(run_client(folder, "trial").stdout)["error"]["message"]
    (work / "toy.py").unlink()
    assert run_client(folder, "trial").returncode == 2
