"""Terms are read strictly, and every complaint names its key and the next step."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tachograph.brake.agreed.template import TIMER_NOTES
from tachograph.brake.agreed.terms import DAY, Role, Terms, Timers
from tachograph.brake.agreed.text import (
    adjusted,
    format_duration,
    parse_duration,
    parse_terms,
)
from tachograph.errors import FormatError

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "examples/agreement/agreement.toml").read_text()
TERMS = parse_terms(TEXT)


def test_the_example_says_what_it_says() -> None:
    """Parties, blocs, quorums, and the exposure (B1)."""
    assert isinstance(TERMS, Terms)
    assert TERMS.bloc_sizes == {"east": 4, "west": 3}
    assert (TERMS.quorums.trigger, TERMS.quorums.lift, TERMS.quorums.veto) == (3, 5, 6)
    assert TERMS.exposure == pytest.approx(7e18 * 33 * DAY / 1000)
    assert TERMS.bench("aurora") == {"judge", "umpire"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("version = 1", "version = 2", "version"),
        ('name = "an example for seven"', "", "name: missing"),
        ('name = "an example for seven"', "name = 7", "name: not text"),
        ('bloc = "west"', 'blok = "west"', "bloc: missing"),
        ('bloc = "west"', 'bloc = "The West"', "is no name"),
        ('bloc = "west"', 'bloc = "east"', "one bloc"),
        ("capacity = 1e+18", "capacity = 0", "capacity"),
        ("capacity = 1e+18", "capacity = inf", "capacity"),
        ("capacity = 1e+18", "capacity = nan", "capacity"),
        ('name = "borealis"', 'name = "aurora"', "aurora twice"),
        ('effect = "3d"', "effect = 3", "not a duration"),
        ('effect = "3d"', 'effect = "3 days"', "is none"),
        ('effect = "3d"', 'effect = "0d"', "no time at all"),
        ('effect = "3d"', 'efect = "3d"', "efect: no such key"),
        ('red_light = "12h"', 'red_light = "9d"', "not before timers.report"),
        ('objection = "2d"', 'objection = "14d"', "objection: not before"),
        ('sunset = "0s"', 'sunset = "30d"', "sunset: not after"),
        ("ramp = [0.1, 0.5, 1]", "ramp = [0.5, 0.1, 1]", "rise to 1"),
        ("ramp = [0.1, 0.5, 1]", "ramp = [0.1, 0.5]", "rise to 1"),
        ("ramp = [0.1, 0.5, 1]", "ramp = []", "rise to 1"),
        ('inference = "goes-on"', 'inference = "maybe"', "does not fit"),
        ("questions = 12", "questions = true", "is no count"),
        ("questions = 12", "questions = -1", "is no count"),
        ('conflicts = ["aurora"]', 'conflicts = ["nobody"]', "nobody is no party"),
        ("trigger = 3", "trigger = 1", "lets one party"),
        ("trigger = 3", "trigger = 6", "above n - f - s"),
        ("lift = 5", "lift = 4", "two lifts could conflict"),
        ("lift = 5", "lift = 6", "may never come"),
        ("veto = 6", "veto = 5", "three quarters"),
        ("verifiers = 2", "verifiers = 1", "not more than half"),
        ("byzantine = 1", "byzantine = 2", "cannot tolerate"),
        ("[faults]", "[faults", "not TOML"),
        ("[faults]", "unknown = 1\n[faults]", "unknown: no such key"),
    ],
)
def test_what_is_wrong_is_named(old: str, new: str, message: str) -> None:
    """One change for the worse, and the complaint says which and what to do."""
    assert old in TEXT
    with pytest.raises(FormatError) as found:
        parse_terms(TEXT.replace(old, new))
    assert message in f"{found.value.message}"
    assert len(found.value.hint) > 3


def test_a_key_is_a_key() -> None:
    """A verifier key that is cut, or another party's, is refused."""
    key = TERMS.parties[0].key
    for wrong in (key[:-2], TERMS.parties[1].key, ""):
        with pytest.raises(FormatError, match="key"):
            parse_terms(TEXT.replace(f'"{key}"', f'"{wrong}"'))


@given(st.text(max_size=200) | st.just(TEXT).flatmap(
    lambda text: st.tuples(st.integers(0, len(text)), st.integers(0, 40), st.text(max_size=9)).map(
        lambda cut: text[: cut[0]] + cut[2] + text[cut[0] + cut[1] :])))  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_whatever_is_written_is_terms_or_refused(text: str) -> None:
    """No text makes it fail in another way."""
    try:
        assert parse_terms(text).parties
    except FormatError as error:
        assert error.hint


@given(st.integers(0, 400 * DAY))
def test_durations_come_back(milliseconds: int) -> None:
    """The shortest spelling reads back as the same time."""
    assert parse_duration(format_duration(milliseconds)) == milliseconds


@pytest.mark.parametrize("text", ["", "3", "d", "-3d", "3.5d", "3 d", "3w", "٣d", "9999999999d"])
def test_other_durations_are_refused(text: str) -> None:
    """A whole number and one unit."""
    with pytest.raises(FormatError):
        parse_duration(text)


def test_numbers_are_adjusted_and_checked() -> None:
    """Only numbers, and only to an agreement that could have been signed."""
    assert adjusted(TERMS, {"timers.clarify": "5d"}).timers.clarify == 5 * DAY
    assert adjusted(TERMS, {"quotas.questions": "3"}).quotas.questions == 3
    for changes in (
        {"quorums.lift": "4"}, {"name": "x"}, {"timers.none": "5d"}, {"pause.inference": "stops"},
        {"timers.clarify": "5"}, {"timers.red_light": "9d"}, {"": ""}, {"quorums.lift": "many"},
    ):  # fmt: skip
        with pytest.raises(FormatError):
            adjusted(TERMS, changes)


def test_every_timer_is_explained() -> None:
    """In the template, and with its default in the reference."""
    from dataclasses import fields

    reference = (ROOT / "docs/reference/agreement.md").read_text()
    assert {field.name for field in fields(Timers)} == set(TIMER_NOTES)
    for field in fields(Timers):
        row = f"| `{field.name}` | {format_duration(getattr(Timers(), field.name))} |"
        assert row in reference


def test_the_reference_lists_what_each_role_says() -> None:
    """The table of speakers is the machine's."""
    from tachograph.brake.said.records import Record
    from tachograph.brake.said.speakers import spoken_by

    reference = (ROOT / "docs/reference/agreement.md").read_text()
    for role in get_args(Role):
        said: dict[bool, list[str]] = {True: [], False: []}
        for kind in spoken_by(role):
            said[kind in get_args(Record)].append(f"`{kind.__name__}`")
        assert f"| {role} | {', '.join(said[False])} | {', '.join(said[True])} |" in reference
