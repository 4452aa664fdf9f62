"""The comparison that a task gets when its check.py has none: same shape of data, same values.

Proven by tests/task/test_compare.py. It covers plain decoded data only: None, bool, int, float,
str, bytes, list, dict and NumPy arrays. Not covered: outputs that may differ in order, or in more
than rounding; such a task writes its own `compare`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tachograph.errors import TaskError

KIND_NAMES = {"b": "bool", "i": "integer", "u": "unsigned integer", "f": "float", "c": "complex"}
KIND_NAMES |= {"U": "text", "S": "bytes"}


def difference(output: Any, expected: Any, *, rtol: float, atol: float) -> str | None:
    """Where and how `output` differs from `expected`; None when it does not.

    The structure, the kinds and the array shapes must be the same: nothing is broadcast or
    converted, True is not 1, and 1 is not 1.0. Lists and tuples are one kind, and so are floats of
    every width. Floats must be finite and satisfy |output - expected| <= atol + rtol * |expected|;
    all else must be equal. Raises TaskError where the expectation itself is not finite or is no
    plain data, because no output could be right.
    """
    return _Comparison(rtol, atol).value("output", _plain(output), _plain(expected))


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


class _Comparison:
    """One walk along the expectation, so that its depth and size bound the work."""

    def __init__(self, rtol: float, atol: float) -> None:
        self.rtol, self.atol = rtol, atol
        self.by_type: dict[type, Callable[[str, Any, Any], str | None]] = {
            type(None): self.exact,
            bool: self.exact,
            int: self.exact,
            str: self.exact,
            bytes: self.exact,
            float: self.number,
            list: self.items,
            dict: self.mapping,
            np.ndarray: self.array,
        }

    def value(self, where: str, output: Any, expected: Any) -> str | None:
        output, expected = (list(v) if type(v) is tuple else _plain(v) for v in (output, expected))
        compare = self.by_type.get(type(expected))
        if compare is None:
            raise TaskError(
                f"the expectation at {where} is a {type(expected).__name__}, not plain data",
                hint="return None, bool, int, float, str, bytes, list, dict or NumPy arrays",
            )
        if type(output) is not type(expected):
            return f"{where} is a {type(output).__name__}, not a {type(expected).__name__}"
        return compare(where, output, expected)

    def exact(self, where: str, output: Any, expected: Any) -> str | None:
        if output == expected:
            return None
        return f"{where} is {_short(output)}, not {_short(expected)}"

    def number(self, where: str, output: float, expected: float) -> str | None:
        return self.array(where, np.asarray(output), np.asarray(expected))

    def items(self, where: str, output: list[Any], expected: list[Any]) -> str | None:
        if len(output) != len(expected):
            return f"{where} has {len(output)} items, not {len(expected)}"
        pairs = enumerate(zip(output, expected, strict=True))
        found = (self.value(f"{where}[{i}]", a, b) for i, (a, b) in pairs)
        return next((reason for reason in found if reason is not None), None)

    def mapping(self, where: str, output: dict[Any, Any], expected: dict[Any, Any]) -> str | None:
        if missing := [key for key in expected if key not in output]:
            return f"{where} has no key {_short(missing[0])}"
        if extra := [key for key in output if key not in expected]:
            return f"{where} has the extra key {_short(extra[0])}"
        found = (self.value(f"{where}[{_short(k)}]", output[k], expected[k]) for k in expected)
        return next((reason for reason in found if reason is not None), None)

    def array(self, where: str, output: Any, expected: Any) -> str | None:
        kind = expected.dtype.kind
        if kind not in KIND_NAMES:
            raise TaskError(
                f"the expectation at {where} is an array of {expected.dtype}, not plain data",
                hint="return arrays of bool, integers, floats or complex numbers",
            )
        if output.dtype.kind != kind:
            found = KIND_NAMES.get(output.dtype.kind, str(output.dtype))
            return f"{where} holds {found} values, not {KIND_NAMES[kind]} values"
        if output.shape != expected.shape:
            return f"{where} has shape {output.shape}, not {expected.shape}"
        if kind in "fc":
            return self.floats(where, output, expected)
        return _first(where, output != expected, output, expected)

    def floats(self, where: str, output: Any, expected: Any) -> str | None:
        if not np.isfinite(expected).all():
            raise TaskError(
                f"the expectation at {where} is not finite",
                hint="draw inputs with a finite answer, or write compare() in check.py",
            )
        if reason := _first(where, ~np.isfinite(output), output, expected):
            return reason
        wide = np.result_type(output, expected, np.float64)
        with np.errstate(over="ignore"):
            error = np.abs(output.astype(wide) - expected.astype(wide))
            allowed = self.atol + self.rtol * np.abs(expected.astype(wide))
        return _first(where, ~(error <= allowed), output, expected)


def _first(where: str, wrong: Any, output: Any, expected: Any) -> str | None:
    """Say the first place that `wrong` marks, and how many places it marks."""
    count = int(np.count_nonzero(wrong))
    if count == 0:
        return None
    index = tuple(int(i) for i in np.argwhere(wrong)[0]) if np.ndim(wrong) else ()
    place = where + (f"[{', '.join(map(str, index))}]" if index else "")
    said = f"{place} is {_short(output[index].item())}, not {_short(expected[index].item())}"
    return said if count == 1 else f"{said} ({count} of {wrong.size} values differ)"
