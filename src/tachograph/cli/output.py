"""stdout carries data, stderr talk. Text from outside loses its control characters first."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from tachograph.errors import TachographError


class ReaderGoneError(TachographError):
    """Whoever read stdout has gone; there is nobody left to tell."""


def tell(text: str = "") -> None:
    """A line of the answer, on stdout. Raises ReaderGoneError."""
    put(clean(text))


def put(text: str) -> None:
    """Print and flush, so that what was said survives a kill."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        # what is still buffered would raise again when the interpreter ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise ReaderGoneError("nobody reads the output any more") from None


def remark(text: str) -> None:
    """A line about what is going on, on stderr."""
    print(clean(text), file=sys.stderr, flush=True)


def tell_json(value: Any) -> None:
    """One JSON document on stdout. Raises ReaderGoneError."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    put("".join(c if c == "\n" or c.isprintable() else _escaped(c) for c in text))


def _escaped(letter: str) -> str:
    """What a terminal might obey, or no output can carry, as JSON spells it in ASCII."""
    return json.dumps(letter)[1:-1]


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


def quoted(text: str) -> str:
    """Text from outside, each line marked, so that none of them passes for a line of ours."""
    return "\n".join("  | " + line for line in text.splitlines())
