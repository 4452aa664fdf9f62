"""stdout carries data, stderr talk. Text from outside loses its control characters first."""

from __future__ import annotations

import json
import sys
from typing import Any

from tachograph.errors import TachographError


def tell(text: str = "") -> None:
    """A line of the answer, on stdout. Flushed, so that what was said survives a kill."""
    print(clean(text), flush=True)


def remark(text: str) -> None:
    """A line about what is going on, on stderr."""
    print(clean(text), file=sys.stderr, flush=True)


def tell_json(value: Any) -> None:
    """One JSON document on stdout."""
    print(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False), flush=True)


def tell_error(error: TachographError, as_json: bool) -> None:
    """An error and its next step: on stderr, and with --json as a document on stdout too."""
    if as_json:
        document = {"kind": error.kind, "message": error.message, "hint": error.hint}
        tell_json({"error": document})
    remark(f"error: {error.message}")
    if error.hint:
        remark(f"hint: {error.hint}")


def clean(text: str) -> str:
    """`text` without control characters but line ends and tabs."""
    return "".join(
        c if c in "\n\t" or c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text
    )
