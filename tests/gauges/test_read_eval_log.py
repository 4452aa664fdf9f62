"""Inspect's .eval logs: the same as Inspect reads, and what is damaged is refused."""

from __future__ import annotations

import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest
import zstandard

from tachograph.errors import FormatError, NotFoundError
from tachograph.gauges.read.eval_log import read_eval_log
from tachograph.gauges.read.outcomes import read_outcomes

HEADER = {"version": 2, "status": "success", "eval": {"model": "m/one", "task": "quiz"}}
SUMMARY = {"id": 1, "epoch": 1, "metadata": {"human_minutes": 5, "task_family": "f"},
           "scores": {"match": {"value": "C"}}}  # fmt: skip


def write_log(
    path: Path, header: Any = HEADER, summaries: Any = (SUMMARY,), method: int = 93
) -> Path:
    """An archive such as Inspect writes, member by member."""
    members = {"header.json": header, "summaries.json": list(summaries)}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in members.items():
            archive.writestr(name, json.dumps(value), zipfile.ZIP_DEFLATED)
    if method == 93:
        path.write_bytes(as_zstandard({n: json.dumps(v).encode() for n, v in members.items()}))
    return path


def as_zstandard(members: dict[str, bytes]) -> bytes:
    """A zip archive of zstandard members, by the format's own description (APPNOTE 4.3, 4.4.5)."""
    import zlib

    body, directory = b"", b""
    for name, data in members.items():
        packed = zstandard.ZstdCompressor().compress(data)
        raw = name.encode()
        common = struct.pack("<HHHHHIIIHH", 63, 0, 93, 0, 33, zlib.crc32(data), len(packed),
                             len(data), len(raw), 0)  # fmt: skip
        directory += (b"PK\1\2" + struct.pack("<H", 63) + common
                      + struct.pack("<HHHII", 0, 0, 0, 0, len(body)) + raw)  # fmt: skip
        body += b"PK\3\4" + common + raw + packed
    end = struct.pack("<HHHHIIH", 0, 0, len(members), len(members), len(directory), len(body), 0)
    return body + directory + b"PK\5\6" + end


@pytest.mark.parametrize("method", [93, 8])
def test_a_sample_becomes_a_run(tmp_path: Path, method: int):
    """Agent, task and score from the log, length and family from the sample's metadata."""
    path = write_log(tmp_path / "a.eval", method=method)
    (run,) = read_outcomes([path])
    assert (run.agent, run.task, run.family) == ("m/one", "quiz/1", "f")
    assert (run.human_minutes, run.runs, run.score) == (5.0, 1, 1.0)


@pytest.mark.parametrize(
    ("value", "score"), [("C", 1.0), ("I", 0.0), ("P", 0.5), ("N", 0.0), (0.25, 0.25), (True, 1.0)]
)
def test_scores_are_what_inspect_means(tmp_path: Path, value: Any, score: float):
    """Letters, numbers and truth values."""
    summary = SUMMARY | {"scores": {"match": {"value": value}}}
    (row,) = read_eval_log(write_log(tmp_path / "a.eval", summaries=[summary]))
    assert row.number("success") == score


@pytest.mark.parametrize(
    ("header", "summaries", "what"),
    [
        (HEADER | {"status": "error"}, [SUMMARY], "its status is 'error'"),
        (HEADER | {"status": "started"}, [SUMMARY], "its status is 'started'"),
        ([], [SUMMARY], "not what Inspect writes"),
        (HEADER, [], "not what Inspect writes"),
        (HEADER, [SUMMARY | {"scores": {}}], "a.eval:1: scores: the sample has no score"),
        (
            HEADER,
            [SUMMARY | {"scores": {"match": {"value": "x"}}}],
            "a.eval:1: match: not a finite",
        ),
        (HEADER, [SUMMARY, SUMMARY | {"metadata": {}}], "a.eval:2: human_minutes: no such column"),
        (HEADER, [SUMMARY, 3], "sample 2"),
    ],
)
def test_a_log_that_says_less_is_refused(tmp_path: Path, header: Any, summaries: Any, what: str):
    """File and sample are named; an unfinished log is not half read."""
    path = write_log(tmp_path / "a.eval", header, summaries)
    with pytest.raises(FormatError) as error:
        read_outcomes([path])
    assert what in error.value.message
    assert error.value.hint


def test_a_log_cut_anywhere_or_with_a_wrong_byte_is_refused(tmp_path: Path):
    """Truncation is found by the directory, a changed byte by the checksum."""
    data = write_log(tmp_path / "a.eval").read_bytes()
    path = tmp_path / "b.eval"
    for cut in range(0, len(data) - 1, 7):
        path.write_bytes(data[:cut])
        with pytest.raises(FormatError):
            list(read_eval_log(path))
    good = [row.raw("success") for row in read_eval_log(tmp_path / "a.eval")]
    refused = 0
    for place in range(len(data)):
        path.write_bytes(data[:place] + bytes([data[place] ^ 0x21]) + data[place + 1 :])
        try:
            assert [row.raw("success") for row in read_eval_log(path)] == good
        except FormatError:
            refused += 1
    assert refused > len(data) / 2


def test_another_score_can_be_named(tmp_path: Path):
    """The first one otherwise; one that there is not is refused with those that there are."""
    summary = SUMMARY | {"scores": {"match": {"value": "C"}, "judge": {"value": 0.25}}}
    path = write_log(tmp_path / "a.eval", summaries=[summary])
    assert [o.score for o in read_outcomes([path], scorer="judge")] == [0.25]
    with pytest.raises(FormatError) as error:
        read_outcomes([path], scorer="jugde")
    assert error.value.hint == "scores: match, judge"


def test_no_log_is_another_matter(tmp_path: Path):
    """No file is a wrong call."""
    with pytest.raises(NotFoundError):
        list(read_eval_log(tmp_path / "none.eval"))


@pytest.mark.filterwarnings("ignore")
def test_inspect_reads_the_same(tmp_path: Path):
    """On a log that Inspect wrote, both readers give the same samples and scores."""
    log = pytest.importorskip("inspect_ai.log", reason="the optional extra `models`")
    from inspect_logs import write_inspect_log

    path = write_inspect_log(tmp_path, samples=7, messages=3)
    ours = [(row.raw("task"), row.raw("epoch"), row.number("success"), row.number("human_minutes"))
            for row in read_eval_log(path)]  # fmt: skip
    theirs = [
        (f"quiz/{s.id}", s.epoch, {"C": 1.0, "I": 0.0}[s.scores["match"].value],
         s.metadata["human_minutes"])
        for s in log.read_eval_log_sample_summaries(str(path))
    ]  # fmt: skip
    assert len(theirs) == 7
    assert ours == theirs
