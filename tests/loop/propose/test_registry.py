"""From the words of `--proposer` to a proposer."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from tachograph.errors import UsageError
from tachograph.loop.propose import registry
from tachograph.loop.propose.recipes import Recipes
from tachograph.loop.propose.registry import KINDS, Kind, Setting, check, make, opened


@pytest.fixture
def setting(tmp_path):
    return Setting(tmp_path)


def test_recipes_are_made(setting):
    """The default, by its name alone."""
    made = make("recipes", setting)
    assert isinstance(made, Recipes)
    assert made.name == "recipes"


@pytest.mark.parametrize(
    ("spec", "message"),
    [("gpt", "no proposer 'gpt'"), ("", "no proposer ''"), ("recipes:all", "takes nothing more"),
     ("command:", "of what"), ("command:  ", "of what")],
)  # fmt: skip
def test_another_is_refused_with_the_next_step(spec, message):
    """The hint names what there is."""
    with pytest.raises(UsageError, match=message) as caught:
        check(spec)
    assert "--proposer" in caught.value.hint


def test_every_kind_is_named_in_the_hint():
    """Nobody has to look it up."""
    with pytest.raises(UsageError) as caught:
        check("nobody")
    assert all(name in caught.value.hint for name in KINDS)


class Held:
    """Holds something open."""

    thinks_here = True

    def __init__(self, name, log):
        self.name = name
        self.log = log

    def propose(self, brief, desk):
        return None

    def __enter__(self):
        self.log.append("open")
        return self

    def __exit__(self, *_):
        self.log.append("closed")


def test_what_a_proposer_holds_is_closed(setting, monkeypatch):
    """Also where the run breaks."""
    log = []
    monkeypatch.setitem(KINDS, "held", Kind(lambda rest, setting: Held("held", log), ""))

    @contextmanager
    def broken():
        with opened(["held"], setting) as proposers:
            log.append([proposer.name for proposer in proposers])
            yield
            raise RuntimeError

    with pytest.raises(RuntimeError), broken():
        pass
    assert log == ["open", ["held"], "closed"]


def test_the_same_one_twice_is_refused(setting):
    """Several turns at once are what seats are for."""
    with pytest.raises(UsageError, match="twice") as caught, opened(["recipes"] * 2, setting):
        pass
    assert "--seats" in caught.value.hint


def test_forms_are_those_of_help():
    """KIND:REST, or the kind alone."""
    assert registry.forms().startswith("recipes, ")
    assert "command:PRESET" in registry.forms()
