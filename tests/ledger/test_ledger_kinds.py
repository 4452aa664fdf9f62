"""Every kind goes to plain fields and back, and nothing else does."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tachograph import canon
from tachograph.errors import FormatError
from tachograph.ledger import fields, kinds

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
GROUND: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXT,
    int: st.integers(-(2**53) + 1, 2**53 - 1),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    Any: st.none() | TEXT | st.lists(st.integers(0, 9), max_size=3),
    type(None): st.none(),
}
RESUMED = {"run": "r-1"}
TIMED: dict[str, Any] = {
    "run": "r-1", "candidate": "c-1", "against": "c-0", "stage": "screen", "verdict": "same",
    "ratio": 1, "low": 0.9, "high": 1.1, "pairs": 8, "cpu_ratio": 1.0, "contention": 0.0,
    "wall_seconds": 0.5, "flags": [],
}  # fmt: skip


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Values that fit a field's type."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Literal:
        return st.sampled_from(inner)
    if origin is Annotated:
        return st.binary(min_size=32, max_size=32).map(bytes.hex)
    if origin is list:
        return st.lists(values(inner[0]), max_size=3)
    if origin is dict:
        return st.dictionaries(TEXT, values(inner[1]), max_size=3)
    if inner:
        return st.one_of([values(part) for part in inner])
    return GROUND[hint]


def bodies() -> st.SearchStrategy[Any]:
    """Bodies of every kind."""
    return st.one_of(
        [
            st.builds(
                kind,
                **{
                    name: values(hint)
                    for name, hint in get_type_hints(kind, include_extras=True).items()
                },
            )
            for kind in kinds.KINDS.values()
        ]
    )


@given(bodies())
def test_bodies_come_back_from_their_bytes(body: Any) -> None:
    """Any body survives plain fields and canonical bytes, with its types."""
    plain = canon.decode(canon.encode(fields.to_plain(body)))
    back = fields.from_plain(type(body).__name__, plain)
    assert back == body
    assert fields.to_plain(back) == fields.to_plain(body)


def test_every_dataclass_of_the_module_is_a_kind() -> None:
    """A kind that was written but not named in the union would be missed here."""
    written = {
        name for name, value in vars(kinds).items() if dataclasses.is_dataclass(value)
    }  # fmt: skip
    assert written == set(kinds.KINDS)


@pytest.mark.parametrize("kind", kinds.KINDS.values(), ids=lambda kind: kind.__name__)
def test_kinds_are_frozen_and_explain_themselves(kind: Any) -> None:
    """Every kind is frozen and has a docstring."""
    assert kind.__dataclass_params__.frozen
    assert kind.__doc__ and not kind.__doc__.startswith(kind.__name__ + "(")


@pytest.mark.parametrize(
    "change",
    [
        {"run": 7}, {"run": None}, {"stage": "later"}, {"stage": []}, {"ratio": "1"},
        {"ratio": True}, {"pairs": 8.0}, {"pairs": True}, {"flags": "quiet"}, {"flags": [1]},
        {"more": 1}, {"run": ...},
    ],
    ids=repr,
)  # fmt: skip
def test_unfit_fields_are_refused(change: dict[str, Any]) -> None:
    """A field of a wrong type, too many or missing is a format error."""
    plain = {name: value for name, value in (TIMED | change).items() if value is not ...}
    with pytest.raises(FormatError):
        fields.from_plain("TrialTimed", plain)


def test_whole_numbers_fit_where_floats_are_due() -> None:
    """The canonical form writes 1.0 as 1; it comes back as a float."""
    body = fields.from_plain("TrialTimed", TIMED)
    assert isinstance(body, kinds.TrialTimed)
    assert isinstance(body.ratio, float)


def test_unknown_kinds_are_refused() -> None:
    """A kind of a later version is named in the error."""
    with pytest.raises(FormatError, match="unknown kind 'PauseForgotten'"):
        fields.from_plain("PauseForgotten", RESUMED)


def test_strangers_with_a_known_name_are_refused() -> None:
    """A body is of a kind by its class, not by its class's name."""
    stranger = dataclasses.make_dataclass("RunResumed", [("run", str)], frozen=True)
    with pytest.raises(FormatError, match="not a kind"):
        fields.to_plain(stranger("r-1"))


def test_digests_are_found() -> None:
    """Objects are found in single fields and in tables of files."""
    digest = "0a" * 32
    assert list(fields.digests(kinds.ReadingTaken("share/1", digest))) == [digest]
    proposed = kinds.CandidateProposed(
        "r", "c", [], "hand", "", "", {"a.py": digest, "b.py": digest}
    )
    assert list(fields.digests(proposed)) == [digest, digest]
    assert list(fields.digests(kinds.RunResumed("r"))) == []


@pytest.mark.parametrize("digest", ["", "0a" * 31, "0A" * 32, "../" + "0a" * 30 + "b", 7])
def test_other_digests_are_refused(digest: Any) -> None:
    """A digest is 64 lower-case hex digits, so that it cannot name another file."""
    with pytest.raises(FormatError):
        fields.to_plain(kinds.ReadingTaken("share/1", digest))
