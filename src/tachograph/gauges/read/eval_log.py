"""Inspect's `.eval` logs, header and sample summaries only, without Inspect.

An .eval file is a zip archive whose members are JSON, compressed with zstandard (zip method 93;
logs before 2025 with deflate):

    header.json       {"version":2,"status":"success","eval":{"model":"...","task":"...",...},...}
    summaries.json    [{"id":1,"epoch":1,"metadata":{...},"scores":{"match":{"value":"C"}},...},...]
    samples/*.json    everything else; not read here

A log whose status is not "success" is refused: a part of its samples would pass for the whole.
Compared with inspect_ai by tests/gauges/test_read_eval_log.py (where that is installed) and
bench/gauges.py. Not covered: samples' messages; the older .json logs.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tachograph.errors import FormatError, NotFoundError
from tachograph.gauges.read.rows import Row, parse_json

ZSTANDARD = 93
LARGEST_MEMBER = 1 << 30
"""Bytes of one member when unpacked; a summary is about 1 kB a sample."""
LETTERS = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
"""Inspect's letters: correct, partial, incorrect, no answer (inspect_ai.scorer)."""
BROKEN = (zipfile.BadZipFile, OSError, EOFError, zlib.error, struct.error, NotImplementedError,
          RuntimeError, ValueError, OverflowError)  # fmt: skip
"""What the standard library raises on bytes that are no archive, or not one that it knows."""
MEND = "write the log again with `inspect eval`, or leave it out"


def read_eval_log(path: Path, scorer: str | None = None) -> Iterator[Row]:
    """Yield a row a sample: agent, task, epoch, success, and the sample's metadata as columns.

    `line` of a row is the sample's place in the summaries, from 1. `scorer` names the score; the
    first one otherwise. Raises FormatError naming file and sample, NotFoundError.
    """
    header, summaries = read_members(path)
    run = header.get("eval")
    if header.get("status") != "success" or not isinstance(run, dict):
        raise _fault(path, f"its status is {header.get('status')!r}, not 'success'")
    for place, summary in enumerate(summaries, 1):
        if not isinstance(summary, dict):
            raise _fault(path, f"sample {place} is not an object")
        cells = dict(summary["metadata"]) if isinstance(summary.get("metadata"), dict) else {}
        cells |= {"agent": run.get("model"), "eval": run.get("task")}
        cells |= {"task": f"{run.get('task')}/{summary.get('id')}", "epoch": summary.get("epoch")}
        row = Row(path, place, cells)
        cells["success"] = _score(row, summary.get("scores"), scorer)
        yield row


def read_members(path: Path) -> tuple[dict[str, Any], list[Any]]:
    """The parsed header and summaries. Raises FormatError, NotFoundError."""
    try:
        with zipfile.ZipFile(path) as archive:
            header = _member(path, archive, "header.json")
            summaries = _member(path, archive, "summaries.json")
    except FileNotFoundError:
        raise NotFoundError(f"{path}: no such file", hint="mend the path") from None
    except BROKEN as error:
        raise _fault(path, f"not an intact zip archive: {error}") from error
    if not isinstance(header, dict) or not isinstance(summaries, list) or not summaries:
        raise _fault(path, "header or summaries are not what Inspect writes")
    return header, summaries


def _member(path: Path, archive: zipfile.ZipFile, name: str) -> Any:
    try:
        info = archive.getinfo(name)
    except KeyError:
        hint = "an unfinished log has none: `inspect log` can recover it"
        raise FormatError(f"{path}: no {name} in it", hint=hint) from None
    if info.file_size > LARGEST_MEMBER:
        raise _fault(path, f"{name} would unpack to {info.file_size} bytes")
    data = _unzstd(path, archive, info) if info.compress_type == ZSTANDARD else archive.read(info)
    if len(data) != info.file_size or zlib.crc32(data) != info.CRC:
        raise _fault(path, f"{name} is damaged")
    try:
        return parse_json(data.decode("utf-8"))
    except ValueError as error:
        raise _fault(path, f"{name}: not JSON: {error}") from error


def _unzstd(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    # The standard library knows this method only from Python 3.14 on, and then under another name.
    import zstandard

    file = archive.fp
    assert file is not None
    file.seek(info.header_offset)
    fixed = file.read(30)
    if fixed[:4] != b"PK\3\4":
        raise _fault(path, f"{info.filename} does not lie where the archive says")
    name_length, extra_length = struct.unpack("<HH", fixed[26:30])
    file.seek(name_length + extra_length, 1)
    packed = file.read(info.compress_size)
    try:
        reader = zstandard.ZstdDecompressor().stream_reader(packed)
        return bytes(reader.read(info.file_size + 1))
    except zstandard.ZstdError as error:
        raise _fault(path, f"{info.filename} is damaged: {error}") from error


def _score(row: Row, scores: Any, scorer: str | None) -> float:
    if not isinstance(scores, dict) or not scores:
        raise row.fault("scores", "the sample has no score", MEND)
    name = scorer or next(iter(scores))
    if name not in scores:
        raise row.fault("scores", f"no score {name!r}", "scores: " + ", ".join(map(str, scores)))
    entry = scores[name]
    value = entry.get("value") if isinstance(entry, dict) else None
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, str) and value in LETTERS:
        return LETTERS[value]
    return Row(row.path, row.line, {name: value}).number(name, 0.0, 1.0)


def _fault(path: Path, message: str) -> FormatError:
    return FormatError(f"{path}: {message}", hint=MEND)
