"""Agent Trace: records of which lines agents edited, kept in `.agent-trace/traces.jsonl`.

A record (agent-trace.dev, RFC 0.1) names the revision that was checked out when the agent edited,
so its lines are in a commit whose parent that is, and their numbers are those of the moment of the
edit. So only how many lines of which file is taken from it, and never more than such a commit adds
to that file. Proven by tests/gauges/git/test_notes.py and tests/gauges/git/test_history.py. Not
covered: edits that were committed later than in the next commit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tachograph.errors import FormatError
from tachograph.gauges.read.rows import parse_json, read_text

PLACE = Path(".agent-trace/traces.jsonl")
Traces = Mapping[str, Mapping[str, int]]
"""Revision, to path, to lines by agents."""


def read_traces(folder: Path) -> dict[str, dict[str, int]]:
    """Lines by agents; empty where there is no such file. Raises FormatError naming the line."""
    path = folder / PLACE
    if not path.is_file():
        return {}
    seen: dict[str, dict[str, set[int]]] = {}
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            record = parse_json(line)
            revision, files = _record(record)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise FormatError(f"{path}:{number}: no Agent Trace record: {error}",
                              hint="mend that line, or leave it out") from None  # fmt: skip
        for name, lines in files:
            seen.setdefault(revision, {}).setdefault(name, set()).update(lines)
    return {revision: {name: len(lines) for name, lines in files.items()}
            for revision, files in seen.items()}  # fmt: skip


def _record(record: Mapping[str, Any]) -> tuple[str, list[tuple[str, set[int]]]]:
    revision = str(record["vcs"]["revision"])
    real = [each for each in record["files"] if not str(each["path"]).startswith(".")]
    return revision, [(str(each["path"]), lines) for each in real if (lines := _lines(each))]


MOST_LINES = 1_000_000


def _lines(entry: Mapping[str, Any]) -> set[int]:
    found: set[int] = set()
    for kind, part in _ranges(entry):
        first, last = int(part["start_line"]), int(part["end_line"])
        if not 1 <= first <= last <= MOST_LINES:
            raise ValueError(f"lines {first} to {last}")
        if kind in ("ai", "mixed"):
            found.update(range(first, last + 1))
    return found


def _ranges(entry: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for conversation in entry["conversations"]:
        usual = conversation.get("contributor", {}).get("type", "unknown")
        for part in conversation["ranges"]:
            yield str(part.get("contributor", {}).get("type", usual)), part
