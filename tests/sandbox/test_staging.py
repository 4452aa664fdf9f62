"""The folder that a box stands on: locked while its owner lives, removed by whoever comes next."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tachograph.sandbox.staging import MEMORY, PREFIX, Staging, lock, place, remove_stale

OWNER = """
import sys
from pathlib import Path
from tachograph.sandbox.staging import Staging
ground = Staging(Path(sys.argv[1]))
(ground.path / "left").mkdir()
print(ground.path, flush=True)
sys.stdin.read()
"""


def test_a_folder_is_fresh_and_removed_at_the_end(tmp_path):
    """With all that lies in it."""
    ground = Staging(tmp_path)
    assert ground.path.parent == tmp_path
    assert not list(ground.path.iterdir())
    (ground.path / "work").mkdir()
    (ground.path / "work" / "file").write_text("x")
    ground.close()
    ground.close()
    assert not list(tmp_path.iterdir())


def test_a_living_owner_keeps_its_folder_and_a_dead_one_does_not(tmp_path):
    """Another process's folder stays until that process ends, however it ends."""
    owner = subprocess.Popen([sys.executable, "-c", OWNER, str(tmp_path)], text=True,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
    with owner:
        assert owner.stdout is not None
        path = Path(owner.stdout.readline().strip())
        mine = Staging(tmp_path)
        assert (path / "left").is_dir()
        owner.kill()
    next_one = Staging(tmp_path)
    assert not path.exists()
    assert mine.path.exists()
    mine.close()
    next_one.close()
    assert not list(tmp_path.iterdir())


def test_only_folders_of_boxes_are_removed(tmp_path):
    """What bears another name, or is no folder, stays."""
    (tmp_path / "other").mkdir()
    (tmp_path / (PREFIX + "file")).write_text("x")
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / (PREFIX + "link")).symlink_to(outside)
    (tmp_path / (PREFIX + "stale")).mkdir()
    remove_stale(tmp_path)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"other", PREFIX + "file", "outside", PREFIX + "link"}


def test_a_held_folder_cannot_be_held_twice(tmp_path):
    """Neither in this process nor in another."""
    ground = Staging(tmp_path)
    assert lock(ground.path) is None
    ground.close()
    assert lock(ground.path) is None, "a folder that is gone"


def test_a_set_tmpdir_is_obeyed(monkeypatch, tmp_path):
    """Memory is only the default."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    assert place() == tmp_path
    monkeypatch.delenv("TMPDIR")
    usable = os.access(MEMORY, os.W_OK) and not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC
    assert (place() == MEMORY) == usable
