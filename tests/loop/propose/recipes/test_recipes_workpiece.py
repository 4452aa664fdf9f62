"""What recipes work on, and variants that are written when they are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from compiled_running import PlainDesk, brief_for
from compiled_samples import MANDELBROT

from tachograph.loop.propose.recipes import Recipes, proposer
from tachograph.loop.propose.recipes.observe import Observation
from tachograph.loop.propose.recipes.workpiece import LateFiles, Variant, Workpiece
from tachograph.task.candidate import Candidate


def test_files_are_written_once_and_when_they_are_read() -> None:
    """They are as any other mapping then."""
    written = []

    def write() -> Mapping[str, str]:
        written.append(1)
        return {"a.py": "x = 1\n"}

    late = LateFiles(write)
    assert not written
    assert (late["a.py"], list(late), len(late)) == ("x = 1\n", ["a.py"], 1)
    assert late == {"a.py": "x = 1\n"} and Candidate(late) == Candidate({"a.py": "x = 1\n"})
    assert written == [1]


def test_sources_that_do_not_parse_are_passed_over() -> None:
    """The others are worked on."""
    piece = Workpiece({"good.py": "def f(): return 1\n", "bad.py": "def f(:\n"}, "good:f",
                      Observation(), 1)  # fmt: skip
    assert [function.path for function in piece.functions] == ["good.py"]
    assert piece.entry_function is not None and piece.entry_function.name == "f"


def test_a_variant_that_cannot_be_written_gives_way_to_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As a recipe that runs into a fault does."""

    def fail() -> Mapping[str, str]:
        raise ValueError("no")

    good = Variant("hoist/f@1", "", {"mandelbrot.py": "y = 1\n"})
    broken = replace(good, label="hoist/f@0", files=LateFiles(fail))
    monkeypatch.setattr(proposer, "ranked", lambda offers, brief: iter([broken, good]))
    brief = brief_for(MANDELBROT, Candidate(MANDELBROT.files), [])
    found = Recipes().propose(brief, PlainDesk(MANDELBROT))
    assert found is not None and found.label == good.label
