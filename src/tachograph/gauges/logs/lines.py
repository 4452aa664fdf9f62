"""JSON Lines of a log, each an object, with errors that name file and line.

A log that is being written may end within a line; that line alone is passed over where `growing`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from tachograph.errors import FormatError
from tachograph.gauges.read.rows import parse_json, read_text

MEND = "leave that file out, or mend the line"


def objects(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line number and object. Raises FormatError."""
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = parse_json(line)
        except ValueError as error:
            raise FormatError(f"{path}:{number}: not JSON: {error}", hint=MEND) from error
        if not isinstance(value, dict):
            raise FormatError(f"{path}:{number}: not a JSON object", hint=MEND)
        yield number, value


def day_of(path: Path, number: int, text: Any) -> date:
    """The UTC day of an ISO time. Raises FormatError."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        raise FormatError(f"{path}:{number}: not a time: {text!r:.40}", hint=MEND) from None
    return (moment if moment.tzinfo is None else moment.astimezone(UTC)).date()


def texts(content: Any) -> Iterator[str]:
    """The texts of a message's content: a text, or a list of parts."""
    if isinstance(content, str):
        yield content
    for part in content if isinstance(content, list) else ():
        if isinstance(part, dict) and isinstance(part.get("text"), str):
            yield part["text"]


def parts(content: Any, kind: str) -> list[dict[str, Any]]:
    """The parts of a message's content of one type."""
    return [part for part in content if isinstance(part, dict) and part.get("type") == kind] \
        if isinstance(content, list) else []  # fmt: skip
