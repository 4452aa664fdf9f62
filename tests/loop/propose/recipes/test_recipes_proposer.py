"""The proposer: one new candidate at a time, in the order that the run's history suggests."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from compiled_running import PlainDesk, assert_equal, brief_for, run
from compiled_samples import MANDELBROT, MATRIX_VECTOR, SAMPLES, WORDS, Sample
from hypothesis import given, settings
from hypothesis import strategies as st

from tachograph.loop.propose.protocol import Attempt, Proposal
from tachograph.loop.propose.recipes import CATALOGUE, Recipe, Recipes
from tachograph.loop.propose.recipes.choose import expected_gains, promise, ranked, settled_labels
from tachograph.loop.propose.recipes.observe import Observation
from tachograph.loop.propose.recipes.offers import Offers
from tachograph.loop.propose.recipes.workpiece import Variant, Workpiece, compiles
from tachograph.task.candidate import Candidate


def proposed(
    sample: Sample, parent: Candidate | None = None, history: Sequence[Attempt] = ()
) -> Proposal | None:
    return Recipes().propose(brief_for(sample, parent, history), PlainDesk(sample))


def attempt(proposal: Proposal, parent: str, verdict: str, ratio: float | None = None) -> Attempt:
    return Attempt(proposal.candidate.id, (parent,), "recipes", proposal.label, verdict, ratio)


def test_the_first_proposal_is_new_and_compiles() -> None:
    """A candidate other than the parent, with a label and a note."""
    made = proposed(MANDELBROT)
    assert made is not None
    assert made.candidate.id != Candidate(MANDELBROT.files).id
    assert compiles(made.candidate.files)
    assert "/" in made.label
    assert made.note


def test_the_same_brief_gives_the_same_proposal() -> None:
    """Whoever asks, with whatever asked before."""
    first, again = proposed(WORDS), proposed(WORDS)
    assert first == again


def test_kept_candidates_compose() -> None:
    """Each step builds on the one before, and the results stay what they were."""
    parent, history = Candidate(MATRIX_VECTOR.files), []
    for _ in range(3):
        made = proposed(MATRIX_VECTOR, parent, history)
        if made is None:
            break
        history.append(attempt(made, parent.id, "kept", 1.5))
        parent = made.candidate
    assert len(history) >= 2
    inputs = MATRIX_VECTOR.draw(np.random.default_rng(9))
    before = run(MATRIX_VECTOR.files, MATRIX_VECTOR.entry, inputs)
    assert_equal(before, run(parent.files, MATRIX_VECTOR.entry, inputs), 1e-4)


def test_every_rewrite_is_proposed_once_and_then_none() -> None:
    """On one parent the proposals differ, and they end."""
    history: list[Attempt] = []
    parent = Candidate(WORDS.files)
    recipes = Recipes()
    for _ in range(100):
        made = recipes.propose(brief_for(WORDS, parent, history), PlainDesk(WORDS))
        if made is None:
            break
        assert made.candidate.id not in {each.candidate for each in history}
        history.append(attempt(made, parent.id, "slower", 0.9))
    else:
        pytest.fail("no end of proposals")
    assert len({each.label for each in history}) == len(history)


def test_what_failed_on_an_ancestor_is_not_tried_on_its_child() -> None:
    """Labels name the code, so the same label is the same rewrite."""
    seed = Candidate(MANDELBROT.files)
    child = Candidate({"mandelbrot.py": MANDELBROT.text + "\nUNUSED = 1\n"})
    first = proposed(MANDELBROT)
    assert first is not None
    on_child = proposed(MANDELBROT, child)
    assert on_child is not None
    assert on_child.label == first.label
    history = [
        attempt(first, seed.id, "failed"),
        Attempt(child.id, (seed.id,), "hand", "by hand", "kept", 1.1),
    ]
    later = proposed(MANDELBROT, child, history)
    assert later is None or later.label != first.label


def test_a_broken_box_settles_nothing() -> None:
    """A rewrite whose box broke may be tried again."""
    seed = Candidate(MANDELBROT.files)
    first = proposed(MANDELBROT)
    assert first is not None
    broken = brief_for(MANDELBROT, seed, [attempt(first, seed.id, "box-failed")])
    wrong = brief_for(MANDELBROT, seed, [attempt(first, seed.id, "wrong")])
    assert settled_labels(broken) == set()
    assert settled_labels(wrong) == {first.label}


def test_recipes_that_gained_come_first() -> None:
    """What a recipe gained in this run moves it, failures count as nothing gained."""
    none = expected_gains([])
    assert none == {recipe.name: recipe.prior for recipe in CATALOGUE}
    gained = Attempt("c-1", (), "recipes", "hoist/f@1", "kept", 3.0)
    failed = Attempt("c-2", (), "recipes", "specialise/f/fixed@1", "failed", None)
    other = Attempt("c-3", (), "model", "hoist/g@2", "kept", 99.0)
    after = expected_gains([gained, failed, other])
    assert after["hoist"] > none["hoist"]
    assert after["specialise"] < none["specialise"]
    assert after["numba"] == none["numba"]


class Still(random.Random):
    """No jitter."""

    def uniform(self, low: float, high: float) -> float:
        return (low + high) / 2


@pytest.mark.parametrize("seed", range(10))
def test_a_recipe_is_asked_once_it_could_be_the_best(seed: int) -> None:
    """The order is that of the promises, as if all had been asked; the first needs few."""
    shares = random.Random(seed)
    offered = {
        recipe.name: [
            Variant(f"{recipe.name}/f{n}@0", "", {}, shares.uniform(0.01, 1.0)) for n in range(3)
        ]
        for recipe in CATALOGUE
    }
    asked: list[str] = []

    def offers(recipe: Recipe) -> list[Variant]:
        asked.append(recipe.name)
        return offered[recipe.name]

    brief = brief_for(MANDELBROT, Candidate(MANDELBROT.files), [])
    order = ranked(offers, replace(brief, rng=Still()))
    first = next(order)
    assert len(asked) < len(CATALOGUE) / 2
    everything = [first, *order]
    promises = [promise(variant, expected_gains([])) for variant in everything]
    assert promises == sorted(promises, reverse=True)
    assert len(everything) == 3 * len(CATALOGUE)
    assert sorted(asked) == sorted(offered)


def test_sources_over_the_limit_are_not_proposed() -> None:
    """A rewrite that makes the source too large would be refused."""
    long = Sample("mandelbrot", MANDELBROT.text + "#" * (64 * 1024 - 1024), "draw", MANDELBROT.draw)
    made = proposed(long)
    assert made is None or made.candidate.source_bytes <= 64 * 1024


@pytest.mark.parametrize(
    "text",
    ["def f(:", "", "\x00", "x = 1\r\ny = 2\r\n", "def f(n):\n\treturn n", "f = lambda n: n",
     "async def g(n): ...\ndef f(n): return n", "class A:\n    def f(self): ...\n",
     "def f(n):\n    match n:\n"
     "        case 1: return 2\n    return n\n", "from x import *\ndef f(*a, **k): return a"],
)  # fmt: skip
def test_odd_sources_raise_nothing(text: str) -> None:
    """They get fewer rewrites, or none, and every rewrite compiles."""
    odd = Sample("odd", text, "f", lambda rng: {"n": 1})
    made = proposed(odd)
    assert made is None or compiles(made.candidate.files)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(
    sample=st.sampled_from(SAMPLES),
    dropped=st.sets(st.integers(0, 40), min_size=1, max_size=4),
)
def test_broken_programs_raise_nothing(sample: Sample, dropped: set[int]) -> None:
    """Lines missing anywhere: whatever still parses is handled, and what is offered compiles."""
    lines = [line for n, line in enumerate(sample.text.split("\n")) if n not in dropped]
    files = {f"{sample.name}.py": "\n".join(lines)}
    offers = Offers(Workpiece(files, sample.entry, Observation()))
    for variant in itertools.chain.from_iterable(map(offers.of, CATALOGUE)):
        assert compiles(variant.files), variant.label
