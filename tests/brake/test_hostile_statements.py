"""Statements that a speaker truly signs, with values that no honest one would state.

A party may sign whatever its keys allow. That must not raise, and must not turn a check against
somebody else, or off for everybody.
"""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redteam.world import World, meter_of, site_of

from tachograph.brake.agreed.terms import Role
from tachograph.brake.audit import CHECKS, audit
from tachograph.brake.bundle.bundle import read_bundle
from tachograph.brake.said.records import Record
from tachograph.brake.said.speakers import SPEAKERS as MAY
from tachograph.brake.said.statement import SAID
from tachograph.errors import FormatError
from tachograph.ledger.kinds import Digest

TEXTS = st.sampled_from(
    ["", "alba", "alba-one", "alba-meter", "0" * 64, "training", "r-1", "2026-13-45", "\u2028",
     "9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00.000000Z", "x" * 500]
)  # fmt: skip
NUMBERS = st.sampled_from([0, 1, -1, 2**53 - 1, -(2**53) + 1, 7, 10**6])
FLOATS = st.sampled_from([0.0, -1.0, 1e308, -1e308, 1e-308, 3600.0, 1e18, float(2**60)])


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Extreme values that a field of that type can hold."""
    origin, inner = get_origin(hint), get_args(hint)
    if hint is Digest or (origin is not None and inner and inner[-1] == "sha-256"):
        return st.sampled_from(["0" * 64, "ab" * 32])
    if origin is Literal:
        return st.sampled_from(inner)
    if origin is list:
        return st.lists(values(inner[0]), max_size=3)
    if origin is dict:
        return st.dictionaries(TEXTS, values(inner[1]), max_size=3)
    if type(None) in inner:
        (some,) = (part for part in inner if part is not type(None))
        return st.none() | values(some)
    if hint is Any:
        return TEXTS | NUMBERS | FLOATS | st.lists(NUMBERS, max_size=2)
    return {str: TEXTS, int: NUMBERS, float: FLOATS, bool: st.booleans()}[hint]


@st.composite
def hostile(draw: st.DrawFn) -> tuple[str, Any]:
    """A speaker of the first party's, or an official, and what it says."""
    kind = draw(st.sampled_from(sorted(SAID)) | st.sampled_from(WEIGHTY))
    hints = get_type_hints(SAID[kind], include_extras=True)
    said = {field.name: draw(values(hints[field.name])) for field in fields(SAID[kind])}
    may = [name for role, name in SPEAKERS.items() if role in MAY[SAID[kind]]]
    speaker = draw(st.sampled_from(may or list(SPEAKERS.values())))
    if "site" in said and draw(st.integers(0, 3)):
        said["site"] = site_of("alba")
    if "meter" in said and draw(st.integers(0, 3)):
        said["meter"] = meter_of("alba")
    if "window" in said and draw(st.booleans()):
        said["window"] = draw(st.integers(0, 3))
    return speaker, SAID[kind](**said)


SPEAKERS: dict[Role, str] = {
    "party": "alba", "meter": "alba-meter", "verifier": "lens", "panel": "ash",
}  # fmt: skip
WEIGHTY = sorted(kind.__name__ for kind in get_args(Record))
"""Records of work: what most checks read."""


@pytest.fixture(scope="module")
def ran() -> Iterator[World]:
    """An honest world that has run; tests copy it before they add to it."""
    world = World(5, hours=2, paused=False)
    world.run()
    yield world


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(statements=st.lists(hostile(), min_size=1, max_size=4))
def test_nobody_else_is_hurt_and_nothing_raises(ran: World, statements: list[tuple[str, Any]]):
    """Every check still speaks of every other party, and accuses none of them."""
    say_and_audit(ran, statements)


@pytest.mark.long
@settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
@given(statements=st.lists(hostile(), min_size=1, max_size=6))
def test_nobody_else_is_hurt_at_length(ran: World, statements: list[tuple[str, Any]]):
    """The same, for longer."""
    say_and_audit(ran, statements)


def say_and_audit(ran: World, statements: list[tuple[str, Any]]) -> None:
    """Sign, post, cosign, audit."""
    world = copy.deepcopy(ran)
    for speaker, said in statements:
        try:
            world.post(world.sign(speaker, said))
        except FormatError:
            world.numbers[speaker] -= 1  # nobody can sign that
    world.cosign()
    with tempfile.TemporaryDirectory() as folder:
        report = audit(read_bundle(world.write(Path(folder) / "bundle"), world.at))
    others = [party for party in world.parties if party != "alba"]
    accused = [(r.check, r.subject, r.reason) for r in report.failed if r.subject in others]
    assert not accused
    for check in CHECKS:
        spoken = {result.subject for result in report.results if result.check == check.id}
        assert set(others) <= spoken, check.id
