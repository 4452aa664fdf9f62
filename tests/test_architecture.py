"""Imports run downwards, in no circle, and along the arrows that the design allows."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src" / "tachograph"

FLOORS = {
    "errors": 1, "words": 1,
    "canon": 2, "merkle": 2, "sandbox": 2,
    "task": 3, "ledger": 3,
    "brake": 4, "gauges": 4, "review": 4,
    "loop": 5,
    "dashboard": 6, "inspect": 6, "label": 6,
    "cli": 7,
}  # fmt: skip

FORBIDDEN = [
    ("brake", "loop"), ("brake", "gauges"), ("gauges", "loop"), ("gauges", "brake"),
    ("loop", "gauges"), ("task", "ledger"), ("ledger", "task"), ("merkle", "canon"),
    ("merkle", "sandbox"), ("sandbox", "canon"), ("sandbox", "merkle"),
]  # fmt: skip


def modules() -> dict[str, Path]:
    """Dotted name below the package, to file."""
    found = {}
    for path in SRC.rglob("*.py"):
        parts = path.relative_to(SRC).with_suffix("").parts
        if parts[-1] == "__init__":
            parts = parts[:-1]
        found[".".join(parts)] = path
    return found


def imports(name: str, path: Path, known: set[str]) -> set[str]:
    """Modules of the package that this file imports anywhere: lazily or for types alike."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {a.name.removeprefix("tachograph.") for a in node.names
                      if a.name.startswith("tachograph.")}  # fmt: skip
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import on line {node.lineno}"
            if node.module is None or node.module.split(".")[0] != "tachograph":
                continue
            base = node.module.removeprefix("tachograph").removeprefix(".")
            for alias in node.names:
                inner = f"{base}.{alias.name}".removeprefix(".")
                found.add(inner if inner in known else base)
    return {f for f in found if f in known and f and f != name}


def graph() -> dict[str, set[str]]:
    found = modules()
    return {name: imports(name, path, set(found)) for name, path in found.items()}


def test_every_folder_has_a_floor() -> None:
    """A new folder must be placed on a floor before anything imports it."""
    unplaced = {n.split(".")[0] for n in modules() if n} - set(FLOORS)
    assert not unplaced


def test_imports_run_downwards() -> None:
    """A file imports from lower floors, or inside its own folder."""
    wrong = [
        f"{name} -> {target}"
        for name, targets in graph().items()
        for target in targets
        if name
        and name.split(".")[0] != target.split(".")[0]
        and FLOORS[target.split(".")[0]] >= FLOORS[name.split(".")[0]]
    ]
    assert not wrong


def test_forbidden_arrows_are_absent() -> None:
    """Arrows that the design rules out stay out."""
    wrong = [
        f"{name} -> {target}"
        for name, targets in graph().items()
        for target in targets
        if (name.split(".")[0], target.split(".")[0]) in FORBIDDEN
    ]
    assert not wrong


def test_no_import_circle() -> None:
    """No chain of imports comes back to where it began."""
    edges = graph()
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail, name))
        if name not in done:
            for target in edges[name]:
                visit(target, (*trail, name))
            done.add(name)

    for name in edges:
        visit(name, ())


def test_names_of_test_files_are_unique() -> None:
    """Two of one name cannot be collected by one pytest."""
    names = Counter(path.name for path in Path(__file__).parent.rglob("test_*.py"))
    assert [name for name, count in names.items() if count > 1] == []


def absent(text: str) -> list[str]:
    """Paths of the repository that a text names and that are not there."""
    named = re.findall(r"(?<![\w/.-])(?:tests|bench|docs|src/tachograph)/[\w/.-]*\w", text)
    return [path for path in named if not (ROOT / path).exists()]


def test_what_docstrings_name_is_there() -> None:
    """A module that says what proves it names files that exist."""
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in [*SRC.rglob("*.py"), *(ROOT / "bench").rglob("*.py")]
        for name in absent(ast.get_docstring(ast.parse(path.read_text())) or "")
    ]
    assert not wrong


def test_what_the_docs_name_is_there() -> None:
    """So do the pages: a measurement, a test or a source that they point at."""
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
        for name in absent(path.read_text())
    ]
    assert not wrong


def test_functions_are_short_and_files_small() -> None:
    """No function over 100 lines, no file over 600."""
    wrong = []
    for path in SRC.rglob("*.py"):
        text = path.read_text()
        if text.count("\n") > 600:
            wrong.append(f"{path.name}: {text.count(chr(10))} lines")
        wrong += [
            f"{path.name}:{node.name}: {node.end_lineno - node.lineno + 1} lines"
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and node.end_lineno is not None
            and node.end_lineno - node.lineno + 1 > 100
        ]
    assert not wrong
