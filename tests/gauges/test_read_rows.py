"""Bad tables are refused with file and line; good ones give what is written."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tachograph.errors import FormatError, NotFoundError
from tachograph.gauges.read.days import read_days
from tachograph.gauges.read.rows import Row, read_rows

BAD_NUMBERS = [
    "nan",
    "NaN",
    "inf",
    "-Infinity",
    "1e999",
    "1_000",
    "0x10",
    "1,5",
    "",
    " ",
    "one",
    "٣",
]
plain = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=12)


def write(folder: Path, name: str, data: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


@pytest.mark.parametrize(
    ("name", "data", "where", "what"),
    [
        ("a.csv", "", "a.csv:", "no rows"),
        ("a.csv", "x,y\n", "a.csv:", "no rows"),
        ("a.csv", "x,y\n1,2\n3\n", "a.csv:3:", "1 fields, the header has 2"),
        ("a.csv", "x,y\n1,2\n3,4,5\n", "a.csv:3:", "3 fields"),
        ("a.csv", 'x,y\n1,"2\n', "a.csv:2:", "not CSV"),
        ("a.csv", 'x,y\n1,"2"3\n', "a.csv:2:", "not CSV"),
        ("a.csv", "x,y\n1,2\n3,", "a.csv:3:", "ends within a row"),
        ("a.csv", "x,x\n1,2\n", "a.csv:1:", "two columns named 'x'"),
        ("a.csv", b"x\n1\n\xff\xfe\n", "a.csv:3:", "not UTF-8"),
        ("a.csv", "x\n1\n\0\n", "a.csv:3:", "a zero byte"),
        ("a.jsonl", '{"x": 1}\n{"x": ', "a.jsonl:2:", "not JSON"),
        ("a.jsonl", '{"x": 1}\n[1]\n', "a.jsonl:2:", "not a JSON object"),
        ("a.jsonl", '{"x": NaN}\n', "a.jsonl:1:", "NaN is not a number"),
        ("a.jsonl", '{"x": 1, "x": 2}\n', "a.jsonl:1:", "same key twice"),
        ("a.jsonl", '{"x": ' + "[" * 100_000 + "\n", "a.jsonl:1:", "nested too deep"),
        ("a.jsonl", "\n\n", "a.jsonl:", "no rows"),
        ("a.xlsx", "x\n1\n", "a.xlsx:", "not a table"),
    ],
)  # fmt: skip
def test_a_broken_table_is_refused(
    tmp_path: Path, name: str, data: str | bytes, where: str, what: str
):
    """The message says where and what, and the hint what to do."""
    with pytest.raises(FormatError) as error:
        read_rows(write(tmp_path, name, data))
    assert error.value.message.startswith(f"{tmp_path}/{where}")
    assert what in error.value.message
    assert error.value.hint


def test_a_missing_table_is_another_matter(tmp_path: Path):
    """No file is a wrong call."""
    with pytest.raises(NotFoundError):
        read_rows(tmp_path / "none.csv")


@pytest.mark.parametrize("bad", BAD_NUMBERS)
def test_what_is_no_number_is_refused_in_csv(tmp_path: Path, bad: str):
    """Python would read some of these; nobody who writes data means them."""
    _, row = read_rows(write(tmp_path, "a.csv", f'x,y\n1,2\n"{bad}",2\n'))
    with pytest.raises(FormatError, match=r"a\.csv:3: x: not a finite number"):
        row.number("x")


@pytest.mark.parametrize("bad", ["true", "null", '"abc"', "1e999", "[1]", "{}", "1" + "0" * 400])
def test_what_is_no_number_is_refused_in_json(tmp_path: Path, bad: str):
    """Truth values and numbers past every float are no numbers."""
    (row,) = read_rows(write(tmp_path, "a.jsonl", f'{{"x": {bad}}}\n'))
    with pytest.raises(FormatError, match=r"a\.jsonl:1: x: not a finite number"):
        row.number("x")


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda row: row.number("x", 0, 1), "not between 0 and 1"),
        (lambda row: row.whole("half"), "not a whole number"),
        (lambda row: row.positive("zero"), "not above 0"),
        (lambda row: row.day("x"), "not a day"),
        (lambda row: row.day("no_day"), "not a day"),
        (lambda row: row.truth("x"), "neither yes nor no"),
        (lambda row: row.choice("word", ["a", "b"]), "not known"),
        (lambda row: row.text("empty"), "not a text"),
        (lambda row: row.number("wrod"), "no such column"),
    ],
)
def test_every_getter_names_the_place(call, what: str):
    """File, line, column, what."""
    cells = {
        "x": "5",
        "half": "0.5",
        "zero": "0",
        "word": "c",
        "empty": " ",
        "no_day": "2025-02-30",
    }
    row = Row(Path("t.csv"), 7, cells)
    with pytest.raises(FormatError) as error:
        call(row)
    assert error.value.message.startswith("t.csv:7: ")
    assert what in error.value.message


def test_a_misspelt_column_is_answered_with_the_nearest():
    """A slip of the pen gets the right spelling."""
    with pytest.raises(FormatError) as error:
        Row(Path("t.csv"), 2, {"human_minutes": "5"}).number("human_minuets")
    assert error.value.hint == "did you mean 'human_minutes'?"


def test_lines_are_those_of_an_editor(tmp_path: Path):
    """A quoted line end moves the rows after it."""
    rows = read_rows(write(tmp_path, "a.csv", 'x,y\n"a\nb",1\nc,2\n'))
    assert [(row.line, row.text("x")) for row in rows] == [(2, "a\nb"), (4, "c")]


def test_ordinary_files_are_read(tmp_path: Path):
    """A byte order mark, Windows line ends, no line end at the end, blank lines."""
    rows = read_rows(
        write(tmp_path, "a.csv", "\ufeffx,when\r\n1.5e1,2025-02-24\r\n\r\n+.5,2025-02-25T10:00")
    )
    assert [(row.number("x"), row.day("when")) for row in rows] == [
        (15.0, date(2025, 2, 24)), (0.5, date(2025, 2, 25)),
    ]  # fmt: skip


@given(st.lists(st.tuples(plain, st.floats(allow_nan=False, allow_infinity=False)), min_size=1))
def test_what_csv_writes_is_what_is_read(tmp_path_factory, table):
    """Any text and any finite number survive a CSV writer."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["text", "value"])
    writer.writerows((name, repr(value)) for name, value in table)
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    path.write_bytes(text.getvalue().encode())
    assert [(row.raw("text"), row.number("value")) for row in read_rows(path)] == table


