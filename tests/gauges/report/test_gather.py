"""Readings for the report, from the ledger and from files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tachograph.errors import FormatError
from tachograph.gauges import Reading, record
from tachograph.gauges.plain import to_plain
from tachograph.gauges.reading import MEASURED
from tachograph.gauges.report import newest, of_files
from tachograph.ledger import Ledger


def reading(sentence: str, gauge: str = "survey") -> Reading:
    return Reading(
        gauge=gauge, version="1", question="?", verdict=MEASURED, sentence=sentence, n={}
    )


def test_the_newest_reading_of_each_gauge_counts(tmp_path: Path) -> None:
    with Ledger.open(tmp_path, create=True) as ledger:
        for each in (reading("old"), reading("other", "uplift"), reading("new")):
            record(each, ledger)
        found = newest(ledger)
    assert {name: taken.reading.sentence for name, taken in found.items()} == {
        "survey": "new", "uplift": "other",
    }  # fmt: skip
    assert found["survey"].where.startswith("entry 2 of 20")


def test_files_written_as_json_are_read_back(tmp_path: Path) -> None:
    path = tmp_path / "survey.json"
    path.write_text(json.dumps(to_plain(reading("so")), indent=2))
    assert of_files([path])["survey"].reading == reading("so")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("{}", "not the fields of Reading"),
        ('{"gauge": NaN}', "not JSON: NaN is not a number"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "reading.json"
    path.write_text(text)
    with pytest.raises(FormatError) as caught:
        of_files([path])
    assert str(path) in caught.value.message and message in caught.value.message


def test_two_readings_of_one_gauge_are_refused(tmp_path: Path) -> None:
    paths = [tmp_path / "a.json", tmp_path / "b.json"]
    for path in paths:
        path.write_text(json.dumps(to_plain(reading("so"))))
    with pytest.raises(FormatError, match=r"second reading of survey; the first is a\.json"):
        of_files(paths)
