"""The task weak-to-strong: its gap, its secrecy, and the configuration for a language model."""

from __future__ import annotations

import ast
import importlib.util
import re
import runpy
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tachograph.errors import TaskError
from tachograph.loop.score.interval import mean_interval
from tachograph.loop.score.rehearse import leaks
from tachograph.task import load
from tachograph.task.scorer import Refusal, Scorer
from tachograph.task.scoring import SPLITS

ROOT = Path(__file__).parents[2]
SOLUTIONS = Path(__file__).parent / "solutions" / "weak_to_strong"
REFERENCE = (ROOT / "docs/reference/weak-to-strong.md").read_text()
LANGUAGE_MODEL = ROOT / "examples/weak-to-strong-lm"

pytest.importorskip("sklearn", reason="the extra weak-to-strong is not installed")


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return Scorer(load("weak-to-strong"))


@pytest.fixture(scope="module")
def check() -> dict[str, Any]:
    """check.py's own names."""
    return runpy.run_path(str(load("weak-to-strong").check))


def module(text: str, name: str = "student_under_test") -> ModuleType:
    """A candidate's module, in this process: it is our own."""
    made = ModuleType(name)
    exec(compile(text, name, "exec"), made.__dict__)
    return made


@pytest.fixture(scope="module")
def seed() -> ModuleType:
    return module(load("weak-to-strong").seed.files["student.py"])


def test_floor_naive_and_ceiling_lie_apart(scorer: Scorer, seed: ModuleType) -> None:
    """With intervals over five draws."""
    rows = []
    for number in range(5):
        inputs, answer = scorer.draw_with_answer(np.random.default_rng(number), "fresh")
        low, high = scorer.bounds(inputs, answer)
        rows.append((low, scorer.score(seed.predict(**inputs), answer), high))
    floor, naive, ceiling = (mean_interval(column) for column in zip(*rows, strict=True))
    assert floor.high < naive.low
    assert naive.high < ceiling.low


def test_the_ceiling_is_the_seed_on_true_labels(scorer: Scorer, seed: ModuleType) -> None:
    """Two trainers, written apart, agree."""
    inputs, answer = scorer.draw_with_answer(np.random.default_rng(3), "visible")
    truth = np.eye(10)[answer["train"]]
    model = seed.train(inputs["inputs"], truth, np.random.default_rng(0))
    found = seed.probabilities(model, inputs["test"]).argmax(axis=1)
    assert scorer.score(found, answer) == scorer.bounds(inputs, answer)[1]


def test_no_image_is_in_two_splits(check: dict[str, Any]) -> None:
    """Tests of the three splits, and what is learnt from."""
    parts = [*check["TESTS"].values(), check["LEARNING"]]
    assert sum(map(len, parts)) == len(np.unique(np.concatenate(parts))) == 1797


def test_no_answer_is_among_the_inputs(scorer: Scorer) -> None:
    """And equal generators give equal draws, of different items in each split."""
    assert list(leaks(scorer)) == []


def test_what_is_given_is_what_the_goal_says(scorer: Scorer) -> None:
    """Names, shapes and types."""
    inputs = scorer.draw(np.random.default_rng(0))
    shapes = {name: (value.shape, str(value.dtype)) for name, value in inputs.items()}
    assert shapes == {
        "inputs": ((690, 32), "float64"), "weak": ((690, 10), "float64"),
        "test": ((300, 32), "float64"),
    }  # fmt: skip
    for name, (shape, _) in shapes.items():
        assert f"`{name}`, float64 {shape}" in load("weak-to-strong").goal


@pytest.mark.parametrize(
    "output",
    [None, 1.0, np.zeros(300), np.zeros(299, int), np.full(300, 10), np.zeros((300, 10), int),
     np.full(300, True), [0] * 300, {"score": 1.0}],
)  # fmt: skip
def test_what_is_no_answer_is_refused(scorer: Scorer, output: Any) -> None:
    """With a reason, and without a score."""
    _, answer = scorer.draw_with_answer(np.random.default_rng(0), "visible")
    assert isinstance(scorer.score(output, answer), Refusal)


