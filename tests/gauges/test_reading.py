"""A reading survives its canonical JSON, and nothing false gets in."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tachograph import canon
from tachograph.errors import FormatError
from tachograph.gauges.plain import to_plain
from tachograph.gauges.reading import (
    MEASURED,
    Estimate,
    GridRow,
    Input,
    Reading,
    Series,
    Verdict,
    Window,
    join,
    number,
)

finite = st.floats(allow_nan=False, allow_infinity=False)
words = st.text(min_size=1, max_size=20, alphabet=st.characters(codec="utf-8"))
choices = st.dictionaries(words, st.one_of(words, st.booleans(), st.none(), st.integers(-9, 9)))
cells = st.one_of(words, st.none(), st.integers(-(2**53) + 1, 2**53 - 1))


@st.composite
def estimates(draw: st.DrawFn) -> Estimate:
    """Any estimate that can be made."""
    low, high = sorted((draw(finite), draw(finite)))
    value = draw(st.none() | finite)
    return Estimate(
        name=draw(words), value=value, low=draw(st.sampled_from([None, low])),
        high=draw(st.sampled_from([None, high])), level=0.9, unit=draw(words),
        reason="" if value is not None else draw(words),
    )  # fmt: skip


readings = st.builds(
    Reading,
    gauge=words, version=words, question=words,
    verdict=st.sampled_from([MEASURED, Verdict.cannot_tell("too few")]),
    sentence=words, estimates=st.lists(estimates(), max_size=3).map(tuple),
    n=st.dictionaries(words, st.integers(0, 2**53 - 1)),
    window=st.none() | st.just(Window("2024-01-01", "2024-02-01")),
    choices=choices, caveats=st.lists(words, max_size=2).map(tuple),
    grid=st.lists(st.builds(GridRow, choices, estimates(), st.booleans()), max_size=2).map(tuple),
    series=st.lists(st.builds(lambda x: Series("s", {"x": tuple(x)}), st.lists(cells)),
                    max_size=2).map(tuple),
    inputs=st.just((Input("a.csv", "0" * 64),)),
)  # fmt: skip


@given(readings)
def test_a_reading_survives_its_bytes(reading: Reading):
    """Decoding gives the same reading, and encoding that gives the same bytes."""
    data = reading.encode()
    assert Reading.decode(data) == reading
    assert Reading.decode(data).encode() == data


def plain_reading() -> Reading:
    return Reading(
        gauge="g", version="1", question="?", verdict=MEASURED, sentence="It is 3.", n={"runs": 4},
        estimates=(Estimate(name="x", value=3.0, low=2.0, high=4.5),),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sentence", ""), ("sentence", 3), ("gauge", None), ("n", {"runs": 1.5}), ("n", [1]),
        ("verdict", {"told": False, "words": "cannot tell", "reason": ""}), ("inputs", [{}]),
        ("estimates", [{"name": "x"}]), ("window", "2024"), ("caveats", [1]), ("grid", None),
        ("choices", {"a": [1]}),
    ],
)  # fmt: skip
def test_what_is_no_reading_is_refused(field: str, value: object):
    """One wrong field is an error that names it."""
    plain = to_plain(plain_reading()) | {field: value}
    with pytest.raises(FormatError) as error:
        Reading.decode(canon.encode(plain))
    assert error.value.hint
    assert field in error.value.message or "Reading" in error.value.message


def test_a_field_too_many_or_too_few_is_refused():
    """The fields are exactly those of a reading."""
    plain = to_plain(plain_reading())
    with pytest.raises(FormatError):
        Reading.decode(canon.encode(plain | {"more": 1}))
    with pytest.raises(FormatError):
        Reading.decode(canon.encode({k: v for k, v in plain.items() if k != "n"}))
    with pytest.raises(FormatError):
        Reading.decode(json.dumps(plain).encode())


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_no_estimate_holds_what_is_not_a_number(wrong: float):
    """NaN and infinity are refused where they would arise."""
    for field in ("value", "low", "high"):
        with pytest.raises(AssertionError):
            replace(Estimate(name="x", value=1.0), **{field: wrong})


def test_no_value_without_reason_and_no_reason_with_a_value():
    """Cannot tell always says why."""
    with pytest.raises(AssertionError):
        Estimate(name="x", value=None)
    with pytest.raises(AssertionError):
        Estimate(name="x", value=1.0, reason="none")
    with pytest.raises(AssertionError):
        Verdict(told=False, words="cannot tell")


def test_words_of_an_estimate():
    """Numbers carry unit and interval; what is not told says why and what bounds it."""
    assert Estimate(name="x", value=60.94, low=16.4, high=217.8, unit="min").text() == (
        "60.9 min [16.4, 218]"
    )
    assert Estimate(name="x", value=2.0).text() == "2"
    beyond = Estimate(name="x", value=None, low=300.0, unit="min", reason="beyond the tasks")
    assert beyond.text() == "cannot tell: beyond the tasks (at least 300 min)"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (1, "1"), (0.2337, "0.234"), (1234.5, "1,234"), (60.94, "60.9"), (-0.05, "-0.05"),
     (1e9, "1e+09"), (0.00001, "1e-05"), (9.999, "10"), (100.0, "100")],
)  # fmt: skip
def test_words_of_a_number(value: float, text: str):
    """Three significant digits, thousands apart."""
    assert number(value) == text


def test_lists_as_prose():
    """Commas, then a word."""
    assert [join(parts) for parts in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "", "a", "a and b", "a, b and c",
    ]  # fmt: skip
