"""Runs rewritten programs in the test's own process and compares them with what they were."""

from __future__ import annotations

import copy
import importlib
import itertools
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tachograph.loop.propose.recipes.observe import observe
from tachograph.loop.propose.recipes.workpiece import Variant, Workpiece

Find = Callable[[Workpiece], Iterator[Variant]]

_serial = itertools.count()


def call(files: Mapping[str, str], entry: str, inputs: Mapping[str, Any]) -> Any:
    """What the entry returns on a copy of the inputs, and the inputs as it leaves them."""
    given = copy.deepcopy(dict(inputs))
    module, _, name = entry.partition(":")
    with tempfile.TemporaryDirectory() as folder:
        for path, text in files.items():
            Path(folder, path).write_text(text)
        sys.path.insert(0, folder)
        importlib.invalidate_caches()
        loaded = {path.removesuffix(".py") for path in files}
        try:
            output = getattr(importlib.import_module(module), name)(**given)
        finally:
            sys.path.remove(folder)
            for path in loaded:
                sys.modules.pop(path, None)
    return output, given


def workpiece(source: str, inputs: Mapping[str, Any]) -> Workpiece:
    """The one-file program `main`, observed on these inputs."""
    name = f"program_{next(_serial)}"
    files = {f"{name}.py": source}
    entry = f"{name}:main"
    seen = observe(files, entry, lambda sent, start: call(sent, start, inputs)[0])
    return Workpiece(files, entry, seen)


def variants(find: Find, source: str, **inputs: Any) -> list[Variant]:
    return list(find(workpiece(source, inputs)))


def check(find: Find, source: str, *more: str, rtol: float = 1e-12, **inputs: Any) -> str:
    """Every variant of the program gives what the program gives; returns the last one's text.

    Fails where there is no variant, or where its text lacks one of `more`.
    """
    piece = workpiece(source, inputs)
    found = list(find(piece))
    assert found, "nothing was rewritten"
    before = call(piece.files, piece.entry, inputs)
    for variant in found:
        agree(before, call(variant.files, piece.entry, inputs), rtol, variant.label)
    text = "".join(found[-1].files.values())
    for part in more:
        assert part in text, text
    return text


def agree(one: Any, other: Any, rtol: float, where: str) -> None:
    """Fails where two outputs differ by more than rounding."""
    if isinstance(one, dict):
        assert list(one) == list(other), where
        for key in one:
            agree(one[key], other[key], rtol, where)
    elif isinstance(one, list | tuple):
        assert len(one) == len(other), where
        for left, right in zip(one, other, strict=True):
            agree(left, right, rtol, where)
    elif isinstance(one, str) or one is None:
        assert one == other, where
    else:
        np.testing.assert_allclose(other, one, rtol=rtol, atol=rtol, err_msg=where)
        assert np.shape(one) == np.shape(other), where
