"""Taking a reading, hashing its inputs, recording it; every gauge keeps the protocol."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from pathlib import Path

import pytest

from tachograph.cli import gauge_line as command
from tachograph.errors import NotFoundError
from tachograph.gauges import Gauge, Inputs, find, record, recorded, take
from tachograph.gauges.gauge import option
from tachograph.gauges.reading import MEASURED, Estimate, Reading
from tachograph.gauges.registry import names
from tachograph.ledger import Ledger


@dataclass(frozen=True)
class Options:
    """Of the toy."""

    scale: float = option(2.0, "multiplies")
    extra: Path | None = option(None, "one more file")
    words: tuple[str, ...] = option((), "repeatable")


def read(inputs: Inputs, options: Options) -> int:
    return sum(len(path.read_bytes()) for path in inputs.files)


def compute(data: int, options: Options) -> Reading:
    value = data * options.scale
    return Reading(
        gauge="toy", version="3", question="how long?", verdict=MEASURED, sentence=f"{value}",
        estimates=(Estimate(name="length", value=value),), n={"bytes": data},
    )  # fmt: skip


TOY = Gauge(
    name="toy", version="3", question="how long?", needs="a file", example="tacho gauge toy f",
    options=Options, read=read, compute=compute, plot=lambda reading, theme: None,
)  # fmt: skip


def test_a_reading_carries_its_choices_and_the_hashes_of_its_inputs(tmp_path: Path):
    """Files named as data and files named by options are both hashed; paths lose their folder."""
    data, extra = tmp_path / "a.csv", tmp_path / "b.csv"
    data.write_bytes(b"12345")
    extra.write_bytes(b"x")
    reading = take(TOY, Inputs((data,)), Options(scale=3.0, extra=extra, words=("p", "q")))
    assert reading.headline is not None
    assert reading.headline.value == 15.0
    assert [(i.name, i.sha256) for i in reading.inputs] == [
        (path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in (data, extra)
    ]
    assert reading.choices == {"scale": 3.0, "extra": "b.csv", "words": "p, q"}


def test_a_folder_is_hashed_by_names_and_contents(tmp_path: Path):
    """Moving content from one file to another changes the hash."""
    hashes = set()
    for name, text in (("a", "1"), ("b", "1"), ("a", "2")):
        folder = tmp_path / f"{name}{text}"
        folder.mkdir()
        (folder / name).write_text(text)
        (hashed,) = TOY.digests(Inputs((folder,)))
        hashes.add(hashed.sha256)
    assert len(hashes) == 3


def test_a_missing_file_is_said_with_the_example(tmp_path: Path):
    """The next step is a command that works."""
    with pytest.raises(NotFoundError) as error:
        take(TOY, Inputs((tmp_path / "none.csv",)))
    assert "tacho gauge toy" in error.value.hint


def test_a_recorded_reading_comes_back_from_the_ledger(tmp_path: Path):
    """The entry names gauge and version; the object is the reading's canonical JSON."""
    data = tmp_path / "a"
    data.write_bytes(b"12")
    reading = take(TOY, Inputs((data,)))
    with Ledger.open(tmp_path / "ledger", create=True) as ledger:
        entry = record(reading, ledger)
        assert entry.kind == "ReadingTaken"
        (back,) = recorded(ledger)
        assert back == (entry, reading)
        ledger.verify()


def test_the_ledger_itself_is_an_input_by_its_root(tmp_path: Path):
    """A reading of the ledger names the root it saw."""
    with Ledger.open(tmp_path / "ledger", create=True) as ledger:
        record(compute(1, Options()), ledger)
        (named,) = TOY.digests(Inputs(ledger=ledger))
        assert named.sha256 == ledger.root().hex()


@pytest.mark.parametrize("name", names())
def test_every_gauge_keeps_the_protocol(name: str):
    """Name, question, needs and example are there, and the command line can be made of it."""
    gauge = find(name)
    assert gauge.question.endswith("?")
    assert gauge.needs
    assert gauge.version
    assert gauge.example.startswith(f"tacho gauge {name}")
    parsed = command.parser_of(gauge).parse_args([])
    assert command.options_of(gauge, parsed) == gauge.options()
    assert all(field.metadata["about"] for field in fields(gauge.options))


def test_an_unknown_gauge_is_answered_with_the_nearest():
    """A slip of the pen gets the right spelling."""
    with pytest.raises(NotFoundError) as error:
        find("horizn")
    assert "'horizon'" in error.value.hint
