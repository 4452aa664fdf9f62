"""A small scored task: find the threshold. The nearer a candidate's is to 0, the better."""

from __future__ import annotations

from pathlib import Path

from tachograph.task import Candidate, Task, load

CHECK = '''
import os
import numpy as np


def draw(rng, split):
    """Points, and on which side of 0 they lie; `late` once a file of that name is there."""
    points = rng.normal(size=400)
    late = os.path.exists(os.path.join(os.path.dirname(__file__), "late"))
    return {"points": points, "split_is_told": False, "late": late}, points > 0


def score(output, answer):
    if not isinstance(output, np.ndarray) or output.dtype != bool or output.shape != answer.shape:
        return "not 400 truth values"
    return float((output == answer).mean())
'''
TASK = """
name = "threshold"
goal = "Say which points lie above the hidden threshold."
editable = ["toy.py"]
entry = "toy:guess"
libraries = ["numpy"]
[limits]
wall_seconds = 2
memory_mib = 512
[metric]
kind = "score"
draws = 4
sealed_draws = 4
margin = 0.01
floor = 0.5
ceiling = 1.0
{more}
"""
GUESS = """
def guess(points, split_is_told, late):
    return points > {threshold}
"""


def guess(threshold: float | str) -> Candidate:
    """A candidate that guesses this threshold, which may be an expression."""
    return Candidate({"toy.py": GUESS.format(threshold=threshold)})


def raw(body: str) -> Candidate:
    """A candidate whose function has this body."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return Candidate({"toy.py": f"def guess(points, split_is_told, late):\n{lines}"})


SEED = guess(1.0)
BETTER = guess(0.4)
BEST = guess(0.0)
WORSE = guess(3.0)
EQUAL = guess("1.0  # the same again")


def make_task(folder: Path, *, more: str = "", seed: Candidate = SEED, check: str = CHECK) -> Task:
    """The task in a new folder; `more` lines of its [metric]."""
    folder.mkdir(parents=True)
    (folder / "task.toml").write_text(TASK.format(more=more))
    (folder / "check.py").write_text(check)
    (folder / "toy.py").write_text(seed.files["toy.py"])
    return load(folder)
