"""Observed types as numba spells them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tachograph.loop.propose.recipes.observe import Description, Seen

SCALARS = {"int": "int64", "float": "float64", "bool": "boolean", "complex": "complex128"}
DTYPES = {
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float32", "float64", "complex64", "complex128",
}  # fmt: skip


def numba_type(description: Description) -> str | None:
    """A Python expression for the numba type, `numba` imported; None where there is none."""
    kind = description["kind"]
    if kind in SCALARS:
        return f"numba.{SCALARS[kind]}"
    if kind == "scalar" and description["dtype"] in DTYPES:
        return dtype_name(description["dtype"])
    if kind == "array" and description["dtype"] in DTYPES:
        return array_type(description)
    if kind == "str":
        return "numba.types.unicode_type"
    if kind == "none":
        return "numba.types.none"
    if kind == "tuple" and "items" in description:
        items = [numba_type(item) for item in description["items"]]
        known = [item for item in items if item is not None]
        return f"numba.types.Tuple([{', '.join(known)}])" if len(known) == len(items) else None
    return None


def dtype_name(dtype: str) -> str:
    return "numba.boolean" if dtype == "bool" else f"numba.{dtype}"


def array_type(description: Description) -> str:
    rank, layout = len(description["shape"]), description["layout"]
    if rank == 0:
        layout = "C"
    end = "" if description["writeable"] else ", readonly=True"
    return f'numba.types.Array({dtype_name(description["dtype"])}, {rank}, "{layout}"{end})'


def signature(parameters: Sequence[str], kind: Mapping[str, Description]) -> str | None:
    """A tuple of numba types for one observed call, as source text."""
    types = [numba_type(kind[name]) if name in kind else None for name in parameters]
    known = [text for text in types if text is not None]
    if len(known) != len(parameters):
        return None
    return f"({', '.join(known)}{',' if len(known) == 1 else ''})"


def signatures(parameters: Sequence[str], seen: Seen) -> list[str] | None:
    """A signature for each observed combination of types; None where one cannot be told."""
    found = [signature(parameters, kind) for kind in seen.kinds]
    known = [text for text in found if text is not None]
    return known if known and len(known) == len(found) else None