@pytest.mark.parametrize("way", ["by_spread", "by_class_means"])
def test_knowing_the_data_set_gains_less_than_a_method(
    scorer: Scorer, check: dict[str, Any], way: str
) -> None:
    """All images and labels, against the secret turn: below label propagation on the same draw."""
    inputs, answer = scorer.draw_with_answer(np.random.default_rng(5), "fresh")
    turned_back = runpy.run_path(str(SOLUTIONS / "known.py"))[way]
    known = scorer.score(turned_back(check["IMAGES"], check["LABELS"], **inputs), answer)
    methods = runpy.run_path(str(SOLUTIONS / "methods.py"))
    text = load("weak-to-strong").seed.files["student.py"]
    patches = methods["METHODS"]["label propagation, test images too"]
    honest = module(methods["rewrite"](text, patches)).predict(**inputs)
    assert known < scorer.score(honest, answer) - 0.08


def test_every_method_can_be_made_of_the_seed() -> None:
    """The texts that they replace are there, and the reference names them all."""
    methods = runpy.run_path(str(SOLUTIONS / "methods.py"))
    text = load("weak-to-strong").seed.files["student.py"]
    for name, patches in methods["METHODS"].items():
        ast.parse(methods["rewrite"](text, patches))
        assert re.search(rf"^\| {name}", REFERENCE, re.M), name


def test_without_the_data_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather than failing in the middle."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(TaskError, match=r"pip install 'tachograph\[weak-to-strong\]'"):
        Scorer(load("weak-to-strong"))


# -- the configuration for a language model, which is not run here ---------------------------------


@pytest.fixture
def language_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scorer:
    """Its scorer, on made-up data, without its environment."""
    rng = np.random.default_rng(1)
    count, tests = 5000, 3600
    labels = rng.integers(2, size=count + tests)
    truth = labels[count:]
    np.savez(
        tmp_path / "prepared.npz", tokens=rng.integers(9, size=(count + tests, 16), dtype=np.int32),
        lengths=np.full(count + tests, 16, np.int32), labels=labels, weak=rng.random(count),
        weak_test=np.where(rng.random(tests) < 0.7, truth, 1 - truth) * 0.8,
        strong_test=np.where(rng.random(tests) < 0.9, truth, 1 - truth) * 0.8,
    )  # fmt: skip
    monkeypatch.setenv("WEAK_TO_STRONG_DATA", str(tmp_path / "prepared.npz"))
    folder = tmp_path / "task"
    folder.mkdir()
    for name in ("goal.md", "check.py", "student.py"):
        (folder / name).write_text((LANGUAGE_MODEL / name).read_text())
    toml = (LANGUAGE_MODEL / "task.toml").read_text()
    (folder / "task.toml").write_text(toml.replace('python = ".venv/bin/python"\n', ""))
    return Scorer(load(folder))


def test_the_language_models_scorer_works_on_made_up_data(language_model: Scorer) -> None:
    """Splits apart, nothing leaks, floor below ceiling."""
    assert list(leaks(language_model)) == []
    inputs, answer = language_model.draw_with_answer(np.random.default_rng(1), "sealed")
    assert inputs["tokens"].shape == (4000, 16)
    low, high = language_model.bounds(inputs, answer)
    assert (low, high) == (pytest.approx(0.7, abs=0.05), pytest.approx(0.9, abs=0.05))
    assert language_model.score(answer["labels"], answer) == 1.0
    assert isinstance(language_model.score(answer["labels"][:5], answer), Refusal)


def test_the_language_models_splits_are_apart(language_model: Scorer) -> None:
    """No text is tested in two of them."""
    drawn = [
        {row.tobytes() for row in
         language_model.draw_with_answer(np.random.default_rng(1), split)[0]["test_tokens"]}
        for split in SPLITS
    ]  # fmt: skip
    assert not (drawn[0] & drawn[1] or drawn[1] & drawn[2] or drawn[0] & drawn[2])


@pytest.mark.parametrize("name", ["student.py", "prepare.py"])
def test_the_language_models_code_parses_and_is_said_not_to_be_run(name: str) -> None:
    """It is code, and nobody claims a figure of it."""
    ast.parse((LANGUAGE_MODEL / name).read_text())
    assert "**Not run here.**" in (LANGUAGE_MODEL / "README.md").read_text()
    assert "**It was not run here**" in REFERENCE
