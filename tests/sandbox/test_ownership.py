"""Giving a tree to another owner follows no link and leads nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tachograph.sandbox import ownership

STRANGE = 60_705


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with a file, a folder, links and a tree that is too deep."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("x")
    made = tmp_path / "tree"
    (made / "folder").mkdir(parents=True)
    (made / "folder" / "file").write_text("x")
    (made / "link").symlink_to(outside / "file")
    (made / "folder-link").symlink_to(outside)
    (made / "dangling").symlink_to("nowhere")
    made.joinpath(*("d" * (ownership.MOST_DEEP + 10))).mkdir(parents=True)
    return made


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give anything away")
def test_all_below_changes_hands_and_nothing_beside(tree: Path) -> None:
    """And back again."""
    mine = ownership.of(tree)
    ownership.give(tree, STRANGE, STRANGE)
    for path in (tree, tree / "folder", tree / "folder" / "file", tree / "link"):
        assert path.lstat().st_uid == STRANGE
    for path in (tree.parent / "outside", tree.parent / "outside" / "file"):
        assert path.lstat().st_uid == os.getuid()
    deep = tree.joinpath(*("d" * ownership.MOST_DEEP))
    assert deep.stat().st_uid == STRANGE
    assert (deep / "d" / "d").stat().st_uid == os.getuid()
    ownership.give(tree, *mine)
    assert ownership.of(tree / "folder" / "file") == mine


def test_giving_to_oneself_is_nothing(tree: Path) -> None:
    """So an ordinary judge needs no right to change owners."""
    before = tree.stat().st_ctime_ns
    ownership.give(tree, os.getuid(), -1)
    assert tree.stat().st_ctime_ns == before
