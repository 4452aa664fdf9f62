"""Values that an agent is given and that must not come back: not in a candidate, not in a record.

Its keys are in its environment and in the files that are copied for it, and it may print them, by
mistake or because a finding told it to. What it prints is searched for them before it is kept, and
a file that holds one is no candidate. Proven by tests/loop/propose/command/test_withheld.py. Not
covered: a value that it has encoded first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

LEAST_CHARACTERS = 8
"""A shorter value is no key, and stands in too much that is none."""
LEAST_IN_FILES = 20
QUOTED = re.compile(r'"([^"\\\n]{20,})"' + r"|'([^'\\\n]{20,})'")


class Withheld:
    """Values by the name that may be said in their place."""

    def __init__(self, values: Mapping[str, str]) -> None:
        """`values`: name to value."""
        known = {value: name for name, value in values.items() if len(value) >= LEAST_CHARACTERS}
        # the longest first, since one may hold another
        self.known = dict(sorted(known.items(), key=lambda item: len(item[0]), reverse=True))

    def named(self, text: str) -> str:
        """The name of a value that stands in `text`; empty where none does."""
        return next((name for value, name in self.known.items() if value in text), "")

    def without(self, text: str) -> str:
        """`text` with each value's name in its place."""
        for value, name in self.known.items():
            text = text.replace(value, f"[{name}]")
        return text


def values_in(name: str, text: str) -> dict[str, str]:
    """What may be a key in a file of settings: its long strings, by names made of the file's."""
    try:
        found = list(strings(json.loads(text)))
    except (ValueError, RecursionError):
        found = [one or other for one, other in QUOTED.findall(text)]
    return {
        f"{name}:{number}": value
        for number, value in enumerate(found)
        if len(value) >= LEAST_IN_FILES and " " not in value
    }


def strings(value: Any) -> Iterator[str]:
    """Every text in a JSON value, keys apart."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from strings(inner)
