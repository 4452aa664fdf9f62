"""Data in the ledger: the same reading as from the files, for every gauge, and refusals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tachograph.errors import DamagedError, FormatError, NotFoundError, UsageError
from tachograph.gauges import Inputs, find, record, take
from tachograph.gauges.packing import lay, pack
from tachograph.gauges.registry import names
from tachograph.gauges.report import newest
from tachograph.gauges.report.demo import OF_REPOSITORIES, TABLES
from tachograph.gauges.report.page import command
from tachograph.gauges.stored import find_stored, keep, opened, take_stored
from tachograph.gauges.synthetic import write_csv
from tachograph.gauges.synthetic_history import write_repository
from tachograph.ledger import Ledger
from tachograph.ledger.kinds import DataRecorded


@pytest.fixture
def ledger(tmp_path: Path):
    with Ledger.open(tmp_path / "ledger", create=True) as book:
        yield book


def inputs_of(name: str, folder: Path) -> tuple[Inputs, Any]:
    """Made-up inputs of a gauge, and options to read them with."""
    gauge = find(name)
    if name in OF_REPOSITORIES:
        return Inputs((write_repository(folder / "made-up", 300),)), gauge.options(fresh=True)
    rows = TABLES[name]() if name in TABLES else abilities()
    options = gauge.options(anchor="made-up-1") if name == "stitching" else gauge.options()
    if hasattr(options, "replicates"):
        options = replace(options, replicates=100)
    return Inputs((write_csv(folder / f"synthetic-{name}.csv", rows),)), options


def abilities() -> list[dict[str, object]]:
    rng = np.random.default_rng(1)
    return [
        {"model": f"m{model}", "benchmark": f"made-up-{bench}",
         "score": round(float(1 / (1 + np.exp(bench - model / 2 + rng.normal(0, 0.1)))), 4)}
        for model in range(8) for bench in range(4)
    ]  # fmt: skip


@pytest.mark.parametrize("name", names())
def test_a_reading_from_the_ledger_is_that_of_the_files(name: str, tmp_path: Path, ledger: Ledger):
    """Every gauge, to the last byte: inputs' hashes, choices, numbers, caveats."""
    gauge = find(name)
    inputs, options = inputs_of(name, tmp_path)
    keep(ledger, gauge, inputs, options)
    stored = find_stored(ledger, name)
    assert stored is not None
    found = take_stored(ledger, gauge, stored)
    if gauge.takes_ledger:
        found = replace(found, inputs=found.inputs[:1])  # and the ledger itself, by its root
    assert found.encode() == take(gauge, inputs, options).encode()
    ledger.verify()


def test_a_recorded_reading_rests_on_its_data(tmp_path: Path, ledger: Ledger):
    """The input that the reading names is the object that the entry names; the page says both."""
    gauge = find("survey")
    inputs, options = inputs_of("survey", tmp_path)
    entry = keep(ledger, gauge, inputs, options, name="June", source="made up")
    stored = find_stored(ledger, "survey", "June")
    assert stored is not None and stored.body.source == "made up"
    reading = take_stored(ledger, gauge, stored)
    assert record(reading, ledger, parents=(entry.seq,)).parents == (entry.seq,)
    assert [(i.name, i.sha256) for i in reading.inputs] == list(stored.body.files.items())
    taken = newest(ledger)["survey"]
    assert taken.where.startswith("entry 1 of ")
    assert command(gauge, reading, taken.data) == "tacho gauge survey --data June"


def test_the_report_takes_what_nobody_has_read(tmp_path: Path, ledger: Ledger):
    """Data without a reading, and data newer than their reading; nothing is recorded."""
    gauge = find("survey")
    inputs, options = inputs_of("survey", tmp_path)
    keep(ledger, gauge, inputs, options)
    assert newest(ledger)["survey"].where.startswith("taken for this page, of entry 0")
    old = record(take(gauge, inputs, options), ledger)
    assert newest(ledger)["survey"].where.startswith(f"entry {old.seq}")
    later = keep(ledger, gauge, inputs, gauge.options(level=0.9))
    found = newest(ledger)["survey"]
    assert f"entry {later.seq}" in found.where and found.reading.choices["level"] == 0.9
    assert set(newest(ledger)) == {"survey"} and ledger.size == later.seq + 1


def test_options_and_the_files_they_name_are_recorded(tmp_path: Path, ledger: Ledger):
    """A second table named by an option; what is said when reading is over what was recorded."""
    inputs, _ = inputs_of("sessions", tmp_path)
    labels = tmp_path / "labels.csv"
    first = inputs.files[0].read_text().splitlines()[1].split(",")[0]
    labels.write_text(f"session,success\n{first},0\n")
    gauge = find("sessions")
    options = gauge.options(labels=labels, replicates=100)
    keep(ledger, gauge, inputs, options)
    stored = find_stored(ledger, "sessions")
    assert stored is not None
    assert stored.body.options == {"labels": "labels.csv", "replicates": 100}
    with opened(ledger, gauge, stored) as (_, recorded):
        assert recorded["labels"].read_text() == labels.read_text()
        assert recorded["replicates"] == 100
    assert take_stored(ledger, gauge, stored) == take(gauge, inputs, options)


