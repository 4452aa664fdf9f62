"""What of the machine a box must show so that a program runs in it: itself, and what it runs on.

A compiled program is shown as one file. A script needs its interpreter, a Python one its whole
environment and the installation that this was made from, a Node one its `node_modules`. Nothing
else of the folder that it lies in is shown: an agent's script may lie beside anything. Proven by
tests/loop/propose/command/test_reach.py. Not covered: programs that read further files of their
own; a preset names them under `shows`.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")
"""Shown in every box."""
LINE_BYTES = 256
"""Of a script, the kernel reads no more of its first line."""
DEPTH = 4


def shown_for(program: Path) -> list[Path]:
    """Files and folders to show, without those of the system."""
    found = dict.fromkeys(needed(program, DEPTH))
    return [path for path in found if not is_system(path)]


def needed(program: Path, depth: int) -> Iterator[Path]:
    """What this program needs, itself first."""
    resolved = program.resolve()
    whole = whole_of(program) or whole_of(resolved)
    yield whole or resolved
    if whole and (whole / "pyvenv.cfg").is_file() and (base := base_of(whole)):
        yield base
    interpreter = interpreter_of(resolved)
    if interpreter and depth:
        yield from needed(interpreter, depth - 1)


def whole_of(program: Path) -> Path | None:
    """The installation that a program is of, where it needs all of it; None: it needs itself."""
    if "node_modules" in program.parts:
        place = program.parts.index("node_modules")
        return Path(*program.parts[: place + 1])
    prefix = program.parent.parent
    if program.parent.name != "bin":
        return None
    is_python = program.name.startswith("python") and any(prefix.glob("lib/python3*"))
    return prefix if is_python or (prefix / "pyvenv.cfg").is_file() else None


def base_of(environment: Path) -> Path | None:
    """The installation that a virtual environment was made from."""
    for line in (environment / "pyvenv.cfg").read_text(errors="replace").splitlines():
        key, _, value = line.partition("=")
        if key.strip() == "home" and value.strip():
            return Path(value.strip()).resolve().parent
    return None


def interpreter_of(script: Path) -> Path | None:
    """What runs a script, by its first line; None where that names nothing, or it is none."""
    try:
        with script.open("rb") as source:
            line = source.read(LINE_BYTES).partition(b"\n")[0]
    except OSError:
        return None
    if not line.startswith(b"#!"):
        return None
    words = line[2:].decode("utf-8", "replace").split()
    if words and Path(words[0]).name == "env":
        named = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
        where = shutil.which(named[0]) if named else None
        return Path(where).absolute() if where else None
    return Path(words[0]) if words else None


def is_system(path: Path) -> bool:
    """Whether every box shows it anyway."""
    return any(path == Path(part) or Path(part) in path.parents for part in SYSTEM)
