"""The audit's imports open no socket and no database, and neither does an audit."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

SRC = Path(__file__).parents[2] / "src"
FORBIDDEN = {
    "_socket", "socket", "ssl", "sqlite3", "dbm", "http", "urllib.request", "socketserver",
    "asyncio", "subprocess", "multiprocessing", "ftplib", "smtplib", "xmlrpc", "uvicorn",
    "starlette", "httpx", "requests", "sqlalchemy", "ctypes",
}  # fmt: skip

PROGRAM = """
import sys
OPENED = []
def hook(event, arguments):
    if event.startswith(("socket.", "sqlite3.", "subprocess.", "os.exec", "os.posix_spawn")):
        OPENED.append(event)
        raise RuntimeError(f"{event} in an audit")
sys.addaudithook(hook)
from pathlib import Path
from tachograph.brake.audit import audit
from tachograph.brake.bundle.bundle import read_bundle
report = audit(read_bundle(Path(sys.argv[1]), "2026-11-25T12:00:00.000000Z"))
assert report.results, "nothing was checked"
assert not OPENED, OPENED
print("loaded", *sorted(name for name in sys.modules))
"""


def file_of(module: str) -> Path | None:
    """The source of one of the package's modules."""
    path = SRC.joinpath(*module.split("."))
    for found in (path.with_suffix(".py"), path / "__init__.py"):
        if found.is_file():
            return found
    return None


def top_level_imports(path: Path) -> set[str]:
    """Modules that this file imports when it is imported; not under TYPE_CHECKING."""
    found: set[str] = set()
    waiting: list[ast.AST] = list(ast.parse(path.read_text()).body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting += node.orelse
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            waiting += ast.iter_child_nodes(node)
    return found


def closure(start: str) -> tuple[set[str], set[str]]:
    """Modules of the package that `start` brings in, and the foreign ones that they name."""
    own: set[str] = set()
    foreign: set[str] = set()
    waiting = [start]
    while waiting:
        module = waiting.pop()
        path = file_of(module)
        if module in own or path is None:
            continue
        own.add(module)
        parts = module.split(".")
        waiting += [".".join(parts[:n]) for n in range(1, len(parts))]
        for name in top_level_imports(path):
            (waiting.append if name.startswith("tachograph") else foreign.add)(name)
    return own, foreign


def test_no_import_of_the_verifier_can_open_a_socket_or_a_database():
    """Walks the imports from audit.py, packages on the way included."""
    own, foreign = closure("tachograph.brake.audit")
    assert {"tachograph.brake.checks.history", "tachograph.ledger", "tachograph.canon"} <= own
    named = {name for name in foreign if name in FORBIDDEN or name.split(".")[0] in FORBIDDEN}
    assert not named


def test_the_walk_sees_what_opens_a_database():
    """The test itself can fail."""
    _, foreign = closure("tachograph.ledger.ledger")
    assert "sqlite3" in foreign


def test_an_audit_opens_no_socket_and_no_database(bundle: Path):
    """A whole audit, in a process whose audit hook raises for either."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(bundle)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert not loaded & {"_socket", "_sqlite3", "_ssl", "sqlite3", "socket"}
