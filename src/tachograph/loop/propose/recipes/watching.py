"""What to run when a parent is watched: itself, or, where it compiles for long, its originals.

A watched parent is another program than the parent, so nothing that the parent compiled is there.
Large specialised functions are taken back for the watched run; functions that only their originals
call are then left out of what was seen, for the parent does not run them.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

import libcst as cst

from tachograph.loop.propose.recipes.observe import Observation, observe
from tachograph.loop.propose.recipes.specialise.entry import HASTE
from tachograph.loop.propose.recipes.specialised import functions_of, taken_back

Execute = Callable[[Mapping[str, str], str], Any]


def watched(
    files: Mapping[str, str], fixed: Mapping[str, str], entry: str, execute: Execute
) -> Observation:
    """The observation that recipes are to go by."""
    quick, names = originals(files)
    seen = observe({**quick, **fixed}, entry, execute)
    if not names:
        return seen
    run = reachable(files, entry.partition(":")[2], {f"_{name}_plain" for name in names})
    kept = {key: each for key, each in seen.functions.items() if key.partition(":")[2] in run}
    return Observation(kept, seen.has_numba)


def originals(files: Mapping[str, str]) -> tuple[dict[str, str], set[str]]:
    """The files without large specialised functions, and the names of those functions."""
    made, names = dict(files), set()
    for path, text in files.items():
        if HASTE not in text:
            continue
        try:
            module = cst.parse_module(text)
        except cst.ParserSyntaxError:
            continue
        for name in list(functions_of(module)):
            before, module = module, taken_back(module, name)
            if module is not before:
                names.add(name)
        made[path] = module.code
    return made, names


def reachable(files: Mapping[str, str], start: str, blocked: set[str]) -> set[str]:
    """Names of module-level functions that `start` may lead to, not through the blocked ones."""
    mentions: dict[str, set[str]] = {}
    for text in files.values():
        try:
            body = ast.parse(text).body
        except (SyntaxError, ValueError):
            continue
        for node in body:
            if isinstance(node, ast.FunctionDef):
                mentions[node.name] = {
                    each.id if isinstance(each, ast.Name) else each.attr
                    for each in ast.walk(node)
                    if isinstance(each, ast.Name | ast.Attribute)
                }
    found, waiting = set(), [start]
    while waiting:
        name = waiting.pop()
        if name in mentions and name not in found and name not in blocked:
            found.add(name)
            waiting += sorted(mentions[name])
    return found
