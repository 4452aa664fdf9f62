"""The first box is opened beside the imports, and nobody forgets it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from loop_toys import make_task

from tachograph.errors import BoxError, UsageError
from tachograph.loop.bench import open_bench
from tachograph.loop.opening import Opening
from tachograph.sandbox.inside import leftovers
from tachograph.task import Task


@pytest.fixture
def task(tmp_path: Path) -> Task:
    """The toy task."""
    return make_task(tmp_path / "task")


def test_the_bench_takes_the_box_that_was_begun(task: Task) -> None:
    """Its first one; it closes it, too."""
    before = set(leftovers.descendants())
    with Opening(task, "D") as opening:
        with open_bench(task, level="D", opening=opening) as bench:
            assert bench.examiner.box.level == "D"
            assert bench.examiner.box.process is not None
        assert set(leftovers.descendants()) <= before
    assert opening.found is None


def test_a_box_that_nobody_took_is_closed(task: Task) -> None:
    """Whatever ended the block."""
    before = set(leftovers.descendants())
    with pytest.raises(UsageError), Opening(task, "D"):
        raise UsageError("a wrong call")
    assert set(leftovers.descendants()) <= before


def test_what_opening_raises_comes_where_it_is_taken(task: Task) -> None:
    """And taking it twice is refused."""
    broken = replace(task, libraries=("no_such_library_of_any_kind",))
    with Opening(broken, "D") as opening, pytest.raises(BoxError, match="cannot import a library"):
        opening.take()
    with Opening(task, "D") as opening:
        opening.take()[0].close()
        with pytest.raises(BoxError):
            opening.take()


def test_it_needs_nothing_of_the_loop() -> None:
    """What it imports, a start waits for."""
    code = "import sys, tachograph.loop.opening\nprint(*sys.modules, sep='\\n')"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                           check=True, env=dict(os.environ))  # fmt: skip
    loaded = ended.stdout.split()
    assert "tachograph.loop.opening" in loaded
    assert not [name for name in loaded if name.startswith(("scipy", "libcst", "numba"))]
    ours = {name for name in loaded if name.startswith("tachograph.")}
    assert not {name for name in ours if name.startswith(("tachograph.ledger", "tachograph.brake"))}
