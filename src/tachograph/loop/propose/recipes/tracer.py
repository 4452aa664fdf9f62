"""Runs inside the box, next to a candidate: who is called, with what, and for how long.

Never imported by the package itself: `observe.py` sends its text with the candidate's files and
appends `MODULES`, `ENTRY` and the call of `install`, so that what the candidate compiles on import
is part of the set-up. Standard library and NumPy only. Module-level functions are watched; methods
and nested functions count as part of their caller.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import inspect
import time
import types
from collections.abc import Callable
from typing import Any

import numpy as np

MODULES: list[str] = []
ENTRY = ""
KINDS_MOST = 8
"""Distinct argument types that are kept for each function."""
LOOKS_MOST = 200
"""Calls whose arguments are looked at, for each function."""

records: dict[str, dict[str, Any]] = {}
inner_seconds: list[float] = [0.0]


def describe(value: Any, depth: int = 0) -> dict[str, Any]:
    """A value's type as JSON; small scalars with their value, arrays with shape and layout."""
    if isinstance(value, np.ndarray):
        return describe_array(value)
    if value is None:
        return {"kind": "none"}
    if type(value) in (bool, int, float):
        return {"kind": type(value).__name__, "value": value}
    if type(value) is str:
        return {"kind": "str", "value": value[:64]}
    if isinstance(value, np.generic):
        return {"kind": "scalar", "dtype": value.dtype.name}
    if isinstance(value, complex):
        return {"kind": "complex"}
    if depth < 6 and type(value) in (list, tuple) and len(value) <= 4096:
        return describe_sequence(value, depth)
    if depth < 6 and type(value) is dict and all(type(key) is str for key in value):
        items = {key: describe(item, depth + 1) for key, item in list(value.items())[:257]}
        return {"kind": "dict", "items": items}
    return {"kind": "other", "type": type(value).__name__}


def describe_array(value: Any) -> dict[str, Any]:
    flags = value.flags
    layout = "C" if flags.c_contiguous else "F" if flags.f_contiguous else "A"
    return {
        "kind": "array",
        "dtype": value.dtype.name,
        "shape": list(value.shape),
        "layout": layout,
        "writeable": bool(flags.writeable),
    }


def describe_sequence(value: Any, depth: int) -> dict[str, Any]:
    """Long lists of one plain type are told by their first item."""
    kind = type(value).__name__
    plain = bool(value) and type(value[0]) in (bool, int, float, str)
    if len(value) > 16 and plain and all(type(item) is type(value[0]) for item in value):
        return {"kind": kind, "length": len(value), "each": describe(value[0], depth + 1)}
    if len(value) > 64:
        return {"kind": "other", "type": kind}
    items = [describe(item, depth + 1) for item in value]
    return {"kind": kind, "length": len(value), "items": items}


def type_key(description: dict[str, Any]) -> str:
    """Equal for equal types: values and sizes left out."""
    kind = description["kind"]
    if kind == "array":
        rank = len(description["shape"])
        return f"{description['dtype']}{rank}{description['layout']}{description['writeable']}"
    if "items" in description:
        items = description["items"]
        if isinstance(items, dict):
            return "{" + ",".join(f"{key}:{type_key(item)}" for key, item in items.items()) + "}"
        return f"{kind}[" + ",".join(type_key(item) for item in items) + "]"
    each = type_key(description["each"]) if "each" in description else ""
    return f"{kind}{description.get('dtype', '')}{description.get('type', '')}{each}"


def look(record: dict[str, Any], signature: Any, args: Any, kwargs: Any) -> None:
    """Keep the types of this call's arguments when they are new."""
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError:
        return
    bound.apply_defaults()
    arguments = {name: describe(value) for name, value in bound.arguments.items()}
    key = "|".join(type_key(item) for item in arguments.values())
    if key not in record["kinds"] and len(record["kinds"]) < KINDS_MOST:
        record["kinds"][key] = arguments


def watch(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, watched."""
    signature = inspect.signature(function)
    record: dict[str, Any] = {"calls": 0, "self_seconds": 0.0, "total_seconds": 0.0}
    record |= {"kinds": {}, "returned": None}
    records[name] = record

    @functools.wraps(function)
    def watched(*args: Any, **kwargs: Any) -> Any:
        record["calls"] += 1
        looking = record["calls"] <= LOOKS_MOST
        if looking:
            look(record, signature, args, kwargs)
        inner_seconds.append(0.0)
        start = time.perf_counter()
        try:
            result = function(*args, **kwargs)
        finally:
            spent = time.perf_counter() - start
            record["self_seconds"] += spent - inner_seconds.pop()
            record["total_seconds"] += spent
            inner_seconds[-1] += spent
        if record["returned"] is None:
            record["returned"] = describe(result)
        return result

    return watched


def is_function(value: Any) -> bool:
    """A Python function, or a compiled one whose types are settled."""
    return isinstance(value, types.FunctionType) or bool(getattr(value, "signatures", None))


def install() -> None:
    """Import the modules and put a watched function in place of each of theirs."""
    modules = {name: importlib.import_module(name) for name in MODULES}
    wrapped: dict[int, Any] = {}
    for name, module in modules.items():
        for attribute, value in list(vars(module).items()):
            if is_function(value) and getattr(value, "__module__", None) == name:
                wrapped[id(value)] = watch(f"{name}:{attribute}", value)
    for module in modules.values():
        for attribute, value in list(vars(module).items()):
            if id(value) in wrapped:
                setattr(module, attribute, wrapped[id(value)])


def observe(**inputs: Any) -> dict[str, Any]:
    """Call the entry on the inputs; return what was seen. `install` came before."""
    module, function = ENTRY.split(":")
    getattr(importlib.import_module(module), function)(**inputs)
    for record in records.values():
        record["kinds"] = list(record["kinds"].values())
    return {"functions": records, "numba": importlib.util.find_spec("numba") is not None}
