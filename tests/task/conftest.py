"""A small task in a folder, to be bent in one place by each test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

TOML = """\
name = "double"
goal = "Make it fast."
editable = ["double.py"]
entry = "double:double"
check = "check.py"
"""
SEED = "def double(x):\n    return x + x\n"
CHECK = """\
def draw(rng):
    return {"x": int(rng.integers(100))}
"""

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write the small task; keyword arguments replace its files, names with dots spelt `a__py`."""

    def write_task(toml: str = TOML, **files: str | bytes) -> Path:
        folder = tmp_path / "task"
        folder.mkdir(exist_ok=True)
        content: dict[str, str | bytes] = {
            "task.toml": toml, "double.py": SEED, "check.py": CHECK,
        }  # fmt: skip
        content |= {name.replace("__", "."): text for name, text in files.items()}
        for name, text in content.items():
            (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
        return folder

    return write_task
