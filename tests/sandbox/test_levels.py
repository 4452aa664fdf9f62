"""The best level is chosen aloud, and one that cannot be had says why and how to get it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from box_tools import output

from tachograph.errors import BoxError
from tachograph.sandbox import Box
from tachograph.sandbox.levels import HERE, LevelError, cure
from tachograph.sandbox.spare import SpareUid, uids_in_use
from tachograph.sandbox.watch import ENTRIES, scratch_use

WITHOUT_ADMIN = """
    import ctypes, os, sys
    if sys.argv[1:] != ["again"]:
        for number in range(9, 64):
            ctypes.CDLL(None).prctl(24, number, 0, 0, 0)
        os.execv(sys.executable, [sys.executable, __file__, "again"])
    from pathlib import Path
    from tachograph.sandbox import Box
    box, given_up = Box.open_best(python=Path("/usr/bin/python3"))
    box.close()
    print(box.level, *given_up, sep="\\n")
"""


def test_the_best_level_is_a_where_it_can_be_had() -> None:
    """Nothing is given up then."""
    try:
        Box.open(level="A").close()
    except LevelError as error:
        pytest.skip(error.message)
    box, given_up = Box.open_best()
    with box:
        assert (box.level, given_up) == ("A", [])


def test_giving_up_a_level_is_said(tmp_path: Path) -> None:
    """Without the right to make namespaces B is taken, with a sentence about A and its cure."""
    if os.getuid() != 0 or not Path("/usr/bin/python3").exists():
        pytest.skip("only root can lose rights, and B as root needs a public Python")
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(WITHOUT_ADMIN))
    ended = subprocess.run([sys.executable, str(script)], capture_output=True, text=True,
                           check=True)  # fmt: skip
    level, sentence = ended.stdout.strip().split("\n")
    assert level == "B"
    assert "level A is not available: unshare" in sentence
    assert "to get A:" in sentence


def test_an_explicit_level_is_never_lowered() -> None:
    """It is had or refused."""
    if "C" in HERE:
        pytest.skip("it may be had here")
    with pytest.raises(BoxError, match="level C is not available") as caught:
        Box.open_best("C")
    assert caught.value.hint == "to get C: use a Mac"


def test_level_d_works_when_asked_for() -> None:
    """And only then."""
    box, given_up = Box.open_best("D")
    with box:
        assert (box.level, given_up) == ("D", [])
        assert output(box, "def f(): return 1") == 1


def test_a_library_that_is_missing_is_no_reason_to_lower_the_level() -> None:
    """It would be missing at every level."""
    with pytest.raises(BoxError, match="cannot import a library") as caught:
        Box.open_best(libraries=["no_such_library"])
    assert not isinstance(caught.value, LevelError)


@pytest.mark.parametrize("python", ["/nowhere/python", "/bin/true"])
def test_what_is_no_interpreter_is_named(python: str) -> None:
    """The path stands in the message."""
    with pytest.raises(BoxError, match=python):
        Box.open(level="D", python=Path(python))


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [("kernel/apparmor_restrict_unprivileged_userns", "1", "userns=0"),
     ("kernel/unprivileged_userns_clone", "0", "clone=1"),
     ("user/max_user_namespaces", "0", "namespaces=10000")],
)  # fmt: skip
def test_the_cure_names_the_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: str
) -> None:
    """An ordinary user is told which setting keeps namespaces from them."""
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    (tmp_path / name).parent.mkdir()
    (tmp_path / name).write_text(value + "\n")
    assert expected in cure("A", "unshare: Operation not permitted", tmp_path)


def test_a_descriptor_number_of_any_size_serves() -> None:
    """A judge may hold many files open."""
    held = [socket.socket() for _ in range(20)]
    with Box.open(level="D") as box:
        assert output(box, "def f(): return 1") == 1
    for each in held:
        each.close()


def test_two_spare_uids_are_never_the_same() -> None:
    """Nor one that an account or a process has."""
    first, second = SpareUid(), SpareUid()
    assert first.uid != second.uid
    assert not {first.uid, second.uid} & uids_in_use()
    first.close()
    second.close()


def test_scratch_is_counted_up_to_a_bound(tmp_path: Path) -> None:
    """Entries and blocks, links not followed, and not without end."""
    (tmp_path / "file").write_bytes(b"x" * (1 << 20))
    (tmp_path / "link").symlink_to("/usr")
    entries, mib = scratch_use(tmp_path)
    assert entries == 2
    assert 1.0 <= mib < 1.5
    for number in range(ENTRIES + 10):
        (tmp_path / str(number)).symlink_to("x")
    assert scratch_use(tmp_path)[0] == ENTRIES + 1