def test_a_folder_comes_back_whole(tmp_path: Path, ledger: Ledger):
    """Names, depth and contents; the same files give the same bytes whatever their times."""
    folder = tmp_path / "logs"
    (folder / "deep").mkdir(parents=True)
    table = "session,model,success\n" + "".join(f"s{n},m,{n % 2}\n" for n in range(20))
    (folder / "deep" / "sessions.csv").write_text(table)
    name, data = pack(folder)
    (folder / "deep" / "sessions.csv").touch()
    assert name == "logs/" and pack(folder) == (name, data)
    gauge = find("sessions")
    options = gauge.options(replicates=100)
    keep(ledger, gauge, Inputs((folder,)), options)
    stored = find_stored(ledger, "sessions")
    assert stored is not None
    assert take_stored(ledger, gauge, stored) == take(gauge, Inputs((folder,)), options)


def test_a_history_holds_no_address_no_message_and_no_path(tmp_path: Path, ledger: Ledger):
    """Of a clone the counts are kept, and the id of the commit that names the rest."""
    inputs, options = inputs_of("attribution", tmp_path)
    gauge = find("attribution")
    keep(ledger, gauge, inputs, options)
    stored = find_stored(ledger, "attribution")
    assert stored is not None and list(stored.body.files) == ["made-up.history"]
    place = lay(
        tmp_path.resolve(), "made-up.history", ledger.fetch(stored.body.files["made-up.history"])
    )
    kept = np.load(place)
    about = str(kept["about"])
    assert "@" not in about and gauge.digests(inputs)[0].sha256 in about
    with pytest.raises(FormatError, match="the history of HEAD, not of main"):
        take(gauge, Inputs((place,)), replace(options, ref="main"))
    place.write_bytes(place.read_bytes()[:-40])
    with pytest.raises(FormatError, match="not a history"):
        take(gauge, Inputs((place,)), options)


def test_what_cannot_be_read_is_not_recorded(tmp_path: Path, ledger: Ledger):
    """The same error as of the gauge, and an empty ledger."""
    bad = tmp_path / "bad.csv"
    bad.write_text("respondent,asked,multiplier\na,value,nan\n")
    with pytest.raises(FormatError, match=r"bad\.csv:2: multiplier"):
        keep(ledger, find("survey"), Inputs((bad,)), find("survey").options())
    with pytest.raises(NotFoundError):
        keep(ledger, find("survey"), Inputs((tmp_path / "none.csv",)), find("survey").options())
    assert ledger.size == 0


def test_two_files_of_one_name_are_refused(tmp_path: Path, ledger: Ledger):
    """In an entry a file has one name."""
    inputs, options = inputs_of("survey", tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    again = other / inputs.files[0].name
    again.write_text("respondent,asked,multiplier\nz,value,2\n")
    with pytest.raises(UsageError, match="two files named"):
        keep(ledger, find("survey"), Inputs((*inputs.files, again)), options)


def test_an_error_names_the_entry_and_not_a_folder_of_ours(ledger: Ledger):
    """Data that another version took, or that somebody appended by hand."""
    digest = ledger.put(b"respondent,asked,multiplier\na,value,-1\n")
    body = DataRecorded("survey", "survey", "", ["a.csv"], {}, {"a.csv": digest})
    ledger.append([("somebody", (), body)])
    stored = find_stored(ledger, "survey")
    assert stored is not None
    with pytest.raises(FormatError) as error:
        take_stored(ledger, find("survey"), stored)
    assert error.value.message.startswith(f"{stored.where}: a.csv:2: multiplier")


@pytest.mark.parametrize("name", ["../x.csv", "/x.csv", "..", ".", "a/b.csv", "../x/", ""])
def test_a_name_that_leads_elsewhere_is_refused(name: str, tmp_path: Path):
    """An entry may be made by anybody who may append."""
    folder = tmp_path / "in"
    folder.mkdir()
    with pytest.raises(FormatError, match="a file named"):
        lay(folder.resolve(), name, b"x")
    assert not (tmp_path / "x.csv").exists()


def test_an_option_of_another_version_is_refused(ledger: Ledger):
    """Not passed over in silence."""
    digest = ledger.put(b"x")
    body = DataRecorded("survey", "survey", "", ["a.csv"], {"novel": 1}, {"a.csv": digest})
    ledger.append([("somebody", (), body)])
    stored = find_stored(ledger, "survey")
    assert stored is not None
    with pytest.raises(FormatError, match="has no option 'novel'"):
        take_stored(ledger, find("survey"), stored)


def test_an_unknown_name_lists_those_that_are_there(tmp_path: Path, ledger: Ledger):
    """The next step is a name that works."""
    inputs, options = inputs_of("survey", tmp_path)
    keep(ledger, find("survey"), inputs, options, name="June")
    with pytest.raises(NotFoundError) as error:
        find_stored(ledger, "survey", "July")
    assert "June" in error.value.hint


def test_damaged_data_are_not_read(tmp_path: Path, ledger: Ledger):
    """A changed object is found out when it is fetched."""
    inputs, options = inputs_of("horizon", tmp_path)
    keep(ledger, find("horizon"), inputs, options)
    stored = find_stored(ledger, "horizon")
    assert stored is not None
    (digest,) = stored.body.files.values()
    (kept,) = [
        p
        for p in (tmp_path / "ledger" / "objects").rglob("*")
        if digest in p.name or digest.endswith(p.name)
    ]
    kept.chmod(0o600)
    kept.write_bytes(kept.read_bytes().replace(b"made-up-8", b"made-up-9"))
    with pytest.raises(DamagedError):
        take_stored(ledger, find("horizon"), stored)
