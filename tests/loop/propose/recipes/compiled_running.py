"""Runs programs in this process, for tests only: a stand-in for the box."""

from __future__ import annotations

import copy
import importlib
import random
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from compiled_samples import Sample

from tachograph.loop.propose.protocol import Attempt, Brief, ExecuteError
from tachograph.loop.propose.recipes.observe import Observation, observe
from tachograph.loop.propose.recipes.workpiece import Workpiece
from tachograph.sandbox.limits import Limits
from tachograph.task.candidate import Candidate
from tachograph.task.task import Task


def run(files: Mapping[str, str], entry: str, inputs: Mapping[str, Any]) -> Any:
    """Import the entry's module afresh and call it on a copy of the inputs."""
    module, _, function = entry.partition(":")
    names = {Path(path).stem for path in files}
    with tempfile.TemporaryDirectory() as folder:
        for path, text in files.items():
            Path(folder, path).write_text(text)
        sys.path.insert(0, folder)
        try:
            for name in names:
                sys.modules.pop(name, None)
            importlib.invalidate_caches()
            loaded = importlib.import_module(module)
            return getattr(loaded, function)(**copy.deepcopy(dict(inputs)))
        finally:
            sys.path.remove(folder)
            for name in names:
                sys.modules.pop(name, None)


def observed(sample: Sample, random_seed: int = 0) -> Observation:
    """The sample, watched on inputs of this seed."""
    inputs = sample.draw(np.random.default_rng(random_seed))
    return observe(sample.files, sample.entry, lambda f, e: run(f, e, inputs))


def workpiece(sample: Sample) -> Workpiece:
    return Workpiece(sample.files, sample.entry, observed(sample))


def make_task(sample: Sample) -> Task:
    return Task(
        name=sample.name, folder=Path("/"), goal="faster", seed=Candidate(sample.files), fixed={},
        entry=sample.entry, build=(), run=(), python=None, libraries=("numpy",), limits=Limits(),
        source_kib=64, rtol=1e-6, atol=1e-9, metric="time", hidden=(), scoring=None,
        check=Path("/check.py"), check_source="",
    )  # fmt: skip


def brief_for(
    sample: Sample,
    parent: Candidate | None = None,
    history: Sequence[Attempt] = (),
    random_seed: int = 0,
) -> Brief:
    """A brief as the loop makes it."""
    parent = parent or Candidate(sample.files)
    tried = frozenset({Candidate(sample.files).id, *(a.candidate for a in history)})
    rng = random.Random(random_seed)
    return Brief(make_task(sample), parent, tuple(history), tried, rng)


class PlainDesk:
    """A desk in this process that can only execute, on the sample's first inputs."""

    def __init__(self, sample: Sample) -> None:
        self.inputs = sample.draw(np.random.default_rng(0))

    def execute(self, files: Mapping[str, str], entry: str) -> Any:
        try:
            return run(files, entry, self.inputs)
        except Exception as error:
            raise ExecuteError(str(error)) from error


def assert_equal(one: Any, other: Any, tolerance: float = 1e-9) -> None:
    """Same structure, kinds of number, shapes, and values up to the relative tolerance."""
    if isinstance(one, dict):
        assert list(one) == list(other)
        for key in one:
            assert_equal(one[key], other[key], tolerance)
    elif isinstance(one, list | tuple):
        assert type(one) is type(other)
        assert len(one) == len(other)
        for left, right in zip(one, other, strict=True):
            assert_equal(left, right, tolerance)
    elif isinstance(one, np.ndarray | np.generic | float | int):
        left, right = np.asarray(one), np.asarray(other)
        assert left.dtype == right.dtype
        assert left.shape == right.shape
        np.testing.assert_allclose(right, left, rtol=tolerance, atol=tolerance)
    else:
        assert one == other
