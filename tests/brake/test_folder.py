"""A stranger's folder: nothing outside it is read, nothing in it hangs or fills the reader."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from tachograph.brake.bundle.folder import Folder, Limits
from tachograph.errors import FormatError, NotFoundError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a file, and a secret beside it."""
    (tmp_path / "in/below").mkdir(parents=True)
    (tmp_path / "in/below/file").write_text("inside")
    (tmp_path / "secret").write_text("outside")
    return tmp_path / "in"


def test_a_file_is_read_and_a_missing_one_is_named(folder: Path):
    """The plain case."""
    assert Folder(folder).read("below/file") == b"inside"
    assert Folder(folder).names("below") == ["file"]
    assert Folder(folder).names("nowhere") == []
    with pytest.raises(NotFoundError, match="below/other is missing"):
        Folder(folder).read("below/other")
    with pytest.raises(NotFoundError, match="is not a folder"):
        Folder(folder / "below/file")


@pytest.mark.parametrize(
    "name", ["../secret", "below/../../secret", "/etc/passwd", "", "./below/file", "below//file"]
)
def test_no_name_leads_outside(folder: Path, name: str):
    """Names are inside, step by step."""
    with pytest.raises(FormatError, match="not a name inside"):
        Folder(folder).read(name)


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000, "\ud800"])
def test_what_cannot_be_a_name_is_refused(folder: Path, name: str):
    """No foreign error for a name that no file can have."""
    with pytest.raises(FormatError):
        Folder(folder).read(name)
    assert not Folder(folder).has(name)


def test_links_are_not_followed(folder: Path):
    """Neither a link to a file nor a path through a linked folder, even one that stays inside."""
    (folder / "link").symlink_to(folder.parent / "secret")
    (folder / "dir").symlink_to(folder / "below")
    for name in ("link", "dir/file"):
        with pytest.raises(FormatError, match=r"link|no file") as caught:
            Folder(folder).read(name)
        assert "outside" not in caught.value.message
        assert not Folder(folder).has(name)
    with pytest.raises(FormatError):
        Folder(folder).names("dir")


def test_pipes_sockets_devices_and_folders_are_no_files(folder: Path):
    """A pipe without a writer would hang whoever opens it in the usual way."""
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(folder / "socket"))
        for name in ("pipe", "socket", "below"):
            with pytest.raises(FormatError):
                Folder(folder).read(name)


def test_giants_are_refused_without_being_read(folder: Path):
    """A sparse terabyte costs a look at its length."""
    with (folder / "giant").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(FormatError, match="1099511627776 bytes long"):
        Folder(folder).read("giant")


def test_sums_and_numbers_have_limits(folder: Path):
    """Many small files are a giant too."""
    small = Folder(folder, Limits(total_bytes=10, names=3))
    assert small.read("below/file") == b"inside"
    with pytest.raises(FormatError, match="more than 10 bytes together"):
        small.read("below/file")
    for number in range(4):
        (folder / f"below/{number}").touch()
    with pytest.raises(FormatError, match="more than 3 names"):
        small.names("below")


def test_names_that_cannot_be_printed_are_refused(folder: Path):
    """They would be printed later, by whoever lists what failed."""
    (folder / "below/\x1b[2J").touch()
    with pytest.raises(FormatError, match="cannot be printed"):
        Folder(folder).names("below")
