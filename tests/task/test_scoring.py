"""[metric] of a scored task, and its check.py."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from tachograph.errors import TaskError
from tachograph.task import load
from tachograph.task.scorer import Refusal, Scorer
from tachograph.task.scoring import Scoring

Write = Callable[..., Path]
REFERENCE = (Path(__file__).parents[2] / "docs/reference/task-toml.md").read_text()
METRIC_KEYS = REFERENCE.split("## [metric] of a scored task")[1].split("##")[0]

METRIC = '\n[metric]\nkind = "score"\n'
CHECK = """
def draw(rng, split):
    return {"x": rng.random(3)}, split


def score(output, answer):
    return output
"""


def scored(write: Write, more: str = "", check: str = CHECK) -> Path:
    """The folder of a scored task."""
    folder = write()
    toml = (folder / "task.toml").read_text() + METRIC + more
    return write(toml, check__py=check)


def test_defaults_are_those_of_the_reference(write: Write) -> None:
    """Every key has a row, with the default of the code."""
    assert load(scored(write)).scoring == Scoring()
    for field in fields(Scoring):
        (row,) = re.findall(rf"^\| .*`{field.name}`[^|]* \| ([^|]*) \|", METRIC_KEYS, re.M)
        shown = f'`"{field.default}"`' if isinstance(field.default, str) else str(field.default)
        assert row.strip() == ("none" if field.default is None else shown)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("draws = 2", "metric.draws: 2 draws"),
        ("sealed_draws = 1", "metric.sealed_draws: 1 draws"),
        ("margin = 0", "metric.margin"),
        ("floor = 0.5", "metric.floor: floor and ceiling go together"),
        ("floor = 0.5\nceiling = 0.5", "metric.ceiling: no better than the floor"),
        ("floor = 0.5\nceiling = 'high'", "metric.ceiling: not a finite number"),
        ('direction = "lower"\nfloor = 0.1\nceiling = 0.5', "metric.ceiling: no better"),
        ("query_budget = 10", "metric.query_budget: not enough for one trial"),
        ('direction = "up"', "metric.direction: not known"),
        ("seeds = 5", "metric.seeds: unknown key"),
    ],
)
def test_faults_are_named(write: Write, line: str, message: str) -> None:
    """File, key and next step."""
    with pytest.raises(TaskError, match=re.escape(message)):
        load(scored(write, line + "\n"))


def test_keys_of_scored_tasks_are_unknown_elsewhere(write: Write) -> None:
    """A timed task with a floor is a mistake."""
    folder = write()
    toml = (folder / "task.toml").read_text() + "\n[metric]\nfloor = 0.5\n"
    with pytest.raises(TaskError, match=r"metric\.floor: unknown key"):
        load(write(toml))


@pytest.mark.parametrize("name", ["draw", "score"])
def test_both_functions_are_needed(write: Write, name: str) -> None:
    """It is said before anything runs, with the form that it must have."""
    with pytest.raises(TaskError, match=rf"no function {name}\("):
        load(scored(write, check=CHECK.replace(f"def {name}(", "def other(")))


def scorer(write: Write, check: str = CHECK, more: str = "") -> Scorer:
    return Scorer(load(scored(write, more, check)))


def test_inputs_and_answer_are_kept_apart(write: Write) -> None:
    """As a check for proposers' examples it gives the visible inputs alone."""
    found = scorer(write)
    inputs, answer = found.draw_with_answer(np.random.default_rng(1), "sealed")
    assert answer == "sealed"
    assert inputs["x"].tolist() == found.draw(np.random.default_rng(1))["x"].tolist()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), np.float64("-inf")])
def test_what_is_not_finite_is_no_score(write: Write, value: float) -> None:
    """A refusal, not a number."""
    assert isinstance(scorer(write).score(value, None), Refusal)


def test_a_text_is_a_refusal(write: Write) -> None:
    """The reason is the author's."""
    assert scorer(write).score("wrong shape", None) == Refusal("wrong shape")


@pytest.mark.parametrize("value", [True, None, [1.0], "", 1j])
def test_all_else_is_the_authors_mistake(write: Write, value: object) -> None:
    """A truth value is not taken for 1."""
    with pytest.raises(TaskError, match="score: returned"):
        scorer(write).score(value, None)


@pytest.mark.parametrize("returned", ['{"x": 1}', '({"x": 1}, 2, 3)', '[{"x": 1}, 2]'])
def test_a_draw_is_a_pair(write: Write, returned: str) -> None:
    """Else the answer might go where the inputs go."""
    check = CHECK.replace('{"x": rng.random(3)}, split', returned)
    with pytest.raises(TaskError, match="no pair of inputs and answer"):
        scorer(write, check).draw_with_answer(np.random.default_rng(1), "visible")


def test_bounds_are_measured_on_the_draw_or_stated(write: Write) -> None:
    """check.py goes before task.toml; without either there are none."""
    bounds = "def floor(inputs, answer):\n    return 0.1\n" \
             "def ceiling(inputs, answer):\n    return 0.9\n"  # fmt: skip
    stated = "floor = 0.2\nceiling = 0.8\n"
    assert scorer(write, CHECK + bounds, stated).bounds({}, None) == (0.1, 0.9)
    assert scorer(write, more=stated).bounds({}, None) == (0.2, 0.8)
    assert not scorer(write).knows_bounds


def test_a_floor_needs_a_ceiling(write: Write) -> None:
    """Half a gap is none."""
    with pytest.raises(TaskError, match="floor and ceiling go together"):
        scorer(write, CHECK + "def floor(inputs, answer):\n    return 0.1\n")
