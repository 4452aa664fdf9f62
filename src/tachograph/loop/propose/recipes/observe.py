"""What one run of a candidate shows: types of arguments, calls, and where the time goes.

Proven by tests/loop/propose/recipes/test_recipes_observe.py. It does not see methods, nested
functions, or types that the example input does not bring about.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from tachograph.loop.propose.protocol import ExecuteError

Description = Mapping[str, Any]
"""A value's type as the tracer tells it: `kind` and, by kind, dtype, shape, layout, items."""

TRACER = "tachograph_tracer"


@dataclass(frozen=True)
class Seen:
    """One module-level function, as observed."""

    calls: int
    self_seconds: float
    total_seconds: float
    kinds: tuple[Mapping[str, Description], ...]
    """For each distinct combination of argument types: parameter name to description."""
    returned: Description | None


@dataclass(frozen=True)
class Observation:
    """One watched run. Empty where the run failed."""

    functions: Mapping[str, Seen] = field(default_factory=dict)
    """By "module:function"."""
    has_numba: bool = True

    def share(self, name: str) -> float:
        """Part of the run spent in the function itself, 0 to 1."""
        whole = sum(seen.self_seconds for seen in self.functions.values())
        seen = self.functions.get(name)
        return seen.self_seconds / whole if seen and whole else 0.0

    def total_share(self, name: str) -> float:
        """Part of the run spent in the function and in what it calls, 0 to 1."""
        whole = sum(seen.self_seconds for seen in self.functions.values())
        seen = self.functions.get(name)
        return min(1.0, seen.total_seconds / whole) if seen and whole else 0.0


def module_name(path: str) -> str:
    """`package/part.py` is imported as `package.part`."""
    pure = PurePosixPath(path).with_suffix("")
    parts = pure.parts[:-1] if pure.name == "__init__" else pure.parts
    return ".".join(parts)


def observe(
    files: Mapping[str, str], entry: str, execute: Callable[[Mapping[str, str], str], Any]
) -> Observation:
    """Run the entry once, watched. A run that fails gives an empty observation."""
    modules = sorted(
        {module_name(path) for path in files if path.endswith(".py")} | {entry.partition(":")[0]}
    )
    settings = f"\nMODULES = {modules!r}\nENTRY = {entry!r}\ninstall()\n"
    tracer = Path(__file__).with_name("tracer.py").read_text() + settings
    try:
        told = execute({**files, f"{TRACER}.py": tracer}, f"{TRACER}:observe")
    except ExecuteError:
        return Observation()
    return read(told)


def read(told: Any) -> Observation:
    """The tracer's answer, as values. The candidate may have written it: believe its form only."""
    if not isinstance(told, dict) or not isinstance(told.get("functions"), dict):
        return Observation()
    functions = {
        str(name): seen
        for name, record in told["functions"].items()
        if (seen := read_function(record)) is not None
    }
    return Observation(functions, bool(told.get("numba")))


def read_function(record: Any) -> Seen | None:
    """One function's record; None where it was not called, or is of another form."""
    if not isinstance(record, dict) or not record.get("calls"):
        return None
    kinds = record.get("kinds")
    numbers = [record.get(key) for key in ("calls", "self_seconds", "total_seconds")]
    if not isinstance(kinds, list) or not all(isinstance(n, int | float) for n in numbers):
        return None
    if not all(isinstance(kind, dict) for kind in kinds):
        return None
    return Seen(
        calls=int(record["calls"]),
        self_seconds=max(0.0, float(record["self_seconds"])),
        total_seconds=max(0.0, float(record["total_seconds"])),
        kinds=tuple(kinds),
        returned=record.get("returned"),
    )