@given(st.lists(st.dictionaries(plain, st.one_of(plain, st.integers(), st.booleans())), min_size=1))
def test_what_json_writes_is_what_is_read(tmp_path_factory, table):
    """Any object survives a JSON writer."""
    path = tmp_path_factory.mktemp("jsonl") / "a.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in table))
    assert [{key: row.raw(key) for key in cells}
            for row, cells in zip(read_rows(path), table, strict=True)] == table  # fmt: skip


@given(st.binary(max_size=200), st.sampled_from(["a.csv", "a.jsonl"]))
def test_any_bytes_are_rows_or_a_clear_error(tmp_path_factory, data: bytes, name: str):
    """Nothing but our own error comes out, and it names the file."""
    path = tmp_path_factory.mktemp("any") / name
    path.write_bytes(data)
    try:
        assert read_rows(path)
    except FormatError as error:
        assert error.message.startswith(str(path))


def test_days_from_a_table_and_from_lines(tmp_path: Path):
    """Both forms say the same."""
    table = write(tmp_path, "a.csv", "agent,release_date\nA b,2025-02-24\nC,2024-01-01\n")
    lines = write(tmp_path, "a.yaml", "# days\ndate:\n  A b: 2025-02-24\n  'C': 2024-01-01\n")
    assert read_days(table) == read_days(lines) == {"A b": date(2025, 2, 24), "C": date(2024, 1, 1)}


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("A: 2025-02-24\nA: 2025-02-25\n", ":2:"),
        ("A: 2025-13-01\n", ":1:"),
        ("A\n", ":1:"),
        ("", ":"),
    ],
)
def test_bad_days_are_refused(tmp_path: Path, text: str, where: str):
    """Two days for one name, a day that there is not, no day."""
    path = write(tmp_path, "a.yaml", text)
    with pytest.raises(FormatError) as error:
        read_days(path)
    assert error.value.message.startswith(f"{path}{where}")
