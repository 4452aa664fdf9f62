"""Strict reading of one task.toml: every fault is a TaskError that names the file and the key.

A key that is not asked for is an error too, so that a misspelt limit cannot be a silent default.
Proven by tests/task/test_load.py. Not covered: what the values mean (`load.py` knows that).
"""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tachograph.errors import TaskError


class Table:
    """One table of a TOML file, read key by key."""

    def __init__(
        self, path: Path, values: Mapping[str, Any], known: Sequence[str], prefix: str = ""
    ) -> None:
        """Raises TaskError for a key that is not known, and proposes the nearest known one."""
        self._path, self._values, self._prefix = path, values, prefix
        for key in values:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
                hint = f"did you mean {near[0]!r}?" if near else f"keys: {', '.join(known)}"
                raise TaskError(f"{path}: {prefix}{key}: unknown key", hint=hint)

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def fault(self, key: str, message: str, hint: str) -> TaskError:
        """The error to raise about this key."""
        return TaskError(f"{self._path}: {self._prefix}{key}: {message}", hint=hint)

    def text(self, key: str, default: str | None = None) -> str:
        """A text that is not empty."""
        value = self._get(key, default, f'{key} = "..."')
        if not isinstance(value, str) or not value.strip() or "\0" in value:
            raise self.fault(key, f"not a text: {value!r}", f'write {key} = "..."')
        return value

    def texts(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """A list of texts, none empty, none twice unless it is a command line."""
        value = self._get(key, default, f'{key} = ["..."]')
        if not isinstance(value, list | tuple) or not all(isinstance(v, str) and v for v in value):
            raise self.fault(key, f"not a list of texts: {value!r}", f'write {key} = ["..."]')
        return tuple(value)

    def whole(self, key: str, default: int) -> int:
        """A whole number from 1 to 2**31."""
        value = self._values.get(key, default)
        if type(value) is not int or not 1 <= value <= 2**31:
            raise self.fault(
                key, f"not a whole number of 1 or more: {value!r}", f"write {key} = {default}"
            )
        return value

    def number(self, key: str, default: float, *, zero: bool = False) -> float:
        """A finite number above 0, or 0 itself where that is allowed."""
        value = self._values.get(key, default)
        low = "0 or more" if zero else "above 0"
        ordinary = type(value) in (int, float) and math.isfinite(value)
        if not ordinary or value < 0 or (value == 0 and not zero):
            raise self.fault(
                key, f"not a finite number {low}: {value!r}", f"write {key} = {default}"
            )
        return float(value)

    def any_number(self, key: str) -> float | None:
        """A finite number of either sign; None where the key is absent."""
        value = self._values.get(key)
        if value is None:
            return None
        if type(value) not in (int, float) or not math.isfinite(value):
            raise self.fault(key, f"not a finite number: {value!r}", f"write {key} = 0.5")
        return float(value)

    def choice(self, key: str, allowed: Sequence[str]) -> str:
        """One of the allowed texts; the first is the default."""
        value = self._values.get(key, allowed[0])
        if value not in allowed:
            hint = "one of " + ", ".join(repr(a) for a in allowed)
            raise self.fault(key, f"not known: {value!r}", hint)
        return str(value)

    def table(self, key: str, known: Sequence[str]) -> Table:
        """The table of this name; an absent one is empty."""
        value = self._values.get(key, {})
        if not isinstance(value, dict):
            raise self.fault(key, f"not a table: {value!r}", f"write [{key}] on a line of its own")
        return Table(self._path, value, known, f"{self._prefix}{key}.")

    def _get(self, key: str, default: object, example: str) -> object:
        if key in self._values:
            return self._values[key]
        if default is None:
            raise self.fault(key, "missing", f"add {example}")
        return default


def parse_toml(path: Path, known: Sequence[str]) -> Table:
    """Read a TOML file. Raises TaskError naming the line where it does not parse."""
    try:
        return Table(path, tomllib.loads(read_text(path)), known)
    except tomllib.TOMLDecodeError as error:
        raise TaskError(f"{path}: {error}", hint="mend the TOML syntax") from error


def read_text(path: Path) -> str:
    """An UTF-8 text file, line ends as they are. Raises TaskError for anything else."""
    try:
        text = path.read_bytes().decode()
    except FileNotFoundError as error:
        raise TaskError(f"{path}: no such file", hint="create it, or mend the path") from error
    except OSError as error:
        raise TaskError(f"{path}: {error.strerror}", hint="give the path of a text file") from error
    except UnicodeDecodeError as error:
        raise TaskError(f"{path}: not UTF-8 text", hint=TEXT_HINT) from error
    if "\0" in text:
        raise TaskError(f"{path}: a binary file", hint=TEXT_HINT)
    return text


TEXT_HINT = "tasks hold text files; draw binary data in check.py and pass it as an argument"
