"""Writes a small working task into a new folder, to be changed into one's own.

Proven by tests/task/test_task_new.py: what is written loads, and its seed passes its check.
"""

from __future__ import annotations

import re
from pathlib import Path

from tachograph.errors import UsageError

TASK_TOML = """\
name = "{name}"
goal = "goal.md"
source = "seed"
editable = ["smooth.py"]
entry = "smooth:smooth"
libraries = ["numpy", "numba"]
"""

GOAL = """\
Make `smooth(values, width)` in `smooth.py` as fast as possible, with the same results.

`values` is a float64 array of 20,000 numbers, `width` a whole number from 20 to 40. The function
returns an array as long as `values`: the mean of each value and the `width - 1` values before it,
fewer at the start. NumPy and numba are there; one thread.
"""

SEED = '''\
"""A moving mean, to be made fast."""

import numpy as np


def smooth(values, width):
    means = []
    for i in range(len(values)):
        window = values[max(0, i - width + 1) : i + 1]
        means.append(sum(window) / len(window))
    return np.array(means)
'''

CHECK = '''\
"""The trusted check: it never enters a box. Only `draw` is needed."""


def draw(rng):
    """Fresh keyword arguments for one call, from a numpy.random.Generator."""
    return {"values": rng.normal(size=20_000), "width": int(rng.integers(20, 41))}


# def expected(inputs):
#     """The right output. Without it, the seed's own output on these inputs is the right one."""

# def compare(inputs, output, expected):
#     """None, or the reason for a refusal. Without it: same kinds, same shapes, same values up to
#     rounding ([compare] rtol and atol in task.toml)."""
'''


def new(folder: Path) -> None:
    """Write a task that works as it is. Raises UsageError where `folder` holds anything already."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there already", hint="give the path of a new folder")
    seed = folder / "seed"
    try:
        seed.mkdir(parents=True, exist_ok=True)
        (folder / "task.toml").write_text(TASK_TOML.format(name=_name(folder)))
        (folder / "goal.md").write_text(GOAL)
        (folder / "check.py").write_text(CHECK)
        (seed / "smooth.py").write_text(SEED)
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be written: {error.strerror}", hint="give a path that can be"
        ) from error


def _name(folder: Path) -> str:
    """The folder's name as a task name; `my-task` where nothing of it is left."""
    plain = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-")
    return plain[:63].strip("-") or "my-task"
